"""`planaris fill`: dummy fill that makes a layer polish flat where the chip stands, within the rules of the process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planaris.cli.chip_input import (
    EndpointOption,
    GridOption,
    LayoutArgument,
    ProcessOption,
    TimeOption,
    TopOption,
    cell_size_dbu,
    process_of,
    what_if,
)
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
    from planaris.planarity import (
        FillDesign,
        FillRules,
        FillTrial,
        LayerKey,
        Layout,
        PatternMaps,
        PatternProcess,
        Reticle,
    )

_SHOWN_COUNT = 10


def command(
    layout: LayoutArgument,
    *,
    process: ProcessOption,
    rules: Annotated[Path, typer.Option("--rules", help="Fill rules by layer.", metavar="RULES.toml")],
    layer: Annotated[str, typer.Option("--layer", help="Which layer of the rules.", metavar="NAME")],
    montage: Annotated[
        Path | None, typer.Option("--montage", help="The field where the chip stands.", metavar="MONTAGE.toml")
    ] = None,
    layouts: Annotated[
        Path | None, typer.Option("--layouts", help="Folder of the montage's layouts.", metavar="DIR")
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", help="The same chip filled by another hand.", metavar="LAYOUT")
    ] = None,
    top: TopOption = None,
    grid_um: GridOption = 20.0,
    time_s: TimeOption = None,
    endpoint: EndpointOption = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write fill, pictures and report here.")] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Fill one layer: squares where the rules allow them, as many as make the polished chip flattest; status 1 for a
    rule that is broken."""
    del home  # every command takes it; fill leaves nothing there
    from planaris.model import InputError
    from planaris.planarity import design_fill, read_layout, trial

    try:
        legal = _rules(rules, layer)
        wanted = process_of(process, time_s, endpoint)
        _refuse_plugs(wanted)
        keys = {*legal.drawn, legal.fill, *legal.keep_out}
        chip = read_layout(layout, keys, top)
        cell = cell_size_dbu(chip, grid_um)
        reticle = None if montage is None else _reticle(montage, layouts, layer, grid_um)
        made = design_fill(chip, legal, wanted, cell, reticle, progress=log)
        others = [] if against is None else [_other(against, legal, cell, made, wanted, reticle)]
        alone = {
            one.name: trial(one.name, chip, legal, cell, one.squares, None, wanted).TIR_nm
            for one in (made.before, made.by_topography)
        }
        written = [] if out is None or not made.indicated else _write(made, others, chip, wanted, out, as_json)
    except InputError as error:
        refuse_input(error, as_json)
    if as_json:
        emit_json(_document(made, others, alone, chip, wanted, reticle, written))
    else:
        typer.echo("\n".join(_lines(made, others, alone, chip, wanted, reticle)))
        for file in written:
            typer.echo(f"written: {file}")
    if made.violations:
        log(f"{len(made.violations)} violations of the rules")
        raise typer.Exit(PROCESS_FAILURE)


def _refuse_plugs(process: PatternProcess) -> None:
    """Plugs join two metals and take no dummies; InputError for a process that polishes them."""
    from planaris.model import InputError, InputFault

    if not process.stack.up_drawn and process.stack.up[0].material == "W":
        problem = "polishes plugs, which join two metals: a dummy would join what lies above and below"
        fault = InputFault("--process", process.name, problem, remedy="fill the metal layers, by their own process")
        raise InputError(process.name, (fault,))


def _rules(path: Path, layer: str) -> FillRules:
    from planaris.cli.chip_input import parse_layers
    from planaris.formats import load_fill_rules
    from planaris.model import InputError, InputFault
    from planaris.planarity import FillRules

    read = load_fill_rules(path)
    found = [one for one in read.layers if one.name == layer]
    if not found:
        names = ", ".join(one.name for one in read.layers)
        raise InputError(str(path), (InputFault("--layer", layer, "the rules have no such layer", remedy=names),))
    one = found[0]

    def pairs(texts: list[str]) -> tuple[LayerKey, ...]:
        return parse_layers([f"{one.name}={','.join(texts)}"])[one.name] if texts else ()

    return FillRules(
        one.name, pairs(one.drawn), pairs([one.fill])[0], pairs(one.keep_out), tuple(one.sizes_um), one.fill_space_um,
        one.drawn_space_um, one.keep_out_space_um, one.edge_um, one.window_um, one.density_min_fraction,
        one.density_max_fraction, one.target_fraction,
    )  # fmt: skip


def _reticle(path: Path, folder: Path | None, level: str, grid_um: float) -> Reticle:
    """Read the montage's chips, each once, and set them on the field."""
    from planaris.cli.chip_input import parse_layers, read_chip
    from planaris.formats import load_montage
    from planaris.model import InputError, InputFault
    from planaris.planarity import Placed, layer_maps, reticle_of

    montage = load_montage(path)
    targets = [number for number, place in enumerate(montage.places) if place.target]
    faults: list[InputFault] = []
    if not targets:
        faults.append(InputFault("places", "no target", "which chip is filled?", remedy="set target = true at it"))
    if folder is None:
        faults.append(InputFault("--layouts", "(missing)", "the montage's layouts are read from a folder"))
    faults += [
        InputFault(f"chips[{n}].levels", chip.name, f"has no level {level}", remedy=", ".join(chip.levels))
        for n, chip in enumerate(montage.chips)
        if level not in chip.levels
    ]
    if faults or folder is None:
        raise InputError(str(path), tuple(faults))
    maps: dict[str, PatternMaps] = {}
    for chip in montage.chips:
        log(f"montage: {chip.name}")
        read = read_chip(folder / chip.file, parse_layers([f"{level}={chip.levels[level]}"]), grid_um, chip.top)
        maps[chip.name] = layer_maps(read.layout, read.layers, read.cell_dbu)[level]
    placed = [Placed(place.chip, maps[place.chip], place.x_um, place.y_um) for place in montage.places]
    size = (montage.width_um, montage.height_um)
    return reticle_of(str(path), montage.name, size, montage.street_fraction, placed, targets)


def _other(
    path: Path, rules: FillRules, cell: int, made: FillDesign, process: PatternProcess, reticle: Reticle | None
) -> FillTrial:
    """Polish the same chip with another's fill where the chip stands."""
    import numpy as np

    from planaris.planarity import Surroundings, read_layout, trial

    layout = read_layout(path, {*rules.drawn, rules.fill})
    around = Surroundings(made.before.maps, process, reticle)
    return trial(path.name, layout, rules, cell, np.zeros((0, 4), dtype=np.int64), around, process)


def _write(
    made: FillDesign, others: list[FillTrial], chip: Layout, process: PatternProcess, out: Path, as_json: bool
) -> list[Path]:
    from planaris.cli.fill_files import write_fill

    try:
        return write_fill(made, others, chip, process, out)
    except OSError as error:
        message = f"cannot write {out}: {error.strerror or error}"
        end_with("records", str(out), message, as_json, PROCESS_FAILURE)


def _trials(made: FillDesign, others: list[FillTrial]) -> list[FillTrial]:
    return [made.before, made.by_density, made.by_topography, *others]


def _lines(
    made: FillDesign,
    others: list[FillTrial],
    alone: dict[str, float],
    chip: Layout,
    process: PatternProcess,
    reticle: Reticle | None,
) -> list[str]:
    place = "dies repeat" if reticle is None else reticle.name
    lines = [
        f"{chip.source}: {chip.top}, layer {made.rules.name}, process {process.name}, {place}",
        f"{'':<24}{'density':>9}{'squares':>9}{'TIR nm':>9}{'of before':>11}",
    ]
    for one in _trials(made, others):
        ratio = f"{one.TIR_nm / made.before.TIR_nm:.2f}" if made.indicated and one is not made.before else ""
        lines.append(
            f"{one.name[:23]:<24}{one.maps.mean_density:>9.4f}{len(one.squares):>9}{one.TIR_nm:>9.2f}{ratio:>11}"
        )
    if reticle is not None:
        texts = ", ".join(f"{name} {value:.2f} nm" for name, value in alone.items())
        lines.append(f"the chip repeated alone: {texts}")
    if made.indicated:
        ratio = made.by_topography.TIR_nm / made.by_density.TIR_nm
        lines.append(f"by topography over by density: {ratio:.2f}; rule violations: {len(made.violations)}")
    else:
        lines.append(f"TIR before is below {_least():g} nm: fill is not indicated, nothing was written")
    lines += [
        f"  {v.rule} at ({v.x_um:.2f}, {v.y_um:.2f}) um: {v.found:.4g}, limit {v.limit:.4g}"
        for v in made.violations[:_SHOWN_COUNT]
    ]
    note = what_if(process)
    return lines + ([f"note: {note}"] if note else [])


def _least() -> float:
    from planaris.planarity import LEAST_TIR_nm

    return LEAST_TIR_nm


def _document(
    made: FillDesign,
    others: list[FillTrial],
    alone: dict[str, float],
    chip: Layout,
    process: PatternProcess,
    reticle: Reticle | None,
    written: list[Path],
) -> dict[str, Any]:
    before = made.before.TIR_nm
    return {
        "schema": "planaris/fill/1",
        "ok": not made.violations,
        "layout": chip.source,
        "top": chip.top,
        "layer": made.rules.name,
        "process": process.name,
        "montage": None if reticle is None else reticle.name,
        "indicated": made.indicated,
        "sites_count": made.sites_count,
        "trials": [
            {
                "name": one.name,
                "squares_count": len(one.squares),
                "density_fraction": one.maps.mean_density,
                "TIR_nm": one.TIR_nm,
                "TIR_ratio": one.TIR_nm / before if made.indicated else None,
            }
            for one in _trials(made, others)
        ],
        "alone_TIR_nm": alone,
        "by_topography_over_by_density_ratio": made.by_topography.TIR_nm / made.by_density.TIR_nm
        if made.indicated
        else None,
        "violations": [
            {"rule": v.rule, "x_um": v.x_um, "y_um": v.y_um, "found": v.found, "limit": v.limit}
            for v in made.violations
        ],
        "notes": [note for note in (what_if(process),) if note],
        "files": written,
    }
