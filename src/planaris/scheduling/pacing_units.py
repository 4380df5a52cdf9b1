"""Pacing of polishing units: begin no polish whose wafer, or another on its way, would wait for the cleaner. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from planaris.scheduling.pacing import LineWafer, entry_times_s


def begin_hold_s(
    leave_s: Sequence[float], in_line: Sequence[LineWafer], coming: Sequence[LineWafer], allowed_wait_s: float
) -> float:
    """Return how long to hold back the last of ``coming`` so that none of them waits longer than allowed.

    ``in_line`` are the wafers in the line after the polish, the one nearest its end first; ``coming`` those on their
    way to it, with the times when they reach it. They enter in the order in which they come.
    """
    ordered = sorted(coming, key=lambda wafer: wafer.ready_s)
    entries = entry_times_s(leave_s, [*in_line, *ordered])
    waits_s = [entered_s - wafer.ready_s for entered_s, wafer in zip(entries, ordered, strict=True)]
    mine = next(i for i, wafer in enumerate(ordered) if wafer is coming[-1])
    return max(0.0, *(wait_s - allowed_wait_s for wait_s in waits_s[mine:]))
