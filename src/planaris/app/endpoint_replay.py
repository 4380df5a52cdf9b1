"""Plays recorded samples of a step through its endpoint detector, in the blocks that a live platen feeds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.control import Decision, DecisionKind
from planaris.formats.trace_files import Trace
from planaris.hardware import OPTICAL
from planaris.model import Block, Quality, StepEnd
from planaris.modules import FAST_BLOCK_S, WINDOW_BLOCK_S, StepControl, StepSpan, Trail, reads_fast

# A sample's time on a block's boundary, rounded down by a float, belongs to the block that begins there.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class RecordedVisit:
    """What was recorded of a wafer on a platen: the window and the scalar sensors, None where there is no file."""

    platen: int
    window: Trace | None = None
    fast: Trace | None = None


@dataclass(frozen=True, slots=True)
class EndpointReplay:
    """What a detector said on a recording.

    ``decisions`` are its answers, one a block, up to the first final one; ``final`` is that, or a hold where none came.
    ``trail`` holds (time, thickness, confidence fraction) as often as a run notes them, NaN where no thickness is seen;
    ``faults`` what was wrong with the sensors, each once.
    """

    decisions: tuple[Decision, ...]
    final: Decision
    trail: tuple[tuple[float, float, float], ...]
    faults: tuple[str, ...]


def replay(visit: RecordedVisit, end: StepEnd, control: StepControl, span: StepSpan) -> EndpointReplay:
    """Give a step's detector the recorded samples of the step and return what it said.

    It sees the blocks that the platen would have fed it: the window's whole blocks that end after the step's start, the
    scalar sensors' from the start on where a detector reads them, in the order of their ends. What came after the
    recorded step's end was polished in another way and is not shown. Zone pressures are as recorded, whatever the
    step's zone control would do.
    """
    detector, state = control.detector, control.detector.start(span.start_s)
    decisions: list[Decision] = []
    trail = Trail()
    faults: list[str] = []
    for block in blocks_of(visit, span, fast=hears_fast(visit, end)):
        try:
            state, said = detector.step(state, block)
        except Exception as error:  # as on the tool: it ends the watch, not the step
            faults.append(f"{type(error).__name__}: {error}")
            break
        decisions.append(said)
        trail.note(said)
        if said.kind is DecisionKind.FAULT:
            faults.append(said.why)
        if said.is_final:
            break
    faults = list(dict.fromkeys(faults))
    if decisions and decisions[-1].is_final:
        final = decisions[-1]
    else:
        last = decisions[-1] if decisions else Decision(DecisionKind.NONE, span.start_s)
        final = replace(last, kind=DecisionKind.HOLD, why=_missed(end, span, "; ".join(faults) or last.why))
    return EndpointReplay(tuple(decisions), final, tuple(trail.points), tuple(faults))


def hears_fast(visit: RecordedVisit, end: StepEnd) -> bool:
    """Say whether a step's detector is given the scalar sensors: where it reads them, or there is no window."""
    return reads_fast(end) or visit.window is None


def _missed(end: StepEnd, span: StepSpan, cause: str) -> str:
    because = f" ({cause})" if cause else ""
    lasts_s = span.end_s - span.start_s
    if lasts_s >= end.max_s:
        return f"no endpoint by the latest time {end.max_s:g} s{because}"
    return f"no endpoint in the {lasts_s:.1f} s recorded of the step, whose latest time is {end.max_s:g} s{because}"


def blocks_of(visit: RecordedVisit, span: StepSpan, *, fast: bool = True) -> Iterator[Block]:
    """Yield the blocks of a recorded step in the order in which they came in."""
    cut: list[tuple[float, int, Block]] = []
    if visit.fast is not None and fast:
        cut += _blocks(visit.fast, f"platen{visit.platen}.fast", FAST_BLOCK_S, span, 0)
    if visit.window is not None:
        cut += _blocks(visit.window, f"platen{visit.platen}.{OPTICAL}", WINDOW_BLOCK_S, span, 1)
    for _, _, block in sorted(cut, key=lambda item: item[:2]):
        yield block


def _blocks(
    trace: Trace, rate_class: str, block_s: float, span: StepSpan, order: int
) -> list[tuple[float, int, Block]]:
    """Return (end, order, block) of a trace's samples of the platen; blocks end on multiples of ``block_s``."""
    columns = {name: values for name, values in trace.columns.items() if name.startswith("platen.")}
    tags = tuple(f"{rate_class.partition('.')[0]}.{name.partition('.')[2]}" for name in columns)
    widths = tuple(1 if v.ndim == 1 else v.shape[1] for v in columns.values())
    number: NDArray[np.int64] = np.floor(trace.time_s / block_s + _ROUNDING).astype(np.int64)
    wanted = (number + 1) * block_s <= span.end_s + _ROUNDING
    # A window is looked through from before the step on, scalar sensors are read from its start.
    wanted &= (number + 1) * block_s > span.start_s if order else trace.time_s >= span.start_s
    rows = np.flatnonzero(wanted)
    if not rows.size or not columns:
        return []
    made: list[tuple[float, int, Block]] = []
    pieces: list[NDArray[np.int64]] = np.split(rows, np.flatnonzero(np.diff(number[rows])) + 1)
    for sequence, piece in enumerate(pieces):
        part = slice(int(piece[0]), int(piece[-1]) + 1)
        flat: list[Any] = [v[part].reshape(piece.size, -1) for v in columns.values()]
        values = np.concatenate(flat, axis=1).astype(np.float32, copy=False)
        quality = np.full(piece.size, int(Quality.GOOD), dtype=np.uint8)
        block = Block(rate_class, tags, trace.time_s[part], values, quality, sequence, widths=widths)
        made.append((round(float(number[piece[0]] + 1) * block_s, 6), order, block))
    return made
