"""A process package's nominal rate and friction under a step's set-points: what an engineer has on paper.

Nothing here comes from the twin, whose truth deviates from all of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from planaris.model import FilmStack, PolishStep, ToolDescription
from planaris.physics import (
    CONDITIONER_ARM_mm,
    PLATEN_BEARING_Nm,
    PLATEN_TURNING_Nm_rpm,
    RemovalLaw,
    mean_sliding_speed,
    platen_torque_Nm,
    removal_rate_nm_min,
)
from planaris.processes import ProcessPackage


@dataclass(frozen=True, slots=True)
class _Force:
    """Nominal normal forces of a step, N."""

    wafer_N: float
    ring_N: float


def nominal_rate_nm_min(package: ProcessPackage, tool: ToolDescription, step: PolishStep, material: str) -> float:
    """Return a film's nominal removal rate under a step's pressures and speeds, at the law's own temperature.

    Raises `KeyError` for a film that the package does not know.
    """
    prefix = package.law_of(material, step.slurry_line)
    given = package.group(prefix)
    law = RemovalLaw(**{f.name: given[f.name] for f in fields(RemovalLaw) if f.name in given})
    outer = np.array(tool.head.zone_outer_mm)
    inner = np.concatenate([[0.0], outer[:-1]])
    share = (outer**2 - inner**2) / outer[-1] ** 2
    radii_mm = np.sqrt(np.linspace(0.0, 1.0, 21)[1:] - 0.025) * (tool.wafer_diameter_mm / 2.0)
    speed_m_s = mean_sliding_speed(
        radii_mm, step.platen_speed_rpm, step.head_speed_rpm, tool.platen.center_distance_mm
    ).mean()
    pressure_kPa = float(share @ np.array(step.zone_pressure_kPa)) - step.back_pressure_kPa
    return float(removal_rate_nm_min(pressure_kPa, float(speed_m_s), law.temperature_ref_C, law))


def friction_step_fraction(
    package: ProcessPackage, tool: ToolDescription, step: PolishStep, films: FilmStack
) -> float | None:
    """Return what clearing the top film does to the platen's torque, relative; None where friction is not known."""
    if len(films.layers) < 2:
        return None
    top, below = (_friction(package, layer.material) for layer in films.layers[:2])
    if top is None or below is None:
        return None
    force = _force(tool, step)
    disk_N, disk_mu = step.conditioning.downforce_N, package.value("friction.conditioner_friction_coefficient")
    other = PLATEN_BEARING_Nm + PLATEN_TURNING_Nm_rpm * step.platen_speed_rpm
    torque = [
        float(
            platen_torque_Nm(
                force.wafer_N,
                force.ring_N,
                friction_wafer=mu,
                friction_ring=package.value("friction.ring_friction_coefficient"),
                center_distance_mm=tool.platen.center_distance_mm,
                conditioner_torque_Nm=disk_mu * disk_N * (1e-3 * CONDITIONER_ARM_mm),
                bearing_torque_Nm=other,
            )
        )
        for mu in (top, below)
    ]
    return torque[1] / torque[0] - 1.0


def _friction(package: ProcessPackage, material: str) -> float | None:
    for name in (f"film.{material}.friction_coefficient", "friction.friction_coefficient"):
        if name in package.numbers and material in {film.material for film in package.films}:
            return package.value(name)
    return None


def _force(tool: ToolDescription, step: PolishStep) -> _Force:
    outer_m = 1e-3 * np.array(tool.head.zone_outer_mm)
    inner_m = np.concatenate([[0.0], outer_m[:-1]])
    areas_m2 = math.pi * (outer_m**2 - inner_m**2)
    ring_m2 = math.pi * 1e-6 * (tool.head.ring_outer_mm**2 - tool.head.ring_inner_mm**2)
    wafer_N = 1e3 * float(areas_m2 @ np.array(step.zone_pressure_kPa))
    return _Force(wafer_N, 1e3 * ring_m2 * step.ring_pressure_kPa)
