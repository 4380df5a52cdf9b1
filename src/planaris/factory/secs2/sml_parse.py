"""SML read back: messages and items from text."""

from __future__ import annotations

import re
from collections.abc import Callable

from planaris.factory.secs2.codec import DEFAULT_LIMITS
from planaris.factory.secs2.errors import SecsValueError, SmlError
from planaris.factory.secs2.format import FLOATS, INTEGERS, Format
from planaris.factory.secs2.item import Item
from planaris.factory.secs2.items import BOOLEAN, C2, B, L, item_of
from planaris.factory.secs2.message import Message
from planaris.factory.secs2.text import jis8_text

_SPACE = re.compile(r"(?:\s+|/\*.*?\*/)*", re.DOTALL)
_NAME = re.compile(r"([A-Za-z_][\w.-]*)\s*:", re.ASCII)
_HEADER = re.compile(r"'?[Ss](\d{1,3})[Ff](\d{1,3})'?(?![\w.])|'?[Ss](\d{1,3})[Ff](\d{1,3})'?(?=\.(?!\w))", re.ASCII)
_WAIT = re.compile(r"[Ww](?!\w)", re.ASCII)
_COUNT = re.compile(r"\[\s*(\d+)\s*\]", re.ASCII)
_WORD = re.compile(r"[^\s<>\"'\[\]]+")
_STRING = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")
_TRUTHS = {"T": True, "TRUE": True, "1": True, "F": False, "FALSE": False, "0": False}


def parse_sml(text: str) -> list[Message]:
    """Return the messages of a text, each ended by a full stop. Raises SmlError at the first thing that is no SML."""
    scanner = _Scanner(text)
    messages: list[Message] = []
    while not scanner.ended:
        messages.append(scanner.message())
    return messages


def parse_item(text: str) -> Item:
    """Return the one item of a text. Raises SmlError."""
    scanner = _Scanner(text)
    item = scanner.item(DEFAULT_LIMITS.depth)
    if not scanner.ended:
        raise scanner.error("text after the end of the item")
    return item


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._skip()

    @property
    def ended(self) -> bool:
        return self._at >= len(self._text)

    def error(self, reason: str, at: int | None = None) -> SmlError:
        at = self._at if at is None else at
        line = self._text.count("\n", 0, at) + 1
        return SmlError(line, at - (self._text.rfind("\n", 0, at) + 1) + 1, reason)

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        assert found is not None  # it matches nothing at all, too
        self._at = found.end()

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            self._skip()
        return found

    def _sign(self, sign: str) -> bool:
        if self._text.startswith(sign, self._at):
            self._at += len(sign)
            self._skip()
            return True
        return False

    def message(self) -> Message:
        start = self._at
        name = self._take(_NAME)
        header = self._take(_HEADER)
        if header is None:
            raise self.error("a message begins with SxFy, e.g. S6F11")
        stream, function = (int(group) for group in header.groups() if group is not None)
        wait = self._take(_WAIT) is not None
        body = self.item(DEFAULT_LIMITS.depth) if self._text.startswith("<", self._at) else None
        if not self._sign("."):
            raise self.error("a message ends with a full stop")
        try:
            return Message(stream, function, wait, body, name.group(1) if name else "")
        except SecsValueError as error:
            raise self.error(str(error), start) from None

    def item(self, depth: int) -> Item:
        start = self._at
        if not self._sign("<"):
            raise self.error("an item begins with <")
        word = self._take(_WORD)
        fmt = Format.__members__.get(word.group().upper()) if word else None
        if fmt is None:
            raise self.error(f"an item's format is one of {', '.join(Format.__members__)}", start)
        count = self._take(_COUNT)
        try:
            item = self._list(depth) if fmt is Format.L else _READERS[fmt](self, fmt)
        except SecsValueError as error:
            raise self.error(str(error), start) from None
        if not self._sign(">"):
            raise self.error(f"{fmt.name} holds something it cannot, or its > is missing")
        if count and int(count.group(1)) != len(item):
            raise self.error(f"{fmt.name} announces {count.group(1)} elements and has {len(item)}", start)
        return item

    def _list(self, depth: int) -> Item:
        if depth == 0:
            raise self.error(f"more than {DEFAULT_LIMITS.depth} lists within lists")
        items: list[Item] = []
        while self._text.startswith("<", self._at):
            items.append(self.item(depth - 1))
        return L(*items)

    def words(self) -> list[str]:
        found: list[str] = []
        while (word := self._take(_WORD)) is not None:
            found.append(word.group())
        return found

    def numbers(self) -> list[int]:
        return [self._number(word) for word in self.words()]

    def text(self, char: Callable[[int], str]) -> str:
        """Read quoted text and numbers of characters."""
        parts: list[str] = []
        while True:
            start = self._at
            if string := self._take(_STRING):
                parts.append(string.group(1) if string.group(1) is not None else string.group(2))
            elif word := self._take(_WORD):
                try:
                    parts.append(char(self._number(word.group())))
                except (ValueError, OverflowError):
                    raise self.error(f"{word.group()} is no character here", start) from None
            else:
                return "".join(parts)

    def _number(self, word: str) -> int:
        try:
            return int(word, 0)
        except ValueError:
            pass
        try:
            return int(word)  # 007 too
        except ValueError:
            raise self.error(f"{word} is no whole number", self._text.rfind(word, 0, self._at)) from None


def _integers(scanner: _Scanner, fmt: Format) -> Item:
    return item_of(fmt, scanner.numbers())


def _floats(scanner: _Scanner, fmt: Format) -> Item:
    words = scanner.words()
    try:
        return item_of(fmt, [float(word) for word in words])
    except ValueError as error:
        raise error if isinstance(error, SecsValueError) else scanner.error(str(error)) from None


def _bytes(scanner: _Scanner, _: Format) -> Item:
    return B(*scanner.numbers())


def _booleans(scanner: _Scanner, _: Format) -> Item:
    words = scanner.words()
    if unknown := [word for word in words if word.upper() not in _TRUTHS]:
        raise scanner.error(f"{unknown[0]} is neither T nor F")
    return BOOLEAN(*[_TRUTHS[word.upper()] for word in words])


def _jis8(scanner: _Scanner, fmt: Format) -> Item:
    return item_of(fmt, scanner.text(lambda number: jis8_text(bytes((number,)))))


def _ascii(scanner: _Scanner, fmt: Format) -> Item:
    return item_of(fmt, scanner.text(chr))


def _localised(scanner: _Scanner, _: Format) -> Item:
    word = scanner._take(_WORD)
    if word is None or not word.group().isdecimal():
        raise scanner.error("C2 begins with the number of its encoding, 2 for UTF-8")
    return C2(scanner.text(chr), int(word.group()))


_READERS: dict[Format, Callable[[_Scanner, Format], Item]] = {
    **dict.fromkeys(INTEGERS, _integers),
    **dict.fromkeys(FLOATS, _floats),
    Format.B: _bytes,
    Format.BOOLEAN: _booleans,
    Format.A: _ascii,
    Format.J: _jis8,
    Format.C2: _localised,
}
