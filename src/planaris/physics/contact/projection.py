"""Projection onto pressures that push only and carry a given load."""

from __future__ import annotations

import numpy as np

from planaris.physics.contact.types import Field


def project_onto_load(values: Field, load: float) -> Field:
    """Return the nearest p ≥ 0 with Σp = ``load`` > 0: max(0, v − μ), by dropping cells (Michelot 1986)."""
    kept = values
    while True:
        level = (float(kept.sum()) - load) / kept.size
        positive = kept[kept > level]
        if positive.size in (kept.size, 0):
            return np.maximum(values - level, 0.0)
        kept = positive
