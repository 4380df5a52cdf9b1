"""Actuators with ramps and first-order lag, evaluated in closed form at any time.

The reference moves from where it is to the target in a straight line over the ramp time, the output follows it
with time constant tau: x' = (r - x)/tau. Between set-point changes nothing needs integrating, so a reading at any
instant, or a block of 100 Hz samples, costs a few array operations and disturbs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# After so many time constants an output counts as its target: exp(-25) = 1e-11 of the step is left.
_SETTLED_TAUS = 25.0
_SETTLED_REST = math.exp(-_SETTLED_TAUS)
_MOST_NEGATIVE = -2.0 * _SETTLED_TAUS  # far beyond, exp would underflow
# Actuators of a longer time constant go on alone when the others have settled: the coolant of a platen.
_SLOW_TAU_S = 10.0


class _Row:
    """State of one actuator from ``start_s`` on; never changed.

    Inside the ramp the output is lead + slope·s and a decay: the solution of x' = (r0 + slope·s - x)/tau. ``ramped`` is
    the output at the ramp's end; from ``settled_s`` on it is the target.
    """

    __slots__ = (
        "lead",
        "output",
        "ramp_s",
        "ramped",
        "reference",
        "resting",
        "settled_s",
        "slope",
        "start_s",
        "target",
        "tau_s",
    )

    def __init__(
        self, tau_s: float, start_s: float, output: float, reference: float, target: float, ramp_s: float
    ) -> None:
        self.tau_s, self.start_s, self.ramp_s = tau_s, start_s, ramp_s
        self.output, self.reference, self.target = output, reference, target
        self.slope, self.lead, self.ramped = 0.0, reference, output
        if ramp_s > 0.0:
            self.slope = slope = (target - reference) / ramp_s
            self.lead = lead = reference - slope * tau_s
            self.ramped = lead + slope * ramp_s + (output - lead) * math.exp(-ramp_s / tau_s)
        self.resting = output == target == reference
        self.settled_s = start_s if self.resting else start_s + (ramp_s + _SETTLED_TAUS * tau_s)

    def commanded(self, time_s: float, target: float | None, ramp_s: float) -> _Row:
        """Return the row from a command on; without a target of its own it goes on to the one it has."""
        if target is None:
            if self.resting:
                return self
            target, ramp_s = self.target, max(0.0, self.start_s + self.ramp_s - time_s)
        return _Row(self.tau_s, time_s, self.output_at(time_s), self.reference_at(time_s), target, ramp_s)

    def output_at(self, time_s: float) -> float:
        """Return the output at a time that is not before the start."""
        after_s = time_s - self.start_s - self.ramp_s
        if after_s < 0.0:
            in_ramp_s = after_s + self.ramp_s
            lead = self.lead
            return lead + self.slope * in_ramp_s + (self.output - lead) * math.exp(-in_ramp_s / self.tau_s)
        left = math.exp(max(after_s / -self.tau_s, _MOST_NEGATIVE))
        return (left if left >= _SETTLED_REST else 0.0) * (self.ramped - self.target) + self.target

    def reference_at(self, time_s: float) -> float:
        """Return where the reference has got to."""
        since_s = time_s - self.start_s
        share = since_s / self.ramp_s if self.ramp_s > since_s else 1.0
        return self.reference + (self.target - self.reference) * share


class _Segment:
    """State of all actuators from ``start_s`` on, row by row; ``target`` as an array (n_actuators, 1)."""

    __slots__ = ("_moving", "quick_settled_s", "rows", "settled_s", "start_s", "target")

    def __init__(self, start_s: float, rows: Sequence[_Row]) -> None:
        self.start_s, self.rows = start_s, rows
        self.target: Array = np.array([row.target for row in rows])[:, None]
        self.settled_s = max(row.settled_s for row in rows)
        self.quick_settled_s = max((row.settled_s for row in rows if row.tau_s < _SLOW_TAU_S), default=start_s)
        self._moving: dict[bool, _Moving] = {}

    def fill(self, outputs: Array, times_s: Array) -> None:
        """Set outputs, (n_actuators, n), at ascending times not before the start."""
        outputs[:] = self.target
        moving = self._moving_at(times_s[0])
        if moving is not None:
            outputs[moving.numbers] = moving.outputs(times_s - self.start_s)

    def _moving_at(self, time_s: float) -> _Moving | None:
        """Return the actuators that may move from a time on, None where all have settled.

        One that has settled among others that have not comes out at its target all the same.
        """
        if time_s >= self.settled_s:
            return None
        quick = time_s < self.quick_settled_s
        moving = self._moving.get(quick)
        if moving is None:
            settled_s = self.start_s if quick else self.quick_settled_s
            moving = self._moving[quick] = _Moving(
                [(i, row) for i, row in enumerate(self.rows) if row.settled_s > settled_s]
            )
        return moving


class _Moving:
    """Some actuators of a segment, (n_rows, 1) each, and their ``numbers`` in it."""

    __slots__ = ("before", "fall_s", "gap", "lead", "numbers", "ramp_s", "ramping_s", "rising_s", "slope", "target")

    def __init__(self, rows: Sequence[tuple[int, _Row]]) -> None:
        self.numbers: NDArray[np.intp] = np.array([i for i, _ in rows])
        curves = [
            (-r.tau_s, r.ramp_s, r.target, r.ramped - r.target, r.lead, r.slope, r.output - r.lead) for _, r in rows
        ]
        columns: Array = np.array(curves).T[:, :, None]
        self.fall_s, self.ramp_s, self.target, self.gap, self.lead, self.slope, self.before = columns
        # Until when one of them ramps, and until when none is near rest, with a margin for rounding.
        self.ramping_s = max(r.ramp_s for _, r in rows)
        self.rising_s = min(r.ramp_s + (_SETTLED_TAUS - 1.0) * r.tau_s for _, r in rows)

    def outputs(self, since_s: Array) -> Array:
        """Return the outputs, (n_rows, n), at ascending times after the segment's start."""
        after = since_s - self.ramp_s
        # Times ascend, so that the first and the last say whether there is anything to bound.
        ramping = since_s[0] < self.ramping_s
        left = after / self.fall_s
        if ramping:
            np.minimum(left, 0.0, out=left)
        if since_s[-1] > self.rising_s:
            np.maximum(left, _MOST_NEGATIVE, out=left)
            np.exp(left, out=left)
            left[left < _SETTLED_REST] = 0.0
        else:
            np.exp(left, out=left)
        left *= self.gap
        left += self.target
        if not ramping:
            return left
        in_ramp = np.minimum(after, 0.0) + self.ramp_s
        ramped = self.lead + self.slope * in_ramp + self.before * np.exp(in_ramp / self.fall_s)
        return np.where(after >= 0.0, left, ramped)


class ActuatorBank:
    """Named actuators that share a station. ``tau_s`` and ``initial`` give one value per name."""

    def __init__(self, names: Sequence[str], tau_s: Sequence[float], initial: Sequence[float], start_s: float) -> None:
        self.names = tuple(names)
        self.index = {name: i for i, name in enumerate(self.names)}
        rows = [_Row(float(t), start_s, float(x), float(x), float(x), 0.0) for t, x in zip(tau_s, initial, strict=True)]
        self._segments = [_Segment(start_s, rows)]

    def command(self, time_s: float, targets: Mapping[str, float], ramp_s: float) -> None:
        """Set new targets at a time not before the last command; the others keep theirs."""
        rows = [
            row.commanded(time_s, targets.get(name), ramp_s)
            for name, row in zip(self.names, self._segments[-1].rows, strict=True)
        ]
        self._segments.append(_Segment(time_s, rows))

    def at(self, times_s: Array, as_of_s: Array | None = None) -> Array:
        """Return outputs, shape (n_actuators, n), at ascending times within the bank's memory.

        With ``as_of_s`` each is what it would be had no command come after that time.
        """
        outputs = np.empty((len(self.names), len(times_s)))
        for segment, low, high in self._pieces(times_s if as_of_s is None else as_of_s):
            segment.fill(outputs[:, low:high], times_s[low:high])
        return outputs

    def targets_at(self, times_s: Array) -> Array:
        """Return the targets, shape (n_actuators, n), that held at ascending times within the bank's memory."""
        targets = np.empty((len(self.names), len(times_s)))
        for segment, low, high in self._pieces(times_s):
            targets[:, low:high] = segment.target
        return targets

    def _pieces(self, times_s: Array) -> list[tuple[_Segment, int, int]]:
        """Return the segments that hold at ascending times, each with its range of them."""
        segments = self._segments
        if len(segments) == 1 or times_s[0] >= segments[-1].start_s:
            return [(segments[-1], 0, len(times_s))]
        starts_s = [segment.start_s for segment in segments[1:]]
        bounds = [0, *times_s.searchsorted(starts_s).tolist(), len(times_s)]
        return [(s, low, high) for s, low, high in zip(segments, bounds[:-1], bounds[1:], strict=True) if high > low]

    def targets(self) -> dict[str, float]:
        """Return the present targets."""
        return {name: row.target for name, row in zip(self.names, self._segments[-1].rows, strict=True)}

    def forget_before(self, time_s: float) -> None:
        """Drop segments that ended before a time."""
        while len(self._segments) > 1 and self._segments[1].start_s <= time_s:
            self._segments.pop(0)
