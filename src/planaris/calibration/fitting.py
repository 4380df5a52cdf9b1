"""Calibrate: a table of rates in, a law per group out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import stats

from planaris.calibration.choose import (
    SCATTER_ROWS,
    Fit,
    choose,
    fit_constants,
    fit_form,
    predictor,
    relative_error,
)
from planaris.calibration.features import LawForm, features_of
from planaris.calibration.form import Form
from planaris.calibration.gate import find_window, hydrodynamic_limit_um, window_of
from planaris.calibration.grouping import Group, GroupKey, keys_of, make_group, varies
from planaris.calibration.law import CalibratedLaw, Candidate, Errors, GroupLaw, Refusal
from planaris.calibration.limits import unidentified_of
from planaris.calibration.parameters import parameters_of
from planaris.calibration.predicting import group_rows, predict_ln
from planaris.calibration.solve import bounds, covariance, jacobian
from planaris.calibration.table import Codes, Table

_CANDIDATES = 6


def calibrate(table: Table, law: LawForm = LawForm.AUTO) -> CalibratedLaw:
    """Fit a law to each group of a table (film and family of consumables), with as few constants as its rows carry.

    The form is chosen by the error on left-out conditions. Raises nothing: a group without removal is refused with
    its reason.
    """
    keys, code = keys_of(table)
    groups: list[GroupLaw] = []
    refused: list[Refusal] = []
    for i, key in enumerate(keys):
        mine = table.take(np.flatnonzero(code == i))
        if not (mine.rate_nm_min > 0).any():
            refused.append(Refusal(key, mine.rows, "no row removed anything"))
            continue
        groups.append(calibrate_group(key, mine, law))
    return CalibratedLaw(tuple(groups), tuple(refused), table.notes)


def calibrate_group(key: GroupKey, table: Table, law: LawForm = LawForm.AUTO) -> GroupLaw:
    """Fit the law of one group's rows."""
    window = _window(table)
    inside = table
    if window is not None:
        ph = table.covariates["slurry_pH"]
        inside = table.take(np.flatnonzero((ph >= window[0]) & (ph <= window[1])))
    group = make_group(key, inside)
    if law is LawForm.PRESTON:
        group = _with_exponents(group)
    fit, tried = choose(group, law)
    preston = fit_form(Form(), group)
    errors = Errors(
        _mean_pct(fit.fitted_ln, group), _mean_pct(fit.left_out_ln, group),
        _mean_pct(preston.fitted_ln, group), _mean_pct(preston.left_out_ln, group),
    )  # fmt: skip
    whole = make_group(key, inside, sample=False)
    theta, spread, rows = fit.theta, fit.row_spread, group
    if whole.rows.count > group.rows.count:
        rows = _same_scales(whole, group)
        solved, spread = fit_constants(fit.form, rows, fit.constants)
        theta = solved[0]
    slope = jacobian(predictor(fit.form, rows, fit.names), theta[None, :], *bounds(fit.constants))[0]
    shared = covariance(slope, fit.constants, spread**2)
    freedom = max(0, rows.rows.count - fit.count) + SCATTER_ROWS
    notes = _notes(group, fit)
    made = GroupLaw(
        key=key,
        form=fit.form,
        scales=group.scales,
        level_names=group.level_names,
        names=fit.names,
        theta=tuple(theta.tolist()),
        covariance=tuple(tuple(row) for row in shared.tolist()),
        row_spread=spread,
        freedom=freedom,
        constants=fit.count,
        rows=inside.rows,
        conditions=group.conditions,
        errors=errors,
        ranges=_ranges(rows),
        parameters=parameters_of(
            fit.form,
            group.scales,
            group.level_names,
            constants=fit.constants,
            theta=theta,
            shared=shared,
            quantile=float(stats.t.ppf(0.975, freedom)),
        ),
        unidentified=unidentified_of(group, fit.form, features_of(group)),
        hersey_limit_um=_hersey_limit(group),
        candidates=tuple(
            Candidate(str(f.form), f.count, _mean_pct(f.fitted_ln, group), _mean_pct(f.left_out_ln, group))
            for f in tried[:_CANDIDATES]
        ),
        notes=notes,
    )
    return made if window is None else _with_window(made, table, window)


def _mean_pct(ln: np.ndarray, group: Group) -> float:
    return float(np.mean(relative_error(ln, group.ln_rate)) * 100.0)


def _window(table: Table) -> tuple[float, float] | None:
    ph = table.covariates.get("slurry_pH")
    wet = table.rate_nm_min > 0
    if ph is None or not wet.any():
        return None
    ln_preston = np.log(table.rate_nm_min[wet] / (table.pressure_kPa[wet] * table.velocity_m_s[wet]))
    return find_window(ph[wet], ln_preston)


def _with_window(law: GroupLaw, table: Table, window: tuple[float, float]) -> GroupLaw:
    ph = table.covariates["slurry_pH"]
    out = np.flatnonzero(((ph < window[0]) | (ph > window[1])) & (table.rate_nm_min > 0))
    outside = table.take(out)
    ln_law = predict_ln(law, group_rows(law, outside)[0])
    ln_ratio = np.log(outside.rate_nm_min) - ln_law
    read = window_of("slurry_pH", *window, ph[out], ln_ratio, outside.pressure_kPa, law.scales.pressure_kPa)
    note = (
        f"the law holds for pH {window[0]:g} to {window[1]:g}; {len(out)} rows outside took no part in the fit, "
        "their rates are read from a table and flagged"
    )
    return replace(law, window=read, notes=(*law.notes, note))


def _with_exponents(group: Group) -> Group:
    return replace(group, scales=replace(group.scales, exponent_p=1.0, exponent_v=1.0))


def _same_scales(whole: Group, sampled: Group) -> Group:
    return replace(whole, scales=sampled.scales)


def _ranges(group: Group) -> dict[str, tuple[float, float]]:
    rows = group.rows
    ends = {"pressure_kPa": rows.pressure_kPa, "velocity_m_s": rows.velocity_m_s, **rows.conditions}
    return {name: (float(v.min()), float(v.max())) for name, v in ends.items()}


def _hersey_limit(group: Group) -> float | None:
    rows = group.rows
    if not varies(rows.velocity_m_s):
        return None
    rest = [*rows.levels.values(), *rows.conditions.values()]
    other: Codes = np.ravel(np.unique(np.stack(rest), axis=1, return_inverse=True)[1])
    return hydrodynamic_limit_um(rows.pressure_kPa, rows.velocity_m_s, other, group.ln_rate)


def _notes(group: Group, fit: Fit) -> tuple[str, ...]:
    notes: list[str] = []
    if group.key.fixed_abrasive:
        notes.append("fixed-abrasive pad: outside the removal law of slurries; every prediction is flagged")
    if group.dry_rows:
        notes.append(f"{group.dry_rows} rows removed nothing and took no part in the fit")
    if group.conditions <= 2:
        notes.append(f"{group.conditions} condition(s): K only, all else borrowed; no honest error can be given")
    stated = {name: ~np.isnan(values) for name, values in group.table.covariates.items()}
    lost = sorted(name for name, rows in stated.items() if rows.any() and not rows.all())
    if lost:
        notes.append("not stated in every row, so not used: " + ", ".join(lost))
    if fit.form.activation:
        notes.append("temperature works on the whole rate here, not on the chemical step alone")
    return tuple(notes)
