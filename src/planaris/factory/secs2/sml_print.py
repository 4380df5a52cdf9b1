"""Messages and items as SML, for people and for logs that can be read back."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from planaris.factory.secs2.format import FLOATS, INTEGERS, Format
from planaris.factory.secs2.item import Item
from planaris.factory.secs2.message import Message
from planaris.factory.secs2.text import jis8_bytes

_INDENT = "  "


def to_sml(thing: Message | Item, *, one_line: bool = False) -> str:
    """Return a message (``S6F11 W <L [1] <U4 7>> .``) or an item as SML; `parse_sml`, `parse_item` read it back."""
    gap = " " if one_line else "\n"
    if isinstance(thing, Item):
        return gap.join(_lines(thing, 0, one_line))
    name = f"{thing.name}: " if thing.name else ""
    body = list(_lines(thing.body, 0, one_line)) if thing.body is not None else []
    return gap.join([name + thing.title, *body, "."] if body else [f"{name}{thing.title} ."])


def _lines(item: Item, depth: int, one_line: bool) -> Iterator[str]:
    indent = "" if one_line else _INDENT * depth
    if item.format is not Format.L:
        content = _CONTENT[item.format](item)
        yield f"{indent}<{item.format.name}{' ' if content else ''}{content}>"
        return
    if not item.value:
        yield f"{indent}<L [0]>"
        return
    yield f"{indent}<L [{len(item)}]"
    for inner in item.value:
        yield from _lines(inner, depth + 1, one_line)
    yield f"{indent}>"


def _quoted(text: str, code: Callable[[str], str]) -> str:
    """Return printable characters between quotes, and others as numbers."""
    parts: list[str] = []
    run = ""
    for char in text:
        if char.isprintable() and char != '"':
            run += char
        else:
            parts += [f'"{run}"'] * bool(run) + [code(char)]
            run = ""
    return " ".join(parts + [f'"{run}"'] * (bool(run) or not parts))


def _byte(char: str) -> str:
    return f"0x{ord(char):02X}"


def _jis8_byte(char: str) -> str:
    return f"0x{jis8_bytes(char)[0]:02X}"


def _code_point(char: str) -> str:
    return f"0x{ord(char):04X}"


def _single(value: float) -> str:
    """Return a number of single precision with as few digits as give it back."""
    for digits in range(6, 9):
        text = f"{value:.{digits}g}"
        if struct.pack(">f", float(text)) == struct.pack(">f", value):
            return text
    return f"{value:.9g}"


def _numbers(item: Item) -> str:
    return " ".join(map(repr, item.value))


_CONTENT: dict[Format, Callable[[Item], str]] = {
    **dict.fromkeys(INTEGERS | FLOATS, _numbers),
    Format.F4: lambda item: " ".join(map(_single, item.value)),
    Format.B: lambda item: " ".join(f"0x{byte:02X}" for byte in item.value),
    Format.BOOLEAN: lambda item: " ".join("T" if value else "F" for value in item.value),
    Format.A: lambda item: _quoted(item.value, _byte),
    Format.J: lambda item: _quoted(item.value, _jis8_byte),
    Format.C2: lambda item: f"{item.encoding} {_quoted(item.value, _code_point)}",
}
