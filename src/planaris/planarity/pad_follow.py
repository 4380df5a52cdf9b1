"""How a pad leans on what it cannot follow: the load on places that stand above or below their surroundings.

An elastic half-space under a rough layer: pressure and the layer's give are tied by p = P·e^{(z − d)/σ}, as between up
and down places; d is where the pad's plane lies. For small waves of height z and wave number q the half-space takes δp
= E*q/2·(its own displacement), which in series with the layer is δp/P = z/(σ + 2P/(E*q)). Hence d = k ⊗ z + d₀ with the
transfer k̂(q) = 1/(1 + ℓq), ℓ = σE*/(2P): long waves are followed, short ones are levelled. d₀ keeps the chip's load.
(Form of this project; E* of the pad's bulk after Ouma 1998, p. 126: 29 MPa, ν 1/3, I.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

Map = NDArray[np.float64]

PAD_MODULUS_MPa, PAD_POISSON = 29.0, 1.0 / 3.0
_KPA_PER_MPA, _NM_PER_UM = 1e3, 1e3


@dataclass(frozen=True, slots=True)
class PadFollow:
    """A pad's bulk under a pressure; a modulus of 0 follows everything and levels nothing."""

    modulus_MPa: float = PAD_MODULUS_MPa
    poisson: float = PAD_POISSON
    pressure_kPa: float = 20.684271879504

    def reach_um(self, sigma_nm: float) -> float:
        """Return ℓ = σE*/(2P): waves shorter than 2πℓ are levelled, longer ones followed."""
        stiff_kPa = _KPA_PER_MPA * self.modulus_MPa / (1.0 - self.poisson**2)
        return sigma_nm / _NM_PER_UM * stiff_kPa / (2.0 * self.pressure_kPa)

    def load_ratio(self, heights_nm: Map, inside: Map, cell_um: float, sigma_nm: float, workers: int = 1) -> Map:
        """Return the load of cells [ny, nx] over the mean one, for heights that repeat; its mean over the chip is 1."""
        ny, nx = heights_nm.shape
        q = 2.0 * np.pi * np.hypot(scipy.fft.fftfreq(ny, cell_um)[:, None], scipy.fft.rfftfreq(nx, cell_um)[None, :])
        reach = self.reach_um(sigma_nm) * q
        spectrum = scipy.fft.rfft2(heights_nm, workers=workers)
        proud = scipy.fft.irfft2(spectrum * (reach / (1.0 + reach)), s=(ny, nx), workers=workers)
        load = np.exp((proud - proud.max()) / sigma_nm)
        return load * (float(inside.sum()) / float((load * inside).sum()))
