"""Kalman estimate of a film's thickness over the wafer and its rate: radial nodes, a tilt, and a rate for each node."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from planaris.control.endpoint.signals import FloatArray

# A film does not change over this at its rim.
_RIM_MM = 0.5


@dataclass(frozen=True, slots=True)
class FieldGeometry:
    """Radial nodes that the film is linear between, and the areas that means are taken over.

    ``zone_outer_mm`` are the head's pressure zones from the centre out; the area beyond ``inside_mm`` does not count.
    """

    node_mm: tuple[float, ...] = (0.0, 35.0, 60.0, 78.0, 88.0, 97.0)
    zone_outer_mm: tuple[float, ...] = (85.0, 95.0, 99.0)
    inside_mm: float = 97.0
    wafer_mm: float = 100.0

    def counts(self, r_mm: FloatArray) -> NDArray[np.bool_]:
        """Say which places count; those on the rim do, whatever the rounding of their angles."""
        return r_mm <= self.inside_mm + _RIM_MM

    def weights(self, r_mm: FloatArray) -> FloatArray:
        """Return each node's share in the thickness at radii (k,), as (k, nodes)."""
        hats = np.eye(len(self.node_mm))
        return np.stack([np.interp(r_mm, self.node_mm, hat) for hat in hats], axis=1)

    def area_weights(self, inner_mm: float, outer_mm: float) -> FloatArray:
        """Return each node's share (nodes,) in the area mean of a ring; not to be written to."""
        return _area_weights(self, inner_mm, outer_mm)

    def zone_weights(self) -> FloatArray:
        """Return each node's share (zones, nodes) in the zones' area means; not to be written to."""
        return _zone_weights(self)


# Every sweep asks for the same.
@lru_cache(maxsize=64)
def _area_weights(geometry: FieldGeometry, inner_mm: float, outer_mm: float) -> FloatArray:
    edges = np.linspace(inner_mm, max(min(outer_mm, geometry.inside_mm), inner_mm + 1.0), 201)
    r_mm = 0.5 * (edges[1:] + edges[:-1])
    area = r_mm / np.sum(r_mm)
    return _kept(area @ geometry.weights(r_mm))


@lru_cache(maxsize=16)
def _zone_weights(geometry: FieldGeometry) -> FloatArray:
    zones = zip((0.0, *geometry.zone_outer_mm[:-1]), geometry.zone_outer_mm, strict=True)
    return _kept(np.stack([geometry.area_weights(a, b) for a, b in zones]))


def _kept(weights: FloatArray) -> FloatArray:
    weights.flags.writeable = False
    return weights


@dataclass(frozen=True, slots=True)
class FieldPrior:
    """What is believed before the first sweep and how much a rate may wander, 1σ.

    ``common`` is what all nodes share, ``profile`` what each has of its own; thickness in nm, rate in nm/min.
    """

    thickness_common_nm: float
    thickness_profile_nm: float
    tilt_nm: float
    rate_nm_min: float
    rate_common_nm_min: float
    rate_profile_nm_min: float
    rate_walk_nm_min_s: float
    profile_walk_nm_min_s: float


@dataclass(frozen=True, slots=True)
class Field:
    """State at ``time_s``: node thicknesses (nm), two tilts (nm at the wafer's edge), node rates (nm/s); covariance."""

    time_s: float
    mean: FloatArray
    covariance: FloatArray


def begin(geometry: FieldGeometry, prior: FieldPrior, time_s: float, thickness_nm: float) -> Field:
    """Return the field before any measurement."""
    n = len(geometry.node_mm)
    mean = np.concatenate([np.full(n, thickness_nm), np.zeros(2), np.full(n, prior.rate_nm_min / 60.0)])
    covariance = np.zeros((2 * n + 2, 2 * n + 2))
    ones, eye = np.ones((n, n)), np.eye(n)
    covariance[:n, :n] = prior.thickness_common_nm**2 * ones + prior.thickness_profile_nm**2 * eye
    covariance[n : n + 2, n : n + 2] = prior.tilt_nm**2 * np.eye(2)
    covariance[n + 2 :, n + 2 :] = (prior.rate_common_nm_min**2 * ones + prior.rate_profile_nm_min**2 * eye) / 3600.0
    return Field(time_s, mean, covariance)


def predict(field: Field, prior: FieldPrior, time_s: float) -> Field:
    """Return the field at a later time: thickness falls by rate, rates wander."""
    n = (field.mean.size - 2) // 2
    dt = time_s - field.time_s
    move = np.eye(field.mean.size)
    move[:n, n + 2 :] = -dt * np.eye(n)
    walk = (prior.rate_walk_nm_min_s**2 * np.ones((n, n)) + prior.profile_walk_nm_min_s**2 * np.eye(n)) / 3600.0
    covariance = move @ field.covariance @ move.T
    # White noise on the rate's change: the integrals over dt of dt²/…, exact for a straight walk.
    covariance[:n, :n] += walk * abs(dt) ** 3 / 3.0
    covariance[:n, n + 2 :] -= walk * dt * abs(dt) / 2.0
    covariance[n + 2 :, :n] -= walk * dt * abs(dt) / 2.0
    covariance[n + 2 :, n + 2 :] += walk * abs(dt)
    return Field(time_s, move @ field.mean, covariance)


def rows(geometry: FieldGeometry, r_mm: FloatArray, azimuth_rad: FloatArray, ahead_s: FloatArray) -> FloatArray:
    """Return what samples see (k, states) at radii, azimuths on the wafer and times ahead of the field's."""
    radial = geometry.weights(r_mm)
    reach = r_mm / geometry.wafer_mm
    tilt = np.stack([reach * np.cos(azimuth_rad), reach * np.sin(azimuth_rad)], axis=1)
    return np.concatenate([radial, tilt, -ahead_s[:, None] * radial], axis=1)


def update(field: Field, seen: FloatArray, measured_nm: FloatArray, sigma_nm: FloatArray) -> Field:
    """Return the field after measurements (k,) with deviations (k,) of what ``seen`` (k, states) says they see."""
    if measured_nm.size == 0:
        return field
    across = field.covariance @ seen.T
    innovation = seen @ across + np.diag(sigma_nm**2)
    gain = np.linalg.solve(innovation, across.T).T
    mean = field.mean + gain @ (measured_nm - seen @ field.mean)
    covariance = field.covariance - gain @ across.T
    return replace(field, mean=mean, covariance=0.5 * (covariance + covariance.T))
