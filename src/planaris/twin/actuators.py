"""Actuators with ramps and first-order lag, evaluated in closed form at any time.

The reference moves from where it is to the target in a straight line over the ramp time, the output follows it
with time constant tau: x' = (r - x)/tau. Between set-point changes nothing needs integrating, so a reading at any
instant, or a block of 100 Hz samples, costs a few array operations and disturbs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# After so many time constants an output counts as its target: exp(-25) = 1e-11 of the step is left.
_SETTLED_TAUS = 25.0
_SETTLED_REST = float(np.exp(-_SETTLED_TAUS))
_MOST_NEGATIVE = -2.0 * _SETTLED_TAUS  # far beyond, exp would underflow


@dataclass(frozen=True, slots=True)
class _Segment:
    """State of all actuators from ``start_s`` on; arrays of shape (n_actuators, 1)."""

    start_s: float
    output: Array
    reference: Array
    target: Array
    ramp_s: Array
    slope: Array
    lead: Array
    """Inside the ramp the output is lead + slope·s and a decay: the solution of x' = (r0 + slope·s - x)/tau."""
    ramped: Array
    """Output at the end of the ramp."""
    row_settled_s: Array
    """By actuator, shape (n_actuators,): from here on its output is its target."""
    settled_s: float
    """From here on every output is its target."""


class ActuatorBank:
    """Named actuators that share a station. ``tau_s`` and ``initial`` give one value per name."""

    def __init__(self, names: Sequence[str], tau_s: Sequence[float], initial: Sequence[float], start_s: float) -> None:
        self.names = tuple(names)
        self.index = {name: i for i, name in enumerate(self.names)}
        self._tau_s: Array = np.asarray(tau_s, dtype=float)[:, None]
        x0: Array = np.asarray(initial, dtype=float)[:, None]
        self._segments = [self._segment(start_s, x0, x0, x0, np.zeros_like(x0))]

    def command(self, time_s: float, targets: Mapping[str, float], ramp_s: float) -> None:
        """Set new targets at a time not before the last command; the others keep theirs."""
        last = self._segments[-1]
        output = self._outputs(last, np.array([time_s]))
        reference = self._references(last, time_s)
        target = last.target.copy()
        left_s: Array = np.maximum(0.0, last.start_s + last.ramp_s - time_s)
        for name, value in targets.items():
            target[self.index[name]] = value
            left_s[self.index[name]] = ramp_s
        self._segments.append(self._segment(time_s, output, reference, target, left_s))

    def at(self, times_s: Array, as_of_s: Array | None = None) -> Array:
        """Return outputs, shape (n_actuators, n), at ascending times within the bank's memory.

        With ``as_of_s`` each is what it would be had no command come after that time.
        """
        known_s = times_s if as_of_s is None else as_of_s
        parts = [self._outputs(segment, times_s[low:high]) for segment, low, high in self._pieces(known_s)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def targets_at(self, times_s: Array) -> Array:
        """Return the targets, shape (n_actuators, n), that held at ascending times within the bank's memory."""
        parts = [np.repeat(s.target, high - low, axis=1) for s, low, high in self._pieces(times_s)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

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
        target = self._segments[-1].target
        return {name: float(target[i, 0]) for i, name in enumerate(self.names)}

    def forget_before(self, time_s: float) -> None:
        """Drop segments that ended before a time."""
        while len(self._segments) > 1 and self._segments[1].start_s <= time_s:
            self._segments.pop(0)

    def _segment(self, start_s: float, output: Array, reference: Array, target: Array, ramp_s: Array) -> _Segment:
        tau_s = self._tau_s
        slope = np.zeros_like(ramp_s)
        np.divide(target - reference, ramp_s, out=slope, where=ramp_s > 0)
        lead = reference - slope * tau_s
        ramped = np.where(ramp_s > 0, lead + slope * ramp_s + (output - lead) * np.exp(-ramp_s / tau_s), output)
        moving = (output != target) | (reference != target)
        row_settled_s = start_s + ((ramp_s + _SETTLED_TAUS * tau_s) * moving)[:, 0]
        settled_s = float(row_settled_s.max())
        return _Segment(start_s, output, reference, target, ramp_s, slope, lead, ramped, row_settled_s, settled_s)

    def _references(self, segment: _Segment, time_s: float) -> Array:
        s = time_s - segment.start_s
        share = np.ones_like(segment.ramp_s)
        np.divide(s, segment.ramp_s, out=share, where=segment.ramp_s > s)
        return segment.reference + (segment.target - segment.reference) * share

    def _outputs(self, segment: _Segment, times_s: Array) -> Array:
        outputs = np.repeat(segment.target, len(times_s), axis=1)
        if times_s[0] < segment.settled_s:
            moving = (segment.row_settled_s > times_s[0]).nonzero()[0]
            outputs[moving] = self._moving(segment, moving, times_s)
        return outputs

    def _moving(self, segment: _Segment, rows: NDArray[np.intp], times_s: Array) -> Array:
        """Return the outputs of the actuators that are not at rest on their targets yet."""
        tau_s, ramp_s, target = self._tau_s[rows], segment.ramp_s[rows], segment.target[rows]
        after = (times_s - segment.start_s) - ramp_s
        # Times ascend, so that the first and the last say whether there is anything to bound.
        ramping = min(after[:, 0].tolist()) < 0.0
        left = after / -tau_s
        if ramping:
            np.minimum(left, 0.0, out=left)
        if min(left[:, -1].tolist()) < -_SETTLED_TAUS:
            np.maximum(left, _MOST_NEGATIVE, out=left)
            np.exp(left, out=left)
            left[left < _SETTLED_REST] = 0.0
        else:
            np.exp(left, out=left)
        left *= segment.ramped[rows] - target
        left += target
        decayed = left
        if not ramping:
            return decayed
        in_ramp = np.minimum(after, 0.0) + ramp_s
        lead = segment.lead[rows]
        ramped = lead + segment.slope[rows] * in_ramp + (segment.output[rows] - lead) * np.exp(-in_ramp / tau_s)
        return np.where(after >= 0.0, decayed, ramped)
