"""Read a TOML file into a plain tree, keeping how each number was typed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard

from planaris.model import InputError, InputFault

Tree = dict[str, Any]

# Longest file that is read as text, and deepest nesting of tables and arrays in one [design].
TEXT_LIMIT_BYTES = 64 * 2**20
NESTING_LIMIT_COUNT = 50
# TOML's whole numbers have 64 bits.
_WHOLE_LIMIT = 2**63

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
        with path.open("rb") as file:  # a device or a pipe may have no end
            content = file.read(TEXT_LIMIT_BYTES + 1)
        if len(content) <= TEXT_LIMIT_BYTES:
            return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        limit = str(TEXT_LIMIT_BYTES)
        fault = InputFault(str(path), "(text)", "is too long", limit, "bytes", remedy="check the path")
    except FileNotFoundError:
        fault = InputFault(str(path), "(no file)", "there is no such file", remedy="check the path")
    except UnicodeDecodeError as error:
        fault = InputFault(str(path), "(text)", f"is not UTF-8 text at byte {error.start}", remedy="save it as UTF-8")
    except OSError as error:
        fault = InputFault(str(path), "(unreadable)", error.strerror or str(error), remedy="check path and rights")
    raise InputError(str(path), (fault,))


def parse_toml(text: str, source: str) -> Tree:
    """Parse TOML; a syntax error is an `InputError` that names line and column.

    So are nesting deeper than `NESTING_LIMIT_COUNT` and whole numbers of more than 64 bits, by their paths.
    """
    try:
        tree = tomllib.loads(text.replace("\r\n", "\n"), parse_float=TypedFloat)
        faults = tuple(_beyond(tree))
        if not faults:
            return tree
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = _PLACE.search(message)
        where = place.group(1) if place else "unknown place"
        problem = _PLACE.sub("", message).strip()
        faults = (InputFault(where, "(TOML)", f"not TOML: {problem}", remedy="mend the syntax there"),)
    except RecursionError:
        faults = (_too_deep("(TOML)"),)
    except ValueError:  # of int(), which takes no number of thousands of digits
        faults = (_too_large("(TOML)", "(number)"),)
    raise InputError(source, faults)


def _beyond(tree: Tree) -> Iterator[InputFault]:
    """Yield what is nested too deeply or too large a whole number."""
    waiting: list[tuple[str, object, int]] = [("", tree, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        if isinstance(value, dict | list) and depth > NESTING_LIMIT_COUNT:
            yield _too_deep(path)
        elif isinstance(value, dict):
            inside: Tree = value
            waiting += [(f"{path}.{key}" if path else key, item, depth + 1) for key, item in inside.items()]
        elif isinstance(value, list):
            items: list[object] = value
            waiting += [(f"{path}[{n}]", item, depth + 1) for n, item in enumerate(items)]
        elif isinstance(value, int) and not -_WHOLE_LIMIT <= value < _WHOLE_LIMIT:
            yield _too_large(path, f"(number of {len(str(abs(value)))} digits)")


def _too_deep(path: str) -> InputFault:
    return InputFault(path, "(nested)", "is nested too deeply", f"{NESTING_LIMIT_COUNT} levels")


def _too_large(path: str, value: str) -> InputFault:
    return InputFault(path, value, "is too large for a whole number", "64 bits", remedy="write it with a decimal point")


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
