"""`planaris doctor`: is this machine fit to run Planaris?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from planaris.cli.output import (
    DEFAULT_HOME,
    DONE,
    PROCESS_FAILURE,
    WRONG_INPUT,
    HomeOption,
    JsonOption,
    emit_json,
    end_with,
    log,
)

_MARKS = {"ok": ("ok  ", typer.colors.GREEN), "warn": ("warn", typer.colors.YELLOW), "fail": ("FAIL", typer.colors.RED)}


def command(
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
    backup: Annotated[
        Path | None, typer.Option("--backup", help="Copy the home's tool.db here first.", metavar="FILE")
    ] = None,
) -> None:
    """Check Python, packages, home, disk, audit chain, clock, cores and browser; status 1 if something fails."""
    from planaris.cli.doctor_checks import examine

    if backup is not None:
        _back_up(home, backup, as_json)
    findings = examine(home)
    failed = any(finding.level == "fail" for finding in findings)
    if as_json:
        rows: list[dict[str, Any]] = [
            {"check": f.check, "level": f.level, "found": f.found, "remedy": f.remedy} for f in findings
        ]
        emit_json({"schema": "planaris/doctor/1", "ok": not failed, "checks": rows})
    else:
        for finding in findings:
            mark, colour = _MARKS[finding.level]
            typer.echo(f"{typer.style(mark, fg=colour)}  {finding.check:<10} {finding.found}")
            if finding.remedy:
                typer.echo(f"      {'':<10} -> {finding.remedy}")
    raise typer.Exit(PROCESS_FAILURE if failed else DONE)


def _back_up(home: Path, path: Path, as_json: bool) -> None:
    from planaris.historian import HomeError, backup_home

    try:
        backup_home(home, path)
    except HomeError as error:
        end_with("home", str(error.path), str(error), as_json, WRONG_INPUT)
    log(f"backup of {home / 'tool.db'}: {path}")
