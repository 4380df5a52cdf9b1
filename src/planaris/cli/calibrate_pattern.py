"""`planaris calibrate TABLE.csv --law pattern`: constants of the chip-scale model from measured patterns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from planaris.cli.output import emit_json, log, refuse_input

if TYPE_CHECKING:
    from planaris.planarity import PatternFit


def calibrate_pattern(table: Path, out: Path | None, as_json: bool) -> None:
    """Fit, say what was found and write it as the ``pattern`` numbers of a process package."""
    from planaris.formats.pattern_table import read_pattern_table
    from planaris.model import InputError, InputFault
    from planaris.planarity import MEASURED_RECESS, fit_recesses, fit_steps

    try:
        columns, ignored = read_pattern_table(table)
        try:
            fits: list[PatternFit] = []
            if "step_nm" in columns:
                fits.append(fit_steps(columns))
            if any(name in columns for name in MEASURED_RECESS):
                fits.append(fit_recesses(columns))
            if not fits:
                raise ValueError(f"the table measures nothing: one of step_nm, {', '.join(MEASURED_RECESS)} is needed")
        except ValueError as error:
            fault = InputFault("columns", ", ".join(columns), str(error), remedy="see docs/explanations/chip-scale.md")
            raise InputError(str(table), (fault,)) from error
        if out is not None:
            _write(out, pattern_toml(fits, table))
    except InputError as error:
        refuse_input(error, as_json)
    if ignored:
        log("ignored columns: " + ", ".join(ignored))
    if as_json:
        emit_json(_document(fits, table, out))
        return
    for fit in fits:
        misfit = f"RMS {fit.rms_nm:.2f} nm, left out {fit.left_out_nm:.2f} nm"
        typer.echo(f"{fit.kind}: {fit.rows} measured numbers, {misfit}")
        for one in fit.constants:
            typer.echo(f"  {one.name} {one.value:.4g}   (95 %: {one.low:.4g} to {one.high:.4g})")
        for text in fit.held:
            typer.echo(f"  not fitted: {text}")
    if out is not None:
        typer.echo(f"constants written to {out}")


def pattern_toml(fits: list[PatternFit], table: Path) -> str:
    """Return the constants as the numbers of a process package, with the table as their source."""
    lines = ["# Pattern numbers for a process package, written by planaris calibrate.", "", "[sources]"]
    lines += [f"pattern_table = {json.dumps(f'measured patterns: {table.name}', ensure_ascii=False)}", ""]
    for fit in fits:
        for one in fit.constants:
            note = f"{fit.kind}: {fit.rows} numbers, RMS {fit.rms_nm:.3g} nm"
            lines += [
                f"[numbers.pattern.{one.name}]",
                f"value = {one.value!r}",
                'source = "pattern_table"',
                'grade = "D"',
                f"interval = [{one.low!r}, {one.high!r}]",
                f"note = {json.dumps(note)}",
            ]
    return "\n".join(lines) + "\n"


def _document(fits: list[PatternFit], table: Path, out: Path | None) -> dict[str, Any]:
    return {
        "schema": "planaris/calibrate-pattern/1",
        "table": table,
        "out": out,
        "fits": [
            {
                "kind": fit.kind,
                "rows": fit.rows,
                "rms_nm": fit.rms_nm,
                "left_out_rms_nm": fit.left_out_nm,
                "constants": [
                    {"name": one.name, "value": one.value, "interval": [one.low, one.high]} for one in fit.constants
                ],
                "not_fitted": fit.held,
            }
            for fit in fits
        ],
    }


def _write(path: Path, text: str) -> None:
    from planaris.model import InputError, InputFault

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        fault = InputFault("--out", str(path), error.strerror or str(error), remedy="give a writable place")
        raise InputError(str(path), (fault,)) from error
