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


class Facility:
    """Supplies over time: steady values with slow swings, each times a ratio that a fault may change."""

    def __init__(self) -> None:
        self._from_s: list[float] = [-np.inf]
        self._ratios: list[Array] = [np.ones(len(FACILITY_SIGNALS))]

    def set_ratio(self, time_s: float, signal: str, ratio: float) -> None:
        """Scale a supply from a time on: 0 is lost, 1 as it should be. Raise `ValueError` for an unknown one."""
        names = [s.tag for s in FACILITY_SIGNALS]
        if signal not in names:
            raise ValueError(f"no facility supply {signal}; they are {', '.join(names)}")
        ratios = self._ratios[-1].copy()
        ratios[names.index(signal)] = ratio
        self._from_s.append(time_s)
        self._ratios.append(ratios)

    def values(self, times_s: Array) -> Array:
        """Return noiseless values, shape (n, signals)."""
        swing = _MIDDLE + _SWING * np.sin(2.0 * np.pi * times_s[:, None] / _PERIOD_S)
        if len(self._ratios) == 1:
            return swing * self._ratios[0]
        which = np.searchsorted(self._from_s, times_s, side="right") - 1
        return swing * np.stack(self._ratios)[which]
