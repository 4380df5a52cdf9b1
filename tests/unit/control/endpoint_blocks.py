"""Blocks of made signals for the detectors' tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.control import Decision, DecisionKind, Detector
from planaris.model import Block, Quality

FloatArray = NDArray[np.float64]


def blocks(time_s: FloatArray, signals: dict[str, FloatArray], samples_count: int, rate_class: str) -> Iterator[Block]:
    """Yield blocks of ``samples_count`` samples of scalar signals of platen 1."""
    tags = tuple(f"platen1.{name}" for name in signals)
    values = np.stack(list(signals.values()), axis=1).astype(np.float32)
    for sequence, first in enumerate(range(0, time_s.size, samples_count)):
        part = slice(first, first + samples_count)
        quality = np.full(time_s[part].size, int(Quality.GOOD), dtype=np.uint8)
        yield Block(rate_class, tags, time_s[part], values[part], quality, sequence)


def torque_blocks(time_s: FloatArray, torque_Nm: FloatArray, samples_count: int = 6) -> Iterator[Block]:
    """Yield blocks of the platen's torque."""
    return blocks(time_s, {"torque_Nm": torque_Nm}, samples_count, "platen1.fast")


def play(detector: Detector, start_s: float, stream: Iterator[Block]) -> list[Decision]:
    """Return the decisions of a detector on a stream, one a block."""
    state: Any = detector.start(start_s)
    said: list[Decision] = []
    for block in stream:
        state, decision = detector.step(state, block)
        said.append(decision)
    return said


def first_call(said: list[Decision]) -> Decision | None:
    """Return the first call, or None."""
    return next((d for d in said if d.kind is DecisionKind.CALL), None)
