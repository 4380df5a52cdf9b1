"""What run-to-run control starts from: a recipe's nominal removal by step and zone, as it stands on paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planaris.app.nominal import nominal_rate_nm_min
from planaris.control import RemovalModel, StepRate
from planaris.model import SITES_9, PolishStep, Recipe, StepKind, ToolDescription
from planaris.processes import ProcessPackage

# Pressure by which a rate's slope is taken [design].
_STEP_kPa = 1.0


def site_fraction(tool: ToolDescription) -> tuple[float, ...]:
    """Return the share of a label's sites that lie in each zone of the head; labels are read at the nine sites."""
    radii_mm = np.hypot(SITES_9.x_mm, SITES_9.y_mm)
    zone = np.searchsorted(np.array(tool.head.zone_outer_mm), radii_mm)
    counts = np.bincount(zone, minlength=len(tool.head.zone_outer_mm))
    return tuple(float(c) for c in counts / counts.sum())


def removal_model(package: ProcessPackage, tool: ToolDescription, recipe: Recipe) -> RemovalModel:
    """Return a recipe's model; rinses remove nothing in it. Raises `KeyError` for a film the package does not know."""
    stages = {platen: stage for stage, platen in enumerate(dict.fromkeys(recipe.platens))}

    def rate_nm_min(step: PolishStep, pressure_kPa: float) -> float:
        even = replace(step, zone_pressure_kPa=(pressure_kPa,) * len(step.zone_pressure_kPa))
        return nominal_rate_nm_min(package, tool, even, recipe.film)

    steps: list[StepRate] = []
    for number, step in enumerate(recipe.steps):
        if step.kind is StepKind.RINSE:
            continue
        rates = [rate_nm_min(step, p) for p in step.zone_pressure_kPa]
        more = [rate_nm_min(step, p + _STEP_kPa) for p in step.zone_pressure_kPa]
        steps.append(
            StepRate(
                step=number,
                stage=stages[step.platen],
                time_s=step.end.time_s,
                fixed_s=step.end.over_polish_s - 0.5 * step.ramp_s,
                zone_pressure_kPa=step.zone_pressure_kPa,
                zone_rate_nm_min=tuple(rates),
                slope_nm_min_kPa=tuple((m - r) / _STEP_kPa for m, r in zip(more, rates, strict=True)),
            )
        )
    return RemovalModel(tuple(steps), site_fraction(tool))
