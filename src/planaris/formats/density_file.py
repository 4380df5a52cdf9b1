"""Read and write density files: the areas of a patterned wafer, their density and films."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tomlkit
from pydantic import Field

from planaris.formats.document import Tree, number, read_document, tables
from planaris.formats.edge import Edge, check_schema, to_model_units, validate
from planaris.formats.lot_edge import LayerEdge
from planaris.formats.sheet import Sheet, figure
from planaris.model import Layer, PatternArea

DENSITY_SCHEMA = "planaris/density/1"
# Fractions are typed with a few digits.
_SUM_TOLERANCE = 1e-4


class AreaEdge(Edge):
    name: str
    area_fraction: Annotated[float, Field(gt=0, le=1)]
    density_fraction: Annotated[float, Field(ge=0, le=1)] = 1.0
    line_um: Annotated[float, Field(ge=0)] = 0.0
    space_um: Annotated[float, Field(ge=0)] = 0.0
    up: list[LayerEdge] = Field(default_factory=list[LayerEdge])
    down: list[LayerEdge] = Field(default_factory=list[LayerEdge])

    def to_model(self) -> PatternArea:
        return PatternArea(
            self.name,
            self.area_fraction,
            self.density_fraction,
            self.line_um,
            self.space_um,
            tuple(Layer(layer.material, layer.thickness_nm) for layer in self.up),
            tuple(Layer(layer.material, layer.thickness_nm) for layer in self.down),
        )


class DensityEdge(Edge):
    name: str
    areas: list[AreaEdge] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class DensityFile:
    """A density file: its name and the areas, which together are the whole wafer."""

    name: str
    areas: tuple[PatternArea, ...]


def load_density(path: Path) -> DensityFile:
    """Read a density file; `InputError` with every fault."""
    sheet = Sheet(str(path))
    tree = to_model_units(check_schema(read_document(path), DENSITY_SCHEMA, sheet), DensityEdge, sheet)
    edge = validate(tree, DensityEdge, sheet)
    _check_areas(tree, sheet)
    sheet.raise_if_faulty()
    assert edge is not None  # no fault means pydantic had none
    return DensityFile(edge.name, tuple(area.to_model() for area in edge.areas))


def _check_areas(tree: Tree, sheet: Sheet) -> None:
    names: set[str] = set()
    total, counted = 0.0, 0
    for index, area in tables(tree, "areas"):
        at = f"areas[{index}]."
        name, fraction, density = area.get("name"), number(area, "area_fraction"), number(area, "density_fraction")
        if isinstance(name, str) and name in names:
            sheet.fault(at + "name", f'"{name}"', "stands twice", remedy="one entry for each kind of area")
        names.add(str(name))
        if fraction is not None:
            total, counted = total + fraction, counted + 1
        if density is None or density >= 1.0 or density < 0.0:
            continue
        if not area.get("down"):
            problem = "an area of density below 1 has down places"
            sheet.fault(at + "down", "(missing)", problem, remedy="list the films there from the top down")
        for key in ("line_um", "space_um"):
            if (number(area, key) or 0.0) <= 0.0:
                value = None if key in area else "(missing)"
                sheet.fault(at + key, value, "an area with a pattern has widths", limit="> 0", unit="µm")
    if counted and counted == len(list(tables(tree, "areas"))) and abs(total - 1.0) > _SUM_TOLERANCE:
        sheet.fault(
            "areas", figure(total), "the areas' fractions are not the whole wafer", limit="1", remedy="add what lacks"
        )


def dump_density(name: str, areas: Sequence[PatternArea], comment: str = "") -> str:
    """Return the text of a density file, which `load_density` reads back as it was."""
    document = tomlkit.document()
    if comment:
        for line in comment.splitlines():
            document.add(tomlkit.comment(line))
    document["schema"] = DENSITY_SCHEMA
    document["name"] = name
    tables = tomlkit.aot()
    for area in areas:
        table = tomlkit.table()
        table["name"] = area.name
        table["area_fraction"] = area.area_fraction
        table["density_fraction"] = area.density_fraction
        if area.density_fraction < 1.0:
            table["line_um"] = area.line_um
            table["space_um"] = area.space_um
        for key, layers in (("up", area.up), ("down", area.down)):
            if layers:
                films = tomlkit.array()
                for layer in layers:
                    film = tomlkit.inline_table()
                    film.update({"material": layer.material, "thickness_nm": layer.thickness_nm})
                    films.append(film)
                table[key] = films
        tables.append(table)
    document["areas"] = tables
    return tomlkit.dumps(document)
