"""What a detector reads from a block: a column by its tag's name without the owner, `torque_Nm` of one platen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planaris.model import Block, Quality

FloatArray = NDArray[np.float64]


def has_signal(block: Block, name: str) -> bool:
    """Say whether a block carries a signal."""
    return _tag(block, name) is not None


def signal(block: Block, name: str) -> FloatArray:
    """Return a signal's samples, (n,) or (n, width); NaN where their quality is bad. Raises `KeyError` without it."""
    tag = _tag(block, name)
    if tag is None:
        raise KeyError(f"{name} is not in {block.rate_class}; it has {', '.join(block.tags)}")
    values = block.column(tag).astype(np.float64)
    bad = block.quality <= int(Quality.BAD)
    if bad.any():
        values[bad] = np.nan
    return values


def _tag(block: Block, name: str) -> str | None:
    return next((tag for tag in block.tags if tag.rpartition(".")[2] == name), None)
