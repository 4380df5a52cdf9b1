"""Bands: is what the sensors show near enough to what was asked?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from planaris.hardware import DeviceFailedError
from planaris.model import HEAD_SPEED_BAND, SLURRY_FLOW_BAND, Band, Block, PolishStep, RING_MIN_kPa

# Band quantity -> (tag after the place, set-point of a step). Zones are expanded by number.
QUANTITIES: dict[str, tuple[str, str]] = {
    "ring_pressure": ("ring_pressure_kPa", "ring_pressure_kPa"),
    "platen_speed": ("speed_rpm", "platen_speed_rpm"),
    "head_speed": ("speed_rpm", "head_speed_rpm"),
    "slurry_flow": ("slurry_flow_ml_min", "slurry_flow_ml_min"),
    "conditioner_force": ("conditioner_force_N", "conditioner_downforce_N"),
}
_ON_PLATEN = {"platen_speed", "slurry_flow", "conditioner_force"}

# Design values: slurry flow 20 %, head pressure 15 %, conditioner force 20 %; speeds 5 and 3 rpm of some 90.
DEFAULT_BANDS: tuple[Band, ...] = (
    Band("zone_pressure", 10.0, 15.0),
    Band("ring_pressure", 10.0, 15.0),
    Band("platen_speed", 3.0, 5.0),
    Band("head_speed", HEAD_SPEED_BAND.warn_pct, HEAD_SPEED_BAND.abort_pct),
    Band("slurry_flow", SLURRY_FLOW_BAND.warn_pct, SLURRY_FLOW_BAND.abort_pct),
    Band("conditioner_force", 13.0, 20.0),
)


@dataclass(frozen=True, slots=True)
class Deviation:
    """A quantity was outside its band for longer than allowed."""

    quantity: str
    tag: str
    set_point: float
    seen: float
    limit_pct: float
    persist_s: float
    aborts: bool


class ProcessDeviationError(DeviceFailedError):
    """A process quantity left its abort band."""


class RingPressureLowError(ProcessDeviationError):
    """A retaining ring presses with less than holds a wafer."""


def error_of(deviation: Deviation, platen: str, detail: str) -> ProcessDeviationError:
    """Return what a deviation that aborts ends a polish on a platen with."""
    if deviation.quantity == "ring_pressure" and deviation.seen < RING_MIN_kPa:
        remedy = "check ring regulator, bladder and supply, then rework or scrap the wafer"
        return RingPressureLowError(deviation.tag.partition(".")[0], "polish", detail, remedy)
    return ProcessDeviationError(platen, "polish", detail, "find the cause, then rework or scrap the wafer")


@dataclass(slots=True)
class _Watched:
    band: Band
    tag: str
    set_point: float
    on_platen: bool
    # (until when, set-point) of those before, while a block may still hold samples of their time.
    earlier: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    outside_warn_s: float = 0.0
    outside_abort_s: float = 0.0
    warned: bool = False
    aborted: bool = False


@dataclass(slots=True)
class BandMonitor:
    """Checks blocks against the bands of the step in progress, from ``settle_s`` after its start."""

    platen: int
    head: int
    watched: list[_Watched] = field(default_factory=list[_Watched])
    from_s: float = float("inf")
    last_sample_s: dict[str, float] = field(default_factory=dict[str, float])
    # What is watched of each rate class in this step, and its columns in the blocks.
    _by_class: dict[str, tuple[list[_Watched], NDArray[np.intp]]] = field(
        default_factory=dict[str, tuple[list[_Watched], NDArray[np.intp]]]
    )

    def start(self, step: PolishStep, time_s: float, settle_s: float) -> None:
        """Begin a step at a tool time."""
        self.from_s = time_s + settle_s
        self.watched = []
        self._by_class = {}
        for band in step.bands or DEFAULT_BANDS:
            for tag, set_point in self._targets(band.quantity, step):
                if set_point > 0:
                    self.watched.append(_Watched(band, tag, set_point, band.quantity in _ON_PLATEN))

    def move_zones(self, pressures_kPa: Sequence[float], time_s: float) -> None:
        """Take new set-points of the zones during a step, from a tool time on."""
        by_tag = {f"head{self.head}.zone{z}_pressure_kPa": p for z, p in enumerate(pressures_kPa, start=1)}
        for watched in self.watched:
            moved = by_tag.get(watched.tag, watched.set_point)
            if moved != watched.set_point:
                watched.earlier.append((time_s, watched.set_point))
                watched.set_point = moved

    def stop(self) -> None:
        """Watch nothing until the next step."""
        self.from_s = float("inf")

    def _targets(self, quantity: str, step: PolishStep) -> list[tuple[str, float]]:
        if quantity == "zone_pressure":
            return [
                (f"head{self.head}.zone{zone}_pressure_kPa", pressure)
                for zone, pressure in enumerate(step.zone_pressure_kPa, start=1)
            ]
        tag, attribute = QUANTITIES[quantity]
        place = f"platen{self.platen}" if quantity in _ON_PLATEN else f"head{self.head}"
        if attribute == "conditioner_downforce_N":
            working = step.conditioning.mode == "in_situ"
            return [(f"{place}.{tag}", step.conditioning.downforce_N if working else 0.0)]
        return [(f"{place}.{tag}", float(getattr(step, attribute)))]

    def check(self, block: Block) -> list[Deviation]:
        """Return the deviations that a block brings to light, each reported once a step."""
        step_s = self._sample_period_s(block)
        first = int(block.time_s.searchsorted(self.from_s))
        if first == len(block.time_s):
            return []
        found: list[Deviation] = []
        watched, columns = self._by_class.get(block.rate_class) or self._watched_in(block)
        values = block.values[first:].take(columns, axis=1)
        set_points = _asked(watched, block.time_s[first:])
        errors_pct = 100.0 * np.abs(values - set_points) / set_points
        worst_pct = errors_pct.max(axis=0).tolist()
        for column, w in enumerate(watched):
            if worst_pct[column] <= min(w.band.warn_pct, w.band.abort_pct):
                w.outside_warn_s = w.outside_abort_s = 0.0
                continue
            seen, error_pct = values[:, column], errors_pct[:, column]
            warn_s, w.outside_warn_s = _runs_s(error_pct > w.band.warn_pct, step_s, w.outside_warn_s)
            abort_s, w.outside_abort_s = _runs_s(error_pct > w.band.abort_pct, step_s, w.outside_abort_s)
            last = float(seen[-1])
            if abort_s > w.band.persist_s and not w.aborted:
                w.aborted = w.warned = True
                found.append(_deviation(w, last, aborts=True))
            elif warn_s > w.band.persist_s and not w.warned:
                w.warned = True
                found.append(_deviation(w, last, aborts=False))
        return found

    def _watched_in(self, block: Block) -> tuple[list[_Watched], NDArray[np.intp]]:
        platen_block = block.rate_class.startswith("platen")
        watched = [w for w in self.watched if w.on_platen is platen_block]
        columns = np.array([block.tags.index(w.tag) for w in watched], dtype=np.intp)
        self._by_class[block.rate_class] = watched, columns
        return watched, columns

    def _sample_period_s(self, block: Block) -> float:
        """Return the time a sample stands for; a block of one sample tells it by the one before, unless lost."""
        times = block.time_s
        before_s = float(times[0]) if block.gap else self.last_sample_s.get(block.rate_class, float(times[0]))
        self.last_sample_s[block.rate_class] = float(times[-1])
        return float(times[1] - times[0]) if len(times) > 1 else float(times[0]) - before_s


def _asked(watched: Sequence[_Watched], time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what was asked of each quantity at each sample, or in a row where nothing moved."""
    now = np.array([w.set_point for w in watched])
    if not any(w.earlier for w in watched):
        return now
    asked = np.tile(now, (len(time_s), 1))
    for column, w in enumerate(watched):
        for until_s, set_point in reversed(w.earlier):
            asked[time_s < until_s, column] = set_point
        w.earlier = [(until_s, was) for until_s, was in w.earlier if until_s > time_s[-1]]
    return asked


def _deviation(w: _Watched, seen: float, *, aborts: bool) -> Deviation:
    limit_pct = w.band.abort_pct if aborts else w.band.warn_pct
    return Deviation(w.band.quantity, w.tag, w.set_point, seen, limit_pct, w.band.persist_s, aborts)


def _runs_s(outside: NDArray[np.bool_], step_s: float, carried_s: float) -> tuple[float, float]:
    """Return (longest time outside, time outside at the block's end), going on from ``carried_s`` before it."""
    if not outside.any():
        return 0.0, 0.0
    longest_s = run_s = carried_s
    for flag in outside.tolist():
        run_s = run_s + step_s if flag else 0.0
        longest_s = max(longest_s, run_s)
    return longest_s, run_s
