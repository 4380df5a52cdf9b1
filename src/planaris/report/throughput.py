"""Where wafers were and when, and how fast the lot went against what the tool could do at best."""

from __future__ import annotations

import math
from dataclasses import dataclass

from planaris.report.run_record import RunRecord, as_mapping, as_number


@dataclass(frozen=True, slots=True)
class Stay:
    """A wafer in a module from ``start_s`` to ``end_s``; ``work`` names what the module did, '' for mere presence."""

    module: str
    wafer_id: str
    start_s: float
    end_s: float
    work: str = ""


@dataclass(frozen=True, slots=True)
class Throughput:
    """Speed of the lot. ``busy_s`` holds the busy seconds per wafer of each resource; NaN and {} where unknown."""

    start_s: float
    end_s: float
    finished_count: int
    lot_wafers_per_h: float
    steady_wafers_per_h: float
    bound_wafers_per_h: float
    bottleneck: str
    bound_makespan_s: float
    busy_s: dict[str, float]
    includes_metrology: bool | None

    @property
    def reached_ratio(self) -> float:
        """Steady wafers per hour over the bound."""
        return self.steady_wafers_per_h / self.bound_wafers_per_h if self.bound_wafers_per_h else math.nan


def read_throughput(record: RunRecord) -> Throughput:
    """Work out the lot's speed from its events; the bound is what the meta table's ``bound`` says.

    ``bound`` is ``{"busy_s": {resource: s}, "bottleneck", "bound_wafers_per_h", "bound_makespan_s",
    "includes_metrology"}``; what is missing is shown as unknown. The steady rate counts from the first wafer back in
    the carrier to the last: filling and emptying the tool is not in it.
    """
    start_s, end_s = lot_span_s(record)
    finishes_s = sorted(wafer.finished_s for wafer in record.wafers if wafer.finished_s is not None)
    count = len(finishes_s)
    span_s = end_s - start_s
    steady_s = finishes_s[-1] - finishes_s[0] if count > 1 else 0.0
    bound = record.mapping("bound")
    busy_s = {name: as_number(value) for name, value in as_mapping(bound.get("busy_s")).items()}
    metrology = bound.get("includes_metrology")
    return Throughput(
        start_s=start_s,
        end_s=end_s,
        finished_count=count,
        lot_wafers_per_h=3600.0 * count / span_s if count and span_s > 0 else math.nan,
        steady_wafers_per_h=3600.0 * (count - 1) / steady_s if steady_s > 0 else math.nan,
        bound_wafers_per_h=as_number(bound.get("bound_wafers_per_h")),
        bottleneck=str(bound.get("bottleneck") or ""),
        bound_makespan_s=as_number(bound.get("bound_makespan_s")),
        busy_s=busy_s,
        includes_metrology=metrology if isinstance(metrology, bool) else None,
    )


def lot_span_s(record: RunRecord) -> tuple[float, float]:
    """Return start and end of the lot in tool time; of the run, where the lot has none."""
    starts = record.happened("lot_started") or record.happened("run_started")
    ends = record.happened("lot_ended") or record.happened("run_ended")
    return starts[0].time_s if starts else 0.0, ends[-1].time_s if ends else record.last_s


def read_stays(record: RunRecord) -> list[Stay]:
    """Return every stay of a wafer in a module outside its carrier, and on top what the modules did with it.

    What never ended is drawn to the end of the record.
    """
    end_s = record.last_s
    stays = [
        Stay(stay.location, stay.wafer_id, stay.arrived_s, end_s if stay.left_s is None else stay.left_s)
        for stay in record.stays
        if not stay.location.startswith("loadport")
    ]
    stays += [
        Stay(f"platen{s.platen}", s.wafer_id, s.start_s, end_s if s.end_s is None else s.end_s, s.step_name)
        for s in record.steps
    ]
    stays += [
        Stay(c.station, c.wafer_id, c.start_s, end_s if c.end_s is None else c.end_s, "cleaning") for c in record.cleans
    ]
    return stays
