"""When a tracked film will reach its target, and what its zones are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planaris.control.endpoint.thickness_field import Field, FieldGeometry

# A rate below this is no removal that a time could be foreseen from, nm/s.
_LEAST_RATE_NM_S = 0.05


@dataclass(frozen=True, slots=True)
class Foresight:
    """Area means and zone means at ``time_s``, and the foreseen instant of the target; None without removal."""

    time_s: float
    thickness_nm: float
    sigma_nm: float
    rate_nm_min: float
    zones_nm: tuple[float, ...]
    zone_rates_nm_min: tuple[float, ...]
    endpoint_s: float | None


def foreseen(film: Field, geometry: FieldGeometry, index_scale: float, target_nm: float, now_s: float) -> Foresight:
    """Return what a field of effective thicknesses says at a time, divided by the film's index scale."""
    n = len(geometry.node_mm)
    whole = geometry.area_weights(0.0, geometry.inside_mm)
    zones = geometry.zone_weights()
    rate = film.mean[n + 2 :] / index_scale
    thickness = film.mean[:n] / index_scale - rate * (now_s - film.time_s)
    mean_nm, mean_rate = float(whole @ thickness), float(whole @ rate)
    sigma_nm = float(np.sqrt(whole @ film.covariance[:n, :n] @ whole)) / index_scale
    endpoint_s = now_s + (mean_nm - target_nm) / mean_rate if mean_rate > _LEAST_RATE_NM_S else None
    return Foresight(
        now_s,
        mean_nm,
        sigma_nm,
        60.0 * mean_rate,
        tuple((zones @ thickness).tolist()),
        tuple((60.0 * (zones @ rate)).tolist()),
        endpoint_s,
    )
