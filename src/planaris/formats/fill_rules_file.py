"""Read rules of dummy fill; what they mean stands with `planarity.FillRules`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field

from planaris.formats.document import Tree, number, read_document, tables
from planaris.formats.edge import Edge, check_schema, to_model_units, validate
from planaris.formats.sheet import Sheet, figure

FILL_RULES_SCHEMA = "planaris/fill-rules/1"
_LAYERS = re.compile(r"\d+/\d+")
_Share = Annotated[float, Field(ge=0, le=1)]
_Length = Annotated[float, Field(ge=0)]


class FillLayerEdge(Edge):
    """One layer's rules as a file states them; layers are ``8/0`` and alike."""

    name: str
    drawn: list[str] = Field(min_length=1)
    fill: str
    keep_out: list[str] = Field(default_factory=list)
    sizes_um: list[Annotated[float, Field(gt=0)]] = Field(min_length=1)
    fill_space_um: Annotated[float, Field(gt=0)]
    drawn_space_um: Annotated[float, Field(gt=0)]
    keep_out_space_um: _Length = 0.0
    edge_um: _Length = 0.0
    window_um: Annotated[float, Field(gt=0)]
    density_min_fraction: _Share
    density_max_fraction: _Share
    target_fraction: _Share


class FillRulesEdge(Edge):
    name: str
    source: str = ""
    layers: list[FillLayerEdge] = Field(min_length=1)


def load_fill_rules(path: Path) -> FillRulesEdge:
    """Read a rules file; `InputError` with every fault."""
    sheet = Sheet(str(path))
    tree = to_model_units(check_schema(read_document(path), FILL_RULES_SCHEMA, sheet), FillRulesEdge, sheet)
    edge = validate(tree, FillRulesEdge, sheet)
    _check(tree, sheet)
    sheet.raise_if_faulty()
    assert edge is not None  # no fault means pydantic had none
    return edge


def _check(tree: Tree, sheet: Sheet) -> None:
    names: set[str] = set()
    for index, layer in tables(tree, "layers"):
        at = f"layers[{index}]."
        name = str(layer.get("name"))
        if name in names:
            sheet.fault(at + "name", f'"{name}"', "stands twice", remedy="one entry for each layer")
        names.add(name)
        low, high = number(layer, "density_min_fraction"), number(layer, "density_max_fraction")
        target = number(layer, "target_fraction")
        if low is not None and high is not None and low >= high:
            problem = "the least density is not below the most"
            sheet.fault(at + "density_min_fraction", None, problem, limit=f"< {figure(high)}")
        elif low is not None and high is not None and target is not None and not low <= target <= high:
            sheet.fault(at + "target_fraction", None, "is outside", limit=f"{figure(low)}-{figure(high)}")
        texts = [layer.get("fill"), *_texts(layer.get("drawn")), *_texts(layer.get("keep_out"))]
        for text in texts:
            if isinstance(text, str) and not _LAYERS.fullmatch(text):
                sheet.fault(at + "layers", f'"{text}"', "is no layer/datatype", remedy="write them as 8/0")


def _texts(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]
