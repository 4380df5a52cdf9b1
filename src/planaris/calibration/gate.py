"""Where a group's law does not hold: outside its window of pH, and where the pad floats on the slurry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.calibration.table import Codes, Floats
from planaris.physics import hersey_number_um

# A level of pH belongs to the window while its mean Preston constant is above this share of the best level's ...
_INSIDE = 0.6
# ... and there is a window only where some level falls below this share: a gate, not a trend.
_SHUT = 0.25
# Outside a window the law is read from a table, and the law's form no longer holds: spread of ln(rate) there.
GATE_SPREAD = 0.8
# The pad's lift shows where the rate stops following speed: exponent of the first and of the last step of speed.
_STEADY_EXPONENT = 0.7
_LIFTED_EXPONENT = 0.4


@dataclass(frozen=True, slots=True)
class Window:
    """Window of one condition (pH) in which the law holds; ``knots`` are its values outside, edges included.

    ``ln_factor`` is ln(measured over law) at each knot, 0 at the edges.
    """

    name: str
    low: float
    high: float
    knots: tuple[float, ...]
    ln_factor: tuple[float, ...]

    def factor(self, values: Floats) -> Floats:
        """Return the rate's factor per row: 1 inside, interpolated in its logarithm between knots outside."""
        inside = (values >= self.low) & (values <= self.high) | np.isnan(values)
        read = np.exp(np.interp(values, self.knots, self.ln_factor))
        return np.where(inside, 1.0, read)


def find_window(values: Floats, ln_preston: Floats) -> tuple[float, float] | None:
    """Return the window (low, high) of a condition outside which almost nothing is removed; None without a gate.

    ln_preston (N,) is ln(rate/(P·V)) per row.
    """
    if np.isnan(values).any():
        return None
    levels, code = np.unique(values, return_inverse=True)
    if len(levels) < 4:
        return None
    mean = np.bincount(code, ln_preston) / np.bincount(code)
    best = int(np.argmax(mean))
    inside = mean >= mean[best] + np.log(_INSIDE)
    if not (mean < mean[best] + np.log(_SHUT)).any():
        return None
    first, last = best, best
    while first > 0 and inside[first - 1]:
        first -= 1
    while last + 1 < len(levels) and inside[last + 1]:
        last += 1
    if np.count_nonzero((code >= first) & (code <= last)) < 3:
        return None
    return float(levels[first]), float(levels[last])


def window_of(name: str, low: float, high: float, values: Floats, ln_ratio: Floats) -> Window:
    """Make the window from what lies outside it: values (N,) and ln(measured/law) (N,)."""
    levels, code = np.unique(values, return_inverse=True)
    mean = np.bincount(code, ln_ratio) / np.maximum(np.bincount(code), 1)
    knots = np.concatenate([levels, [low, high]])
    factor = np.concatenate([mean, [0.0, 0.0]])
    order = np.argsort(knots)
    return Window(name, low, high, tuple(knots[order].tolist()), tuple(factor[order].tolist()))


def hydrodynamic_limit_um(pressure_kPa: Floats, velocity_m_s: Floats, other: Codes, ln_rate: Floats) -> float | None:
    """Return the Hersey number above which the rate no longer follows speed, from rates against speed; None if never.

    ``other`` numbers what else differs between rows. Needs three speeds at one pressure and one set of the rest.
    """
    first: list[float] = []
    last: list[float] = []
    limits: list[float] = []
    _, series = np.unique(np.stack([pressure_kPa, other.astype(np.float64)]), axis=1, return_inverse=True)
    for s in range(int(np.max(series)) + 1):
        mine: NDArray[np.bool_] = np.ravel(series) == s
        speeds, code = np.unique(velocity_m_s[mine], return_inverse=True)
        if len(speeds) < 3:
            continue
        mean = np.bincount(code, ln_rate[mine]) / np.bincount(code)
        slope = np.diff(mean) / np.diff(np.log(speeds))
        first.append(float(slope[0]))
        last.append(float(slope[-1]))
        hersey = hersey_number_um(float(pressure_kPa[mine][0]), speeds[-2:])
        limits.append(float(np.sqrt(hersey[0] * hersey[1])))
    if not limits or np.mean(first) < _STEADY_EXPONENT or np.mean(last) > _LIFTED_EXPONENT:
        return None
    return float(np.min(limits))
