"""Feeds a step's endpoint detector with the platen's samples as they come and holds its first final decision."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from planaris.clock import now_s
from planaris.control import Decision, DecisionKind, Detector, ZoneProfileControl
from planaris.hardware import Port
from planaris.model import Block, StepEnd

_log = logging.getLogger(__name__)

# Blocks of the scalar sensors that detectors read: with the port's own delay within the declared path.
FAST_BLOCK_S = 0.04
# The trail keeps an estimate this often at most [design].
TRAIL_S = 0.5


def reads_window(end: StepEnd) -> bool:
    """Say whether a detector of a step reads the platen's window."""
    return any(d.instrument is not None for d in end.detectors)


def reads_fast(end: StepEnd) -> bool:
    """Say whether a detector of a step reads the platen's scalar sensors."""
    return any(d.instrument is None for d in end.detectors)


@dataclass(frozen=True, slots=True)
class StepControl:
    """What ends a step by endpoint, and what moves its zone pressures, if anything does.

    ``time_s`` is how long a step by removal takes; it has no need of its detector.
    """

    detector: Detector
    zones: ZoneProfileControl | None = None
    time_s: float | None = None


class Trail:
    """What a detector said over a step, as often as a run notes it."""

    def __init__(self) -> None:
        self.points: list[tuple[float, float, float]] = []

    def note(self, said: Decision) -> None:
        """Keep (time, thickness in nm or NaN where none is seen, confidence fraction), unless it is too soon."""
        if not self.points or said.time_s - self.points[-1][0] >= TRAIL_S or said.is_final:
            thickness_nm = math.nan if said.thickness_nm is None else said.thickness_nm
            self.points.append((said.time_s, thickness_nm, said.confidence_fraction))


class EndpointWatch:
    """One step's detector on live samples: `feed` takes the window's, `run` reads the scalar sensors.

    ``final`` is done with the first final decision; ``moves`` brings zone pressures to order. An error of the detector
    ends the watch, not the step: that then ends at its latest time.
    """

    def __init__(self, port: Port, platen: str, end: StepEnd, control: StepControl, start_s: float) -> None:
        self._detector, self._zones = control.detector, control.zones
        self._state: Any = None
        self._zone_state = None if control.zones is None else control.zones.start(start_s)
        self._fast = port.subscribe(f"{platen}.fast", FAST_BLOCK_S) if reads_fast(end) else None
        self.final: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        self.moves: asyncio.Queue[Sequence[float]] = asyncio.Queue()
        self.last = Decision(DecisionKind.NONE, start_s)
        self.faults: list[str] = []
        self._broken = False
        self._trail = Trail()
        try:
            self._state = control.detector.start(start_s)
        except Exception as error:
            self._fail(error)

    async def run(self) -> None:
        """Read the scalar sensors, if a detector does, until closed."""
        if self._fast is not None:
            async for block in self._fast:
                self.feed(block)

    def feed(self, block: Block) -> None:
        """Give the detector a block."""
        if self.final.done() or self._broken or not len(block.time_s):
            return
        try:
            self._state, said = self._detector.step(self._state, block)
            self._take(said)
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        _log.error("endpoint detector failed", exc_info=error)
        self.faults.append(f"{type(error).__name__}: {error}")
        self._broken = True

    def _take(self, said: Decision) -> None:
        if said.kind is DecisionKind.FAULT and (not self.faults or self.faults[-1] != said.why):
            self.faults.append(said.why)
        self.last = said
        self._trail.note(said)
        if said.is_final:
            self.final.set_result(said)
        elif self._zones is not None and self._zone_state is not None:
            self._zone_state, pressures = self._zones.step(self._zone_state, said)
            if pressures is not None:
                self.moves.put_nowait(pressures)

    def close(self) -> None:
        """Take no more samples."""
        self._broken = True
        if self._fast is not None:
            self._fast.close()

    @property
    def trail(self) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
        """Times, thicknesses (nm, NaN where none is seen) and confidences (percent) that the detector told."""
        points = self._trail.points
        return (
            tuple(round(time_s, 3) for time_s, _, _ in points),
            tuple(round(thickness_nm, 2) for _, thickness_nm, _ in points),
            tuple(round(100.0 * sure, 1) for _, _, sure in points),
        )

    def latest(self, latest_s: float) -> Decision:
        """Return what is said where no final decision came until the latest time."""
        why = "; ".join(self.faults) or self.last.why or "no sample"
        return Decision(
            DecisionKind.HOLD, now_s(), f"no endpoint by the latest time: {why}", stop_s=latest_s,
            thickness_nm=self.last.thickness_nm, sigma_nm=self.last.sigma_nm, rate_nm_min=self.last.rate_nm_min,
        )  # fmt: skip
