"""Seeded rough surfaces for contact tests."""

from __future__ import annotations

import numpy as np


def self_affine(
    n: int, generator: np.random.Generator, *, hurst: float = 0.8, longest: int = 4, shortest: int = 32
) -> np.ndarray:
    """Return a periodic surface (n, n) over a unit square, of rms slope 1.

    Its spectrum falls as q^(−2(H+1)) from ``longest`` to ``shortest`` waves a side, and is empty outside.
    """
    waves = np.hypot(np.fft.fftfreq(n, 1.0 / n)[:, None], np.fft.rfftfreq(n, 1.0 / n)[None, :])
    kept = (waves >= longest) & (waves <= shortest)
    amplitude = np.where(kept, np.maximum(waves, 1.0) ** -(1.0 + hurst), 0.0)
    spectrum = amplitude * np.fft.rfft2(generator.standard_normal((n, n)))
    twice = np.full(spectrum.shape[1], 2.0)
    twice[[0, -1]] = 1.0
    mean_square_slope = float((twice * np.abs(2.0 * np.pi * waves * spectrum) ** 2).sum()) / n**4
    return np.fft.irfft2(spectrum, s=(n, n)) / np.sqrt(mean_square_slope)
