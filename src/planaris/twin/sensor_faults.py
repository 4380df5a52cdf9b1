"""Faults of sensors: a reading that drops out, sticks, spikes or saturates, and a window that is fouled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]

# One reading in so many carries a spike [design].
SPIKE_EVERY = 12
# Spread of spikes over reading numbers: multiplier and modulus of a small generator (Park & Miller 1988).
_SPREAD, _MODULUS = 48271, 2147483647


class SensorFaultKind(StrEnum):
    """What a sensor does: no signal, always the same, single wrong readings, full scale; a window with dried slurry."""

    DROPOUT = "dropout"
    STUCK = "stuck"
    SPIKE = "spike"
    SATURATION = "saturation"
    FOULED = "fouled"


@dataclass(slots=True)
class SensorFault:
    """A fault of one tag; ``magnitude`` is a spike's height, or the share of light that a fouled window takes.

    ``held`` is what a stuck sensor shows, the first reading that was asked for after it stuck.
    """

    kind: SensorFaultKind
    magnitude: float
    from_s: float
    full_scale: float
    to_s: float = math.inf
    held: Values | None = None
    effects_count: int = 0

    def at(self, times_s: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Say at which times it is there."""
        return (times_s >= self.from_s) & (times_s < self.to_s)


class SensorFaults:
    """Faults by tag. Ended ones stay until what they touched has been read."""

    def __init__(self) -> None:
        self._faults: dict[str, list[SensorFault]] = {}
        self.changes_count = 0

    def __bool__(self) -> bool:
        return bool(self._faults)

    def begin(self, tag: str, kind: SensorFaultKind, magnitude: float, time_s: float, full_scale: float) -> None:
        """Let a tag's sensor fail from a time on; one that had failed otherwise fails anew."""
        self.end(tag, time_s)
        self.changes_count += 1
        self._faults.setdefault(tag, []).append(SensorFault(kind, magnitude, time_s, full_scale))

    def end(self, tag: str, time_s: float) -> bool:
        """Mend a tag's sensor; say whether anything was wrong with it."""
        faults = self._faults.get(tag, ())
        self.changes_count += bool(faults)
        for fault in faults:
            fault.to_s = min(fault.to_s, time_s)
        return bool(faults)

    def effects_count(self, tag: str) -> int:
        """Return how many readings a tag's faults changed."""
        return sum(fault.effects_count for fault in self._faults.get(tag, ()))

    def fouling(self, tag: str, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of light (n,) that a fouled window takes at times."""
        taken = np.zeros(len(times_s))
        for fault in self._faults.get(tag, ()):
            there = fault.at(times_s)
            if fault.kind is SensorFaultKind.FOULED and there.any():
                taken[there] = np.clip(fault.magnitude or 0.6, 0.0, 1.0)
                fault.effects_count += int(there.sum())
        return taken

    def apply(self, tag: str, times_s: NDArray[np.float64], numbers: NDArray[np.int64], values: Values) -> None:
        """Change a tag's readings, (n,) or (n, width), in place; ``numbers`` are those of the readings."""
        for fault in self._faults.get(tag, ()):
            there = np.flatnonzero(fault.at(times_s))
            if fault.kind is SensorFaultKind.SPIKE:
                there = there[(numbers[there] * _SPREAD % _MODULUS) % SPIKE_EVERY == 0]
            if not len(there):
                continue
            fault.effects_count += len(there)
            match fault.kind:
                case SensorFaultKind.DROPOUT:
                    values[there] = 0.0
                case SensorFaultKind.SATURATION:
                    values[there] = fault.full_scale
                case SensorFaultKind.STUCK:
                    if fault.held is None:
                        fault.held = values[there[0]].copy()
                    values[there] = fault.held
                case SensorFaultKind.SPIKE:
                    height = fault.magnitude or 0.5 * fault.full_scale
                    values[there] = np.clip(values[there] + height, -fault.full_scale, fault.full_scale)
                case SensorFaultKind.FOULED:
                    pass
