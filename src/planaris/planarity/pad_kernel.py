"""How far a pad carries: the shape of its deflection under a load, as weights on a grid.

Elliptic: deflection of a half-space under uniform load on radius a (Johnson 1985, 3.29; Ouma 1998): inside u ∝ E(m),
m = r²/a²; outside u ∝ (r/a)·[E(1/m) − (1 − 1/m)·K(1/m)]. The planarization length is L = 2a. The tail falls as 1/r and
has no integral: it is cut at a radius that belongs to the kernel, and what is left is normalised to 1.
Square and cylinder are the published peers, of side and of diameter L (Ouma 1998, Table 5.3).
"""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ellipe, ellipk

Array = NDArray[np.float64]

# Points across a cell, each way, over which a weight is averaged: edges of the kernel fall inside cells.
_SAMPLES = 6
# Radii of the table between which the deflection is interpolated.
_TABLE = 20001


class KernelShape(Enum):
    """Weights of a pad by distance."""

    ELLIPTIC = "elliptic"
    SQUARE = "square"
    CYLINDRICAL = "cylindrical"


def deflection_ratio(radius_ratio: Array) -> Array:
    """Return u(r)/u(0) under a uniformly loaded disc by r/a; 2/π at the rim."""
    r = np.asarray(radius_ratio, dtype=np.float64)
    within = r <= 1.0
    inner = ellipe(np.where(within, r, 0.0) ** 2)
    m = 1.0 / np.where(within, 1.0, r) ** 2
    # (1 − m)·K(m) goes to 0 at m = 1, where K alone is infinite.
    rest = np.where(m < 1.0, (1.0 - m) * ellipk(np.where(m < 1.0, m, 0.0)), 0.0)
    outer = np.where(within, 1.0, r) * (ellipe(m) - rest)
    return np.where(within, inner, outer) / (0.5 * np.pi)


def kernel_weights(
    cell_um: float,
    planarization_length_mm: float,
    *,
    shape: KernelShape = KernelShape.ELLIPTIC,
    cut_ratio: float = 2.0,
) -> Array:
    """Return the weights [2n+1, 2n+1] of the cells around one, sum 1, mirror-symmetric.

    ``cut_ratio`` is the elliptic kernel's cut over its load radius a = L/2. Raises ValueError for lengths not above 0.
    """
    if not (cell_um > 0.0 and planarization_length_mm > 0.0 and cut_ratio > 0.0):
        given = f"cell_um = {cell_um}, planarization_length_mm = {planarization_length_mm}, cut_ratio = {cut_ratio}"
        raise ValueError(f"lengths of a kernel must be above 0, got {given}")
    half_um = 500.0 * planarization_length_mm
    reach_um = half_um * (cut_ratio if shape is KernelShape.ELLIPTIC else 1.0)
    n = int(np.ceil(reach_um / cell_um + 0.5))
    fine = (np.arange((n + 1) * _SAMPLES) + 0.5) / _SAMPLES - 0.5  # one quadrant, in cells
    away = np.abs(fine) * cell_um
    if shape is KernelShape.SQUARE:
        one = (away <= half_um).astype(np.float64)
        values = one[:, None] * one[None, :]
    else:
        radius = np.hypot(away[:, None], away[None, :])
        if shape is KernelShape.CYLINDRICAL:
            values = (radius <= half_um).astype(np.float64)
        else:
            table = np.linspace(0.0, cut_ratio, _TABLE)
            values = np.interp(radius / half_um, table, deflection_ratio(table)) * (radius <= reach_um)
    quadrant = values.reshape(n + 1, _SAMPLES, n + 1, _SAMPLES).mean(axis=(1, 3))
    half = np.concatenate([quadrant[:0:-1], quadrant])
    whole = np.concatenate([half[:, :0:-1], half], axis=1)
    return whole / whole.sum()
