"""What the measurements of a wafer say: removal and uniformity at the sites that both maps have."""

from __future__ import annotations

import math

import numpy as np

from planaris.model import Recipe, SitePlan, ThicknessMap, Wafer, WaferResult, range_pct, wiwnu_pct
from planaris.physics import PolarGrid, from_sites, sample_at

# Sites closer than this are the same [design: stage accuracy].
_SAME_SITE_MM = 0.01


def incoming_at(incoming: ThicknessMap, plan: SitePlan) -> tuple[float, ...]:
    """Return incoming thickness at a plan's sites: measured there where it was, else from a smooth fit."""
    known = {
        _key(x, y): t for x, y, t in zip(incoming.plan.x_mm, incoming.plan.y_mm, incoming.thickness_nm, strict=True)
    }
    wanted = [_key(x, y) for x, y in zip(plan.x_mm, plan.y_mm, strict=True)]
    if all(site in known for site in wanted):
        return tuple(known[site] for site in wanted)
    grid = PolarGrid()
    x, y = np.array(incoming.plan.x_mm), np.array(incoming.plan.y_mm)
    smooth = from_sites(x, y, np.array(incoming.thickness_nm), grid)
    return tuple(float(v) for v in sample_at(smooth, grid, np.array(plan.x_mm), np.array(plan.y_mm)))


def _key(x_mm: float, y_mm: float) -> tuple[int, int]:
    return round(x_mm / _SAME_SITE_MM), round(y_mm / _SAME_SITE_MM)


def evaluate(
    wafer: Wafer, head: int, recipe: Recipe, incoming: ThicknessMap, plan: SitePlan, post_nm: tuple[float, ...]
) -> WaferResult:
    """Return removal and non-uniformity of removal over the sites inside the recipe's edge exclusion."""
    before = incoming_at(incoming, plan)
    limit_mm = wafer.diameter_mm / 2 - recipe.edge_exclusion_mm
    inside = [i for i in range(len(plan)) if math.hypot(plan.x_mm[i], plan.y_mm[i]) <= limit_mm]
    removal = tuple(before[i] - post_nm[i] for i in inside)
    n = len(inside)
    return WaferResult(
        wafer_id=wafer.wafer_id,
        slot=wafer.slot,
        head=head,
        sites_count=n,
        incoming_nm=math.fsum(before[i] for i in inside) / n,
        post_nm=math.fsum(post_nm[i] for i in inside) / n,
        removal_nm=math.fsum(removal) / n,
        wiwnu_pct=wiwnu_pct(removal),
        range_pct=range_pct(removal),
        edge_exclusion_mm=recipe.edge_exclusion_mm,
    )
