"""Read the bodies of the host's messages: what is there, or which part has another structure than was wanted.

Hosts differ in habits, so an id may come as any integer or as decimal text, a code as B or as any integer, and an
empty list may be left out.
"""

from __future__ import annotations

from typing import TypeGuard

from planaris.factory.secs2 import Format, Item

_WHOLE = frozenset({Format.I1, Format.I2, Format.I4, Format.I8, Format.U1, Format.U2, Format.U4, Format.U8})
_REAL = _WHOLE | {Format.F4, Format.F8}
_DIGITS_COUNT = 20
_TEXT = frozenset({Format.A, Format.J, Format.C2})


class ShapeError(Exception):
    """A body has another structure than its message: ``part``, what was ``wanted`` there and what it ``has``."""

    def __init__(self, part: str, wanted: str, item: Item | None) -> None:
        self.part, self.wanted = part, wanted
        self.has = "nothing" if item is None else f"{item.format.name} of {len(item)}"
        super().__init__(f"{part}: {wanted} is wanted, it has {self.has}")


def nothing(body: Item | None) -> None:
    """Check that a body is empty; an empty list passes."""
    if body is not None and not (body.format is Format.L and len(body) == 0):
        raise ShapeError("body", "nothing", body)


def listed(item: Item | None, part: str = "body", *, counts: tuple[int, ...] = ()) -> tuple[Item, ...]:
    """Return the items of a list; ``counts`` are the lengths it may have, any if left out."""
    if item is None or item.format is not Format.L or (counts and len(item) not in counts):
        length = f" of {' or '.join(map(str, counts))}" if counts else ""
        raise ShapeError(part, f"a list{length}", item)
    return item.items


def whole(item: Item | None, part: str) -> int:
    """Return a whole number: an integer of any format and length 1, B of 1 byte."""
    if item is not None and len(item) == 1:
        if item.format in _WHOLE:
            return item.value[0]
        if item.format is Format.B:
            return item.value[0]
    raise ShapeError(part, "one whole number", item)


def count(item: Item | None, part: str) -> int:
    """Return a count: a whole number, or text of decimal digits."""
    return int(item.value) if _is_digits(item) else whole(item, part)


def number_id(item: Item | None, part: str) -> int:
    """Return an id: an integer of any format, or text of decimal digits."""
    if _is_digits(item):
        return int(item.value)
    if item is not None and item.format in _WHOLE and len(item) == 1:
        return item.value[0]
    raise ShapeError(part, "an id", item)


def _is_digits(item: Item | None) -> TypeGuard[Item]:
    """Say whether an item is text of decimal digits, as many as U8 may have: of thousands Python makes no number."""
    return (
        item is not None and item.format is Format.A and len(item) <= _DIGITS_COUNT and item.value.strip().isdecimal()
    )


def ids(body: Item | None, part: str = "body") -> tuple[int, ...]:
    """Return the ids of a list, or of one array; nothing and an empty list are ()."""
    if body is None:
        return ()
    if body.format in _WHOLE:
        return tuple(body.value)
    return tuple(number_id(item, f"{part}[{n}]") for n, item in enumerate(listed(body, part)))


def numbers(item: Item, part: str) -> tuple[int, ...]:
    """Return whole numbers: a list of them, or one array of integers or bytes."""
    if item.format in _WHOLE or item.format is Format.B:
        return tuple(item.value)
    return tuple(whole(member, part) for member in listed(item, part))


def text(item: Item | None, part: str) -> str:
    """Return a text."""
    if item is None or item.format not in _TEXT:
        raise ShapeError(part, "a text", item)
    return item.value


def name(item: Item | None, part: str) -> str:
    """Return a name: text, or a whole number as its digits (hosts use either for PPID, RCMD and CPNAME)."""
    if item is not None and item.format in _WHOLE and len(item) == 1:
        return str(item.value[0])
    return text(item, part)


def flag(item: Item | None, part: str) -> bool:
    """Return a truth value: BOOLEAN, or B or an integer of which 0 is false."""
    if item is not None and len(item) == 1 and item.format is Format.BOOLEAN:
        return item.value[0]
    return whole(item, part) != 0


def real(item: Item | None, part: str) -> float:
    """Return a number of any numeric format and length 1."""
    if item is not None and len(item) == 1 and item.format in _REAL:
        return float(item.value[0])
    raise ShapeError(part, "one number", item)
