"""`planaris planarity`: will this layout polish flat? Maps, statistics, hot spots and a report."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planaris.cli.chip_input import (
    PROCESS_HELP,
    EndpointOption,
    GridOption,
    LayoutArgument,
    TimeOption,
    TopOption,
    parse_layers,
    process_of,
    read_chip,
    read_levels,
    what_if,
)
from planaris.cli.chip_wafers import wafers_of
from planaris.cli.output import (
    DEFAULT_HOME,
    PROCESS_FAILURE,
    HomeOption,
    JsonOption,
    emit_json,
    end_with,
    log,
    refuse_input,
)

if TYPE_CHECKING:
    from planaris.planarity import ChipStudy, HotSpot, WaferOfDies

_SHOWN_SPOTS_COUNT = 10


def command(
    layout: LayoutArgument,
    *,
    process: Annotated[str | None, typer.Option("--process", help=PROCESS_HELP, metavar="P")] = None,
    layers: Annotated[
        list[str] | None,
        typer.Option("--layers", help="Layers merged into one, 8/0,8/22 or NAME=8/0,8/22; repeat for more."),
    ] = None,
    levels: Annotated[
        Path | None,
        typer.Option(
            "--levels", help="Levels one on another, instead of --process and --layers.", metavar="LEVELS.toml"
        ),
    ] = None,
    top: TopOption = None,
    grid_um: GridOption = 20.0,
    time_s: TimeOption = None,
    endpoint: EndpointOption = False,
    surround: Annotated[
        float | None, typer.Option("--surround", help="Density around the chip; without it dies repeat.", min=0, max=1)
    ] = None,
    exposure: Annotated[
        str,
        typer.Option(
            "--exposure",
            help="Tool of the focus budget: pas5500-275, pas5500-850, arf-immersion, or WAVELENGTH_nm,NA[,INDEX].",
            metavar="TOOL",
        ),
    ] = "pas5500-850",
    step_nm: Annotated[float | None, typer.Option("--max-step-nm", help="Limit of the step left.", min=0.1)] = None,
    dishing_nm: Annotated[float | None, typer.Option("--max-dishing-nm", help="Limit of dishing.", min=0.1)] = None,
    erosion_nm: Annotated[float | None, typer.Option("--max-erosion-nm", help="Limit of erosion.", min=0.1)] = None,
    pressure_map: Annotated[
        Path | None,
        typer.Option("--pressure-map", help="Pressure by radius: dies of a whole wafer too.", metavar="MAP.csv"),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write maps, pictures, hot spots and report here.")] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Polish a layout's layers in the model, from flat or one on another: TIR, step, dishing, erosion, hot spots."""
    del home  # every command takes it; a study leaves nothing there
    from planaris.model import InputError
    from planaris.planarity import HotSpotLimits, exposure_tool, study_chip, study_levels

    try:
        tool = exposure_tool(exposure)
        limits = HotSpotLimits(tool.budget_nm, step_nm, dishing_nm, erosion_nm)
        if levels is not None:
            _check_alone(process, layers, time_s, endpoint)
            stack = read_levels(levels)
            chip = read_chip(layout, stack.layers, grid_um, top)
            made = study_levels(
                chip.layout, chip.layers, stack.processes, chip.cell_dbu, limits=limits, tool=tool,
                follow=stack.follow, surround=surround, progress=_progress,
            )  # fmt: skip
        else:
            ends = process_of(_given(process), time_s, endpoint)
            chip = read_chip(layout, parse_layers(layers or []), grid_um, top)
            made = study_chip(
                chip.layout, chip.layers, ends, chip.cell_dbu, limits=limits, tool=tool, surround=surround,
                progress=_progress,
            )  # fmt: skip
        notes = [*chip.notes, *dict.fromkeys(filter(None, map(what_if, made.processes)))]
        if made.carried and pressure_map is not None:
            notes.append("dies of a wafer are polished level by level from flat")
        wafers = {} if pressure_map is None else wafers_of(made, pressure_map)
        files = [] if out is None else _write(made, wafers, notes, out, as_json)
    except InputError as error:
        refuse_input(error, as_json)
    if as_json:
        emit_json(_document(made, wafers, notes, files))
    else:
        typer.echo("\n".join(_lines(made, wafers, notes)))
        for file in files:
            typer.echo(f"written: {file}")


def _progress(name: str, share: float) -> None:
    log(f"{name}: density {100 * share:.0f} %")


def _given(process: str | None) -> str:
    from planaris.model import InputError, InputFault

    if process is None:
        fault = InputFault(
            "--process", "(missing)", "which process?", remedy="give --process and --layers, or --levels"
        )
        raise InputError("--process", (fault,))
    return process


def _check_alone(process: str | None, layers: list[str] | None, time_s: float | None, endpoint: bool) -> None:
    """A levels file says itself what these options say; InputError where they are given too."""
    from planaris.model import InputError, InputFault

    given = {"--process": process, "--layers": layers, "--time-s": time_s, "--endpoint": endpoint or None}
    faults = tuple(
        InputFault(name, str(value), "is given together with --levels", remedy="say it in the levels file")
        for name, value in given.items()
        if value
    )
    if faults:
        raise InputError("--levels", faults)


def _write(made: ChipStudy, wafers: dict[str, WaferOfDies], notes: list[str], out: Path, as_json: bool) -> list[Path]:
    from planaris.cli.planarity_files import write_study

    try:
        return write_study(made, wafers, notes, out)
    except OSError as error:
        message = f"cannot write {out}: {error.strerror or error}"
        end_with("records", str(out), message, as_json, PROCESS_FAILURE)


def _lines(made: ChipStudy, wafers: dict[str, WaferOfDies], notes: list[str]) -> list[str]:
    left, bottom, right, top = (v * made.dbu_um for v in made.box)
    tool = made.tool
    around = "dies repeat" if made.surround is None else f"in a field of density {made.surround:g}"
    lines = [
        f"{made.source}: {made.top}, {(right - left) / 1000:.3f} x {(top - bottom) / 1000:.3f} mm, "
        f"process {made.process_name}, {around}",
        f"focus budget {tool.budget_nm:.0f} nm of {tool.depth_of_focus_nm:.0f} nm, {tool.name}",
        f"{'layer':<18}{'density':>9}{'TIR nm':>9}{'step nm':>9}{'dish nm':>9}{'erode nm':>9}"
        f"{'thick nm':>10}{'time s':>8}{'spots':>7}",
    ]
    for one in made.layers:
        s = one.statistics
        lines.append(
            f"{one.name[:17]:<18}{one.maps.mean_density:>9.4f}{s.TIR_nm:>9.1f}{s.step_max_nm:>9.1f}"
            f"{s.dishing_max_nm:>9.1f}{s.erosion_max_nm:>9.1f}{s.thickness_mean_nm:>10.1f}"
            f"{one.surface.time_s:>8.1f}{len(one.hot_spots):>7}"
        )
    lines += [
        f"{name}: {len(w.dies)} dies of a wafer: within die {w.within_die_nm:.1f} nm, "
        f"die to die {w.die_to_die_nm:.1f} nm, edge die {w.edge_die_nm:.1f} nm, "
        f"edge dies {w.edge_offset_nm:+.1f} nm off the others"
        for name, w in wafers.items()
    ]
    spots = made.hot_spots
    lines += [f"  {_spot_text(spot)}" for spot in spots[:_SHOWN_SPOTS_COUNT]]
    if len(spots) > _SHOWN_SPOTS_COUNT:
        lines.append(f"  and {len(spots) - _SHOWN_SPOTS_COUNT} more; --out DIR writes all")
    return lines + [f"note: {note}" for note in notes]


def _spot_text(spot: HotSpot) -> str:
    place = f"({spot.left_um:.0f}, {spot.bottom_um:.0f}) to ({spot.right_um:.0f}, {spot.top_um:.0f}) um"
    return f"{spot.layer}: {spot.kind} {spot.worst_nm:.0f} nm of {spot.limit_nm:.0f} at {place}"


def _document(made: ChipStudy, wafers: dict[str, WaferOfDies], notes: list[str], files: list[Path]) -> dict[str, Any]:
    return {
        "schema": "planaris/planarity/1",
        "ok": True,
        "layout": made.source,
        "top": made.top,
        "process": made.process_name,
        "carried": made.carried,
        "surround_fraction": made.surround,
        "exposure": {
            "name": made.tool.name,
            "depth_of_focus_nm": made.tool.depth_of_focus_nm,
            "budget_nm": made.tool.budget_nm,
            "source": made.tool.source,
        },
        "layers": [
            {
                "name": one.name,
                "process": one.process.name,
                "cell_um": one.maps.cell_um,
                "rows": one.maps.shape[0],
                "columns": one.maps.shape[1],
                "density_fraction": one.maps.mean_density,
                "density_min_fraction": float(one.maps.density.min()),
                "density_max_fraction": float(one.maps.density.max()),
                "time_s": one.surface.time_s,
                "clear_time_s": list(one.surface.clear_time_s),
                **asdict(one.statistics),
                "wafer": _wafer(wafers.get(one.name)),
            }
            for one in made.layers
        ],
        "hot_spots": [{**asdict(spot), "severity_ratio": spot.severity_ratio} for spot in made.hot_spots],
        "notes": notes,
        "files": files,
    }


def _wafer(found: WaferOfDies | None) -> dict[str, float] | None:
    if found is None:
        return None
    return {
        "dies_count": len(found.dies),
        "within_die_nm": found.within_die_nm,
        "die_to_die_nm": found.die_to_die_nm,
        "edge_die_nm": found.edge_die_nm,
        "edge_offset_nm": found.edge_offset_nm,
    }
