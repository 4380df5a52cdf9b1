"""Numbers of transactions, and those of ours that wait for an answer."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

_LARGEST = 0xFFFFFFFF


class SystemBytes:
    """Hands out system bytes; links that follow each other share one, so that a number seldom returns in a log."""

    def __init__(self, first: int = 1) -> None:
        self._next = first & _LARGEST

    def take(self, *taken: Container[int]) -> int:
        """Return the next number that none of the containers holds."""
        number = self._next
        while any(number in numbers for numbers in taken):
            number = (number + 1) & _LARGEST
        self._next = (number + 1) & _LARGEST
        return number


class OpenRequest(NamedTuple):
    """A data message or control message of ours that waits for its answer."""

    header10: bytes
    stream: int
    function: int
    stype: int
    deadline_s: float
