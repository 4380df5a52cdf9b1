"""What `planaris planarity` and `planaris fill` are given: layers, a layout, a process and how it ends."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from planaris.planarity import LayerKey, Layout, PadFollow, PatternProcess

LayoutArgument = Annotated[Path, typer.Argument(help="GDSII or OASIS file, plain or .gz.", metavar="LAYOUT")]
PROCESS_HELP = "oxide, sti, w, cu, or a package's name."
ProcessOption = Annotated[str, typer.Option("--process", help=PROCESS_HELP, metavar="P")]
TopOption = Annotated[str | None, typer.Option("--top", help="The cell that is the chip.", metavar="CELL")]
GridOption = Annotated[float, typer.Option("--grid-um", help="Size of a cell, 5 to 50 um.", min=5.0, max=50.0)]
TimeOption = Annotated[float | None, typer.Option("--time-s", help="End the last stage after this time.", min=0.1)]
EndpointOption = Annotated[bool, typer.Option("--endpoint", help="End the last stage by clearing.")]

_PAIR = re.compile(r"(\d+)/(\d+)")
# Cells of all maps; beyond it a laptop's memory would not hold a polish.
_LARGEST_CELLS_COUNT = 36_000_000
# Over-polish after clearing where the product has none of its own [design].
_OVERPOLISH_PCT = 10.0


@dataclass(frozen=True, slots=True)
class ChipInput:
    """A layout with the layers to be studied, merged by name, and notes on what was not in it."""

    layout: Layout
    layers: dict[str, tuple[LayerKey, ...]]
    cell_dbu: int
    notes: tuple[str, ...]


def parse_layers(texts: list[str]) -> dict[str, tuple[LayerKey, ...]]:
    """Return layer/datatype pairs by name: ``8/0,8/22`` or ``metal1=8/0,8/22``; InputError with every fault."""
    from planaris.model import InputError, InputFault

    remedy = "write layer/datatype pairs: --layers 8/0,8/22 or --layers metal1=8/0,8/22"
    faults: list[InputFault] = []
    found: dict[str, tuple[LayerKey, ...]] = {}
    for text in texts:
        name, equals, pairs = text.partition("=")
        if not equals:
            name, pairs = text, text
        matches = [_PAIR.fullmatch(part.strip()) for part in pairs.split(",")]
        if not name or None in matches:
            faults.append(InputFault("--layers", text, "is no list of layers", remedy=remedy))
        elif name in found:
            faults.append(InputFault("--layers", text, f"{name} is given twice", remedy="name each layer once"))
        else:
            found[name] = tuple((int(m[1]), int(m[2])) for m in matches if m is not None)
    if not texts:
        faults.append(InputFault("--layers", "(missing)", "which layers are polished?", remedy=remedy))
    if faults:
        raise InputError("--layers", tuple(faults))
    return found


def read_chip(path: Path, named: dict[str, tuple[LayerKey, ...]], grid_um: float, top: str | None) -> ChipInput:
    """Read a layout and check layers and grid against it; InputError with every fault."""
    from planaris.planarity import check_layers, read_layout

    layout = read_layout(path, {key for keys in named.values() for key in keys}, top)
    notes = check_layers(layout, named)
    return ChipInput(layout, named, cell_size_dbu(layout, grid_um, len(named)), notes)


@dataclass(frozen=True, slots=True)
class ChipLevels:
    """Levels from the lowest up: layers by name, a process for each, and how the pad leans."""

    layers: dict[str, tuple[LayerKey, ...]]
    processes: tuple[PatternProcess, ...]
    follow: PadFollow | None


def read_levels(path: Path) -> ChipLevels:
    """Read a levels file and its processes; InputError with every fault of them."""
    from planaris.formats import load_levels
    from planaris.model import InputError, InputFault
    from planaris.planarity import PadFollow

    edge = load_levels(path)
    layers: dict[str, tuple[LayerKey, ...]] = {}
    processes: list[PatternProcess] = []
    faults: list[InputFault] = []
    for number, level in enumerate(edge.levels):
        layers[level.name] = parse_layers([",".join(level.layers)]).popitem()[1]
        try:
            made = process_of(level.process, level.time_s, level.endpoint)
            processes.append(_with_films(made, level.thickness_nm, level.step_nm))
        except InputError as error:
            faults += [replace(fault, path=f"levels[{number}].{fault.path}") for fault in error.faults]
        except ValueError as error:
            faults.append(InputFault(f"levels[{number}]", level.process, str(error), remedy="change the level"))
    if faults:
        raise InputError(str(path), tuple(faults))
    follow = None if edge.pad_modulus_MPa is None else PadFollow(modulus_MPa=edge.pad_modulus_MPa)
    return ChipLevels(layers, tuple(processes), follow)


def _with_films(process: PatternProcess, thickness_nm: float | None, step_nm: float | None) -> PatternProcess:
    """Return a process with another thickness of its top film, laid down evenly, and another step."""
    stack = process.stack
    if step_nm is not None:
        if len(stack.up) > 1:
            raise ValueError(f"step_nm = {step_nm:g}: only one film on lines has a step of its own")
        stack = replace(stack, step_nm=step_nm)
    if thickness_nm is not None:
        more_nm = thickness_nm - stack.up[0].thickness_nm
        tops = [
            (replace(films[0], thickness_nm=films[0].thickness_nm + more_nm), *films[1:])
            for films in (stack.up, stack.down)
        ]
        stack = replace(stack, up=tops[0], down=tops[1])
    if stack.down[0].thickness_nm <= 0.0 or stack.step_nm >= stack.up_height_nm:
        raise ValueError(f"a top film of {stack.up[0].thickness_nm:g} nm is no thicker than the step to be filled")
    return replace(process, stack=stack)


def cell_size_dbu(layout: Layout, grid_um: float, layers_count: int = 1) -> int:
    """Return a grid's cell in dbu; InputError where it is no whole number of them or has too many cells."""
    from planaris.model import InputError, InputFault

    cell = round(grid_um / layout.dbu_um)
    if abs(cell * layout.dbu_um - grid_um) > 1e-9 * grid_um:
        remedy = f"use a multiple of {layout.dbu_um:g} um"
        fault = InputFault("--grid-um", f"{grid_um:g}", "is no whole number of database units", remedy=remedy)
        raise InputError(layout.source, (fault,))
    left, bottom, right, top = layout.box
    count = math.ceil((right - left) / cell) * math.ceil((top - bottom) / cell) * layers_count
    if count > _LARGEST_CELLS_COUNT:
        fault = InputFault(
            "--grid-um", f"{grid_um:g}", f"makes {count} cells", f"{_LARGEST_CELLS_COUNT}", remedy="use larger cells"
        )
        raise InputError(layout.source, (fault,))
    return cell


def process_of(name: str, time_s: float | None, endpoint: bool) -> PatternProcess:
    """Return a process with its last stage's end as asked; InputError for an unknown one or both ends at once."""
    from planaris.model import InputError, InputFault
    from planaris.planarity import ClearEndpoint, chip_process

    if time_s is not None and endpoint:
        fault = InputFault("--time-s", f"{time_s:g}", "is given together with --endpoint", remedy="give one of them")
        raise InputError("--time-s", (fault,))
    process = chip_process(name)
    last = process.stages[-1]
    if time_s is not None:
        ends: float | ClearEndpoint = time_s
    elif endpoint and not isinstance(last.ends, ClearEndpoint):
        if len(process.stack.up) < 2:
            fault = InputFault(
                "--endpoint", process.name, "polishes one film, which never clears", remedy="give --time-s"
            )
            raise InputError(process.name, (fault,))
        ends = ClearEndpoint(overpolish_pct=_OVERPOLISH_PCT)
    else:
        return process
    return replace(process, stages=(*process.stages[:-1], replace(last, ends=ends)))


def what_if(process: PatternProcess) -> str:
    """Return what must be said of a process on a layout that was drawn for another one; '' where nothing."""
    damascene = not process.stack.up_drawn and process.stack.up[0].material == "Cu"
    return "copper damascene on these layers is a what-if unless they were drawn for it" if damascene else ""
