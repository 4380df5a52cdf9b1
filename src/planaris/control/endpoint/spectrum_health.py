"""Health of spectra: which of a sweep's may be believed, and what is wrong with the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planaris.control.endpoint.signals import FloatArray


@dataclass(frozen=True, slots=True)
class SpectrumLimits:
    """What a good spectrum may be: reflectances below ``saturated``, gain and misfit of its fit within limits.

    ``misfit`` is relative to the spectrum's level. Noise of 1 % and a film that deviates as physics.md section 4 says
    leave 0.015 after the fit.
    """

    saturated: float = 1.2
    dark: float = 0.01
    gain_low: float = 0.35
    gain_high: float = 1.4
    misfit: float = 0.06
    fewest_fraction: float = 0.4


def believable(spectra: FloatArray, last: FloatArray | None, limits: SpectrumLimits) -> tuple[np.ndarray, str]:
    """Return which spectra (k, L) may be fitted, and a name for what is wrong with most of the others, or ''.

    A spectrum that repeats the one before it to the last digit is stuck: noise never repeats over 256 wavelengths.
    """
    finite = np.isfinite(spectra).all(axis=1)
    shown = np.where(np.isfinite(spectra), spectra, 0.0)
    dark = ~finite | (shown.mean(axis=1) < limits.dark)
    full = (shown >= limits.saturated).mean(axis=1) > 0.02
    before = np.concatenate([shown[:1] - 1.0 if last is None else last[None, :], shown[:-1]])
    stuck = ~dark & (shown == before).all(axis=1)
    good = ~(dark | full | stuck)
    if good.mean() >= limits.fewest_fraction:
        return good, ""
    counts = {"drop-out": dark.sum(), "saturated": full.sum(), "stuck": stuck.sum()}
    return good, max(counts, key=lambda name: counts[name])


def without_spikes(spectra: FloatArray) -> FloatArray:
    """Return spectra (k, L) with single wavelengths that stand out from both neighbours set between them."""
    middle = 0.5 * (spectra[:, :-2] + spectra[:, 2:])
    off = spectra[:, 1:-1] - middle
    half = off.shape[1] // 2
    spread = 1.4826 * np.partition(np.abs(off), half, axis=1)[:, half, None] + 1e-6
    cleaned = spectra.copy()
    cleaned[:, 1:-1] = np.where(np.abs(off) > 8.0 * spread, middle, spectra[:, 1:-1])
    return cleaned
