"""Thickness measurements: sites, maps and the statistics people judge a wafer by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from planaris.model.wafer import Defect


class MapStage(StrEnum):
    """When a map was measured."""

    INCOMING = "incoming"
    POST = "post"


@dataclass(frozen=True, slots=True)
class SitePlan:
    """Named measurement sites, wafer coordinates in mm, notch at -y."""

    name: str
    x_mm: tuple[float, ...]
    y_mm: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.x_mm)


def ring_plan(name: str, rings: tuple[tuple[float, int], ...]) -> SitePlan:
    """Build a plan from rings of (radius_mm, sites), the first site of each ring on +x."""
    x: list[float] = []
    y: list[float] = []
    for radius_mm, count in rings:
        for k in range(count):
            angle = 2 * math.pi * k / count
            x.append(round(radius_mm * math.cos(angle), 3))
            y.append(round(radius_mm * math.sin(angle), 3))
    return SitePlan(name, tuple(x), tuple(y))


# Rings 1 + 8 + 16 + 24 (docs/reference/design-values.md, grade R), outermost 1 mm inside the 3 mm edge exclusion.
SITES_49 = ring_plan("49", ((0.0, 1), (32.0, 8), (64.0, 16), (96.0, 24)))
# Nine of the 49: centre and four sites each on the two outer rings, so that removal needs no interpolation.
SITES_9 = ring_plan("9", ((0.0, 1), (64.0, 4), (96.0, 4)))
SITE_PLANS: dict[str, SitePlan] = {plan.name: plan for plan in (SITES_9, SITES_49)}


@dataclass(frozen=True, slots=True)
class ThicknessMap:
    """Measured film thickness at the sites of a plan. A measurement, never the truth."""

    wafer_id: str
    stage: MapStage
    plan: SitePlan
    thickness_nm: tuple[float, ...]
    instrument: str
    time_s: float | None = None
    defects: tuple[Defect, ...] = ()


@dataclass(frozen=True, slots=True)
class WaferResult:
    """What the measurements of one wafer say: removal and uniformity, with the sampling they rest on."""

    wafer_id: str
    slot: int
    head: int
    sites_count: int
    incoming_nm: float
    post_nm: float
    removal_nm: float
    wiwnu_pct: float
    range_pct: float
    edge_exclusion_mm: float


def wiwnu_pct(values: tuple[float, ...]) -> float:
    """Return 100·s/mean with s over n-1 (docs/reference/design-values.md); NaN below two values or at mean 0."""
    n = len(values)
    mean = math.fsum(values) / n if n else math.nan
    if n < 2 or mean == 0 or math.isnan(mean):
        return math.nan
    return 100.0 * math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1)) / abs(mean)


def range_pct(values: tuple[float, ...]) -> float:
    """Return the range form of non-uniformity, 100·(max-min)/(2·mean)."""
    mean = math.fsum(values) / len(values) if values else math.nan
    if not values or mean == 0:
        return math.nan
    return 100.0 * (max(values) - min(values)) / (2.0 * abs(mean))
