"""Measured thickness maps of a run: those of its own metrology, and the incoming ones that came with the lot."""

from __future__ import annotations

import math

from planaris.model import SITE_PLANS
from planaris.report.run_record import RunRecord, as_list, as_mapping, as_number

SiteMap = dict[tuple[float, float], float]
"""Thickness in nm by site (x mm, y mm), NaN where a site failed."""


def read_maps(record: RunRecord) -> dict[tuple[str, str], SiteMap]:
    """Return the last map of each (wafer id, stage); what the tool measured goes before what came with the lot."""
    maps: dict[tuple[str, str], SiteMap] = {}
    for entry in record.rows("incoming"):
        row = as_mapping(entry)
        plan = as_mapping(row.get("plan"))
        x_mm, y_mm = _numbers(plan.get("x_mm")), _numbers(plan.get("y_mm"))
        maps[str(row.get("wafer_id")), str(row.get("stage"))] = _by_site(x_mm, y_mm, _numbers(row.get("thickness_nm")))
    for measured in record.measurements:
        plan_of_sites = SITE_PLANS.get(measured.plan)
        if plan_of_sites is not None:
            sites = _by_site(plan_of_sites.x_mm, plan_of_sites.y_mm, measured.thickness_nm)
            maps[measured.wafer_id, measured.stage] = sites
    return maps


def _numbers(value: object) -> tuple[float, ...]:
    return tuple(as_number(item) for item in as_list(value))


def _by_site(x_mm: tuple[float, ...], y_mm: tuple[float, ...], thickness_nm: tuple[float, ...]) -> SiteMap:
    """Pair sites with values; {} where their numbers differ, for then nobody knows which is which."""
    if not len(x_mm) == len(y_mm) == len(thickness_nm):
        return {}
    places = zip(x_mm, y_mm, strict=True)
    return {place: value for place, value in zip(places, thickness_nm, strict=True) if all(map(math.isfinite, place))}
