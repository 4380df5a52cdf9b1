"""Trace blocks: many samples of one rate class."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Quality(IntEnum):
    """Trust in a sample, ordered as in OPC UA: bad, uncertain, good."""

    BAD = 0
    UNCERTAIN = 1
    GOOD = 2


@dataclass(frozen=True, slots=True)
class Block:
    """Samples of one rate class.

    ``time_s`` has shape (n,), not always evenly spaced, ``values`` (n, columns) in the order of ``tags``, ``quality``
    (n,) of `Quality`. ``widths`` says how many consecutive columns each tag takes, its shape's; empty where all take
    one. ``sequence`` counts blocks of a subscription; ``gap`` marks that samples before this block were lost.
    """

    rate_class: str
    tags: tuple[str, ...]
    time_s: NDArray[np.float64]
    values: NDArray[np.float32]
    quality: NDArray[np.uint8]
    sequence: int
    gap: bool = False
    widths: tuple[int, ...] = ()

    def column(self, tag: str) -> NDArray[np.float32]:
        """Return a tag's samples, (n,) or (n, width). Raises `KeyError` for a tag that is not in the block."""
        if tag not in self.tags:
            raise KeyError(f"{self.rate_class} has no {tag}; it has {', '.join(self.tags)}")
        number = self.tags.index(tag)
        if not self.widths:
            return self.values[:, number]
        first = sum(self.widths[:number])
        width = self.widths[number]
        return self.values[:, first] if width == 1 else self.values[:, first : first + width]
