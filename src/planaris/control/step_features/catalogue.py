"""The catalogue of step features: what each is, which way is bad, and how far a person wants to be warned."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from planaris.model import HEAD_SPEED_BAND, LIFE_WARN_PCT, SLURRY_FLOW_BAND, LEAK_WARN_kPa, ProcessFault
from planaris.physics import (
    DISK_CUTTING_FRACTION,
    DiskConstants,
    PadConstants,
    RingConstants,
    disk_friction,
    disk_life_h,
    disk_sharpness,
)


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """One feature. ``band`` in its unit, or in percent of the learned mean with ``of_mean``.

    ``side``: +1 where only a rise is bad, -1 where only a fall, 0 where both. ``from_zero``: counted from a new part,
    not from a learned mean.
    """

    name: str
    english: str
    chinese: str
    band: float
    of_mean: bool = False
    side: int = 0
    wears: bool = False
    has_set_point: bool = False
    from_zero: bool = False
    wanders: bool = False

    def band_at(self, mean: float) -> float:
        """Return the band in the feature's unit for a learned mean."""
        return abs(0.01 * self.band * mean) if self.of_mean else self.band


def fault_bands() -> Mapping[str, float]:
    """Return the band of each named fault, and of the pad's wear, in the unit of the feature that shows it, by name.

    A worn disk's is in percent of what its friction was.
    """
    disk, pad = DiskConstants(), PadConstants()
    warn_h = 0.01 * LIFE_WARN_PCT * disk_life_h(disk)
    cut_ratio = float(disk_sharpness(warn_h, disk.disk_decay_h))
    drag_ratio = float(disk_friction(1.0, DISK_CUTTING_FRACTION, cut_ratio))
    return {
        ProcessFault.SLURRY_DROP.value: SLURRY_FLOW_BAND.warn_pct,
        ProcessFault.HEAD_SPEED_DRIFT.value: HEAD_SPEED_BAND.warn_pct,
        ProcessFault.MEMBRANE_LEAK.value: LEAK_WARN_kPa,
        ProcessFault.WORN_DISK.value: 100.0 * (1.0 - drag_ratio),
        ProcessFault.RING_WEAR.value: 0.01 * LIFE_WARN_PCT * RingConstants().wear_limit_mm,
        "pad_wear": 0.01 * LIFE_WARN_PCT * (pad.groove_depth_mm - pad.groove_min_mm),
    }


@cache
def catalogue(zones_count: int) -> Mapping[str, FeatureSpec]:
    """Return the features of a head with so many zones, by name: ``zone2_leak_kPa`` stands for its own zone."""
    text = resources.files("planaris.control.step_features").joinpath("features.toml").read_text(encoding="utf-8")
    bands = fault_bands()
    found: dict[str, FeatureSpec] = {}
    for name, row in tomllib.loads(text).items():
        for zone in range(1, zones_count + 1) if row.get("each_zone") else (0,):
            spec = _spec(name.replace("zone_", f"zone{zone}_", 1) if zone else name, row, bands)
            found[spec.name] = spec
    return found


def _spec(name: str, row: Mapping[str, Any], bands: Mapping[str, float]) -> FeatureSpec:
    band = row["band"]
    return FeatureSpec(
        name,
        *row["text"],
        band=float(bands[band] if isinstance(band, str) else band),
        of_mean=bool(row.get("of_mean")),
        side={"high": 1, "low": -1}.get(row.get("side", ""), 0),
        wears=bool(row.get("wear")),
        has_set_point=bool(row.get("set_point")),
        from_zero=bool(row.get("from_zero")),
        wanders=bool(row.get("wanders")),
    )
