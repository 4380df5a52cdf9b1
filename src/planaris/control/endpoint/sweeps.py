"""Sweeps of the platen's window under the wafer: the samples of one crossing, gathered over blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planaris.control.endpoint.signals import signal
from planaris.model import Block


@dataclass(frozen=True, slots=True)
class SweepState:
    """Samples of the crossing under way."""

    open: tuple[Block, ...] = ()


def gather(state: SweepState, block: Block) -> tuple[SweepState, tuple[Block, ...]]:
    """Return the state and the crossings that are complete, each a block of its own.

    A crossing is complete when the window has left the wafer, so that its estimate is no older than one sample.
    """
    under = signal(block, "window_under_wafer") > 0.5
    whole: list[Block] = []
    pieces = list(state.open)
    edges = np.flatnonzero(np.diff(under.astype(np.int8))) + 1
    for piece in np.split(np.arange(under.size), edges):
        if piece.size and under[piece[0]]:
            pieces.append(_rows(block, piece))
        elif pieces:
            whole.append(_joined(pieces))
            pieces = []
    return SweepState(tuple(pieces)), tuple(whole)


def _rows(block: Block, rows: np.ndarray) -> Block:
    return replace(block, time_s=block.time_s[rows], values=block.values[rows], quality=block.quality[rows])


def _joined(pieces: list[Block]) -> Block:
    if len(pieces) == 1:
        return pieces[0]
    return replace(
        pieces[-1],
        time_s=np.concatenate([p.time_s for p in pieces]),
        values=np.concatenate([p.values for p in pieces]),
        quality=np.concatenate([p.quality for p in pieces]),
        gap=any(p.gap for p in pieces),
    )
