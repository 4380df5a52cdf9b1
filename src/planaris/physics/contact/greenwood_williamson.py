"""Greenwood and Williamson's contact of a rough pad with a flat wafer: summits of one radius, each after Hertz.

Source: Greenwood and Williamson 1966. With N summits per area, radius R, heights φ of deviation σ and separation d from
the summits' mean plane: P = N·(4/3)E*·√R·∫(z−d)^(3/2)φ, A_r/A = πRN·∫(z−d)φ, n = N·∫φ, each from d on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy.optimize import brentq
from scipy.special import gamma, ndtr, pbdv

from planaris.physics._namespace import Array, ArrayLike, array_namespace

# Suzuki 2017, from compression of a polyurethane pad (grade S); Poisson's ratio of polyurethane (A).
PAD_MODULUS_MPA = 132.0
PAD_POISSON_RATIO = 0.3
_M2_PER_UM2 = 1e-12
_KPA_PER_MPA = 1000.0
_LEAST = float(np.finfo(np.float64).tiny)


class SummitHeights(Enum):
    """How summit heights are distributed: about their mean, or falling exponentially from a base plane."""

    GAUSSIAN = "gaussian"
    EXPONENTIAL = "exponential"


@dataclass(frozen=True, slots=True)
class SummitPopulation:
    """Summits of a pad; the numbers that five groups use for polyurethane pads (grade S).

    They serve for load and area. They do not serve for counts: confocal images show 40 to 240 contacts per mm² at 4 psi
    where this set gives 5 to 7.
    """

    summit_density_m2: float = 2.0e8
    summit_radius_um: float = 50.0
    height_sigma_um: float = 5.0


@dataclass(frozen=True, slots=True)
class SummitContact:
    """Pressure, real over apparent area, and contacts per area at a separation; shape of the separation."""

    pressure_kPa: Array
    area_ratio: Array
    contacts_m2: Array


def reduced_modulus_MPa(modulus_MPa: float = PAD_MODULUS_MPA, poisson_ratio: float = PAD_POISSON_RATIO) -> float:
    """Return E* = E/(1 − ν²) of a pad under a rigid wafer."""
    return modulus_MPa / (1.0 - poisson_ratio**2)


def summit_contact(
    separation_um: ArrayLike,
    summits: SummitPopulation,
    reduced_modulus_MPa: float,
    heights: SummitHeights = SummitHeights.GAUSSIAN,
) -> SummitContact:
    """Return the contact at a separation from the summits' mean plane (Gaussian) or base plane (exponential).

    The exponential form keeps the array it is given; the Gaussian one needs NumPy's.
    """
    of = _gaussian_moment if heights is SummitHeights.GAUSSIAN else _exponential_moment
    sigma, radius = summits.height_sigma_um, summits.summit_radius_um
    per_um2 = _M2_PER_UM2 * summits.summit_density_m2
    xp = array_namespace(separation_um)
    level = xp.asarray(separation_um) / sigma
    stiffness = _KPA_PER_MPA * per_um2 * (4.0 / 3.0) * reduced_modulus_MPa * radius**0.5
    return SummitContact(
        pressure_kPa=stiffness * sigma**1.5 * of(1.5, level),
        area_ratio=np.pi * radius * per_um2 * sigma * of(1.0, level),
        contacts_m2=summits.summit_density_m2 * of(0.0, level),
    )


def separation_under_um(
    pressure_kPa: float,
    summits: SummitPopulation,
    reduced_modulus_MPa: float,
    heights: SummitHeights = SummitHeights.GAUSSIAN,
) -> float:
    """Return the separation at which the summits carry a pressure above zero.

    Raises ValueError for a pressure that no separation within ±38 σ gives.
    """

    def excess(level: float) -> float:
        made = summit_contact(level * summits.height_sigma_um, summits, reduced_modulus_MPa, heights).pressure_kPa
        # Beyond a double's range a pressure is zero; the least one keeps its logarithm.
        return float(np.log(max(float(made), _LEAST)) - np.log(pressure_kPa))

    # From 38 σ on a Gaussian tail leaves the range of doubles.
    low, high = -38.0, 36.0
    if not (pressure_kPa > 0.0 and excess(high) < 0.0 < excess(low)):
        raise ValueError(f"no separation gives pressure_kPa = {pressure_kPa}")
    return summits.height_sigma_um * float(brentq(excess, low, high, xtol=1e-12))


def _exponential_moment(power: float, level: Array) -> Array:
    """Return ∫(s−t)^n·e^(−s) ds from t on: Γ(n+1)·e^(−t)."""
    return float(gamma(power + 1.0)) * array_namespace(level).exp(-level)


def _gaussian_moment(power: float, level: Array) -> Array:
    """Return ∫(s−t)^n·φ(s) ds from t on: Γ(n+1)/√(2π)·e^(−t²/4)·D_(−n−1)(t), parabolic cylinder function D."""
    if power == 0.0:
        return ndtr(-level)
    cylinder = pbdv(-power - 1.0, level)[0]
    return float(gamma(power + 1.0)) / np.sqrt(2.0 * np.pi) * np.exp(-0.25 * level**2) * cylinder
