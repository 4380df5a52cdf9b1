"""One line per wafer: what was measured on it, how long things took, what it used, what went wrong."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.historian import AlarmRow, WaferRow
from planaris.report.map_reading import SiteMap, read_maps
from planaris.report.run_record import RunRecord

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SiteRemoval:
    """Measured removal at the sites that both maps have; all arrays (n,), wafer coordinates, notch at -y."""

    x_mm: Floats
    y_mm: Floats
    removal_nm: Floats

    @property
    def radius_mm(self) -> Floats:
        """Distance of each site from the wafer centre."""
        return np.hypot(self.x_mm, self.y_mm)


@dataclass(frozen=True, slots=True)
class WaferLine:
    """What the record says of one wafer; NaN where it says nothing.

    ``order_count`` counts the wafers in the order of their first polish, 0 = never polished; ``head`` is 0 then.
    ``polish_water_ml`` is all water that was not the cleaner's: rinses on the platens and between them.
    """

    wafer_id: str
    slot: int
    kind: str
    finished: bool
    place: str
    order_count: int
    head: int
    sites_count: int
    incoming_nm: float
    post_nm: float
    removal_nm: float
    wiwnu_pct: float
    range_pct: float
    polish_s: float
    wait_s: float
    wet_s: float
    slurry_ml: float
    di_water_ml: float
    polish_water_ml: float
    clean_water_ml: float
    alarms: tuple[AlarmRow, ...]
    sites: SiteRemoval | None

    @property
    def rate_nm_min(self) -> float:
        """Measured removal over polish time."""
        return self.removal_nm / self.polish_s * 60.0 if self.polish_s > 0 else math.nan


def read_wafers(record: RunRecord) -> list[WaferLine]:
    """Return the wafers of a run in order of their slots, with whatever is known of each."""
    places = {stay.wafer_id: stay.location for stay in record.stays}
    heads = {step.wafer_id: step.head for step in record.steps}
    order = {wafer_id: count for count, wafer_id in enumerate(dict.fromkeys(s.wafer_id for s in record.steps), 1)}
    maps = read_maps(record)
    return [
        _line(
            row,
            record,
            maps,
            place=places.get(row.wafer_id, ""),
            head=heads.get(row.wafer_id, 0),
            order_count=order.get(row.wafer_id, 0),
        )
        for row in record.wafers
    ]


def _line(
    row: WaferRow,
    record: RunRecord,
    maps: dict[tuple[str, str], SiteMap],
    *,
    place: str,
    head: int,
    order_count: int,
) -> WaferLine:
    """Join what the record says of one wafer; one that never finished gets the sums over the steps it had."""
    steps = [step for step in record.steps if step.wafer_id == row.wafer_id]
    polish_water_ml = _total(step.di_water_ml for step in steps)
    clean_water_ml = _total(clean.di_water_ml for clean in record.cleans if clean.wafer_id == row.wafer_id)
    finished = row.finished_s is not None
    return WaferLine(
        wafer_id=row.wafer_id,
        slot=row.slot,
        kind=row.kind,
        finished=finished,
        place=place,
        order_count=order_count,
        head=row.head or head,
        sites_count=row.sites_count or 0,
        incoming_nm=row.incoming_nm,
        post_nm=row.post_nm,
        removal_nm=row.removal_nm,
        wiwnu_pct=row.wiwnu_pct,
        range_pct=row.range_pct,
        polish_s=row.polish_s if finished else _total(step.duration_s for step in steps),
        wait_s=row.wait_s,
        wet_s=row.wet_s,
        slurry_ml=row.slurry_ml if finished else _total(step.slurry_ml for step in steps),
        di_water_ml=row.di_water_ml if finished else _total((polish_water_ml, clean_water_ml)),
        polish_water_ml=row.di_water_ml - clean_water_ml if finished else polish_water_ml,
        clean_water_ml=clean_water_ml,
        alarms=tuple(alarm for alarm in record.alarms if alarm.wafer_id == row.wafer_id),
        sites=_removal_at_sites(maps.get((row.wafer_id, "incoming"), {}), maps.get((row.wafer_id, "post"), {})),
    )


def _total(values: Iterable[float]) -> float:
    """Add the finite values; NaN where there is none."""
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(finite) if finite else math.nan


def _removal_at_sites(before: SiteMap, after: SiteMap) -> SiteRemoval | None:
    """Subtract at the sites that both maps have; None where they share fewer than three finite ones."""
    rows = [(x, y, before[x, y] - value) for (x, y), value in after.items() if (x, y) in before]
    table = np.array([row for row in rows if math.isfinite(row[2])], dtype=np.float64)
    return SiteRemoval(table[:, 0], table[:, 1], table[:, 2]) if len(table) >= 3 else None
