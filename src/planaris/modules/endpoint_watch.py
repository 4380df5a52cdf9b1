"""Feeds a step's endpoint detector with the platen's samples as they come and holds its first final decision."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from typing import Any, Protocol

from planaris.clock import now_s
from planaris.control import Decision, DecisionKind
from planaris.hardware import OPTICAL, Port, Subscription
from planaris.model import Block, DetectorKind, StepEnd

_log = logging.getLogger(__name__)

# Blocks for detectors that see the endpoint when it is there: with the port's own delay within the declared path.
CLEARING_BLOCK_S = 0.05
# Blocks for detectors that foresee the endpoint: a stop that is known beforehand does not wait for its samples.
FORESEEN_BLOCK_S = 0.2
# The trail keeps an estimate this often at most [design].
TRAIL_S = 0.5
_FORESEES = frozenset({DetectorKind.TIME, DetectorKind.SPECTRUM, DetectorKind.FRINGE, DetectorKind.EDDY})
_BY_WINDOW = frozenset({DetectorKind.SPECTRUM, DetectorKind.FRINGE, DetectorKind.REFLECTANCE, DetectorKind.EDDY})


class StepDetector(Protocol):
    """What ends a step: `planaris.control` makes it."""

    def start(self, start_s: float) -> Any:
        """Return the state at the step's start, at a tool time."""
        ...

    def step(self, state: Any, block: Block) -> tuple[Any, Decision]:
        """Take a block; return the next state and what is to be done."""
        ...


def rate_classes_of(end: StepEnd) -> tuple[str, ...]:
    """Return the rate classes that a step's detectors read, without the platen: ``fast``, ``optical``."""
    optical = {d.detector in _BY_WINDOW or (d.source or "").startswith("laser") for d in end.detectors}
    return (*(("fast",) if False in optical else ()), *((OPTICAL,) if True in optical else ()))


def block_s_of(end: StepEnd) -> float:
    """Return how long the blocks are that a step's detectors are fed with."""
    return FORESEEN_BLOCK_S if all(d.detector in _FORESEES for d in end.detectors) else CLEARING_BLOCK_S


class EndpointWatch:
    """One step's detector on live samples.

    ``final`` is done with the first final decision. An error of the detector ends the watch, not the step: the step
    then ends at its latest time.
    """

    def __init__(
        self,
        port: Port,
        platen: str,
        end: StepEnd,
        detector: StepDetector,
        start_s: float,
        on_decision: Callable[[Decision], None] = lambda _said: None,
    ) -> None:
        self._detector, self._state = detector, detector.start(start_s)
        self._on_decision = on_decision
        self._subscriptions = [port.subscribe(f"{platen}.{kind}", block_s_of(end)) for kind in rate_classes_of(end)]
        self.final: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        self.last = Decision(DecisionKind.NONE, start_s)
        self.faults: list[str] = []
        self._trail: list[tuple[float, float, float]] = []

    async def run(self) -> None:
        """Read until closed."""
        async with asyncio.TaskGroup() as tasks:
            for subscription in self._subscriptions:
                tasks.create_task(self._read(subscription))

    async def _read(self, subscription: Subscription) -> None:
        async for block in subscription:
            if self.final.done() or not len(block.time_s):
                continue
            try:
                self._state, said = self._detector.step(self._state, block)
            except Exception as error:
                _log.exception("endpoint detector failed")
                self.faults.append(f"{type(error).__name__}: {error}")
                self.close()
                return
            self._take(said)

    def _take(self, said: Decision) -> None:
        if said.kind is DecisionKind.FAULT and (not self.faults or self.faults[-1] != said.why):
            self.faults.append(said.why)
        self.last = said
        if not self._trail or said.time_s - self._trail[-1][0] >= TRAIL_S or said.is_final:
            thickness_nm = math.nan if said.thickness_nm is None else said.thickness_nm
            self._trail.append((said.time_s, thickness_nm, 100.0 * said.confidence_fraction))
        self._on_decision(said)
        if said.is_final:
            self.final.set_result(said)

    def close(self) -> None:
        """Take no more samples."""
        for subscription in self._subscriptions:
            subscription.close()

    @property
    def trail(self) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
        """Times, thicknesses (nm, NaN where none is seen) and confidences (percent) that the detector told."""
        if not self._trail:
            return (), (), ()
        times_s, thickness_nm, sure_pct = zip(*self._trail, strict=True)
        return (
            tuple(round(t, 3) for t in times_s),
            tuple(round(d, 2) for d in thickness_nm),
            tuple(round(p, 1) for p in sure_pct),
        )

    def latest(self, latest_s: float) -> Decision:
        """Return what is said where no final decision came until the latest time."""
        why = "; ".join(self.faults) or self.last.why or "no sample"
        return Decision(
            DecisionKind.HOLD, now_s(), f"no endpoint by the latest time: {why}", stop_s=latest_s,
            thickness_nm=self.last.thickness_nm, sigma_nm=self.last.sigma_nm, rate_nm_min=self.last.rate_nm_min,
        )  # fmt: skip
