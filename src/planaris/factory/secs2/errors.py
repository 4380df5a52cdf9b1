"""What can be wrong with an item: bytes that are none, values that fit none, text that is no SML."""

from __future__ import annotations


class SecsDecodeError(ValueError):
    """Bytes are not a SECS-II body: ``offset`` of the byte at which it shows, and ``reason``."""

    def __init__(self, offset: int, reason: str) -> None:
        self.offset = offset
        self.reason = reason
        super().__init__(f"byte {offset}: {reason}")


class SecsValueError(ValueError):
    """A value does not fit its format: ``format`` by its SML name, ``value`` as given, ``limit``."""

    def __init__(self, format_name: str, value: object, limit: str) -> None:
        self.format_name = format_name
        self.value = value
        self.limit = limit
        shown = repr(value)
        super().__init__(f"{format_name} cannot hold {shown if len(shown) <= 80 else shown[:77] + '...'}: {limit}")


class SmlError(ValueError):
    """Text is not SML: ``line`` and ``column``, both from 1, and ``reason``."""

    def __init__(self, line: int, column: int, reason: str) -> None:
        self.line = line
        self.column = column
        self.reason = reason
        super().__init__(f"line {line}, column {column}: {reason}")
