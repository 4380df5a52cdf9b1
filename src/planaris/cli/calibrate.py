"""`planaris calibrate` and `planaris predict`: a table of rates to a law, a law to rates of new rows."""

from __future__ import annotations

import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planaris.cli.output import DEFAULT_HOME, PROCESS_FAILURE, HomeOption, JsonOption, emit_json, log, refuse_input

if TYPE_CHECKING:
    from planaris.calibration import CalibratedLaw, GroupLaw, Prediction, Table
    from planaris.formats.rate_tables import RateTable

# A person reads no more rows than this; a file or --json holds all.
_SHOWN_ROWS = 60


class LawChoice(StrEnum):
    """The forms that --law offers (those of calibration, and patterns; named here so that starting loads no arrays)."""

    AUTO = "auto"
    PRESTON = "preston"
    POWER = "power"
    SERIES = "series"
    PATTERN = "pattern"


_TableFile = Annotated[Path, typer.Argument(help="CSV table of removal rates.", metavar="TABLE.csv")]
_Distance = Annotated[
    float | None,
    typer.Option(
        "--center-distance-mm", help="Centre distance where the table gives rpm without one (default 125).", min=1.0
    ),
]


def calibrate(
    table: _TableFile,
    *,
    law: Annotated[LawChoice, typer.Option("--law", help="Which forms may be chosen from.")] = LawChoice.AUTO,
    out: Annotated[Path | None, typer.Option("--out", help="Write the law here.", metavar="LAW.toml")] = None,
    center_distance_mm: _Distance = None,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Fit a removal law to each film and family of consumables in a table, or constants of patterns (--law pattern)."""
    del home  # every command takes it; a table needs none
    if law is LawChoice.PATTERN:
        from planaris.cli.calibrate_pattern import calibrate_pattern

        calibrate_pattern(table, out, as_json)
        return
    from planaris.calibration import LawForm, law_to_toml
    from planaris.calibration import calibrate as fit
    from planaris.model import InputError

    try:
        read, rows = _load(table, center_distance_mm, rates_needed=True)
        made = fit(rows, LawForm(law.value))
        if out is not None:
            _write(out, law_to_toml(made, str(table)))
    except InputError as error:
        refuse_input(error, as_json)
    _say_reading(read, made.notes)
    if as_json:
        emit_json(_law_document(made, read, out))
    else:
        for group in made.groups:
            typer.echo("\n".join(_group_lines(group)))
            typer.echo("")
        for refusal in made.refused:
            typer.echo(f"{refusal.key}: refused, {refusal.reason} ({refusal.rows} rows)")
        if out is not None:
            typer.echo(f"law written to {out}")
    if not made.groups:
        log("no group of the table could be fitted")
        raise typer.Exit(PROCESS_FAILURE)


def predict(
    law: Annotated[Path, typer.Argument(help="Law written by calibrate.", metavar="LAW.toml")],
    table: _TableFile,
    *,
    out: Annotated[Path | None, typer.Option("--out", help="Write all rows here.", metavar="FILE.csv")] = None,
    center_distance_mm: _Distance = None,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Predict every row of a table: rate, 95 % interval, in or out of range; mape_pct where a rate was measured."""
    del home
    from planaris.calibration import law_from_toml
    from planaris.calibration import predict as predict_rows
    from planaris.formats.rate_tables import read_law_text
    from planaris.model import InputError

    try:
        known = law_from_toml(read_law_text(law), str(law))
        read, rows = _load(table, center_distance_mm, rates_needed=False)
        made = predict_rows(known, rows)
        if out is not None:
            _write(out, "\n".join(_csv_lines(made)) + "\n")
    except InputError as error:
        refuse_input(error, as_json)
    _say_reading(read, rows.notes)
    if as_json:
        _stream_predictions(known, made, rows, law, table)
        return
    _show_predictions(known, made, rows)
    if out is not None:
        typer.echo(f"{rows.rows} rows written to {out}")


def _load(path: Path, center_distance_mm: float | None, *, rates_needed: bool) -> tuple[RateTable, Table]:
    from planaris.calibration import Labels, table_from_columns
    from planaris.formats.rate_tables import read_rate_table

    read = read_rate_table(path)
    texts = {name: Labels(column.names, column.code) for name, column in read.texts.items()}
    columns = {**read.numbers, **texts}
    table = table_from_columns(
        columns,
        source=str(path),
        center_distance_mm=center_distance_mm,
        rates_needed=rates_needed,
        headers={name: " / ".join(headers) for name, headers in read.headers.items()},
    )
    return read, table


def _write(path: Path, text: str) -> None:
    from planaris.model import InputError, InputFault

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        fault = InputFault("--out", str(path), error.strerror or str(error), remedy="give a writable place")
        raise InputError(str(path), (fault,)) from error


def _say_reading(read: RateTable, notes: tuple[str, ...]) -> None:
    if read.ignored:
        log("ignored columns: " + ", ".join(read.ignored))
    for note in notes:
        log(note)


def _group_lines(group: GroupLaw) -> list[str]:
    e = group.errors
    lines = [
        str(group.key),
        f"  rate = {group.form}   ({group.constants} constants, {group.rows} rows, {group.conditions} conditions)",
        f"  mean error {_pct(e.fit_mape_pct)}, leaving conditions out {_pct(e.left_out_mape_pct)}; "
        f"plain Preston {_pct(e.preston_fit_mape_pct)} and {_pct(e.preston_left_out_mape_pct)}",
    ]
    for p in group.parameters:
        weak = "" if p.identified else "  (hardly told by the rows)"
        lines.append(f"    {p.name:<44} {p.value:>11.4g} {p.unit:<8} [{p.low:.4g}, {p.high:.4g}]{weak}")
    ranges = (f"{name} {low:.4g} to {high:.4g}" for name, (low, high) in group.ranges.items() if high > low)
    lines.append("  holds for " + ", ".join(ranges))
    if group.hersey_limit_um is not None:
        lines.append(f"  rate stops following speed above a Hersey number of {group.hersey_limit_um:.3g} um")
    for u in group.unidentified:
        value = "" if u.value is None else f" {u.value:g}"
        lines.append(f"  {u.name}: {u.treatment}{value}; {u.reason}; would be fixed by {u.fixed_by}")
    return lines + [f"  note: {note}" for note in group.notes]


def _pct(value: float) -> str:
    return f"{value:.1f} %" if math.isfinite(value) else "not told"


def _law_document(law: CalibratedLaw, read: RateTable, out: Path | None) -> dict[str, Any]:
    from dataclasses import asdict

    groups = [
        {
            "film": g.key.film,
            "abrasive": g.key.abrasive,
            "tool": g.key.tool,
            "composition": g.key.composition,
            "fixed_abrasive": g.key.fixed_abrasive,
            "formula": str(g.form),
            "constants": g.constants,
            "rows": g.rows,
            "conditions": g.conditions,
            "errors": asdict(g.errors),
            "row_spread_fraction": g.row_spread,
            "ranges": {name: list(ends) for name, ends in g.ranges.items()},
            "hersey_limit_um": g.hersey_limit_um,
            "window": None if g.window is None else asdict(g.window),
            "parameters": [asdict(p) for p in g.parameters],
            "unidentified": [asdict(u) for u in g.unidentified],
            "candidates": [asdict(c) for c in g.candidates],
            "notes": list(g.notes),
        }
        for g in law.groups
    ]
    refused = [{"group": str(r.key), "rows": r.rows, "reason": r.reason} for r in law.refused]
    return {
        "schema": "planaris/calibrate/1",
        "ok": bool(law.groups),
        "table": read.source,
        "rows": read.rows,
        "encoding": read.encoding,
        "ignored_columns": list(read.ignored),
        "out": out,
        "groups": groups,
        "refused": refused,
        "notes": list(law.notes),
    }


def _prediction_row(made: Prediction, i: int) -> dict[str, Any]:
    return {
        "row": int(made.line[i]),
        "group": int(made.group[i]),
        "rate_nm_min": float(made.rate_nm_min[i]),
        "low_nm_min": float(made.low_nm_min[i]),
        "high_nm_min": float(made.high_nm_min[i]),
        "in_range": bool(made.flag_bits[i] == 0),
        "flags": list(made.flags(i)),
        "measured_nm_min": float(made.measured_nm_min[i]),
    }


def _stream_predictions(known: CalibratedLaw, made: Prediction, rows: Table, law: Path, table: Path) -> None:
    """Write the result row by row: a million rows are no document to hold in memory."""
    import json

    from planaris.cli.output import plain

    head = {
        "schema": "planaris/predict/1",
        "ok": bool((made.group >= 0).any()),
        "law": law,
        "table": table,
        "rows": rows.rows,
        "mape_pct": made.mape_pct(),
        "mape_in_range_pct": made.mape_pct(in_range_only=True),
        "in_range_rows": int(made.in_range.sum()),
        "groups": [str(g.key) for g in known.groups],
    }
    text = json.dumps(plain(head), indent=2, ensure_ascii=False, allow_nan=False)
    typer.echo(text.removesuffix("\n}") + ',\n  "predictions": [', nl=False)
    for i in range(rows.rows):
        line = json.dumps(plain(_prediction_row(made, i)), ensure_ascii=False, allow_nan=False)
        typer.echo(("\n    " if i == 0 else ",\n    ") + line, nl=False)
    typer.echo("\n  ]\n}")


def _csv_lines(made: Prediction) -> list[str]:
    lines = ["row,rate_nm_min,low_nm_min,high_nm_min,in_range,flags,measured_nm_min"]
    for i in range(len(made.rate_nm_min)):
        values = (made.rate_nm_min[i], made.low_nm_min[i], made.high_nm_min[i])
        numbers = ",".join(_csv_number(v) for v in values)
        flags = " ".join(made.flags(i))
        last = _csv_number(made.measured_nm_min[i])
        lines.append(f"{made.line[i]},{numbers},{'no' if flags else 'yes'},{flags},{last}")
    return lines


def _csv_number(value: float) -> str:
    return f"{value:.6g}" if math.isfinite(value) else ""


def _show_predictions(known: CalibratedLaw, made: Prediction, rows: Table) -> None:
    typer.echo(f"{'row':>6} {'rate nm/min':>12} {'95 % interval':>21} {'measured':>10} {'error %':>8}  flags")
    for i in range(min(rows.rows, _SHOWN_ROWS)):
        rate, measured = float(made.rate_nm_min[i]), float(made.measured_nm_min[i])
        interval = f"{made.low_nm_min[i]:.4g} - {made.high_nm_min[i]:.4g}"
        error = f"{100 * (rate / measured - 1):+.1f}" if measured > 0 else ""
        shown = f"{measured:.4g}" if math.isfinite(measured) else ""
        flags = ", ".join(made.flags(i)) or "in range"
        typer.echo(f"{made.line[i]:>6} {rate:>12.4g} {interval:>21} {shown:>10} {error:>8}  {flags}")
    if rows.rows > _SHOWN_ROWS:
        typer.echo(f"… {rows.rows - _SHOWN_ROWS} further rows; --out FILE.csv or --json gives all")
    typer.echo(f"{rows.rows} rows, {int(made.in_range.sum())} in range, {len(known.groups)} laws")
    if (made.measured_nm_min > 0).any():
        every, inside = made.mape_pct(), made.mape_pct(in_range_only=True)
        typer.echo(f"mape_pct {every:.2f} over all measured rows, {inside:.2f} in range")
