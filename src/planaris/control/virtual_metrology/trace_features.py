"""Features of a polish step from its trace: every one declared here, with the field's name and what it means.

A step passes three stations. The traces of the PHM 2016 tool show that its pressures, its slurry flows and its counters
are the line's, not the station's: while a wafer stands at the second and third station they are those of the wafer that
follows it. So what was done to the wafer is read at the first station (index 0), and the later stations only tell their
own rotations and whether another wafer followed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from planaris.control.virtual_metrology.step_trace import StepTrace

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

# Channels of the challenge's files, in lower case.
AIR_BAGS = {
    "membrane": "pressurized_chamber_pressure",
    "outer": "main_outer_air_bag_pressure",
    "center": "center_air_bag_pressure",
    "ripple": "ripple_air_bag_pressure",
    "edge": "edge_air_bag_pressure",
    "ring": "retainer_ring_pressure",
}
COUNTERS = {
    "dresser": "usage_of_dresser",
    "pad": "usage_of_polishing_table",
    "membrane": "usage_of_membrane",
    "backing_film": "usage_of_backing_film",
    "pressurized_sheet": "usage_of_pressurized_sheet",
    "dresser_table": "usage_of_dresser_table",
}
FLOWS = {"slurry_a": "slurry_flow_line_a", "slurry_b": "slurry_flow_line_b", "slurry_c": "slurry_flow_line_c"}
ROTATIONS = {"wafer": "wafer_rotation", "platen": "stage_rotation", "head": "head_rotation"}
DRESSING = "dressing_water_status"
CHANNELS = (*AIR_BAGS.values(), *COUNTERS.values(), *FLOWS.values(), *ROTATIONS.values(), DRESSING)

# Line C carries the main slurry: it flows at some 430 or 580 (scaled) while a wafer is polished and stops for the buff;
# half of the lower level parts the two. A pressed wafer has air in the outer bag [design, from days 0 to 15].
_SLURRY_ON = 150.0
# A sample stands for the time to the next one, at most this: in a hole of the record nothing is known [design].
_LONGEST_SAMPLE_S = 3.0


@dataclass(frozen=True, slots=True)
class Feature:
    """One number of a step: ``name``, ``meaning``, ``unit`` ("scaled" where the data's unit is unknown), ``of``."""

    name: str
    meaning: str
    unit: str
    of: Callable[[Phases], float]


class Phases:
    """A trace parted into stations, and at each into polish (main slurry) and buff (pressed without it)."""

    def __init__(self, trace: StepTrace) -> None:
        self.trace = trace
        gaps_s = np.diff(trace.time_s, append=trace.time_s[-1] + 1.0)
        self.weight_s = np.minimum(gaps_s, _LONGEST_SAMPLE_S)
        pressed = trace.channels[AIR_BAGS["outer"]] > 0
        slurry = trace.channels[FLOWS["slurry_c"]] > _SLURRY_ON
        self.at = tuple(trace.station == i for i in range(3))
        self.polish = tuple(at & pressed & slurry for at in self.at)
        self.buff = tuple(at & pressed & ~slurry for at in self.at)

    def duration_s(self, mask: Mask) -> float:
        """Return the time in a phase."""
        return float(self.weight_s[mask].sum())

    def mean(self, channel: str, mask: Mask) -> float:
        """Return the time-weighted mean of a channel in a phase; NaN where the phase is empty."""
        weight_s = self.weight_s[mask]
        total_s = weight_s.sum()
        return float(weight_s @ self.trace.channels[channel][mask] / total_s) if total_s > 0 else float("nan")

    def integral(self, channel: str, mask: Mask) -> float:
        """Return a channel's integral over time in a phase."""
        return float(self.weight_s[mask] @ self.trace.channels[channel][mask])

    def product(self, one: str, other: str, mask: Mask) -> float:
        """Return the integral over time of the product of two channels in a phase."""
        values = self.trace.channels[one][mask] * self.trace.channels[other][mask]
        return float(self.weight_s[mask] @ values)

    def offset_s(self, station: int) -> float:
        """Return when the wafer came to a station, after the step's start; NaN where it never did."""
        at = self.trace.time_s[self.at[station]]
        return float(at[0] - self.trace.time_s[0]) if len(at) else float("nan")

    def slope(self, channel: str, mask: Mask) -> float:
        """Return the slope per second of a channel in a phase; NaN with fewer than three samples."""
        if mask.sum() < 3:
            return float("nan")
        time_s = self.trace.time_s[mask] - self.trace.time_s[mask].mean()
        spread = float(time_s @ time_s)
        return float(time_s @ self.trace.channels[channel][mask] / spread) if spread > 0 else float("nan")


def trace_features(trace: StepTrace) -> Mapping[str, float]:
    """Return every declared feature of a step's trace by name; NaN where the trace does not tell it.

    Raises ValueError for an empty trace or one without all `CHANNELS`, naming what is missing.
    """
    missing = [name for name in CHANNELS if name not in trace.channels]
    if missing or not len(trace.time_s):
        raise ValueError(f"trace lacks {', '.join(missing) or 'samples'}")
    phases = Phases(trace)
    return {feature.name: feature.of(phases) for feature in declared_features()}


@lru_cache(maxsize=1)
def declared_features() -> tuple[Feature, ...]:
    """Return all features that a trace gives, in order."""
    return (*_durations(), *_pressures(), *_flows(), *_rotations(), *_counters())


def _durations() -> list[Feature]:
    found = [
        Feature("step_s", "first to last sample", "s", lambda p: p.trace.end_s - p.trace.start_s),
        Feature("longest_gap_s", "longest time between samples", "s", _longest_gap_s),
        Feature("polish_s", "pressed, with main slurry", "s", lambda p: p.duration_s(p.polish[0])),
        Feature("buff_s", "pressed, without main slurry", "s", lambda p: p.duration_s(p.buff[0])),
        Feature("dressing_s", "dressing water on at the first station", "s", lambda p: p.integral(DRESSING, p.at[0])),
        Feature("second_offset_s", "arrival at the second station", "s", lambda p: p.offset_s(1)),
        Feature("third_offset_s", "arrival at the third station", "s", lambda p: p.offset_s(2)),
        Feature("touch_down_s", "start to first pressed sample", "s", _touch_down_s),
        Feature("follower_polish_s", "main polish of the wafer behind", "s", lambda p: p.duration_s(p.polish[1])),
    ]
    meaning = "1 where another wafer was polished while this one stood at the second station"
    found.append(Feature("followed", meaning, "", lambda p: float(p.polish[1].any())))
    return found


def _pressures() -> list[Feature]:
    found: list[Feature] = []
    for short, channel in AIR_BAGS.items():

        def polish(p: Phases, channel: str = channel) -> float:
            return p.mean(channel, p.polish[0])

        def buff(p: Phases, channel: str = channel) -> float:
            return p.mean(channel, p.buff[0])

        def dose(p: Phases, channel: str = channel) -> float:
            return p.product(channel, ROTATIONS["head"], p.polish[0])

        found += [
            Feature(f"polish_{short}_pressure", f"mean {channel} in main polish", "scaled", polish),
            Feature(f"buff_{short}_pressure", f"mean {channel} in buff", "scaled", buff),
            Feature(f"{short}_dose", f"integral of {channel} x head rotation over main polish", "scaled s", dose),
        ]
    ring = AIR_BAGS["ring"]
    meaning = f"integral of {ring} at the first station"
    found.append(Feature("ring_integral", meaning, "scaled s", lambda p: p.integral(ring, p.at[0])))
    return found


def _flows() -> list[Feature]:
    a, c = FLOWS["slurry_a"], FLOWS["slurry_c"]
    return [
        Feature("polish_slurry_c", "mean main slurry flow in main polish", "scaled", lambda p: p.mean(c, p.polish[0])),
        Feature("polish_slurry_c_slope", "its slope", "scaled/s", lambda p: p.slope(c, p.polish[0])),
        Feature("slurry_a_integral", "buff slurry at the first station", "scaled s", lambda p: p.integral(a, p.at[0])),
        Feature("buff_slurry_a", "mean buff slurry flow in buff", "scaled", lambda p: p.mean(a, p.buff[0])),
        Feature("slurry_b", "mean flow of line B", "scaled", lambda p: p.mean(FLOWS["slurry_b"], p.at[0])),
    ]


def _rotations() -> list[Feature]:
    wafer, platen, head = ROTATIONS["wafer"], ROTATIONS["platen"], ROTATIONS["head"]
    return [
        Feature("polish_head_rotation", "mean in main polish", "scaled", lambda p: p.mean(head, p.polish[0])),
        Feature("polish_platen_rotation", "mean in main polish", "scaled", lambda p: p.mean(platen, p.polish[0])),
        Feature("buff_platen_rotation", "mean in buff", "scaled", lambda p: p.mean(platen, p.buff[0])),
        Feature("buff_head_rotation", "mean in buff", "scaled", lambda p: p.mean(head, p.buff[0])),
        Feature(
            "second_wafer_turns",
            "wafer rotation at the second station",
            "scaled s",
            lambda p: p.integral(wafer, p.at[1]),
        ),
        Feature(
            "third_platen_turns",
            "platen rotation at the third station",
            "scaled s",
            lambda p: p.integral(platen, p.at[2]),
        ),
    ]


def _counters() -> list[Feature]:
    found: list[Feature] = []
    for short, channel in COUNTERS.items():

        def start(p: Phases, channel: str = channel) -> float:
            return float(p.trace.channels[channel][0])

        def used(p: Phases, channel: str = channel) -> float:
            return float(p.trace.channels[channel][-1] - p.trace.channels[channel][0])

        found.append(Feature(f"{short}_usage", f"{channel} at the start", "scaled", start))
        found.append(Feature(f"{short}_used", f"rise of {channel} over the step", "scaled", used))
    return found


def _longest_gap_s(p: Phases) -> float:
    return float(np.diff(p.trace.time_s).max()) if len(p.trace.time_s) > 1 else 0.0


def _touch_down_s(p: Phases) -> float:
    pressed = np.flatnonzero(p.polish[0] | p.buff[0])
    return float(p.trace.time_s[pressed[0]] - p.trace.time_s[0]) if len(pressed) else float("nan")
