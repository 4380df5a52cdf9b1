"""Read a TOML file into a plain tree, keeping how each number was typed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard

from planaris.model import InputError, InputFault

Tree = dict[str, Any]

_PLACE = re.compile(r"\(at (line \d+, column \d+|end of document)\)")


class TypedFloat(float):
    """A float that remembers the text it was read from."""

    text: str

    def __new__(cls, text: str) -> TypedFloat:
        number = super().__new__(cls, text.replace("_", ""))
        number.text = text
        return number


def is_number(value: object) -> TypeGuard[int | float]:
    """Say whether a TOML value is a number (a boolean is none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def typed_text(value: object) -> str:
    """Return a value as it stands in the file."""
    if isinstance(value, TypedFloat):
        return value.text
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(typed_text(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{...}"
    return str(value)


def read_text(path: Path) -> str:
    """Return a file's text; `InputError` where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        fault = InputFault(str(path), "(no file)", "there is no such file", remedy="check the path")
    except UnicodeDecodeError as error:
        fault = InputFault(str(path), "(text)", f"is not UTF-8 text at byte {error.start}", remedy="save it as UTF-8")
    except OSError as error:
        fault = InputFault(str(path), "(unreadable)", error.strerror or str(error), remedy="check path and rights")
    raise InputError(str(path), (fault,))


def parse_toml(text: str, source: str) -> Tree:
    """Parse TOML; a syntax error is an `InputError` that names line and column."""
    try:
        return tomllib.loads(text.replace("\r\n", "\n"), parse_float=TypedFloat)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = _PLACE.search(message)
        where = place.group(1) if place else "unknown place"
        problem = _PLACE.sub("", message).strip()
        fault = InputFault(where, "(TOML)", f"not TOML: {problem}", remedy="mend the syntax there")
        raise InputError(source, (fault,)) from None


def read_document(path: Path) -> Tree:
    """Read a TOML file into a tree; `InputError` where it is missing, unreadable or not TOML."""
    return parse_toml(read_text(path), str(path))


def tables(tree: Tree, key: str) -> Iterator[tuple[int, Tree]]:
    """Yield index and table of an array of tables, silently passing over what is no table."""
    value = tree.get(key)
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield index, item


def table(tree: Tree, key: str) -> Tree:
    """Return a sub-table, empty where there is none."""
    value = tree.get(key)
    return value if isinstance(value, dict) else {}


def number(tree: Tree, key: str) -> float | None:
    """Return a number, None where there is none."""
    value = tree.get(key)
    return float(value) if is_number(value) else None


def dig(tree: Tree, dotted: str) -> object:
    """Return the value at a dotted path below a table, None where there is none."""
    value: object = tree
    for part in dotted.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def whole_numbers(value: object) -> list[int]:
    """Return the whole numbers of a list, empty where the value is no list of them."""
    if not isinstance(value, list):
        return []
    found: list[Any] = value
    return found if all(isinstance(v, int) for v in found) else []
