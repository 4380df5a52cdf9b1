"""Summits that answer to load as a pad's height map does, fitted to the half-space contact of that map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from planaris.physics.contact.greenwood_williamson import SummitPopulation, summit_contact
from planaris.physics.contact.solver import solve_contact
from planaris.physics.contact.summits import summit_statistics
from planaris.physics.contact.types import Field

# How far the fit may go from the summits counted on the map: a factor of 100, in logarithms.
_SPAN = float(np.log(100.0))


@dataclass(frozen=True, slots=True)
class PadFit:
    """Summits fitted to a map, and the response they were fitted to: (n_p,) each.

    ``separation_um`` is the mean gap between wafer and pad. ``error_ratio`` is the root mean square of the relative
    misfit of pressure and area at these separations.
    """

    summits: SummitPopulation
    mean_height_um: float
    pressure_kPa: Field
    separation_um: Field
    area_ratio: Field
    error_ratio: float


def fit_summits(
    heights_um: Field,
    spacing_um: float,
    pressures_kPa: Sequence[float],
    reduced_modulus_MPa: float,
    *,
    workers: int = 1,
) -> PadFit:
    """Return Gaussian summits whose pressure and area follow separation as those of the map (n_y, n_x; periodic) do.

    Density, radius and spread are fitted; the height of the summits' mean plane over the map's is that of
    `summit_statistics`, because spread and mean height cannot be told apart at the light loads of polishing. Raises
    ValueError with fewer than three pressures, and where a contact is not found.
    """
    if len(pressures_kPa) < 3:
        raise ValueError(f"three pressures or more are needed to fit three numbers, got {len(pressures_kPa)}")
    seen = summit_statistics(heights_um, spacing_um)
    found = [
        solve_contact(heights_um, spacing_um, pressure, reduced_modulus_MPa, workers=workers)
        for pressure in pressures_kPa
    ]
    if lost := [p for p, one in zip(pressures_kPa, found, strict=True) if not one.converged]:
        raise ValueError(f"no contact found at pressures_kPa = {lost}")
    pressure = np.asarray(pressures_kPa, dtype=np.float64)
    gap = np.array([one.gap_um.mean() for one in found])
    area = np.array([one.contact_area_ratio for one in found])
    start = seen.summits

    def summits(logs: Field) -> SummitPopulation:
        density, radius, sigma = np.exp(logs).tolist()
        return SummitPopulation(
            start.summit_density_m2 * density, start.summit_radius_um * radius, start.height_sigma_um * sigma
        )

    def misfit(logs: Field) -> Field:
        made = summit_contact(gap - seen.mean_height_um, summits(logs), reduced_modulus_MPa)
        return np.log(np.concatenate([made.pressure_kPa / pressure, made.area_ratio / area]))

    best = least_squares(misfit, np.zeros(3), bounds=(-_SPAN, _SPAN))
    error = float(np.sqrt(np.mean(best.fun**2)))
    return PadFit(summits(best.x), seen.mean_height_um, pressure, gap, area, error)
