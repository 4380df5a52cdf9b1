"""What a window's instruments truly are: deviations, drift and wear that no estimator is told. All values [design].

Estimators know the nominal: constants as published, a lamp seen by the reference, a clear window, the coil at its
nominal lift-off. ``scale`` 0 leaves every deviation out; noise stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from planaris.physics import EddyCoil
from planaris.twin.noise import stream_of

Array = NDArray[np.float64]

# Refractive index of a film from run to run, ± (physics.md's class of 1 % for oxides, 0.03 for nitride).
INDEX_DEVIATION_PCT = 1.0
# Lowest film of a place of a patterned wafer, from wafer to wafer, ±. Films of a blanket wafer differ by themselves.
LOWEST_FILM_PCT = 3.0
# Lamp: level and slope of its spectrum wander over hours, each flash differs.
LAMP_DRIFT_PCT, LAMP_PERIODS_s = 3.0, (2900.0, 9700.0, 31000.0)
FLASH_JITTER_PCT = 0.3
# Window: light lost and light scattered back as the pad ages, more in the blue.
WINDOW_FIRST_LOSS_FRACTION, WINDOW_LIFE_h = 0.06, 60.0
HAZE_START_FRACTION, HAZE_PER_h = 0.003, 0.0008
# Slurry or a bubble between window and wafer: share of flashes, and least share of light left.
DROPOUT_FRACTION, DROPOUT_LEFT_FRACTION = 0.012, 0.35
# Noise, 1 sigma, of full scale: a spectrum's point, the laser, the coil.
SPECTRUM_NOISE, LASER_NOISE, EDDY_NOISE = 0.002, 0.0015, 0.0004
LASER_DRIFT_PCT = 1.0
EDDY_GAIN_PCT, EDDY_OFFSET = 1.0, 0.001
FULL_SCALE = 1.2
# Deviates from nominal at 600 nm; the ends of the spectrum are one span away.
_MIDDLE_nm, _SPAN_nm = 600.0, 200.0


@dataclass(frozen=True)
class WindowTruth:
    """Truth of one platen's window; ``scale`` is 1, or 0 where the twin matches the nominal."""

    seed: int
    platen: int
    scale: float

    def index_ratio(self, material: str) -> float:
        """Return true over nominal index of a film in this run."""
        chance = stream_of(self.seed, f"optics.index.{material}")
        return 1.0 + self.scale * 0.01 * INDEX_DEVIATION_PCT * float(chance.uniform(-1.0, 1.0))

    def lowest_ratio(self, wafer_id: str, place: int) -> float:
        """Return true over nominal thickness of the lowest film of a place of a patterned wafer."""
        chance = stream_of(self.seed, f"optics.lowest.{wafer_id}.{place}")
        return 1.0 + self.scale * 0.01 * LOWEST_FILM_PCT * float(chance.uniform(-1.0, 1.0))

    @cached_property
    def _phases(self) -> Array:
        return stream_of(self.seed, f"optics.lamp.{self.platen}").uniform(0.0, 2.0 * np.pi, (3, len(LAMP_PERIODS_s)))

    def _drift(self, row: int, times_s: Array) -> Array:
        """Return a slow wander (m,) within ±1."""
        turns = 2.0 * np.pi * times_s[:, None] / np.array(LAMP_PERIODS_s) + self._phases[row]
        return np.sin(turns).mean(axis=1)

    def lamp(self, times_s: Array, wavelength_nm: Array) -> Array:
        """Return the lamp's level (m, L), 1 as nominal."""
        size = self.scale * 0.01 * LAMP_DRIFT_PCT
        color = (wavelength_nm - _MIDDLE_nm) / _SPAN_nm
        return 1.0 + size * (self._drift(0, times_s)[:, None] + self._drift(1, times_s)[:, None] * color)

    def laser_gain(self, times_s: Array) -> Array:
        """Return the laser's level (m,)."""
        return 1.0 + self.scale * 0.01 * LASER_DRIFT_PCT * self._drift(2, times_s)

    def window(self, window_h: float, fouling: Array, wavelength_nm: Array) -> tuple[Array, Array]:
        """Return (share of light passed, scattered back) (m, L) of a window of an age, ``fouling`` (m,) on top."""
        blue = (_MIDDLE_nm / wavelength_nm) ** 2
        lost = self.scale * (WINDOW_FIRST_LOSS_FRACTION + 1.0 - np.exp(-window_h / WINDOW_LIFE_h))
        haze = self.scale * (HAZE_START_FRACTION + HAZE_PER_h * window_h)
        passed = np.clip(1.0 - lost * blue, 0.05, 1.0)
        return passed * (1.0 - fouling[:, None]), haze * blue + 0.25 * fouling[:, None] * blue

    @cached_property
    def _coil(self) -> tuple[float, float, float]:
        chance = stream_of(self.seed, f"optics.eddy.{self.platen}")
        gain, first, second = np.clip(chance.standard_normal(3), -2.5, 2.5)
        offset = self.scale * EDDY_OFFSET
        return 1.0 + self.scale * 0.01 * EDDY_GAIN_PCT * float(gain), offset * float(first), offset * float(second)

    def eddy(self, resistive: Array, reactive: Array) -> tuple[Array, Array]:
        """Return what the coil makes of its two signals."""
        gain, first, second = self._coil
        return gain * resistive + first, gain * reactive + second

    def liftoff_mm(self, coil: EddyCoil, pad_lost_mm: float) -> float:
        """Return the coil's lift-off over a pad that has lost height."""
        return coil.liftoff_mm - self.scale * pad_lost_mm
