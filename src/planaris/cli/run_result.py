"""The result of a run: a table for people, a document for programs."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from planaris.cli.progress import clock_text, speed_text

if TYPE_CHECKING:
    from planaris.app.request import RunSummary

RUN_SCHEMA = "planaris/run-result/1"
# Narrower than this a table of seven columns breaks its numbers over lines.
_NARROWEST_TABLE = 80


def result_document(summary: RunSummary) -> dict[str, Any]:
    """Return the run's result as docs/json.md has it."""
    bound = summary.bound_wafers_per_h
    return {
        "schema": RUN_SCHEMA,
        "ok": summary.completed,
        **asdict(summary),
        "speed_ratio": summary.tool_time_s / summary.wall_s if summary.wall_s > 0 else math.nan,
        "throughput_ratio": summary.wafers_per_h / bound if bound > 0 else math.nan,
    }


def number(value: float, digits: int) -> str:
    """Return a number for a table, a dash where there is none."""
    return f"{value:.{digits}f}" if math.isfinite(value) else "-"


def summary_lines(summary: RunSummary) -> list[str]:
    """Return what a person wants to know below the table."""
    measured = [w.removal_nm for w in summary.wafers if math.isfinite(w.removal_nm)]
    mean = f"{math.fsum(measured) / len(measured):.1f}" if measured else "-"
    rate, bound = summary.wafers_per_h, summary.bound_wafers_per_h
    share = f", {rate / bound:.2f} of the bound {bound:.1f}" if bound > 0 and math.isfinite(rate / bound) else ""
    lines = [
        f"{len(measured)} of {len(summary.wafers)} wafers measured, mean removal {mean} nm, "
        f"target {summary.target_removal_nm:.1f} nm",
        f"{number(rate, 1)} wafers/h{share}; tool time {clock_text(summary.tool_time_s)} in {summary.wall_s:.1f} s "
        f"({speed_text(summary.tool_time_s, summary.wall_s)})",
    ]
    lines.append(f"longest pause of the control loop: {1000.0 * summary.longest_pause_s:.0f} ms")
    lines += [f"alarm:   {alarm}" for alarm in summary.alarms]
    for question in summary.questions:
        who = question.wafer_id or "a wafer nobody knows of"
        lines.append(f"look:    {', '.join(question.look_at)}: {who}: {question.why}")
    lines += [f"refused: {refusal}" for refusal in summary.refused_answers]
    if summary.questions:
        lines.append("answer:  planaris run --resume --answer WAFER=PLACE --principal WHO --reason WHY")
    lines.append(f"records: {summary.folder}")
    if summary.report is not None:
        lines.append(f"report:  {summary.report}")
    return lines


def show_result(summary: RunSummary) -> None:
    """Write the result table and where everything is to stdout."""
    from rich.console import Console
    from rich.table import Table

    mark = "TWIN · no machine was run" if summary.port_kind == "twin" else summary.port_kind.upper()
    table = Table(title=f"{mark} · {summary.run_id} · {summary.outcome}", caption="removal and WIWNU: measured")
    for heading in ("slot", "head", "removal nm", "WIWNU %", "polish s", "wait s"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("alarms", overflow="fold")
    for wafer in sorted(summary.wafers, key=lambda w: w.slot):
        table.add_row(
            str(wafer.slot),
            "-" if wafer.head is None else str(wafer.head),
            number(wafer.removal_nm, 1),
            number(wafer.wiwnu_pct, 2),
            number(wafer.polish_s, 1),
            number(wafer.wait_s, 1),
            ", ".join(wafer.alarms),
        )
    console = Console(highlight=False)
    if console.width < _NARROWEST_TABLE:
        console = Console(highlight=False, width=_NARROWEST_TABLE)
    console.print(table)
    for line in summary_lines(summary):
        console.print(line, markup=False, soft_wrap=True)
