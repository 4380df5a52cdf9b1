"""Pads that have been idle for long: dummy wafers go before product, or a warning says that there are none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from planaris.clock import now_s
from planaris.model import ToolDescription, WaferKind
from planaris.stream import Committed, DummiesCalled, EventStream, StepEnded
from planaris.tool.alarms import AlarmBook
from planaris.tool.jobs import Job
from planaris.tool.progress import WaferProgress

ALARM = "pad_idle_no_dummy"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A wafer in its slot that may begin."""

    job: Job
    progress: WaferProgress

    @property
    def is_dummy(self) -> bool:
        """Whether it is a dummy wafer."""
        return self.progress.wafer.kind is WaferKind.DUMMY


class IdlePads:
    """Knows since when each pad has been idle, and lets dummies go first where that is too long.

    A pad that is new to this controller counts from when the controller came. Dummies come from the lot's own carrier,
    then from any other lot that runs. Those of a lot with product stand by: they leave their slots only when they are
    called, and go home unused with the carrier. Without ``idle_pad`` in the tool description nothing of this happens.
    """

    def __init__(self, tool: ToolDescription, stream: EventStream, alarms: AlarmBook) -> None:
        self._tool, self._stream, self._alarms = tool, stream, alarms
        self._policy = tool.idle_pad
        self._began_s: float | None = None
        self._used_s: dict[int, float] = {}
        self._owed_count = 0
        self._waived: set[int] = set()

    @property
    def active(self) -> bool:
        """Whether the tool description asks for dummies."""
        return self._policy is not None

    def restore(self, told: Iterable[Committed]) -> None:
        """Take over what a journal tells: when each pad was polished on last."""
        for item in told:
            if isinstance(item.event, StepEnded):
                self._used_s[item.event.platen] = item.time_s

    def polished(self, platen: int) -> None:
        """Note that a visit to a platen has ended, or was cut off."""
        self._used_s[platen] = now_s()
        if platen in self._waived:
            self._waived.discard(platen)
            self._alarms.clear(ALARM, f"platen{platen}", "a wafer was polished on it")

    def stands_by(self, job: Job, progress: WaferProgress) -> bool:
        """Whether a wafer is a dummy that waits in its slot until it is called."""
        if self._policy is None or progress.wafer.kind is not WaferKind.DUMMY or progress.left_carrier:
            return False
        return any(p.wafer.kind is not WaferKind.DUMMY for p in job.progress.values())

    # -- who goes first -----------------------------------------------------------------------------------------
    def queue(
        self, jobs: Sequence[Job], waiting: Sequence[Waiting], under_way: Mapping[str, WaferProgress]
    ) -> tuple[str, ...]:
        """Return the slots of the wafers that may begin, in order: dummies that are owed before the next product.

        ``under_way`` are wafers that have begun and are not back. While the carrier of one of the ``jobs`` is still
        scanned and may bring the dummies that are lacking, no product begins.
        """
        if self._policy is None:
            return tuple(one.progress.home for one in waiting)
        if self._began_s is None:
            self._began_s = now_s()
        own = [one for one in waiting if not self.stands_by(one.job, one.progress)]
        first = next((one for one in own if not one.is_dummy), None)
        if first is not None and self._owed_count == 0 and not self._call(first, jobs, waiting, under_way):
            return tuple(one.progress.home for one in own if one.is_dummy)
        if self._owed_count == 0 or first is None:
            return tuple(one.progress.home for one in own)
        dummies = self._dummies_for(first, waiting)[: self._owed_count]
        if not dummies:  # the rest of them was taken away meanwhile
            self._owed_count = 0
        called = {one.progress.home for one in dummies}
        return (
            *(one.progress.home for one in dummies),
            *(o.progress.home for o in own if o.progress.home not in called),
        )

    def begun(self, progress: WaferProgress) -> None:
        """Note that a wafer leaves its slot."""
        if progress.wafer.kind is WaferKind.DUMMY and self._owed_count:
            self._owed_count -= 1

    def _dummies_for(self, product: Waiting, waiting: Sequence[Waiting]) -> list[Waiting]:
        """Return the dummies that pass over a product wafer's pads, those of its own lot first."""
        needed = set(product.progress.route)
        fit = [one for one in waiting if one.is_dummy and needed <= set(one.progress.route)]
        return sorted(fit, key=lambda one: one.job is not product.job)

    def _call(
        self,
        product: Waiting,
        jobs: Sequence[Job],
        waiting: Sequence[Waiting],
        under_way: Mapping[str, WaferProgress],
    ) -> bool:
        """Owe dummies if a pad that a product wafer comes to has been idle for too long; False: wait for a scan."""
        policy = self._policy
        assert policy is not None
        coming = {n for p in under_way.values() if p.wafer.kind is not WaferKind.DUMMY for n in p.route}
        dummies = [p.route for p in under_way.values() if p.wafer.kind is WaferKind.DUMMY]
        idle: list[int] = []
        count = 0
        for stage in product.progress.route:
            if stage in coming:
                continue
            long = [n for n in self._tool.platens_for(stage) if self._idle_s(n) > policy.limit_s]
            idle += [n for n in long if n not in self._waived and n not in idle]
            count = max(count, policy.dummies_count * len(long) - sum(stage in route for route in dummies))
        if not idle or count <= 0:
            return True
        names = ", ".join(f"platen{n}" for n in sorted(idle))
        found = len(self._dummies_for(product, waiting))
        coming_dummies = (p for job in jobs if not job.begun for p in job.progress.values())
        if found < count and any(p.wafer.kind is WaferKind.DUMMY for p in coming_dummies):
            return False
        self._owed_count = min(count, found)
        why = f"idle for more than {policy.limit_s:g} s"
        if self._owed_count:
            self._stream.publish(DummiesCalled(names, self._owed_count, why))
        if found < count:
            self._waived.update(idle)
            for n in idle:
                detail = f"{why}: {count} dummy wafers are due before product and {found} are there"
                self._alarms.set(ALARM, f"platen{n}", self._alarms.severity_of(ALARM), detail)
        return True

    def _idle_s(self, platen: int) -> float:
        return now_s() - self._used_s.get(platen, self._began_s or 0.0)
