"""Edge models: what a file may say. Typed units become the model's units, then pydantic checks the rest."""

from __future__ import annotations

import types
import typing
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from planaris.formats.document import Tree, is_number, typed_text
from planaris.formats.sheet import Sheet, Typed, nearest
from planaris.model import ENTRY_UNITS, EntryUnit, InputFault, suffix_of, symbol_of


class Edge(BaseModel):
    """Base of all edge models: no coercion, no unknown keys, no NaN or infinity."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


_E = TypeVar("_E", bound=Edge)


def edge_inside(annotation: object) -> tuple[type[Edge] | None, bool]:
    """Return the edge model within an annotation and whether a list of them is meant."""
    if isinstance(annotation, type) and issubclass(annotation, Edge):
        return annotation, False
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        return next((found for a in arguments if (found := edge_inside(a))[0]), (None, False))
    if origin is list and arguments:
        return edge_inside(arguments[0])[0], True
    return None, False


def is_quantity(annotation: object) -> bool:
    """Say whether a field holds a number or numbers."""
    if annotation is int or annotation is float:
        return True
    return any(is_quantity(a) for a in typing.get_args(annotation))


def entry_forms(name: str) -> dict[str, EntryUnit]:
    """Return the other names a quantity may be typed under: ``ring_pressure_kPa`` -> ``ring_pressure_psi``."""
    suffix = suffix_of(name)
    return {name.removesuffix(e.suffix) + e.entered_suffix: e for e in ENTRY_UNITS if e.suffix == suffix}


def quantity_paths(model: type[Edge], prefix: str = "") -> tuple[str, ...]:
    """Return the dotted paths of all numbers of an edge model that carry a unit."""
    found: list[str] = []
    for name, info in model.model_fields.items():
        inner, _ = edge_inside(info.annotation)
        if inner is not None:
            found.extend(quantity_paths(inner, f"{prefix}{name}."))
        elif suffix_of(name) and is_quantity(info.annotation):
            found.append(prefix + name)
    return tuple(found)


def convert_number(value: Any, factor: float) -> Any:
    """Return numbers, also inside a list or table, in model units; leave anything else alone."""
    if isinstance(value, list):
        return [convert_number(v, factor) for v in value]
    if isinstance(value, dict):
        return {key: convert_number(v, factor) for key, v in value.items()}
    if not is_number(value):
        return value
    return float(value) * factor if factor != 1.0 or isinstance(value, float) else value


def _note(value: Any, sheet: Sheet, path: str, typed: Typed) -> None:
    sheet.typed[path] = typed
    if isinstance(value, list):
        for index, item in enumerate(value):
            place = replace(typed, path=f"{typed.path}[{index}]", text=typed_text(item))
            _note(item, sheet, f"{path}[{index}]", place)


def to_model_units(raw: Tree, model: type[Edge], sheet: Sheet, path: str = "") -> Tree:
    """Return the tree with model names and units; unknown and doubly given keys become faults of ``sheet``."""
    legal: dict[str, tuple[str, EntryUnit | None]] = {}
    for name, info in model.model_fields.items():
        legal[name] = (name, None)
        if is_quantity(info.annotation):
            legal |= {typed: (name, unit) for typed, unit in entry_forms(name).items() if typed not in legal}
    result: Tree = {}
    given: dict[str, str] = {}
    for key, value in raw.items():
        if key not in legal:
            remedy = nearest(key, list(legal))
            sheet.faults.append(InputFault(path + key, typed_text(value), "unknown key", remedy=remedy))
            meant = get_close_matches(key, list(legal), n=1, cutoff=0.6)
            if meant:  # a misspelt key is one fault, not also a missing one
                sheet.faulted.add(path + legal[meant[0]][0])
            continue
        name, unit = legal[key]
        if name in given:
            problem = f"given twice, also as {given[name]}"
            sheet.faults.append(InputFault(path + key, typed_text(value), problem, remedy="keep one of them"))
            continue
        given[name] = key
        inner, many = edge_inside(model.model_fields[name].annotation)
        if inner is not None and many and isinstance(value, list):
            result[name] = [
                to_model_units(item, inner, sheet, f"{path}{name}[{i}].") if isinstance(item, dict) else item
                for i, item in enumerate(value)
            ]
        elif inner is not None and isinstance(value, dict):
            result[name] = to_model_units(value, inner, sheet, f"{path}{name}.")
        else:
            symbol = unit.symbol if unit else (symbol_of(name) if suffix_of(name) else "")
            _note(value, sheet, path + name, Typed(path + key, typed_text(value), symbol, unit))
            result[name] = convert_number(value, unit.factor if unit else 1.0)
    return result


def dotted(loc: tuple[int | str, ...]) -> str:
    """Return ``steps[1].end.time_s`` of ``("steps", 1, "end", "time_s")``."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


_LIMITS = {"greater_than_equal": (">=", "ge"), "greater_than": (">", "gt"), "less_than_equal": ("<=", "le")}
_WANTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "string_type": "a text in quotes",
    "bool_type": "true or false",
    "list_type": "a list [...]",
    "dict_type": "a table",
    "model_type": "a table",
}


def _note_error(sheet: Sheet, error: Any) -> None:
    path, kind, context = dotted(error["loc"]), error["type"], error.get("ctx", {})
    typed = sheet.typed.get(path)
    unit = typed.symbol if typed else ""
    value = typed.text if typed else typed_text(error["input"])
    factor = typed.unit.factor if typed and typed.unit else 1.0
    if kind == "missing":
        name = path.rpartition(".")[2]
        forms = [f for f in entry_forms(name) if not f.endswith("_min_min")]
        remedy = f"give {' or '.join([name, *forms])}" if suffix_of(name) else f"give {name}"
        sheet.fault(path, "(missing)", "is missing", unit=symbol_of(name) if suffix_of(name) else "", remedy=remedy)
    elif kind in _LIMITS:
        sign, key = _LIMITS[kind]
        sheet.fault(path, value, "out of range", limit=f"{sign} {float(context[key]) / factor:g}", unit=unit)
    elif kind in _WANTED:
        sheet.fault(path, value, f"must be {_WANTED[kind]}", unit=unit)
    elif kind in ("enum", "literal_error"):
        legal = str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        text = error["input"] if isinstance(error["input"], str) else typed_text(error["input"])
        sheet.fault(path, value, "unknown choice", limit=", ".join(legal), remedy=nearest(text, legal))
    else:
        sheet.fault(path, value, str(error["msg"]), unit=unit)


def validate(tree: Tree, model: type[_E], sheet: Sheet) -> _E | None:
    """Return the checked edge model, or None after noting every fault pydantic finds in ``sheet``."""
    try:
        return model.model_validate(tree)
    except ValidationError as errors:
        for error in errors.errors():
            if dotted(error["loc"]) not in sheet.faulted:
                _note_error(sheet, error)
        return None


def check_schema(raw: Tree, schema: str, sheet: Sheet) -> Tree:
    """Return the tree without its schema line; note a fault where that line is missing or another."""
    found = raw.get("schema")
    if found is None:
        sheet.fault(
            "schema", "(missing)", "is missing", limit=schema, remedy=f'begin the file with schema = "{schema}"'
        )
    elif found != schema:
        sheet.fault("schema", typed_text(found), "is not the schema read here", limit=schema)
    return {key: value for key, value in raw.items() if key != "schema"}
