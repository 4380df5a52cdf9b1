"""Recipes as formatted process programs (S7F23, S7F26): one process command for each table of the recipe's TOML.

CCODE is the table's path, ``recipe`` for the top, ``steps[2].end`` below; its parameters are, in turn, a name and that
name's value with its SECS type: A text, I8 whole numbers, F8 numbers, BOOLEAN; an array is one item of several
elements, texts of an array stand in a list. Units stay as they were typed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import tomlkit

from planaris.factory.gem import shape
from planaris.factory.secs2 import Format, Item
from planaris.factory.secs2.items import BOOLEAN, C2, F8, I8, A, L

TOP = "recipe"
_PART = re.compile(r"([A-Za-z0-9_-]+)((?:\[\d+\])?)")

Command = tuple[str, tuple[tuple[str, object], ...]]


class FormattedError(Exception):
    """A formatted recipe cannot be made into a recipe: ``command`` counts from 1, 0 for the whole."""

    def __init__(self, command: int, why: str) -> None:
        self.command, self.why = command, why
        super().__init__(f"command {command}: {why}" if command else why)


def commands_of(text: str) -> tuple[Command, ...]:
    """Return the process commands of a recipe's TOML text."""
    return tuple(_commands(TOP, tomllib.loads(text)))


def _commands(path: str, table: Mapping[str, Any]) -> Iterator[Command]:
    inner = [(name, value) for name, value in table.items() if _is_inner(value)]
    yield path, tuple((name, value) for name, value in table.items() if not _is_inner(value))
    for name, value in inner:
        below = name if path == TOP else f"{path}.{name}"
        if isinstance(value, dict):
            yield from _commands(below, value)
        else:
            for n, part in enumerate(value, start=1):
                yield from _commands(f"{below}[{n}]", part)


def _is_inner(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def to_item(commands: Sequence[Command]) -> Item:
    """Return process commands as the list of S7F23."""
    listed: list[Item] = []
    for path, parameters in commands:
        flat: list[Item] = []
        for name, value in parameters:
            flat += [A(name), _value_item(value)]
        listed.append(L(A(path), L(*flat)))
    return L(*listed)


def _value_item(value: object) -> Item:
    values: list[Any] = value if isinstance(value, list) else [value]
    if any(isinstance(v, str) for v in values):
        texts = [A(v) if v.isascii() else C2(v) for v in map(str, values)]
        return L(*texts) if isinstance(value, list) else texts[0]
    if values and all(isinstance(v, bool) for v in values):
        return BOOLEAN(*values)
    if all(isinstance(v, int) for v in values):
        return I8(*values)
    return F8(*map(float, values))


def from_item(item: Item | None) -> tuple[Command, ...]:
    """Return process commands of a list as S7F23 has it. Raises `ShapeError`."""
    found: list[Command] = []
    for n, entry in enumerate(shape.listed(item, "process commands"), start=1):
        path, flat = shape.listed(entry, f"command {n}", counts=(2,))
        parameters = shape.listed(flat, f"parameters of command {n}")
        if len(parameters) % 2:
            raise shape.ShapeError(f"parameters of command {n}", "names and values in turn", flat)
        pairs = zip(parameters[::2], parameters[1::2], strict=True)
        named = tuple((shape.text(name, f"a name in command {n}"), _value(value)) for name, value in pairs)
        found.append((shape.text(path, f"CCODE of command {n}"), named))
    return tuple(found)


def _value(item: Item) -> object:
    if item.format is Format.L:
        return [shape.text(text, "a text of an array") for text in item.items]
    if isinstance(item.value, str):
        return item.value
    values = list(item.value)
    if item.format is Format.F4:  # four bytes hold seven digits; more of them would be an invention
        values = [float(f"{v:.7g}") for v in values]
    return values[0] if len(values) == 1 else values


def text_of(commands: Sequence[Command], arrays: frozenset[str]) -> str:
    """Return process commands as TOML. ``arrays`` names keys whose value is an array also where it has one element.

    Raises `FormattedError` with the command that cannot be placed.
    """
    root: dict[str, Any] = {}
    for n, (path, parameters) in enumerate(commands, start=1):
        table = root if path == TOP else _place(root, path, n)
        for name, value in parameters:
            if name in table:
                raise FormattedError(n, f"{name} stands twice in {path}")
            table[name] = [value] if name in arrays and not isinstance(value, list) else value
    return tomlkit.dumps(root)


def _place(root: dict[str, Any], path: str, n: int) -> dict[str, Any]:
    at: Any = root
    for part in path.split("."):
        matched = _PART.fullmatch(part)
        if matched is None:
            raise FormattedError(n, f'"{path}" is no path of a table, like steps[2].end')
        name, index = matched[1], matched[2]
        if not index:
            at = at.setdefault(name, {})
        else:
            rows = at.setdefault(name, [])
            number = int(index[1:-1])
            if not isinstance(rows, list) or not 1 <= number <= len(rows) + 1:
                raise FormattedError(n, f"{part} of {path} does not follow on what stands before it")
            if number == len(rows) + 1:
                rows.append({})
            at = rows[number - 1]
        if not isinstance(at, dict):
            raise FormattedError(n, f"{name} of {path} is a value, not a table")
    return at  # pyright: ignore[reportUnknownVariableType]
