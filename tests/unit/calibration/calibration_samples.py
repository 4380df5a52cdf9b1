"""Tables made from known laws, for the calibration's tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from planaris.calibration import Table, table_from_columns
from planaris.physics import RemovalLaw, removal_rate_nm_min

PRESSURES_KPA = (7.0, 14.0, 21.0, 28.0, 35.0)
SPEEDS_M_S = (0.5, 0.9, 1.4)


def grid() -> tuple[np.ndarray, np.ndarray]:
    """Return 15 conditions of pressure and speed."""
    p, v = np.meshgrid(PRESSURES_KPA, SPEEDS_M_S)
    return p.ravel(), v.ravel()


def rates(law: RemovalLaw, p: np.ndarray, v: np.ndarray, scatter: float = 0.0, seed: int = 1) -> np.ndarray:
    """Return a law's rates, with relative scatter."""
    noise = np.exp(scatter * np.random.default_rng(seed).standard_normal(len(p)))
    return removal_rate_nm_min(p, v, 25.0, law) * noise


def table(p: np.ndarray, v: np.ndarray, rate: np.ndarray, more: Mapping[str, Any] | None = None) -> Table:
    """Make a table of one film."""
    columns = {
        "film": ["TEOS"] * len(p),
        "pressure_kPa": p,
        "velocity_m_s": v,
        "removal_rate_nm_min": rate,
        **(more or {}),
    }
    return table_from_columns(columns)
