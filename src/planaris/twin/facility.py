"""Facility supplies as the tool sees them: steady values with slow swings (limits: docs/reference/design-values.md)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planaris.twin.signals import Signal

Array = NDArray[np.float64]
FACILITY_RATE_Hz = 1

FACILITY_SIGNALS: tuple[Signal, ...] = (
    Signal("di_pressure_kPa", 0.8, tau_s=1.0),
    Signal("cda_pressure_kPa", 0.8, tau_s=1.0),
    Signal("n2_pressure_kPa", 0.8, tau_s=1.0),
    Signal("vacuum_kPa", 0.3, tau_s=1.0),
    Signal("cooling_water_temperature_C", 0.03, tau_s=1.0),
    Signal("exhaust_velocity_m_s", 0.004, tau_s=1.0),
)
_MIDDLE: Array = np.array([345.0, 480.0, 500.0, -86.0, 20.0, 0.42])
_SWING: Array = np.array([4.0, 6.0, 5.0, 1.0, 0.25, 0.01])
_PERIOD_S: Array = np.array([310.0, 190.0, 270.0, 145.0, 600.0, 90.0])


def facility_values(times_s: Array) -> Array:
    """Return noiseless facility values, shape (n, signals)."""
    return _MIDDLE + _SWING * np.sin(2.0 * np.pi * times_s[:, None] / _PERIOD_S)
