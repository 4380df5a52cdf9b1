"""Encoded bodies straight to SML, for the log of a busy link: what `to_sml` prints, without making items first."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

from planaris.factory.secs2 import Format, Limits, decode, to_sml
from planaris.factory.secs2.sml_print import _single as single_text

_LIST = int(Format.L)
_LETTERS: Mapping[int, tuple[str, int, str]] = {
    Format.I1: ("I1", 1, "b"),
    Format.I2: ("I2", 2, "h"),
    Format.I4: ("I4", 4, "i"),
    Format.I8: ("I8", 8, "q"),
    Format.U1: ("U1", 1, "B"),
    Format.U2: ("U2", 2, "H"),
    Format.U4: ("U4", 4, "I"),
    Format.U8: ("U8", 8, "Q"),
    Format.F4: ("F4", 4, "f"),
    Format.F8: ("F8", 8, "d"),
}
# First byte of a number with one length byte -> what begins its SML, its size, what reads it and what prints it.
_SINGLES: dict[int, tuple[str, int, Callable[[bytes, int], tuple[Any, ...]], Callable[[Any], str]]] = {
    code << 2 | 1: (f"<{name} ", size, struct.Struct(f">{letter}").unpack_from, single_text if name == "F4" else repr)
    for code, (name, size, letter) in _LETTERS.items()
}
_CODES = {code << 2 | 1: letter for code, (_, _, letter) in _LETTERS.items()}
_TEXT = int(Format.A)


def body_sml(body: bytes) -> str:
    """Return an encoded body as SML in one line.

    Raises SecsDecodeError as `decode` does; the rare formats go the long way, item by item.
    """
    parts: list[str] = []
    try:
        end = _print(body, 0, parts)
    except (IndexError, struct.error, UnicodeDecodeError, RecursionError):
        end = -1
    if end != len(body):
        return to_sml(decode(body, Limits()), one_line=True)  # pyright: ignore[reportArgumentType]
    return " ".join(parts)


def _print_alike(body: bytes, start: int, length: int, parts: list[str]) -> int:
    """Print a list of numbers of one format, the end of the list too; return where it ends, 0 if it is no such list."""
    single = _SINGLES.get(body[start])
    if single is None:
        return 0
    prefix, size, _, text = single
    step = size + 2
    end = start + length * step
    alike = body[start:end:step] == body[start : start + 1] * length
    if not alike or end > len(body) or body[start + 1 : end : step] != bytes((size,)) * length:
        return 0
    values = struct.unpack_from(f">{f'2x{_CODES[body[start]]}' * length}", body, start)
    parts.append(f"{prefix}{f'> {prefix}'.join(map(text, values))}> >")
    return end


def _print(body: bytes, at: int, parts: list[str]) -> int:
    """Print the item that begins at a byte; return where it ends."""
    head = body[at]
    code, width = head >> 2, head & 3
    start = at + 1 + width
    length = body[at + 1] if width == 1 else int.from_bytes(body[at + 1 : start], "big")
    if code == _LIST and width:
        if not length:
            parts.append("<L [0]>")
            return start
        parts.append(f"<L [{length}]")
        if length > 3 and (end := _print_alike(body, start, length, parts)):
            return end
        for _ in range(length):
            single = _SINGLES.get(body[start])
            if single is not None and body[start + 1] == single[1]:
                parts.append(f"{single[0]}{single[3](single[2](body, start + 2)[0])}>")
                start += 2 + single[1]
            else:
                start = _print(body, start, parts)
        parts.append(">")
        return start
    end = start + length
    if end > len(body) or not width:
        raise IndexError(end)
    if code == _TEXT:
        text = body[start:end].decode("ascii")
        if text.isprintable() and '"' not in text:
            parts.append(f'<A "{text}">')
            return end
    parts.append(to_sml(decode(body[at:end], Limits()), one_line=True))  # pyright: ignore[reportArgumentType]
    return end
