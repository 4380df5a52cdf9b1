"""Fit the spectra of one sweep: thickness, gain and slope of each; index and underlayers of all and of all sweeps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planaris.control.endpoint.signals import FloatArray
from planaris.control.endpoint.spectral_library import centred, scatter
from planaris.control.endpoint.spectral_model import Expansion, NominalStack, derivatives

# Prior deviations, relative: gain's slope and curvature over the spectrum (lamp, window), index of the film, thickness
# below it; and light that the window scatters back, in reflectance.
# Index and underlayers as physics.md section 4 lets them deviate, taken as even distributions of ±1 and ±3 %.
SLOPE_PRIOR = 0.3
INDEX_PRIOR = 0.01 / 3.0**0.5
UNDER_PRIOR = 0.03 / 3.0**0.5
SCATTER_MEAN, SCATTER_PRIOR = 0.005, 0.01
# A longer step leaves the range of the expansion and is cut, nm.
_LONGEST_STEP_NM = 20.0
# Model error of a spectrum, relative to its level: a misfit below it is not believed.
_MODEL_FLOOR = 2e-3
# Spectra of a wafer share their model errors, so that a sweep's information counts for less than its samples say,
_INDEPENDENT_FRACTION = 0.2
# and the common scales are never known better than this.
_SCALE_FLOOR = 2e-4


@dataclass(frozen=True, slots=True)
class Shared:
    """What all spectra of a wafer have in common: s, u and scattered light (3,), with their information matrix."""

    scales: FloatArray
    information: FloatArray

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
    information = np.diag([INDEX_PRIOR**-2.0, UNDER_PRIOR**-2.0, SCATTER_PRIOR**-2.0])
    return Shared(np.array([1.0, 1.0, SCATTER_MEAN]), information)


@dataclass(frozen=True, slots=True)
class SweepFit:
    """Thicknesses of spectra (k,), their deviations by noise, gains, relative misfits; s and u after them."""

    effective_nm: FloatArray
    sigma_nm: FloatArray
    gain: FloatArray
    misfit: FloatArray
    shared: Shared


def fit_sweep(
    stack: NominalStack, about: Expansion, shared: Shared, measured: FloatArray, guess_nm: FloatArray, passes: int = 2
) -> SweepFit:
    """Fit spectra (k, L) from guesses (k,) by Gauss–Newton, with gain, its slope and curvature, and thickness for each.

    What they share takes all spectra of the sweep (Schur complement), the sweeps before being its prior.
    """
    x, scattered = centred(stack.wavelength_nm), scatter(stack.wavelength_nm)
    nm = guess_nm.astype(np.float64)
    origin = np.array([about.index_scale, about.under_scale, 0.0])
    ahead = shared.scales - origin
    fit: SweepFit | None = None
    for _ in range(passes):
        model, by_nm, by_index, by_under = derivatives(stack, about, nm)
        lit = measured - ahead[2] * scattered
        gain = np.maximum(np.sum(lit * model, axis=1) / np.sum(model * model, axis=1), 1e-9)
        own = np.stack([model, model * x, model * x * x, by_nm], axis=1)
        common = np.stack([by_index, by_under, scattered / gain[:, None]], axis=1)
        y = measured / gain[:, None] - model
        off = y - np.einsum("kql,q->kl", common, ahead)
        normal, cross = own @ own.transpose(0, 2, 1), own @ common.transpose(0, 2, 1)
        level = np.mean(model * model, axis=1)
        for term in (1, 2):
            normal[:, term, term] += (_MODEL_FLOOR / SLOPE_PRIOR) ** 2 * level
        solved = np.linalg.solve(normal, np.concatenate([cross, own @ off[:, :, None], own @ y[:, :, None]], axis=2))
        rest = off - np.einsum("kpl,kp->kl", own, solved[:, :, 3])
        variance = np.mean(rest * rest, axis=1) + _MODEL_FLOOR**2 * level
        left = common @ common.transpose(0, 2, 1) - cross.transpose(0, 2, 1) @ solved[:, :, :3]
        right = np.einsum("kql,kl->kq", common, y) - np.einsum("kpq,kp->kq", cross, solved[:, :, 4])
        information = _INDEPENDENT_FRACTION * np.einsum("k,kij->ij", 1.0 / variance, left)
        pull = _INDEPENDENT_FRACTION * np.einsum("k,ki->i", 1.0 / variance, right)
        total = shared.information + information
        scales = np.linalg.solve(total, shared.information @ ahead + pull)
        own_steps = solved[:, :, 4] - solved[:, :, :3] @ scales
        nm = nm + np.clip(own_steps[:, 3], -_LONGEST_STEP_NM, _LONGEST_STEP_NM)
        left_over = y - np.einsum("kpl,kp->kl", own, own_steps) - np.einsum("kql,q->kl", common, scales)
        misfit = np.sqrt(np.mean(left_over * left_over, axis=1) / level)
        sigma_nm = np.sqrt(variance * np.linalg.inv(normal)[:, 3, 3])
        posterior = Shared(scales + origin, _floored(total))
        fit = SweepFit(nm, sigma_nm, gain, misfit, posterior)
    assert fit is not None, "passes is at least 1"
    return fit


def _floored(information: FloatArray) -> FloatArray:
    """Return the information with no direction known better than the floor."""
    values, vectors = np.linalg.eigh(information)
    return (vectors * np.minimum(values, _SCALE_FLOOR**-2.0)) @ vectors.T
