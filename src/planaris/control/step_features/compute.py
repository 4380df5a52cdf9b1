"""Step features from a visit's trace: means over the settled part of a step, in physical terms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.model import (
    LEAK_TEST_S,
    ATMOSPHERE_kPa,
    ConditioningMode,
    LEAK_TEST_kPa,
    PolishStep,
    ToolDescription,
    ZONE_VOLUME_l,
)
from planaris.physics import DISK_TURNING_Nm_rpm, DiskConstants

Array = NDArray[np.float64]

# The pad's temperature at the end of a step is the mean over its last seconds [design].
END_S = 3.0
# A step with less settled time tells nothing [design].
LEAST_S = 3.0
# The conditioner's disk; friction acts at two thirds of its radius.
_DISK_RADIUS_MM = DiskConstants().disk_radius_mm
# Below these a ratio would be noise over noise.
_LEAST_FORCE_N, _LEAST_DOWNFORCE_N, _LEAST_TORQUE_Nm = 2.0, 50.0, 0.5


@dataclass(frozen=True, slots=True)
class HeadGeometry:
    """What features need of the tool: areas of zones and ring in m², and the distance of head and platen centres."""

    zone_area_m2: tuple[float, ...]
    ring_area_m2: float
    center_distance_mm: float

    @classmethod
    def of(cls, tool: ToolDescription) -> HeadGeometry:
        """Take it from a tool description; the last zone presses to the wafer's rim."""
        outer = [*tool.head.zone_outer_mm[:-1], 0.5 * tool.wafer_diameter_mm]
        inner = [0.0, *outer[:-1]]
        zones = tuple(1e-6 * math.pi * (o**2 - i**2) for i, o in zip(inner, outer, strict=True))
        ring = 1e-6 * math.pi * (tool.head.ring_outer_mm**2 - tool.head.ring_inner_mm**2)
        return cls(zones, ring, tool.platen.center_distance_mm)


def settled_rows(time_s: Array, start_s: float, end_s: float, settle_s: float) -> slice:
    """Return the rows of a trace in which a step is settled: ``settle_s`` after its start, until its end."""
    return slice(int(np.searchsorted(time_s, start_s + settle_s)), int(np.searchsorted(time_s, end_s, side="right")))


class StepTrace:
    """A trace's columns by name, over one step's settled rows."""

    def __init__(self, columns: Sequence[str], values: NDArray[np.float32], rows: slice) -> None:
        self._index = {name: i for i, name in enumerate(columns)}
        self._values = values[rows]
        self._means: list[float] = self._values.mean(axis=0, dtype=np.float64).tolist()

    def mean(self, name: str) -> float:
        """Return a column's mean, NaN where the trace has no such column."""
        index = self._index.get(name)
        return math.nan if index is None else self._means[index]

    def column(self, name: str) -> NDArray[np.float32]:
        """Return a column's settled samples; empty where there is none."""
        index = self._index.get(name)
        return self._values[:, index] if index is not None else np.empty(0, dtype=np.float32)


def step_features(
    step: PolishStep, geometry: HeadGeometry, trace: StepTrace, end_rows_count: int, chuck_vacuum_kPa: float
) -> dict[str, float]:
    """Return a step's features by name.

    ``end_rows_count`` samples are its last seconds, 0 where it was cut off; ``chuck_vacuum_kPa`` held the wafer before
    touch-down. A feature whose set-point is 0, whose part does not work or whose tags the trace lacks is left out.
    """
    mean = trace.mean
    found: dict[str, float] = {
        "slurry_filter_drop_kPa": mean("platen.slurry_filter_drop_kPa"),
        "platen_torque_Nm": mean("platen.torque_Nm"),
        "head_torque_Nm": mean("head.torque_Nm"),
        "vibration_mm_g": mean("platen.vibration_mm_g"),
        "chuck_vacuum_kPa": chuck_vacuum_kPa,
    }
    asked = {
        "slurry_flow": (mean("platen.slurry_flow_ml_min"), step.slurry_flow_ml_min),
        "platen_speed": (mean("platen.speed_rpm"), step.platen_speed_rpm),
        "head_speed": (mean("head.speed_rpm"), step.head_speed_rpm),
        "ring_pressure": (mean("head.ring_pressure_kPa"), step.ring_pressure_kPa),
    }
    if step.zone_control is None:  # else the zones' set-points move within the step
        for zone, pressure_kPa in enumerate(step.zone_pressure_kPa, start=1):
            asked[f"zone{zone}_pressure"] = mean(f"head.zone{zone}_pressure_kPa"), pressure_kPa
    asked["downforce"] = mean("head.downforce_N"), downforce_N(step, geometry)
    conditioning = step.conditioning
    if conditioning.mode is ConditioningMode.IN_SITU:
        asked["conditioner_force"] = mean("platen.conditioner_force_N"), conditioning.downforce_N
        found |= _of_disk(trace)
    found |= {f"{name}_error_pct": 100.0 * (seen / set_ - 1.0) for name, (seen, set_) in asked.items() if set_ > 0.0}
    found |= _of_friction(trace, geometry)
    for zone in range(1, len(step.zone_pressure_kPa) + 1):
        pressure_kPa = mean(f"head.zone{zone}_pressure_kPa")
        if pressure_kPa > 1.0:
            flow_l_min_kPa = mean(f"head.zone{zone}_flow_l_min") / pressure_kPa
            gas_l = flow_l_min_kPa * LEAK_TEST_kPa * LEAK_TEST_S / 60.0
            found[f"zone{zone}_leak_kPa"] = gas_l * ATMOSPHERE_kPa / ZONE_VOLUME_l
    if end_rows_count:
        coolant_C, pad_C = mean("platen.coolant_temperature_C"), trace.column("platen.pad_temperature_C")
        found["coolant_rise_K"] = mean("platen.coolant_return_temperature_C") - coolant_C
        if len(pad_C):
            found["pad_temperature_rise_K"] = float(pad_C[-end_rows_count:].mean(dtype=np.float64)) - coolant_C
    return {name: value for name, value in found.items() if math.isfinite(value)}


def downforce_N(step: PolishStep, geometry: HeadGeometry) -> float:
    """Return what a step's pressures press with: Σ p·A of zones and ring."""
    zones = zip(step.zone_pressure_kPa, geometry.zone_area_m2, strict=True)
    return 1e3 * (sum(p * area for p, area in zones) + step.ring_pressure_kPa * geometry.ring_area_m2)


def _of_friction(trace: StepTrace, geometry: HeadGeometry) -> dict[str, float]:
    torque_Nm, downforce = trace.mean("platen.torque_Nm"), trace.mean("head.downforce_N")
    found: dict[str, float] = {}
    if downforce > _LEAST_DOWNFORCE_N:
        found["friction_ratio"] = torque_Nm / (downforce * 1e-3 * geometry.center_distance_mm)
    if torque_Nm > _LEAST_TORQUE_Nm:
        found["torque_ratio"] = trace.mean("head.torque_Nm") / torque_Nm
    return found


def _of_disk(trace: StepTrace) -> dict[str, float]:
    """Return what a working disk tells: its friction, its stroke, and where pad and ring stand under it."""
    force_N = trace.mean("platen.conditioner_force_N")
    if not force_N > _LEAST_FORCE_N:
        return {}
    own_Nm = DISK_TURNING_Nm_rpm * trace.mean("platen.conditioner_speed_rpm")
    drag_Nm = trace.mean("platen.conditioner_torque_Nm") - own_Nm
    arm_mm, height_mm = trace.column("platen.conditioner_arm_mm"), trace.mean("platen.conditioner_height_mm")
    found = {
        "conditioner_friction_ratio": drag_Nm / (force_N * 1e-3 * _DISK_RADIUS_MM * 2.0 / 3.0),
        "pad_wear_mm": -height_mm,
        "ring_wear_mm": height_mm - trace.mean("head.height_mm"),
    }
    if len(arm_mm):
        found["conditioner_sweep_mm"] = float(arm_mm.max() - arm_mm.min())
    return found
