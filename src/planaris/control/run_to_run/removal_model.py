"""What a recipe removes nominally, by zone, as its step times and zone pressures say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StepRate:
    """A polish step: its place in the recipe, nominal time and pressures, and its rate in each zone.

    ``stage`` counts the platens of the wafer's way from 0. ``slope_nm_min_kPa`` is what 1 kPa more on a zone adds to
    its rate. ``fixed_s`` is over-polish less half of the ramp.
    """

    step: int
    stage: int
    time_s: float
    fixed_s: float
    zone_pressure_kPa: tuple[float, ...]
    zone_rate_nm_min: tuple[float, ...]
    slope_nm_min_kPa: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RemovalModel:
    """Nominal removal of a recipe. ``site_fraction`` is the share of a label's sites in each zone, sum 1."""

    steps: tuple[StepRate, ...]
    site_fraction: tuple[float, ...]

    def zones_nm(self, times_s: dict[int, float], pressures_kPa: dict[tuple[int, int], float]) -> Array:
        """Return removal by step and zone, (n_step, n_zone), in nm.

        ``times_s`` by step and ``pressures_kPa`` by (step, zone), both as the recipe counts them from 0, stand in for
        the nominal values.
        """
        removed = np.zeros((len(self.steps), len(self.site_fraction)))
        for i, step in enumerate(self.steps):
            time_s = times_s.get(step.step, step.time_s) + step.fixed_s
            for zone, (rate, slope) in enumerate(zip(step.zone_rate_nm_min, step.slope_nm_min_kPa, strict=True)):
                more_kPa = pressures_kPa.get((step.step, zone), step.zone_pressure_kPa[zone])
                more_kPa -= step.zone_pressure_kPa[zone]
                removed[i, zone] = (rate + slope * more_kPa) * time_s / 60.0
        return removed

    def step_fraction(self, removed_nm: Array) -> dict[int, float]:
        """Return what of the removal at a label's sites is done in each step, by its place in the recipe, sum 1."""
        by_step = removed_nm @ np.array(self.site_fraction)
        return {s.step: float(by_step[i] / by_step.sum()) for i, s in enumerate(self.steps)}

    def share_fraction(self, removed_nm: Array) -> tuple[float, ...]:
        """Return what of the removal at a label's sites is done on each platen of the way, sum 1."""
        by_step = removed_nm @ np.array(self.site_fraction)
        stages = max(step.stage for step in self.steps) + 1
        share = [sum(by_step[i] for i, s in enumerate(self.steps) if s.stage == stage) for stage in range(stages)]
        return tuple(float(s / by_step.sum()) for s in share)
