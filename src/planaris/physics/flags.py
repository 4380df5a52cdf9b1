"""Model flags: the one place that knows where each model is valid and how to say that it is left."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag

from planaris.physics._namespace import ArrayLike, array_namespace


class ModelFlag(IntFlag):
    """A valid range was left; values go on unclipped."""

    NONE = 0
    PRESSURE_RANGE = 1
    RING_RANGE = 2
    TEMPERATURE_RANGE = 4
    FLOW_RANGE = 8
    SLURRY_SUPPLY = 16
    HYDRODYNAMIC = 32
    PAD_LIFE = 64
    DISK_LIFE = 128
    PAD_GLAZED = 256
    RING_LIFE = 512
    EDDY_RANGE = 1024
    DENSITY_RANGE = 2048


# Valid ranges, all engineering judgement (A).
PRESSURE_RANGE_KPA = (5.0, 60.0)
RING_RATIO_RANGE = (0.8, 2.5)
TEMPERATURE_RANGE_C = (20.0, 55.0)
FLOW_RANGE_ML_MIN = (50.0, 400.0)
SUPPLY_LIMIT = 0.6
SHARPNESS_LIMIT = 0.2
GLAZED_LIMIT = 0.3
DENSITY_RANGE = (0.05, 0.95)

FLAG_TEXT: Mapping[ModelFlag, str] = {
    ModelFlag.PRESSURE_RANGE: "zone pressure outside 5–60 kPa, where the pressure model holds",
    ModelFlag.RING_RANGE: "ring pressure outside 0.8–2.5 times the edge zone's, where the edge model holds",
    ModelFlag.TEMPERATURE_RANGE: "pad temperature outside 20–55 °C, where the removal law holds",
    ModelFlag.FLOW_RANGE: "slurry flow outside 50–400 ml/min, where the mixing model holds",
    ModelFlag.SLURRY_SUPPLY: "slurry starved: the flow feeds less than 60 % of the rate",
    ModelFlag.HYDRODYNAMIC: "speed over pressure beyond what this pad's and slurry's rate data support",
    ModelFlag.PAD_LIFE: "pad spent: groove depth at its end",
    ModelFlag.DISK_LIFE: "conditioner disk spent: cuts less than 20 % of a new one",
    ModelFlag.PAD_GLAZED: "pad glazed: freshness below 0.3 under the wafer",
    ModelFlag.RING_LIFE: "retaining ring spent: height lost",
    ModelFlag.EDDY_RANGE: "sheet conductance outside the range the eddy-current coil is calibrated for",
    ModelFlag.DENSITY_RANGE: "pattern density outside 0.05–0.95, where the pattern models hold",
}


def flag_names(flags: ModelFlag) -> tuple[str, ...]:
    """Return the lower-case names of the flags set, in their order."""
    return tuple(f.name.lower() for f in FLAG_TEXT if f in flags and f.name)


def flag_texts(flags: ModelFlag) -> tuple[str, ...]:
    """Return what the flags set mean, in their order."""
    return tuple(text for flag, text in FLAG_TEXT.items() if flag in flags)


def outside(values: ArrayLike, low: ArrayLike, high: ArrayLike, *, where: ArrayLike | None = None) -> bool:
    """Return whether any value lies outside [low, high]; NaN does. ``where`` masks the leading axes."""
    xp = array_namespace(values, low, high)
    values = xp.asarray(values)
    bad = xp.logical_not((values >= low) & (values <= high))
    if where is not None:
        mask = xp.asarray(where)
        bad = bad & xp.reshape(mask, tuple(mask.shape) + (1,) * (bad.ndim - mask.ndim))
    return bool(xp.any(bad))


def pressure_flags(
    zone_pressures_kPa: ArrayLike,
    ring_pressure_kPa: ArrayLike,
    edge_zone_kPa: ArrayLike,
    *,
    where: ArrayLike | None = None,
) -> ModelFlag:
    """Return the flags of zone pressures (n_t, n_zone) and of ring (n_t,) against edge zone (n_t,)."""
    xp = array_namespace(zone_pressures_kPa, ring_pressure_kPa, edge_zone_kPa)
    flags = ModelFlag.NONE
    if outside(zone_pressures_kPa, *PRESSURE_RANGE_KPA, where=where):
        flags |= ModelFlag.PRESSURE_RANGE
    low, high = RING_RATIO_RANGE
    zone = xp.asarray(edge_zone_kPa)
    if outside(ring_pressure_kPa, low * zone, high * zone, where=where):
        flags |= ModelFlag.RING_RANGE
    return flags


def temperature_flags(temperature_C: ArrayLike, *, where: ArrayLike | None = None) -> ModelFlag:
    """Return the flags of pad temperatures under the wafer."""
    hot = outside(temperature_C, *TEMPERATURE_RANGE_C, where=where)
    return ModelFlag.TEMPERATURE_RANGE if hot else ModelFlag.NONE


def slurry_flags(flow_ml_min: ArrayLike, supply: ArrayLike, *, where: ArrayLike | None = None) -> ModelFlag:
    """Return the flags of slurry flow and supply factor f_Q."""
    flags = ModelFlag.FLOW_RANGE if outside(flow_ml_min, *FLOW_RANGE_ML_MIN, where=where) else ModelFlag.NONE
    starved = outside(supply, SUPPLY_LIMIT, float("inf"), where=where)
    return flags | (ModelFlag.SLURRY_SUPPLY if starved else ModelFlag.NONE)


def hydrodynamic_flags(
    hersey_um: ArrayLike, hersey_limit_um: float | None, *, where: ArrayLike | None = None
) -> ModelFlag:
    """Return the lubrication flag; none where the pad's and slurry's data give no limit (None)."""
    if hersey_limit_um is None:
        return ModelFlag.NONE
    lifted = outside(hersey_um, 0.0, hersey_limit_um, where=where)
    return ModelFlag.HYDRODYNAMIC if lifted else ModelFlag.NONE


def consumable_flags(
    *,
    groove_depth_mm: ArrayLike,
    groove_min_mm: float,
    sharpness: ArrayLike,
    theta: ArrayLike,
    ring_lost_mm: ArrayLike,
    ring_limit_mm: float,
) -> ModelFlag:
    """Return the flags of pad grooves, disk sharpness k/k₀, freshness and ring height lost."""
    infinite = float("inf")
    flags = ModelFlag.NONE
    if outside(groove_depth_mm, groove_min_mm, infinite):
        flags |= ModelFlag.PAD_LIFE
    if outside(sharpness, SHARPNESS_LIMIT, infinite):
        flags |= ModelFlag.DISK_LIFE
    if outside(theta, GLAZED_LIMIT, infinite):
        flags |= ModelFlag.PAD_GLAZED
    if outside(ring_lost_mm, -infinite, ring_limit_mm):
        flags |= ModelFlag.RING_LIFE
    return flags


def density_flags(density: ArrayLike) -> ModelFlag:
    """Return the flag of pattern densities."""
    return ModelFlag.DENSITY_RANGE if outside(density, *DENSITY_RANGE) else ModelFlag.NONE
