"""Read a reticle montage: which chips stand where on one exposure field."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from planaris.formats.document import Tree, read_document, tables
from planaris.formats.edge import Edge, check_schema, to_model_units, validate
from planaris.formats.sheet import Sheet

MONTAGE_SCHEMA = "planaris/montage/1"


class MontageChipEdge(Edge):
    """A chip: its layout's file name in a folder that the user gives, and its layers by level, ``8/0,8/22``."""

    name: str
    file: str
    levels: dict[str, str]
    top: str | None = None


class MontagePlaceEdge(Edge):
    """Where a chip's lower left corner stands; ``target``: here stands a copy of the chip that is studied."""

    chip: str
    x_um: Annotated[float, Field(ge=0)]
    y_um: Annotated[float, Field(ge=0)]
    target: bool = False


class MontageEdge(Edge):
    """A field that repeats over the wafer; between chips ``street_fraction`` is drawn."""

    name: str
    width_um: Annotated[float, Field(gt=0)]
    height_um: Annotated[float, Field(gt=0)]
    street_fraction: Annotated[float, Field(ge=0, le=1)] = 0.0
    chips: list[MontageChipEdge] = Field(min_length=1)
    places: list[MontagePlaceEdge] = Field(min_length=1)


def load_montage(path: Path) -> MontageEdge:
    """Read a montage; `InputError` with every fault."""
    sheet = Sheet(str(path))
    tree = to_model_units(check_schema(read_document(path), MONTAGE_SCHEMA, sheet), MontageEdge, sheet)
    edge = validate(tree, MontageEdge, sheet)
    _check(tree, sheet)
    sheet.raise_if_faulty()
    assert edge is not None  # no fault means pydantic had none
    return edge


def _check(tree: Tree, sheet: Sheet) -> None:
    names = [str(chip.get("name")) for _, chip in tables(tree, "chips")]
    for index, name in enumerate(names):
        if name in names[:index]:
            sheet.fault(f"chips[{index}].name", f'"{name}"', "stands twice", remedy="one entry for each chip")
    targets: set[str] = set()
    for index, place in tables(tree, "places"):
        chip = place.get("chip")
        if place.get("target") is True:
            targets.add(str(chip))
        if isinstance(chip, str) and chip not in names:
            sheet.unknown_name(f"places[{index}].chip", chip, "chip", names)
    if len(targets) > 1:
        names_of = ", ".join(sorted(targets))
        sheet.fault("places", names_of, "one chip is studied", limit="1", remedy="set target = true at copies of one")
