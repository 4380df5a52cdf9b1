"""What virtual metrology of the tool reads of a wafer: declared step features, weighed by what each step removes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

# Step features that stand for what moves removal, by their names in the catalogue (`step_features`): friction, drives,
# speeds, pressures, slurry, heat, the conditioner, the wear of pad and ring. Times stand in the nominal removal.
REMOVAL_FEATURES: tuple[str, ...] = (
    "platen_torque_Nm",
    "head_torque_Nm",
    "friction_ratio",
    "platen_speed_error_pct",
    "head_speed_error_pct",
    "slurry_flow_error_pct",
    "zone_pressure_error_pct",
    "ring_pressure_error_pct",
    "downforce_error_pct",
    "pad_temperature_rise_K",
    "coolant_rise_K",
    "conditioner_force_error_pct",
    "conditioner_friction_ratio",
    "pad_wear_mm",
    "ring_wear_mm",
)
PAD_AGE = "pad_age_h"


def removal_features(zones_count: int) -> tuple[str, ...]:
    """Return the declared names for a head with so many zones; ``zone2_pressure_error_pct`` stands for its own zone."""
    found: list[str] = []
    for name in REMOVAL_FEATURES:
        zones = range(1, zones_count + 1) if name.startswith("zone_") else ()
        found += [name.replace("zone_", f"zone{zone}_", 1) for zone in zones] or [name]
    return tuple(found)


def wafer_row(
    names: Sequence[str], steps: Mapping[int, Mapping[str, float]], share_fraction: Mapping[int, float]
) -> dict[str, float]:
    """Return a wafer's features by name from those of its steps, by their place in the recipe.

    Each is the mean over the steps that tell it, weighed by the share of the removal that is done in them: to first
    order what it does to the logarithm of the removal is what it does to the steps' rates in this mean.
    """
    row: dict[str, float] = {}
    for name in names:
        told = [(share_fraction.get(step, 0.0), values[name]) for step, values in steps.items() if name in values]
        weight = math.fsum(share for share, _ in told)
        if weight > 0.0:
            row[name] = math.fsum(share * value for share, value in told) / weight
    return row
