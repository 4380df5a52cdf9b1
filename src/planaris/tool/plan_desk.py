"""The rolling plan beside the control path: asked for in a thread, never awaited, seen a declared time later.

In virtual time the loop stands still while the thread works, so what becomes visible does not depend on how fast the
computer is. Live, an answer that is not there at its due time is late, and the dispatch rule goes on without.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from planaris.clock import now_s
from planaris.model import PlanningDescription, WaferKind
from planaris.scheduling import (
    Judged,
    Mishap,
    PlanBoard,
    Planner,
    PlanProblem,
    PlanRequest,
    RoutedWafer,
    Verdict,
    judged_by,
    on_time,
    plan_by_play,
    window,
)
from planaris.stream import EventStream, PlanAnswered, SteeringChanged
from planaris.tool.jobs import JobBook
from planaris.tool.transport import FloorFacts

LATE = "late"


@dataclass(frozen=True, slots=True)
class Planning:
    """Who plans, and what becomes of request 0, 1, 2 …; tests and rehearsals force late and missing plans."""

    planner: Planner = plan_by_play
    mishap: Callable[[int], Mishap] = on_time


class PlanDesk:
    """Asks for plans, takes their answers, and says in which order the waiting wafers begin.

    Who steers, plan or rule, is an event whenever it changes; so is every answer, with its verdict.
    """

    def __init__(
        self, stream: EventStream, times: PlanningDescription, planning: Planning, on_news: Callable[[], None]
    ) -> None:
        self._stream, self._on_news = stream, on_news
        self._work = judged_by(planning.planner)
        self._board = PlanBoard(
            planning.planner,
            times.latency_s,
            times.period_s,
            wafers_count=times.wafers_count,
            mishap=planning.mishap,
        )
        self._futures: set[asyncio.Future[Judged]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self.steers = False
        self.verdicts: list[str] = []

    def order(self, waiting: Sequence[RoutedWafer], problem: Callable[[], PlanProblem]) -> tuple[RoutedWafer, ...]:
        """Return the waiting wafers in the order in which they begin; ask for a plan of ``problem`` when it is time."""
        if self._board.wants(now_s(), waiting):
            self._ask(problem())
        steers = self._board.steers(waiting)
        if steers is not self.steers:
            self.steers = steers
            self._stream.publish(
                SteeringChanged("plan", "a plan has come")
                if steers
                else SteeringChanged("rule", "the plan is carried out, or was overtaken")
            )
        return self._board.order(waiting)

    def slots(
        self,
        jobs: JobBook,
        facts: FloorFacts,
        routed: Callable[[str], RoutedWafer],
        problem: Callable[[tuple[RoutedWafer, ...]], PlanProblem],
    ) -> tuple[str, ...]:
        """Return the slots of the wafers that wait, in the order in which they begin.

        ``problem`` makes what a planner is told of the wafers it is to order. One recipe alone is no matter of plans.
        """
        waiting_jobs = [job for job in jobs.active if job.queue]
        if not self.steers and len({id(job.recipe) for job in waiting_jobs}) < 2:
            return facts.queue
        wafer_in = {facts.home[i]: i for job in waiting_jobs for i in job.progress if i in facts.home}
        waiting = [routed(wafer_in[slot]) for slot in facts.queue]
        if waiting and jobs.progress_of(waiting[0].wafer_id).wafer.kind is WaferKind.DUMMY:
            return facts.queue  # it was called, or is first anyway
        ordered = self.order(waiting, lambda: problem(window(waiting, self._board.wafers_count)))
        return tuple(w.home for w in ordered)

    def _ask(self, problem: PlanProblem) -> None:
        request, future, loop = self._board.ask(now_s()), None, asyncio.get_running_loop()
        if request.fate is not Mishap.NONE:
            future = loop.run_in_executor(None, self._work, problem)
            self._futures.add(future)
            future.add_done_callback(self._futures.discard)
        self._at(request.due_s, lambda: self._due(request, future, len(problem.waiting)))

    def _at(self, time_s: float, then: Callable[[], None]) -> None:
        def fire() -> None:
            self._timers.discard(timer)
            then()

        timer = asyncio.get_running_loop().call_at(time_s, fire)
        self._timers.add(timer)

    def _due(self, request: PlanRequest, future: asyncio.Future[Judged] | None, count: int) -> None:
        if future is None:
            self._tell(request, Judged(None, Verdict.NONE, "nothing was planned"), Verdict.NONE, count)
        elif request.fate is Mishap.LATE:
            self._tell_late(request, count)
            self._at(request.due_s + self._board.late_s, lambda: self._take(request, future, count))
        elif future.done():
            self._take(request, future, count)
        else:
            self._tell_late(request, count)
            future.add_done_callback(lambda done: self._take(request, done, count))

    def _tell_late(self, request: PlanRequest, count: int) -> None:
        why = f"not there {self._board.latency_s:g} s after its request"
        self._tell(request, Judged(None, Verdict.NONE, why), LATE, count)

    def _take(self, request: PlanRequest, future: asyncio.Future[Judged], count: int) -> None:
        if future.cancelled():
            return
        judged = future.result()
        if judged.plan is not None and judged.verdict is Verdict.ACCEPTED:
            self._board.answer(request, judged.plan)
            self._board.show(now_s())
        self._tell(request, judged, judged.verdict, count)
        self._on_news()

    def _tell(self, request: PlanRequest, judged: Judged, verdict: str, count: int) -> None:
        self.verdicts.append(str(verdict))
        self._stream.publish(
            PlanAnswered(
                request.number,
                str(verdict),
                count,
                judged.makespan_s,
                judged.rule_makespan_s,
                100.0 * judged.bound_ratio,
                judged.why,
            )
        )

    def close(self) -> None:
        """Forget what is under way; a thread that is at work ends by its own limit."""
        for timer in self._timers:
            timer.cancel()
        for future in tuple(self._futures):
            future.cancel()
