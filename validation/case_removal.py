"""V1 to V4, V17, V18: removal laws that `planaris calibrate` makes of published tables, as it is shipped."""

from __future__ import annotations

import numpy as np

from case_result import DATA, CaseResult, Series, citation
from planaris.calibration import (
    CalibratedLaw,
    GroupLaw,
    Labels,
    LawForm,
    Prediction,
    Table,
    calibrate,
    predict,
    table_from_columns,
)
from planaris.formats.rate_tables import read_rate_table

_BLIND_DRAWS = 8


def table_of(name: str) -> Table:
    """Read one of the cases' tables as the command line does."""
    read = read_rate_table(DATA / f"{name}.csv")
    texts = {k: Labels(t.names, t.code) for k, t in read.texts.items()}
    return table_from_columns({**read.numbers, **texts}, source=name)


def run() -> list[CaseResult]:
    """Return the cases in order."""
    return [
        _law_case("V1", "us6564116_oxide_l25", "SiO2 rate over a 5-factor array", 11.0, 4, published="none given"),
        _law_case("V2", "mariscal2020_peteos_pressure_speed", "PETEOS with ceria: start and saturation", 10.0, 3),
        _law_case("V3 W", "ep3161098_w_pressure", "W: pressure, Fe and inhibitor", 20.0, 4),
        _law_case("V3 TEOS", "ep3161098_teos_pressure", "TEOS in the same slurry, blind to the inhibitor", 10.0, 4),
        _copper(),
        _law_case("V17", "us9499721_teos_pressure_solids", "TEOS: pressure and solids, k2 by solids", 6.0, 4),
        _ph_gate(),
        _law_case("V18", "sorooshian2005_ild_thin_pads", "thermal oxide on three pad textures", 18.0, 5),
    ]


def laws(table: Table) -> tuple[CalibratedLaw, Prediction, Prediction]:
    """Return the law of a table, its predictions of the table's own rows, and plain Preston's."""
    law = calibrate(table)
    return law, predict(law, table), predict(calibrate(table, LawForm.PRESTON), table)


def blind_error_pct(table: Table) -> float:
    """Return the mean error on a quarter of the rows taken away before the form was chosen, over seeded draws."""
    errors: list[float] = []
    for seed in range(_BLIND_DRAWS):
        order = np.random.default_rng(seed).permutation(table.rows)
        away = max(1, table.rows // 4)
        law = calibrate(table.take(np.sort(order[away:])))
        errors.append(predict(law, table.take(np.sort(order[:away]))).mape_pct())
    return float(np.mean(errors))


def _series(label: str, fitted: Prediction, preston: Prediction, rows: np.ndarray) -> Series:
    return Series(label, fitted.measured_nm_min[rows], fitted.rate_nm_min[rows], preston.rate_nm_min[rows])


def _law_case(
    case: str, name: str, what: str, limit_pct: float, most: int, published: str = "none given"
) -> CaseResult:
    table = table_of(name)
    law, fitted, preston = laws(table)
    (group,) = law.groups
    error = fitted.mape_pct()
    return CaseResult(
        case=case,
        what=what,
        source=citation(name),
        rows=group.rows,
        constants=group.constants,
        model=str(group.form),
        limit=f"{limit_pct:g} %, at most {most} constants",
        ok=error <= limit_pct and group.constants <= most,
        error_pct=error,
        left_out_pct=group.errors.left_out_mape_pct,
        blind_pct=blind_error_pct(table),
        preston_pct=group.errors.preston_fit_mape_pct,
        preston_left_out_pct=group.errors.preston_left_out_mape_pct,
        published=published,
        notes=tuple(parameter_notes(group)),
        series=(_series(table.labels["film"].names[0], fitted, preston, np.arange(table.rows)),),
    )


def parameter_notes(group: GroupLaw) -> list[str]:
    """Return a law's constants for a reader."""
    notes = [f"{p.name} {p.value:.3g} {p.unit} (95 %: {p.low:.3g} to {p.high:.3g})" for p in group.parameters]
    borrowed = [
        f"{u.name} {u.value:g} borrowed: {u.reason}"
        for u in group.unidentified
        if u.treatment == "borrowed" and u.value
    ]
    return notes + borrowed


def _copper() -> CaseResult:
    """IC1000 at 4 psi within 15 %; fixed-abrasive pads and the floating pad are flagged."""
    name = "us6918821_cu_pressure_speed"
    table = table_of(name)
    law, fitted, preston = laws(table)
    group = next(g for g in law.groups if not g.key.fixed_abrasive)
    pads = np.array(table.labels["pad"].names)[table.labels["pad"].code]
    ic1000 = pads == "IC1000"
    at_4_psi = ic1000 & (table.pressure_kPa > 20.0)
    ratio = fitted.rate_nm_min[at_4_psi] / fitted.measured_nm_min[at_4_psi]
    error = float(100.0 * np.mean(np.abs(ratio - 1.0)))
    fixed_flagged = all("fixed_abrasive" in fitted.flags(int(i)) for i in np.flatnonzero(~ic1000))
    # A row beyond the table: 1.5 psi at 200 rpm has the highest speed over pressure of all.
    beyond = table_from_columns(
        {
            "film": ["Cu"],
            "abrasive": ["none (abrasive-free slurry)"],
            "pad": ["IC1000"],
            "tool": list(table.labels["tool"].names[:1]),
            "pressure_kPa": [10.34],
            "platen_rpm": [200.0],
            "h2o2_wt_pct": [9.0],
        },
        rates_needed=False,
    )
    floats = "hydrodynamic" in predict(law, beyond).flags(0)
    return CaseResult(
        case="V4",
        what="Cu on IC1000 at 4 psi; floating pad and fixed-abrasive pads flagged",
        source=citation(name),
        rows=int(ic1000.sum()),
        constants=group.constants,
        model=str(group.form),
        limit="15 % at 4 psi; flags set",
        ok=error <= 15.0 and fixed_flagged and floats,
        error_pct=error,
        left_out_pct=group.errors.left_out_mape_pct,
        preston_pct=group.errors.preston_fit_mape_pct,
        preston_left_out_pct=group.errors.preston_left_out_mape_pct,
        notes=(
            *parameter_notes(group),
            f"Hersey limit {group.hersey_limit_um:.3g} um, from the flattening of the rate against speed at 4 psi"
            if group.hersey_limit_um
            else "no Hersey limit found",
            "four rows on IC1000: errors of left-out rows are errors of extrapolation",
        ),
        series=(
            _series("IC1000", fitted, preston, np.flatnonzero(ic1000)),
            _series("fixed abrasive (flagged)", fitted, preston, np.flatnonzero(~ic1000)),
        ),
    )


def _ph_gate() -> CaseResult:
    """Inside the window the law; outside the gate, as a flag."""
    name = "us9422456_teos_ph_pressure"
    table = table_of(name)
    law, fitted, preston = laws(table)
    (group,) = law.groups
    ph = table.covariates["slurry_pH"]
    gated = np.array(["ph_gate" in fitted.flags(i) for i in range(table.rows)])
    right = bool(np.all(gated[(ph <= 3.5) | (ph >= 8.0)]) and not np.any(gated[(ph >= 4.0) & (ph <= 5.8)]))
    error = fitted.mape_pct(in_range_only=True)
    window = group.window
    span = "none" if window is None else f"pH {window.low:g} to {window.high:g}"
    return CaseResult(
        case="V17 pH",
        what="TEOS against pH: the law inside its window, the gate as a flag",
        source=citation(name),
        rows=group.rows,
        constants=group.constants,
        model=str(group.form),
        limit="gate flagged; 10 % inside the window",
        ok=right and error <= 10.0,
        error_pct=error,
        left_out_pct=group.errors.left_out_mape_pct,
        preston_pct=group.errors.preston_fit_mape_pct,
        preston_left_out_pct=group.errors.preston_left_out_mape_pct,
        notes=(*parameter_notes(group), f"window found: {span}; {int(gated.sum())} of {table.rows} rows flagged"),
        series=(
            _series("inside the window", fitted, preston, np.flatnonzero(~gated)),
            _series("gated (flagged)", fitted, preston, np.flatnonzero(gated)),
        ),
    )
