"""Read the levels of a chip: which layers are polished one on another, by which process, how thick and how long."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field

from planaris.formats.document import Tree, read_document, tables
from planaris.formats.edge import Edge, check_schema, to_model_units, validate
from planaris.formats.sheet import Sheet

LEVELS_SCHEMA = "planaris/levels/1"
_PAIR = re.compile(r"\d+/\d+")
_Thickness = Annotated[float, Field(gt=0)]


class LevelEdge(Edge):
    """One level: ``layers`` are ``8/0`` and alike, merged; ``thickness_nm`` of the top film over up places.

    What is left out is the process's own: its film, step and end.
    """

    name: str
    layers: list[str] = Field(min_length=1)
    process: str
    thickness_nm: _Thickness | None = None
    step_nm: Annotated[float, Field(ge=0)] | None = None
    time_s: Annotated[float, Field(ge=0.1)] | None = None
    endpoint: bool = False


class LevelsEdge(Edge):
    """Levels from the lowest up; ``pad_modulus_MPa``: the pad leans on what it cannot follow, else it follows all."""

    name: str
    pad_modulus_MPa: Annotated[float, Field(ge=0)] | None = None
    levels: list[LevelEdge] = Field(min_length=1)


def load_levels(path: Path) -> LevelsEdge:
    """Read a levels file; `InputError` with every fault."""
    sheet = Sheet(str(path))
    tree = to_model_units(check_schema(read_document(path), LEVELS_SCHEMA, sheet), LevelsEdge, sheet)
    edge = validate(tree, LevelsEdge, sheet)
    _check(tree, sheet)
    sheet.raise_if_faulty()
    assert edge is not None  # no fault means pydantic had none
    return edge


def _check(tree: Tree, sheet: Sheet) -> None:
    names: list[str] = []
    for index, level in tables(tree, "levels"):
        at, name = f"levels[{index}].", str(level.get("name"))
        if name in names:
            sheet.fault(at + "name", f'"{name}"', "stands twice", remedy="one entry for each level")
        names.append(name)
        for text in _texts(level.get("layers")):
            if isinstance(text, str) and not _PAIR.fullmatch(text):
                sheet.fault(at + "layers", f'"{text}"', "is no layer/datatype", remedy="write them as 8/0")
        if level.get("endpoint") is True and "time_s" in level:
            sheet.fault(at + "time_s", None, "is given together with endpoint", remedy="give one of them")


def _texts(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]
