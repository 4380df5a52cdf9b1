"""V19: what every law must get the right way round, in tables too small or too varied for more."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from case_removal import parameter_notes, table_of
from case_result import CaseResult, Series
from planaris.calibration import CalibratedLaw, Table, calibrate, predict


@dataclass(frozen=True, slots=True)
class _Trend:
    name: str
    column: str
    up: bool
    what: str


_TRENDS = (
    _Trend("tw202115224_cu_abrasive_pressure", "pressure_kPa", True, "Cu rises with pressure"),
    _Trend("us9200180_cu_solids", "abrasive_wt_pct", True, "Cu rises with solids"),
    _Trend("us9200180_cu_h2o2", "h2o2_wt_pct", False, "Cu falls with H2O2"),
    _Trend("us8070843_w_h2o2", "h2o2_wt_pct", True, "W rises with H2O2"),
    _Trend("son2021_oxide_ceria_size", "abrasive_d50_nm", True, "oxide rises with ceria size"),
)


def run() -> list[CaseResult]:
    """Return one row a trend, and the pads that no law can tell."""
    return [_trend(i, trend) for i, trend in enumerate(_TRENDS, start=1)] + [_pads()]


def _values(table: Table, column: str) -> np.ndarray:
    return table.pressure_kPa if column == "pressure_kPa" else table.covariates[column]


def _trend(number: int, trend: _Trend) -> CaseResult:
    table = table_of(trend.name)
    law = calibrate(table)
    fitted = predict(law, table)
    group = law.groups[0]
    values = _values(table, trend.column)
    right = _answers(trend, table, law) and len(law.groups) == 1
    return CaseResult(
        case=f"V19.{number}",
        what=trend.what,
        source=trend.name.split("_", maxsplit=1)[0] + ", see validation/data",
        rows=table.rows,
        constants=group.constants,
        model=str(group.form),
        limit="ordering",
        ok=right,
        error_pct=fitted.mape_pct(),
        left_out_pct=group.errors.left_out_mape_pct,
        preston_pct=group.errors.preston_fit_mape_pct,
        preston_left_out_pct=group.errors.preston_left_out_mape_pct,
        notes=tuple(parameter_notes(group)),
        series=(Series(trend.what, fitted.measured_nm_min, fitted.rate_nm_min, x=values, x_label=trend.column),),
    )


def _answers(trend: _Trend, table: Table, law: CalibratedLaw) -> bool:
    """Say whether the law's answer goes the right way from the lowest to the highest value, in every row's place."""
    values = _values(table, trend.column)

    def at(value: float) -> np.ndarray:
        if trend.column == "pressure_kPa":
            moved = replace(table, pressure_kPa=np.full(table.rows, value))
        else:
            moved = replace(table, covariates={**table.covariates, trend.column: np.full(table.rows, value)})
        return predict(law, moved).rate_nm_min

    low, high = at(float(values.min())), at(float(values.max()))
    return bool(np.all(high > low) if trend.up else np.all(high < low))


def _pads() -> CaseResult:
    table = table_of("kenchappa2021_hdp_pads")
    law = calibrate(table)
    fitted = predict(law, table)
    group = law.groups[0]
    refused = [u for u in group.unidentified if u.name == "factor per pad" and u.treatment == "refused"]
    inside = (fitted.measured_nm_min >= fitted.low_nm_min) & (fitted.measured_nm_min <= fitted.high_nm_min)
    return CaseResult(
        case=f"V19.{len(_TRENDS) + 1}",
        what="three pads, one row each: the law must refuse a factor per pad and say so",
        source="kenchappa2021, see validation/data",
        rows=table.rows,
        constants=group.constants,
        model=str(group.form),
        limit="refused; rows inside the interval",
        ok=bool(refused) and bool(np.all(inside)),
        error_pct=fitted.mape_pct(),
        left_out_pct=group.errors.left_out_mape_pct,
        preston_pct=group.errors.preston_fit_mape_pct,
        preston_left_out_pct=group.errors.preston_left_out_mape_pct,
        notes=(*(f"{u.name}: {u.reason}" for u in refused),),
    )
