"""How up and down places of a cell share its load, by their step: two-level contact, or a recess between two films.

Pressures are relative to the cell's mean, so that ρ·p_up + (1−ρ)·p_dn = 1; slopes are per nanometre of step and keep
that sum: ρ·p′_up + (1−ρ)·p′_dn = 0. Contact: `physics.contact_rates` (Vasilev 2011); recess: `physics.TwoMaterials`
(Tugbawa 2002, B. Lee 2002); here for whole maps, for steps of either sign, and with slopes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.physics import ContactConstants

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Split:
    """Relative pressures on up and down places, and their slopes by the step."""

    up: Array
    down: Array
    up_per_nm: Array
    down_per_nm: Array


def bending_per_nm(constants: ContactConstants, width_um: Array) -> Array | float:
    """Return 4αR/w² of the width term, per nanometre of step; 0 without it."""
    if constants.alpha == 0.0:
        return 0.0
    return 4e-3 * constants.alpha * constants.summit_radius_um / (width_um * width_um)


def contact_split(step_nm: Array, density: Array, sigma_nm: float, bend_per_nm: Array | float, xp: Any) -> Split:
    """Return the split of two-level contact; what stands higher carries more, be it up or down.

    g = e^{−|h|/σ}·(1 + b|h|)^{−½}, pressures 1 and g over (share of the high) + (share of the low)·g.
    """
    size = xp.abs(step_nm)
    low = xp.exp(size * (-1.0 / sigma_nm))
    fall = 1.0 / sigma_nm
    if not isinstance(bend_per_nm, float):
        bent = 1.0 + bend_per_nm * size
        low = low / xp.sqrt(bent)
        fall = fall + 0.5 * bend_per_nm / bent
    rest = 1.0 - density
    up_high = step_nm >= 0.0
    if xp is np and bool(up_high.all()):
        load = density + rest * low
        up, down = 1.0 / load, low / load
    else:
        load = xp.where(up_high, density + rest * low, rest + density * low)
        up, down = xp.where(up_high, 1.0, low) / load, xp.where(up_high, low, 1.0) / load
    slope = low * fall / (load * load)
    return Split(up, down, rest * slope, -density * slope)


def recess_split(recess_nm: Array, density: Array, largest_nm: Array | float, xp: Any) -> Split:
    """Return the split of a recess: 1 − D/d_max on the down places, and what is left on the up ones.

    Beyond d_max the pad leaves the down places, beyond −d_max·ρ/(1−ρ) the up ones.
    """
    rest = 1.0 - density
    most = density / xp.maximum(rest, 1e-12)
    share = recess_nm / largest_nm
    bound = xp.clip(share, -most, 1.0)
    free = xp.where(share == bound, 1.0, 0.0) / largest_nm
    leaned = rest / density
    return Split(1.0 + leaned * bound, 1.0 - bound, leaned * free, -free)
