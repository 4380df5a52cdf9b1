"""What a recipe file may say, as a JSON schema: for forms that are made from it."""

from __future__ import annotations

from typing import Any, cast

from planaris.formats.edge import entry_forms
from planaris.formats.recipe_edge import RECIPE_SCHEMA, RecipeEdge
from planaris.formats.recipe_file import CLEANER_SCHEMA, CleanerEdge
from planaris.model import ToolDescription, suffix_of, symbol_of


def recipe_schema(tool: ToolDescription) -> dict[str, Any]:
    """Return the JSON schemas (draft 2020-12) of polish and cleaner recipes, ``{"polish": ..., "cleaner": ...}``.

    A quantity's property has its ``unit`` and ``entered``, the other names that it may be typed under with their
    units; ``tool_minimum`` and ``tool_maximum`` are the tool's range, in ``unit``.
    """
    found: dict[str, Any] = {}
    for name, edge, schema in (("polish", RecipeEdge, RECIPE_SCHEMA), ("cleaner", CleanerEdge, CLEANER_SCHEMA)):
        document = edge.model_json_schema()
        document["properties"] = {"schema": {"const": schema, "type": "string"}, **document["properties"]}
        document["required"] = ["schema", *document.get("required", [])]
        for part in (document, *document.get("$defs", {}).values()):
            for key, entry in cast("dict[str, dict[str, Any]]", part.get("properties", {})).items():
                _annotate(key, entry, tool)
        found[name] = document
    return found


def _annotate(name: str, entry: dict[str, Any], tool: ToolDescription) -> None:
    if suffix_of(name) is None:
        return
    entry["unit"] = symbol_of(name)
    entry["entered"] = {typed: unit.symbol for typed, unit in entry_forms(name).items()}
    limit = tool.range_of(name)
    if limit is not None:
        entry["tool_minimum"], entry["tool_maximum"] = limit.minimum, limit.maximum
