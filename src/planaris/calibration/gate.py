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
# What is believed of a pressure exponent outside before the data speak: as the law's own, give or take this much; and
# the scatter of ln(rate) of rows there.
_SLOPE_PRIOR = 0.7
_SLOPE_SCATTER = 0.3
# The pad's lift shows where the rate stops following speed: exponent of the first and of the last step of speed.
_STEADY_EXPONENT = 0.7
_LIFTED_EXPONENT = 0.4


@dataclass(frozen=True, slots=True)
class Window:
    """Window of one condition (pH) in which the law holds; ``knots`` are its values outside, edges included.

    ``ln_factor`` is ln(measured over law) at each knot and at ``pressure_kPa``, 0 at the edges. What is outside need
    not answer to pressure as the law does: ``exponent_below`` and ``exponent_above`` add to the law's own exponent.
    """

    name: str
    low: float
    high: float
    knots: tuple[float, ...]
    ln_factor: tuple[float, ...]
    exponent_below: float = 0.0
    exponent_above: float = 0.0
    pressure_kPa: float = 1.0

    def factor(self, values: Floats, pressure_kPa: Floats) -> Floats:
        """Return the rate's factor per row: 1 inside, interpolated in its logarithm between knots outside."""
        inside = (values >= self.low) & (values <= self.high) | np.isnan(values)
        added = np.where(values < self.low, self.exponent_below, self.exponent_above)
        read = np.interp(values, self.knots, self.ln_factor) + added * np.log(pressure_kPa / self.pressure_kPa)
        return np.where(inside, 1.0, np.exp(read))


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


def window_of(
    name: str, low: float, high: float, values: Floats, ln_ratio: Floats, pressure_kPa: Floats, middle_kPa: float
) -> Window:
    """Make the window from what lies outside it: values (N,), ln(measured/law) (N,) and pressures (N,)."""
    levels, code = np.unique(values, return_inverse=True)
    ln_p = np.log(pressure_kPa / middle_kPa)
    below, above = (_added_exponent(code[side], ln_p[side], ln_ratio[side]) for side in (values < low, values > high))
    ln_ratio = ln_ratio - np.where(values < low, below, above) * ln_p
    mean = np.bincount(code, ln_ratio) / np.maximum(np.bincount(code), 1)
    knots = np.concatenate([levels, [low, high]])
    factor = np.concatenate([mean, [0.0, 0.0]])
    order = np.argsort(knots)
    return Window(
        name, low, high, tuple(knots[order].tolist()), tuple(factor[order].tolist()), below, above, middle_kPa
    )


def _added_exponent(code: Codes, ln_p: Floats, ln_ratio: Floats) -> float:
    """Return the slope of ln(measured/law) on ln P within levels, drawn towards none as its prior says."""
    if not len(code):
        return 0.0
    count = np.maximum(np.bincount(code), 1)
    x = ln_p - (np.bincount(code, ln_p) / count)[code]
    y = ln_ratio - (np.bincount(code, ln_ratio) / count)[code]
    return float(np.sum(x * y) / (np.sum(x * x) + (_SLOPE_SCATTER / _SLOPE_PRIOR) ** 2))


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
