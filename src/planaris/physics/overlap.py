"""Where wafer and pad rings meet: arcs of intersection, dwell of wafer rings over pad rings, lens areas."""

from __future__ import annotations

import math

from planaris.physics._namespace import Array, ArrayLike, array_namespace


def pad_ring_exposure(pad_radii_mm: Array, wafer_radius_mm: float, center_distance_mm: ArrayLike) -> Array:
    """Return the fraction of each pad circle's circumference that lies under a disk.

    pad_radii_mm (n_ring,); disk of ``wafer_radius_mm`` at ``center_distance_mm`` (number, or (n_s, 1) sweep positions
    to be averaged by the caller). Closed form: half arc = arccos((ρ² + e² − R²)/(2ρe)).
    """
    xp = array_namespace(pad_radii_mm, center_distance_mm)
    cosine = (pad_radii_mm**2 + center_distance_mm**2 - wafer_radius_mm**2) / (
        2.0 * xp.maximum(pad_radii_mm * center_distance_mm, _TINY_MM2)
    )
    return xp.acos(xp.clip(cosine, -1.0, 1.0)) / math.pi


_TINY_MM2 = 1e-12


def ring_areas_m2(edges_mm: Array) -> Array:
    """Return the areas (n,) of the rings between n+1 edges."""
    return math.pi * (edges_mm[1:] ** 2 - edges_mm[:-1] ** 2) * 1e-6


def ring_dwell(radii_mm: Array, pad_edges_mm: Array, center_distances_mm: Array) -> Array:
    """Return the share of a head turn that each wafer ring spends over each pad ring, shape (n_r, n_ring).

    radii_mm (n_r,), pad_edges_mm (n_ring+1,), center_distances_mm (n_s,) sweep positions of equal weight. Rows sum
    to 1 where the pad covers the wafer ring. Closed form: ρ² = e² + r² + 2er·cos α. Its adjoint takes what the
    wafer gives off to the pad rings, so nothing is lost between the two.
    """
    xp = array_namespace(radii_mm, pad_edges_mm, center_distances_mm)
    e = xp.reshape(xp.asarray(center_distances_mm), (-1, 1, 1))
    r = radii_mm[:, None]
    cosine = (pad_edges_mm**2 - e**2 - r**2) / xp.maximum(2.0 * e * r, _TINY_MM2)
    inside = 1.0 - xp.acos(xp.clip(cosine, -1.0, 1.0)) / math.pi
    return xp.mean(inside[..., 1:] - inside[..., :-1], axis=0)


def lens_area_mm2(radius_a_mm: Array, radius_b_mm: float, distance_mm: ArrayLike) -> Array:
    """Return the area common to two circles whose centres are ``distance_mm`` apart; arguments broadcast."""
    xp = array_namespace(radius_a_mm, distance_mm)
    a = xp.maximum(radius_a_mm, 1e-9)
    b, d = radius_b_mm, xp.maximum(xp.asarray(distance_mm), 1e-9)
    half_a = xp.acos(xp.clip((d**2 + a**2 - b**2) / (2.0 * d * a), -1.0, 1.0))
    half_b = xp.acos(xp.clip((d**2 + b**2 - a**2) / (2.0 * d * b), -1.0, 1.0))
    return a**2 * (half_a - 0.5 * xp.sin(2.0 * half_a)) + b**2 * (half_b - 0.5 * xp.sin(2.0 * half_b))


def ring_cover(pad_edges_mm: Array, disk_radius_mm: float, center_distance_mm: ArrayLike) -> Array:
    """Return the share of each pad ring's area under a disk; center_distance a number or (n_s, 1).

    Shape (n_ring,) or (n_s, n_ring). Areas are exact, so ring areas times cover sum to the disk's area on the pad.
    """
    lens = lens_area_mm2(pad_edges_mm, disk_radius_mm, center_distance_mm)
    return (lens[..., 1:] - lens[..., :-1]) * 1e-6 / ring_areas_m2(pad_edges_mm)
