"""`planaris schedule`: plan lots without running them: plan, bounds, ratio, bottleneck and a Gantt picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planaris.cli.output import (
    DEFAULT_HOME,
    DONE,
    PROCESS_FAILURE,
    WRONG_INPUT,
    HomeOption,
    JsonOption,
    ToolOption,
    emit_json,
    end_with,
    log,
    refuse_input,
)

if TYPE_CHECKING:
    from planaris.scheduling import Schedule

_EXAMPLE = Path("examples/oxide_ild/lot.toml")


def command(
    *,
    lot: Annotated[
        list[Path] | None, typer.Option("--lot", help="Lot file; may be repeated.", metavar="L.toml")
    ] = None,
    tool: ToolOption = None,
    metrology: Annotated[bool, typer.Option("--metrology/--no-metrology", help="Measure as the lot says.")] = True,
    plan: Annotated[bool, typer.Option("--plan/--rule", help="Let CP-SAT order the wafers of several lots.")] = True,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Write a Gantt picture here.", metavar="FILE.png")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Plan lots on a tool: what happens when, how near to the bound, what limits it; status 1 if a limit is passed."""
    del home  # every command takes it; a schedule leaves nothing there
    from planaris.formats import load_job
    from planaris.model import InputError
    from planaris.scheduling import LotToSchedule, StuckError, schedule_lots

    files = lot or [_EXAMPLE]
    try:
        jobs = [load_job(file, tool) for file in files]
    except InputError as error:
        refuse_input(error, as_json)
    names = ", ".join(str(file) for file in files)
    twice = {w.wafer_id for job in jobs for w in job.lot.wafers}
    if len(twice) < sum(len(job.lot.wafers) for job in jobs) or len({job.lot.load_port for job in jobs}) < len(jobs):
        message = "two lots have the same wafers or the same load port: give each its own"
        end_with("input", names, message, as_json, WRONG_INPUT)
    lots = [LotToSchedule(job.lot, job.recipe, job.cleaner) for job in jobs]
    try:
        made = schedule_lots(jobs[0].tool, lots, metrology=metrology, plan=plan)
    except StuckError as error:
        end_with("schedule", names, str(error), as_json, PROCESS_FAILURE)
    if picture is not None:
        from planaris.cli.schedule_picture import draw

        try:
            draw(made, picture)
        except OSError as error:
            end_with("records", str(picture), f"cannot write {picture}: {error.strerror}", as_json, PROCESS_FAILURE)
    if as_json:
        emit_json(_document(made, jobs[0].tool.name, [job.lot.lot_id for job in jobs], picture))
    else:
        typer.echo("\n".join(_lines(made, jobs[0].tool.name, names)))
        if picture is not None:
            typer.echo(f"Gantt picture: {picture}")
    for violation in made.violations:
        log(f"{violation.fault}: {violation.detail} at {violation.time_s:.1f} s")
    raise typer.Exit(PROCESS_FAILURE if made.violations else DONE)


def _wait_s(made: Schedule) -> tuple[float, float]:
    """Return median and 5-to-95 % spread of polish end to clean start."""
    import numpy as np

    waits_s = list(made.waits_s.values())
    low_s, median_s, high_s = (float(x) for x in np.percentile(waits_s, [5, 50, 95]))
    return median_s, high_s - low_s


def _lines(made: Schedule, tool: str, names: str) -> list[str]:
    bound, steady_s, ratio = made.bound, made.steady_s, made.steady_ratio
    median_s, spread_s = _wait_s(made)
    makespan_s = made.played.makespan_s
    lines = [
        f"{names} on tool {tool}: {len(made.wafers)} wafers in {makespan_s:.1f} s",
        f"bottleneck {bound.bottleneck}: {bound.cycle_s:.1f} s a wafer, {bound.wafers_per_h:.1f} wafers/h at best",
        f"makespan {makespan_s:.1f} s, proven bound {bound.makespan_s:.1f} s, ratio {made.makespan_ratio:.3f}",
    ]
    if steady_s is not None and ratio is not None:
        rate = f"{3600.0 / steady_s:.1f} wafers/h"
        lines.append(f"steady state {steady_s:.2f} s a wafer ({rate}), ratio {ratio:.3f}")
    for design in made.design:
        text = f"{design.wafers_per_h:.1f} wafers/h by {design.bottleneck}, lot {design.lot_makespan_s:.1f} s"
        lines.append(f"design bound (without what fills and empties a place): {text}")
    lines.append(f"polish end to clean start: median {median_s:.1f} s, spread {spread_s:.1f} s (5 to 95 %)")
    lines.append(f"checker: {len(made.violations)} violations; plans seen: {made.plans_count}")
    lines += ["", "busy seconds a wafer (proven)"]
    lines += [f"  {name:<12} {busy_s:7.2f}" for name, busy_s in sorted(bound.busy_s.items(), key=lambda x: -x[1])]
    return lines


def _document(made: Schedule, tool: str, lots: list[str], picture: Path | None) -> dict[str, Any]:
    median_s, spread_s = _wait_s(made)
    begins: dict[str, float] = {}
    for operation in made.played.operations:
        begins.setdefault(operation.wafer_id, operation.start_s)
    return {
        "schema": "planaris/schedule/1",
        "ok": not made.violations,
        "tool": tool,
        "lots": lots,
        "wafers_count": len(made.wafers),
        "makespan_s": made.played.makespan_s,
        "steady_s": made.steady_s,
        "bottleneck": made.bound.bottleneck,
        "bound": {
            "cycle_s": made.bound.cycle_s,
            "wafers_per_h": made.bound.wafers_per_h,
            "makespan_s": made.bound.makespan_s,
            "busy_s": made.bound.busy_s,
        },
        "design_bounds": [
            {
                "bottleneck": d.bottleneck,
                "wafers_per_h": d.wafers_per_h,
                "makespan_s": d.lot_makespan_s,
                "busy_s": d.busy_s,
            }
            for d in made.design
        ],
        "makespan_ratio": made.makespan_ratio,
        "steady_ratio": made.steady_ratio,
        "polish_to_clean_median_s": median_s,
        "polish_to_clean_spread_s": spread_s,
        "violations": [
            {"fault": v.fault.value, "subject": v.subject, "time_s": v.time_s, "detail": v.detail}
            for v in made.violations
        ],
        "plans_count": made.plans_count,
        "picture": picture,
        "wafers": [
            {"wafer_id": w.wafer_id, "start_s": begins[w.wafer_id], "end_s": made.played.finished_s[w.wafer_id]}
            for w in made.wafers
        ],
        "operations": [
            {
                "what": o.what.value,
                "resource": o.resource,
                "wafer_id": o.wafer_id,
                "source": o.source,
                "destination": o.destination,
                "start_s": o.start_s,
                "end_s": o.end_s,
            }
            for o in made.played.operations
        ],
    }
