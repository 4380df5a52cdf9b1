"""What `planaris planarity` and `planaris fill` are given: layers, a layout, a process and how it ends."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from planaris.planarity import LayerKey, Layout, PatternProcess

LayoutArgument = Annotated[Path, typer.Argument(help="GDSII or OASIS file, plain or .gz.", metavar="LAYOUT")]
ProcessOption = Annotated[str, typer.Option("--process", help="oxide, sti, w, cu, or a package's name.", metavar="P")]
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


def read_chip(path: Path, layers: list[str], grid_um: float, top: str | None, *more: LayerKey) -> ChipInput:
    """Read a layout and check layers and grid against it; ``more`` layers are read too. InputError with every fault."""
    from planaris.planarity import check_layers, read_layout

    named = parse_layers(layers)
    layout = read_layout(path, {key for keys in named.values() for key in keys} | set(more), top)
    notes = check_layers(layout, named)
    return ChipInput(layout, named, cell_size_dbu(layout, grid_um, len(named)), notes)


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
