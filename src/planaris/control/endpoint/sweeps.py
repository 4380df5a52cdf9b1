"""Sweeps of the platen's window under the wafer: the samples of one crossing, gathered over blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planaris.control.endpoint.signals import signal
from planaris.model import Block

# Longer without a crossing than a platen of 20 turns a minute takes for two: nothing is seen any more.
_SILENT_S = 6.0


@dataclass(frozen=True, slots=True)
class SweepState:
    """Samples of the crossing under way, and when the last one was complete (at first: when the first block began)."""

    open: tuple[Block, ...] = ()
    last_s: float | None = None

    def is_silent(self, now_s: float) -> bool:
        """Say whether the window has not been seen under the wafer for too long."""
        return self.last_s is not None and now_s - self.last_s > _SILENT_S


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
    first_s = float(block.time_s[0]) if state.last_s is None else state.last_s
    last_s = float(whole[-1].time_s[-1]) if whole else first_s
    return SweepState(tuple(pieces), last_s), tuple(whole)


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
