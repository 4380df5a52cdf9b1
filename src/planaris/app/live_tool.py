"""A tool that lives on while lots come and go, with what outlived an earlier life."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from planaris import clock
from planaris.app.consumable_keeper import ConsumableKeeper
from planaris.app.endpoints import Endpoints
from planaris.app.far_side import FarSide
from planaris.app.fault_limits import keep_fault_limits
from planaris.app.lot_book import LotBook
from planaris.app.lot_records import LotRecords
from planaris.app.people import People
from planaris.app.resume import Past
from planaris.app.run_to_run import controls
from planaris.app.run_to_run_keeper import RunToRunKeeper
from planaris.app.world_commands import register_world
from planaris.dictionary import Dictionary, UnknownNameError
from planaris.historian import Home, RunDatabase, RunFolder
from planaris.model import ToolDescription
from planaris.modules import StartTrace
from planaris.processes import ProcessPackage
from planaris.stream import Committed, EventStream
from planaris.tool import (
    Answer,
    CommandRequest,
    Engine,
    Question,
    RecipeLibrary,
    Story,
    TakenUp,
    Tool,
    Verbs,
    take_up,
    unanswered,
)

LOTS_FOLDER = "lots"


def typed(value: str | int | float | bool, dtype: str) -> str | int | float | bool:
    """Return a text as a parameter's type where it is one; what it is not the door refuses by name."""
    if not isinstance(value, str) or dtype == "str":
        return value
    if dtype == "bool":
        return {"true": True, "false": False}.get(value.lower(), value)
    try:
        return int(value) if dtype == "int" else float(value)
    except ValueError:
        return value


class LiveTool:
    """Make it inside the running loop; it works inside `running`."""

    def __init__(
        self,
        description: ToolDescription,
        package: ProcessPackage,
        dictionary: Dictionary,
        home: Home,
        folder: RunFolder,
        far: FarSide,
        commit: Callable[[Sequence[Committed], bool], None],
        traces: StartTrace,
        past: Past | None,
    ) -> None:
        self._description, self._package, self._far, self._past = description, package, far, past
        self._folder, self._home, self._dictionary = folder, home, dictionary
        self._keeper = keeper = RunToRunKeeper(home)
        self.stream = EventStream(clock.now_s, keeper.before(commit), 1 if past is None else past.last_sequence + 1)
        self._story = Story(description.cleaner.stations[-1], past.events if past is not None else ())
        consumables = ConsumableKeeper(home)
        consumables.catch_up(self._story)
        self.stream.listen(consumables)
        endpoints = Endpoints(package, description, [])
        self.tool = Tool(
            description,
            dictionary,
            far.port,
            self.stream,
            traces,
            consumables.counters(),
            far.constants,
            endpoints,
            controls(package, description),
            keeper.load(),
        )
        keep_fault_limits(home, self.tool.fault_watch)
        keeper.follow(self.tool.run_to_run)
        if past is not None:
            self.tool.fault_watch.restore(item.event for item in past.events)
            self.tool.quarantine.restore(item.event for item in past.events)
            self.tool.idle_pads.restore(past.events)
            self.tool.use.restore(past.events)
        self.engine = Engine(self.tool)
        if past is not None:
            self.engine.manual.restore(item.event for item in past.events)
            self.tool.maintenance.restore(item.event for item in past.events)
        self.library = RecipeLibrary(home.recipes, description, self.stream, self.engine.jobs.recipes_in_use)
        self.book = LotBook(description, package, self.library, folder.path / LOTS_FOLDER, endpoints)
        self.engine.jobs.on_forgotten = lambda job: self.book.forget(job.lot_id)
        Verbs(self.engine, self.book.find, self.book.keep)
        self.library.offer(self.tool.commands)
        if far.world is not None:
            register_world(self.tool.commands, far.world, self.book.lot)
        self._taken: TakenUp | None = None
        self._people: People | None = None
        self._lots: LotRecords | None = None
        self._finished: list[Future[Any]] = []

    @property
    def questions(self) -> tuple[Question, ...]:
        """What a person must look at after an earlier life, and has not answered yet."""
        return tuple(unanswered(self.engine, self._taken)) if self._taken is not None else ()

    def keep_records(
        self, records: RunDatabase, metas: Mapping[str, str], drawers: ProcessPoolExecutor, tell: Callable[[str], None]
    ) -> None:
        """Keep the session's events, and each lot's with its report, drawn in a process of its own."""
        from planaris.report import write_report

        def draw(folder: Path) -> None:
            drawn = drawers.submit(write_report, folder)
            drawn.add_done_callback(
                lambda f: tell(f"no report of {folder.name}: {e}" if (e := f.exception()) else f"report: {f.result()}")
            )

        self._lots = LotRecords(self._folder.path, metas, self._description, self._package, self.book.orders.get, draw)
        self.stream.listen(records)
        self.stream.listen(self._lots)

    def have_people(self, tell: Callable[[str], None]) -> None:
        """Have cassettes brought to the twin and taken away."""
        assert self._far.world is not None
        self._people = People(self.tool, self._far.world, self.book.lot, tell)
        self.stream.listen(self._people)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Have tool and engine work inside the block; an earlier life's wafers are taken up first."""
        async with self.tool.running(), self.engine.running():
            clock.watch_pauses()  # setting up is no control
            if self._past is not None:
                await self._go_on(self._past)
            yield
            if self._people is not None:
                self._people.stop()
        self._keeper.close()

    async def _go_on(self, past: Past) -> None:
        orders = self.book.restore(self._story.needs)
        self._taken = await take_up(self.engine, self._story, orders, past.died_s)
        for lot_id, order in orders.items():  # jobs that nobody had begun
            told = self._story.jobs.get(lot_id)
            if told is None or (not told.begun and told.state in ("queued", "running", "paused")):
                job = self.engine.jobs.create(order.lot, order.recipe, order.cleaner)
                if told is not None and told.state == "running":
                    self.engine.start_job(job)

    async def submit(self, request: CommandRequest) -> Answer:
        """Give a command to the door; texts that stand for its numbers and switches become such."""
        try:
            parameters = self._dictionary.command(request.verb).parameters
        except UnknownNameError:
            parameters = ()
        dtypes = {p.name: p.dtype for p in parameters}
        arguments = {name: typed(value, dtypes.get(name, "str")) for name, value in request.arguments.items()}
        return await self.tool.commands.submit(replace(request, arguments=arguments))

    async def state(self) -> dict[str, Any]:
        """Return what people ask first: time, jobs, wafers out, alarms, questions, and the longest pause of control."""
        tool = self.tool
        return {
            "time_s": round(clock.now_s(), 3),
            "tool": self._description.name,
            "port_kind": tool.port.kind.value,
            "link": tool.port.link.value,
            "halted": self.engine.halted,
            "verbs": list(tool.commands.verbs),
            "lots": sorted(self.book.lots),
            "jobs": [
                {
                    "lot_id": job.lot_id,
                    "state": job.state.value,
                    "load_port": job.lot.load_port,
                    "recipe": job.recipe.name,
                    "priority": job.priority,
                    "finished_count": job.finished_count,
                    "wafers_count": len(job.progress),
                    "failures": list(job.failures),
                }
                for job in self.engine.jobs
            ],
            "wafers": {w.wafer_id: place for place, w in tool.material.at.items() if not place.startswith("loadport")},
            "alarms": [
                {"alarm": a.alarm, "source": a.source, "severity": a.severity.value, "detail": a.detail}
                for a in tool.alarms.active
            ],
            "questions": [
                {"wafer_id": q.wafer_id, "why": q.why, "candidates": list(q.candidates), "look_at": list(q.look_at)}
                for q in self.questions
            ],
            "longest_pause_s": round(clock.longest_pause_s(), 4),
        }

    def close(self) -> None:
        """Close the lots' records."""
        if self._lots is not None:
            self._lots.close()
