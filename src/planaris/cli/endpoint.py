"""`planaris endpoint`: what ends a polish step, tried on recorded traces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planaris.cli.output import (
    DEFAULT_HOME,
    DONE,
    PROCESS_FAILURE,
    HomeOption,
    JsonOption,
    ToolOption,
    emit_json,
    end_with,
    log,
    refuse_input,
)

if TYPE_CHECKING:
    from planaris.app import EndpointTrial

app = typer.Typer(help="Try what ends a polish step on recorded traces.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Try what ends a polish step on recorded traces."""


@app.command("replay")
def replay(
    trace: Annotated[Path, typer.Argument(help="Trace file, of sensors or window.", metavar="TRACE.parquet")],
    *,
    recipe: Annotated[Path, typer.Option("--recipe", help="Recipe with the detector.", metavar="R.toml")],
    lot: Annotated[
        Path | None, typer.Option("--lot", help="The wafer's lot: films and incoming maps.", metavar="L.toml")
    ] = None,
    step: Annotated[
        str | None, typer.Option("--step", help="Step: its name, or N of steps[N].", metavar="N|NAME")
    ] = None,
    tool: ToolOption = None,
    film_nm: Annotated[
        float | None,
        typer.Option("--film-nm", help="Nominal film before the first step (goes before the lot's).", metavar="X"),
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw what it saw.", metavar="FILE.png")] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Play a trace through a step's detector, with the tool's own code; status 1 where it calls no endpoint."""
    del home  # every command takes it; a replay leaves nothing there
    from planaris.app import TrialRequest, try_endpoint
    from planaris.model import InputError

    try:
        made = try_endpoint(TrialRequest(trace, recipe, lot, step, tool, film_nm))
    except InputError as error:
        refuse_input(error, as_json)
    if plot is not None:
        from planaris.cli.endpoint_picture import draw

        try:
            draw(made, plot)
        except (OSError, ValueError) as error:
            end_with("records", str(plot), f"cannot write {plot}: {error}", as_json, PROCESS_FAILURE)
    for note in made.notes:
        log(note)
    for fault in made.replay.faults:
        log(f"warning: sensor fault: {fault}")
    if as_json:
        emit_json(_document(made, plot))
    else:
        typer.echo("\n".join(_lines(made)))
        if plot is not None:
            typer.echo(f"picture     {plot}")
    raise typer.Exit(DONE if made.replay.final.kind == "call" else PROCESS_FAILURE)


_OUTCOMES = {"call": "called", "hold": "missed", "abort": "aborted"}


def _lines(made: EndpointTrial) -> list[str]:
    said, start_s = made.replay.final, made.start_s

    def at(time_s: float | None) -> str:
        return "none" if time_s is None else f"{time_s - start_s:.2f} s after step start"

    begins = f"nominally {made.film_nm:g} nm {made.film} at its start"
    lines = [
        f"wafer       {made.wafer_id or 'not named'}",
        f"step        {made.number} {made.step.name} of {made.recipe}, {begins}",
        f"detector    {', '.join(made.detectors)}",
        f"outcome     {_OUTCOMES[said.kind]}",
        f"decided     {at(said.time_s)}",
        f"endpoint    {at(said.endpoint_s)}",
        f"stop        {at(said.stop_s)}",
    ]
    if said.thickness_nm is not None:
        sigma = "" if said.sigma_nm is None else f", sigma {said.sigma_nm:.2f} nm"
        rate = "" if said.rate_nm_min is None else f", {said.rate_nm_min:.0f} nm/min"
        lines.append(f"thickness   {said.thickness_nm:.2f} nm when decided{sigma}{rate}")
    lines.append(f"why         {said.why}")
    if made.recorded_end_s is not None:
        difference = "" if said.stop_s is None else f", stop {said.stop_s - made.recorded_end_s:+.3f} s from it"
        lines.append(f"recorded    step ended {at(made.recorded_end_s)}{difference}")
    return lines


def _document(made: EndpointTrial, plot: Path | None) -> dict[str, Any]:
    said, start_s, end_s = made.replay.final, made.start_s, made.recorded_end_s

    def after_s(time_s: float | None) -> float | None:
        return None if time_s is None else round(time_s - start_s, 6)

    return {
        "schema": "planaris/endpoint-replay/1",
        "ok": said.kind == "call",
        "files": list(made.files),
        "wafer_id": made.wafer_id,
        "recipe": made.recipe,
        "step": made.number,
        "step_name": made.step.name,
        "detectors": list(made.detectors),
        "film": made.film,
        "film_nm": made.film_nm,
        "decision": said.kind.value,
        "why": said.why,
        "start_s": start_s,
        "called_s": said.time_s,
        "endpoint_s": said.endpoint_s,
        "stop_s": said.stop_s,
        "recorded_end_s": end_s,
        "called_after_s": after_s(said.time_s),
        "endpoint_after_s": after_s(said.endpoint_s),
        "stop_after_s": after_s(said.stop_s),
        "stop_difference_s": None if end_s is None or said.stop_s is None else round(said.stop_s - end_s, 6),
        "endpoint_nm": said.thickness_nm,
        "sigma_nm": said.sigma_nm,
        "rate_nm_min": said.rate_nm_min,
        "zones_nm": list(said.zones_nm),
        "confidence_pct": 100.0 * said.confidence_fraction,
        "blocks_count": len(made.replay.decisions),
        "sensor_faults": list(made.replay.faults),
        "notes": list(made.notes),
        "plot": plot,
        "trail_s": [round(time_s, 3) for time_s, _, _ in made.replay.trail],
        "trail_nm": [thickness_nm for _, thickness_nm, _ in made.replay.trail],
        "trail_pct": [round(100.0 * sure, 1) for _, _, sure in made.replay.trail],
    }
