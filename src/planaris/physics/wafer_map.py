"""Polar wafer maps: grid, area-weighted statistics, sampling, and smooth maps from measured sites."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from planaris.physics._namespace import Array, array_namespace
from planaris.physics._scan import mix


@dataclass(frozen=True)
class PolarGrid:
    """Cells of equal dr and dθ from the centre to the wafer's edge; maps have shape (n_r, n_theta)."""

    n_r: int = 64
    n_theta: int = 32
    radius_mm: float = 100.0

    @cached_property
    def r_mm(self) -> Array:
        """Cell-centre radii (n_r,)."""
        return (np.arange(self.n_r, dtype=np.float64) + 0.5) * (self.radius_mm / self.n_r)

    @cached_property
    def edges_mm(self) -> Array:
        """Ring edges (n_r + 1,)."""
        return np.arange(self.n_r + 1, dtype=np.float64) * (self.radius_mm / self.n_r)

    @cached_property
    def theta_rad(self) -> Array:
        """Cell-centre angles (n_theta,), from +x towards +y; the notch lies at −y."""
        return (np.arange(self.n_theta, dtype=np.float64) + 0.5) * (2.0 * math.pi / self.n_theta)

    @cached_property
    def ring_area_m2(self) -> Array:
        """Areas of whole rings (n_r,)."""
        return math.pi * np.diff(self.edges_mm**2) * 1e-6

    @cached_property
    def cell_area_m2(self) -> Array:
        """Areas of cells (n_r, n_theta)."""
        return np.broadcast_to((self.ring_area_m2 / self.n_theta)[:, None], (self.n_r, self.n_theta))


def area_mean(values: Array, grid: PolarGrid, edge_exclusion_mm: float = 0.0) -> float:
    """Return the area-weighted mean of a map (n_r, n_theta) or profile (n_r,) inside the edge exclusion."""
    weight, values = _weighted(values, grid, edge_exclusion_mm)
    xp = array_namespace(values)
    return xp.sum(weight * values) / xp.sum(weight)


def nonuniformity_pct(values: Array, grid: PolarGrid, edge_exclusion_mm: float = 3.0) -> float:
    """Return 100·std/mean, area weighted, of a map (n_r, n_theta) or profile (n_r,) inside the edge exclusion."""
    weight, values = _weighted(values, grid, edge_exclusion_mm)
    xp = array_namespace(values)
    total = xp.sum(weight)
    mean = xp.sum(weight * values) / total
    return 100.0 * xp.sqrt(xp.sum(weight * (values - mean) ** 2) / total) / mean


def _weighted(values: Array, grid: PolarGrid, edge_exclusion_mm: float) -> tuple[Array, Array]:
    """Ring areas inside the exclusion, a cut ring counting by its part, shaped to the values."""
    rim = np.minimum(grid.edges_mm, grid.radius_mm - edge_exclusion_mm)
    weight = np.diff(rim**2)
    if values.ndim == 2:
        weight = np.broadcast_to(weight[:, None], (grid.n_r, grid.n_theta))
    return weight, values


def sample_at(values: Array, grid: PolarGrid, x_mm: Array, y_mm: Array) -> Array:
    """Return a map (n_r, n_theta) at points, bilinear in r and θ, periodic in θ; shape of ``x_mm``.

    Inside the first ring it interpolates to the mean of the innermost cells; beyond the last centre it extrapolates.
    """
    xp = array_namespace(values)
    step = grid.radius_mm / grid.n_r
    radial = np.hypot(x_mm, y_mm) / step + 0.5
    angular = np.mod(np.arctan2(y_mm, x_mm) / (2.0 * math.pi) * grid.n_theta - 0.5, grid.n_theta)
    centre = xp.broadcast_to(xp.mean(values[0, :]), (1, grid.n_theta))
    # The centre row stands half a step inside the first cells: stretch that one interval.
    full = xp.concat([2.0 * centre - values[:1, :], values], axis=0)
    i = np.clip(np.floor(radial).astype(np.int64), 0, grid.n_r - 1)
    u = radial - i
    j = np.floor(angular).astype(np.int64) % grid.n_theta
    w = angular - np.floor(angular)
    k = (j + 1) % grid.n_theta
    inner = full[i, j] * (1.0 - w) + full[i, k] * w
    outer = full[i + 1, j] * (1.0 - w) + full[i + 1, k] * w
    return inner * (1.0 - u) + outer * u


def from_sites(
    x_mm: Array,
    y_mm: Array,
    thickness_nm: Array,
    grid: PolarGrid,
    *,
    radial_order: int = 4,
    angular_order: int = 2,
) -> Array:
    """Return a smooth map (n_r, n_theta) through measured sites by least squares.

    Basis (Zernike-like, regular at the centre): r^k·cos mθ, r^k·sin mθ with k − m even, m ≤ ``angular_order``,
    k ≤ ``radial_order``. With fewer sites than terms the smallest solution is taken.
    """
    xp = array_namespace(thickness_nm)
    sites = tuple(np.asarray(x_mm, dtype=np.float64).tolist()), tuple(np.asarray(y_mm, dtype=np.float64).tolist())
    gain = _site_gain(sites, grid, radial_order, angular_order)
    return xp.reshape(mix(xp.asarray(gain), thickness_nm[None, :])[:, 0], (grid.n_r, grid.n_theta))


@lru_cache(maxsize=16)
def _site_gain(
    sites: tuple[tuple[float, ...], tuple[float, ...]], grid: PolarGrid, radial_order: int, angular_order: int
) -> Array:
    """Return the matrix that takes site values to the grid's cells; a plan's wafers share it."""
    x_mm, y_mm = np.array(sites[0]), np.array(sites[1])
    here = _basis(np.hypot(x_mm, y_mm) / grid.radius_mm, np.arctan2(y_mm, x_mm), radial_order, angular_order)
    rr, tt = np.meshgrid(grid.r_mm / grid.radius_mm, grid.theta_rad, indexing="ij")
    there = _basis(rr.ravel(), tt.ravel(), radial_order, angular_order)
    # Small products: BLAS would wake its threads for them, which then spin for longer than the product takes.
    return mix(there, np.asarray(np.linalg.pinv(here).T, dtype=np.float64))


def _basis(rho: Array, theta: Array, radial_order: int, angular_order: int) -> Array:
    columns: list[Array] = []
    for m in range(angular_order + 1):
        for k in range(m, radial_order + 1, 2):
            columns.append(rho**k * np.cos(m * theta))
            if m:
                columns.append(rho**k * np.sin(m * theta))
    return np.stack(columns, axis=1)
