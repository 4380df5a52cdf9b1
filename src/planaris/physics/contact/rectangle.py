"""A half-space under uniform pressure on one cell."""

from __future__ import annotations

import numpy as np

from planaris.physics.contact.types import Field


def influence_um(x_um: Field | float, y_um: Field | float, side_um: float) -> Field:
    """Return the displacement at (x, y) for a pressure of E* on a square of ``side_um`` around the origin.

    Arguments broadcast. Source: Love 1929; Johnson 1985, eq. 3.25: u·πE*/p is a sum of (x±a)·ln(…) and (y±b)·ln(…).
    """
    half = 0.5 * side_um
    x, y = np.asarray(x_um, dtype=np.float64), np.asarray(y_um, dtype=np.float64)
    right, left, up, down = x + half, x - half, y + half, y - half
    corner = {(a, b): np.hypot(a_um, b_um) for a, a_um in enumerate((right, left)) for b, b_um in enumerate((up, down))}
    total = right * np.log((up + corner[0, 0]) / (down + corner[0, 1]))
    total = total + up * np.log((right + corner[0, 0]) / (left + corner[1, 0]))
    total = total + left * np.log((down + corner[1, 1]) / (up + corner[1, 0]))
    total = total + down * np.log((left + corner[1, 1]) / (right + corner[0, 1]))
    return total / np.pi
