"""`planaris doctor`: is this machine fit to run Planaris?"""

from __future__ import annotations

from typing import Any

import typer

from planaris.cli.output import DEFAULT_HOME, DONE, PROCESS_FAILURE, HomeOption, JsonOption, emit_json

_MARKS = {"ok": ("ok  ", typer.colors.GREEN), "warn": ("warn", typer.colors.YELLOW), "fail": ("FAIL", typer.colors.RED)}


def command(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Check Python, packages, home, disk, clock, cores and browser; status 1 if something fails."""
    from planaris.cli.doctor_checks import examine

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
