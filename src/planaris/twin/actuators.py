"""Actuators with ramps and first-order lag, evaluated in closed form at any time.

The reference moves from where it is to the target in a straight line over the ramp time, the output follows it
with time constant tau: x' = (r - x)/tau. Between set-point changes nothing needs integrating, so a reading at any
instant, or a block of 100 Hz samples, costs a few array operations and disturbs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# After so many time constants an output counts as its target: exp(-25) = 1e-11 of the step is left.
_SETTLED_TAUS = 25.0
_SETTLED_REST = math.exp(-_SETTLED_TAUS)
_MOST_NEGATIVE = -2.0 * _SETTLED_TAUS  # far beyond, exp would underflow


@dataclass(frozen=True, slots=True)
class _Row:
    """State of one actuator from ``start_s`` on."""

    tau_s: float
    start_s: float
    output: float
    reference: float
    target: float
    ramp_s: float

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

    @property
    def slope(self) -> float:
        """Rate of the reference inside the ramp."""
        return (self.target - self.reference) / self.ramp_s if self.ramp_s > 0.0 else 0.0

    @property
    def lead(self) -> float:
        """Inside the ramp the output is lead + slope·s and a decay: the solution of x' = (r0 + slope·s - x)/tau."""
        return self.reference - self.slope * self.tau_s

    @property
    def ramped(self) -> float:
        """Output at the end of the ramp."""
        if self.ramp_s <= 0.0:
            return self.output
        lead = self.lead
        return lead + self.slope * self.ramp_s + (self.output - lead) * math.exp(-self.ramp_s / self.tau_s)

    @property
    def settled_s(self) -> float:
        """From here on the output is the target."""
        moving = self.output != self.target or self.reference != self.target
        return self.start_s + (self.ramp_s + _SETTLED_TAUS * self.tau_s) * moving


class _Segment:
    """State of all actuators from ``start_s`` on: row by row for the next command, and as arrays (n_actuators, 1)."""

    __slots__ = (
        "lead",
        "output",
        "ramp_s",
        "ramped",
        "row_settled_s",
        "rows",
        "settled_s",
        "slope",
        "start_s",
        "target",
    )

    def __init__(self, start_s: float, rows: Sequence[_Row]) -> None:
        self.start_s, self.rows = start_s, rows
        columns = np.array([(r.output, r.target, r.ramp_s, r.slope, r.lead, r.ramped, r.settled_s) for r in rows]).T
        self.output, self.target, self.ramp_s, self.slope, self.lead, self.ramped = columns[:6, :, None]
        self.row_settled_s: Array = columns[6]
        self.settled_s = max(columns[6].tolist())


class ActuatorBank:
    """Named actuators that share a station. ``tau_s`` and ``initial`` give one value per name."""

    def __init__(self, names: Sequence[str], tau_s: Sequence[float], initial: Sequence[float], start_s: float) -> None:
        self.names = tuple(names)
        self.index = {name: i for i, name in enumerate(self.names)}
        self._tau_s: Array = np.asarray(tau_s, dtype=float)[:, None]
        rows = [_Row(float(t), start_s, float(x), float(x), float(x), 0.0) for t, x in zip(tau_s, initial, strict=True)]
        self._segments = [_Segment(start_s, rows)]

    def command(self, time_s: float, targets: Mapping[str, float], ramp_s: float) -> None:
        """Set new targets at a time not before the last command; the others keep theirs."""
        rows = [
            _Row(
                row.tau_s,
                time_s,
                row.output_at(time_s),
                row.reference_at(time_s),
                targets.get(name, row.target),
                ramp_s if name in targets else max(0.0, row.start_s + row.ramp_s - time_s),
            )
            for name, row in zip(self.names, self._segments[-1].rows, strict=True)
        ]
        self._segments.append(_Segment(time_s, rows))

    def at(self, times_s: Array, as_of_s: Array | None = None) -> Array:
        """Return outputs, shape (n_actuators, n), at ascending times within the bank's memory.

        With ``as_of_s`` each is what it would be had no command come after that time.
        """
        known_s = times_s if as_of_s is None else as_of_s
        parts = [self._outputs(segment, times_s[low:high]) for segment, low, high in self._pieces(known_s)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def targets_at(self, times_s: Array) -> Array:
        """Return the targets, shape (n_actuators, n), that held at ascending times within the bank's memory."""
        parts = [s.target.repeat(high - low, axis=1) for s, low, high in self._pieces(times_s)]
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
        return {name: row.target for name, row in zip(self.names, self._segments[-1].rows, strict=True)}

    def forget_before(self, time_s: float) -> None:
        """Drop segments that ended before a time."""
        while len(self._segments) > 1 and self._segments[1].start_s <= time_s:
            self._segments.pop(0)

    def _outputs(self, segment: _Segment, times_s: Array) -> Array:
        outputs = segment.target.repeat(len(times_s), axis=1)
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
