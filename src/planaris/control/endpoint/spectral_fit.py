"""Fit the spectra of one sweep: thickness and level of each; index, underlayers and window of all and of all sweeps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from planaris.control.endpoint.signals import FloatArray
from planaris.control.endpoint.spectral_model import Expansion, NominalStack, derivatives
from planaris.control.endpoint.spectral_window import (
    COLOUR_MEAN,
    COLOUR_PRIOR,
    SCATTER_MEAN,
    SCATTER_PRIOR,
    WindowTerms,
    colour,
)

# Index and underlayers as physics.md section 4 lets them deviate, taken as even distributions of ±1 and ±3 %.
INDEX_PRIOR = 0.01 / 3.0**0.5
UNDER_PRIOR = 0.03 / 3.0**0.5
# Slope over the spectrum that a single flash has of its own, relative: what lies between window and wafer.
FLASH_SLOPE_PRIOR = 0.02
# How far the window's colour and scattered light may move from one sweep to the next, as a share of their priors.
_WANDER_FRACTION = 0.003
# A longer step leaves the range of the expansion and is cut, nm.
_LONGEST_STEP_NM = 20.0
# Nor does a pass believe that the level falls below this of what it was.
_LEAST_LEVEL = 0.3
# Model error of a spectrum, relative to its level: a misfit below it is not believed.
_MODEL_FLOOR = 2e-3
# Spectra of a wafer share their model errors, so that a sweep's information counts for less than its samples say,
_INDEPENDENT_FRACTION = 0.2
# and the common scales are never known better than this.
_SCALE_FLOOR = 2e-4
# A spectrum's own: level, slope and thickness.
_OWN_COUNT = 3
# Where in the shared state what stands: s, u, scattered light, colour.
_SCATTER = slice(2, 2 + len(SCATTER_MEAN))
_COLOUR = slice(_SCATTER.stop, _SCATTER.stop + len(COLOUR_MEAN))
_PRIOR: FloatArray = np.array([INDEX_PRIOR, UNDER_PRIOR, *SCATTER_PRIOR, *COLOUR_PRIOR])
_WANDER: FloatArray = np.diag((_WANDER_FRACTION * _PRIOR * (np.arange(_PRIOR.size) >= _SCATTER.start)) ** 2)


@dataclass(frozen=True, slots=True)
class Shared:
    """What all spectra of a wafer have in common: s, u, scattered light (2) and colour (4), with its covariance."""

    scales: FloatArray
    covariance: FloatArray

    @property
    def index_scale(self) -> float:
        """Index of the film over nominal."""
        return float(self.scales[0])

    @property
    def under_scale(self) -> float:
        """Thickness of the underlayers over nominal."""
        return float(self.scales[1])


def nominal_shared() -> Shared:
    """Return s = u = 1 and a window as it usually is, with their priors."""
    return Shared(np.array([1.0, 1.0, *SCATTER_MEAN, *COLOUR_MEAN]), np.diag(_PRIOR**2))


@dataclass(frozen=True, slots=True)
class SweepFit:
    """Thicknesses of spectra (k,), their deviations by noise, levels, relative misfits; what they share after them."""

    effective_nm: FloatArray
    sigma_nm: FloatArray
    gain: FloatArray
    misfit: FloatArray
    shared: Shared


def fit_sweep(
    stack: NominalStack,
    window: WindowTerms,
    about: Expansion,
    shared: Shared,
    measured: FloatArray,
    guess_nm: FloatArray,
    passes: int = 2,
) -> SweepFit:
    """Fit spectra (k, L) from guesses (k,) by Gauss-Newton, with level, a small slope and thickness for each.

    What they share takes all spectra of the sweep (Schur complement), the sweeps before being its prior; a wafer's
    window may have changed a little since.
    """
    terms, back, x = window.colour, window.scatter, window.slope
    covariance = shared.covariance + _WANDER
    before = np.linalg.inv(covariance)
    nm, at = guess_nm.astype(np.float64), shared.scales.copy()
    at[:2] = about.index_scale, about.under_scale
    ahead = shared.scales - at
    fit: SweepFit | None = None
    for _ in range(passes):
        film, by_nm, by_index, by_under = derivatives(stack, about, nm)
        passed = colour(terms, at[_COLOUR])
        # Rows of each spectrum: its level, slope and thickness, what all share, and what is to be explained.
        rows = np.empty((nm.size, _OWN_COUNT + at.size + 1, x.size))
        common = rows[:, _OWN_COUNT:-1]
        model = np.multiply(film, passed, out=rows[:, 0])
        np.multiply(model, x, out=rows[:, 1])
        np.multiply(by_nm, passed, out=rows[:, 2])
        np.multiply(by_index, passed, out=common[:, 0])
        np.multiply(by_under, passed, out=common[:, 1])
        np.multiply(film[:, None, :], terms, out=common[:, _COLOUR])
        lit = measured - at[_SCATTER] @ back
        power = np.einsum("kl,kl->k", model, model)
        gain = np.maximum(np.einsum("kl,kl->k", lit, model) / power, 1e-9)
        common[:, _SCATTER] = back / gain[:, None, None]
        np.subtract(lit / gain[:, None], model, out=rows[:, -1])
        # All that follows takes only their products with each other.
        products = rows @ rows.transpose(0, 2, 1)
        level = power / x.size
        own, cross = products[:, :_OWN_COUNT, :_OWN_COUNT].copy(), products[:, :_OWN_COUNT, _OWN_COUNT:]
        own[:, 1, 1] += (_MODEL_FLOOR / FLASH_SLOPE_PRIOR) ** 2 * level
        inverse = np.linalg.inv(own)
        solved = inverse @ cross
        variance = _rest(products, _steps(solved, ahead)) / x.size + _MODEL_FLOOR**2 * level
        left = products[:, _OWN_COUNT:, _OWN_COUNT:] - cross.transpose(0, 2, 1) @ solved
        summed = _INDEPENDENT_FRACTION * np.einsum("k,kpq->pq", 1.0 / variance, left)
        covariance = np.linalg.inv(before + summed[:-1, :-1])
        scales = covariance @ (before @ (shared.scales - at) + summed[:-1, -1])
        steps = _steps(solved, scales)
        nm = nm + np.clip(steps[:, 2], -_LONGEST_STEP_NM, _LONGEST_STEP_NM)
        misfit = np.sqrt(np.maximum(_rest(products, steps), 0.0) / power)
        # Level and colour are a product: a colour that was found beside a change of level belongs to the new level.
        levelled = scales.copy()
        levelled[_COLOUR] /= max(1.0 + median_of(steps[:, 0]), _LEAST_LEVEL)
        sigma_nm = np.sqrt(variance * inverse[:, 2, 2])
        fit = SweepFit(nm, sigma_nm, gain, misfit, Shared(at + levelled, _floored(covariance)))
        # Linear in the window, so that the next pass may start from all of it; s and u stay the expansion's.
        ahead = scales.copy()
        ahead[2:] = 0.0
        at = np.concatenate([at[:2], at[2:] + levelled[2:]])
    assert fit is not None, "passes is at least 1"
    return fit


def median_of(values: FloatArray) -> float:
    """Return the median of a few values (k,), NaN if one is; for so few NumPy takes ten times as long."""
    ordered = sorted(values.tolist())
    if any(map(math.isnan, ordered)):
        return math.nan
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else 0.5 * (ordered[half - 1] + ordered[half])


def _steps(solved: FloatArray, scales: FloatArray) -> FloatArray:
    """Return the steps of each spectrum's own (k, 3) and of the shared, once ``scales`` (q,) are taken; ends in −1."""
    own = solved[:, :, -1] - solved[:, :, :-1] @ scales
    return np.concatenate([own, np.broadcast_to(np.append(scales, -1.0), (own.shape[0], scales.size + 1))], axis=1)


def _rest(products: FloatArray, steps: FloatArray) -> FloatArray:
    """Return the sum of squares (k,) that steps leave unexplained."""
    return np.einsum("kp,kpq,kq->k", steps, products, steps)


def _floored(covariance: FloatArray) -> FloatArray:
    """Return the covariance with no direction known better than the floor, in units of the priors."""
    values, vectors = np.linalg.eigh(covariance / np.outer(_PRIOR, _PRIOR))
    floor = (_SCALE_FLOOR / INDEX_PRIOR) ** 2
    return (vectors * np.maximum(values, floor)) @ vectors.T * np.outer(_PRIOR, _PRIOR)
