"""Pressure under the wafer: membrane zones smoothed by the wafer's stiffness, and the edge's answer to the ring."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planaris.physics._namespace import Array, ArrayLike, array_namespace, column

# Smoothing length of zone pressure: a zone acts about 10 mm, 1.6 lengths, inside its border (Lee 2026, T).
# Range 5–8 mm, grade A.
KERNEL_LENGTH_MM = 6.5
_BALANCE_STEPS = 200


@dataclass(frozen=True, slots=True)
class EdgeTerm:
    """Edge pressure A·(c·p_ring − p_zone)·exp(−s/λ)·cos(s/λ + φ), s from the edge, φ from zero net load.

    A beam on an elastic foundation loaded at its end (Hetényi 1946); two fitted numbers, amplitude A and length λ.
    """

    amplitude_ratio: float
    decay_length_mm: float


# c_r of a new ring: it holds the pad down beside the wafer by this share of its pressure, the gap between them taking
# the rest. Puts the balance of ring and zone at 1.18 times the zone's pressure. Grade A.
RING_FACTOR_RATIO = 0.85
# What edge_fit.fit_edge finds for the two anchors of Lee 2026 (T) with that ring and kernel. Grade D.
DEFAULT_EDGE = EdgeTerm(amplitude_ratio=-1.003, decay_length_mm=6.603)


def radii_to_edges(radii_mm: Array, wafer_radius_mm: float | None = None) -> Array:
    """Return the n+1 ring edges of n cell-centre radii; the last is the wafer's radius (default: equal cells)."""
    xp = array_namespace(radii_mm)
    middle = 0.5 * (radii_mm[1:] + radii_mm[:-1])
    last = 2.0 * radii_mm[-1] - middle[-1] if wafer_radius_mm is None else xp.asarray(wafer_radius_mm)
    return xp.concat([xp.zeros(1), middle, xp.reshape(last, (1,))])


def edge_shape(radii_mm: Array, decay_length_mm: ArrayLike, wafer_radius_mm: float | None = None) -> Array:
    """Return cell means (n_r,) of exp(−s/λ)·cos(s/λ + φ) with φ such that the net load is zero."""
    xp = array_namespace(radii_mm, decay_length_mm)
    edges = radii_to_edges(radii_mm, wafer_radius_mm)
    cosine, sine = _edge_integrals(edges, decay_length_mm)
    net_cosine, net_sine = cosine[-1] - cosine[0], sine[-1] - sine[0]
    norm = xp.sqrt(net_cosine**2 + net_sine**2)
    area = 0.5 * (edges[1:] ** 2 - edges[:-1] ** 2)
    # cos(x + φ) = cos φ cos x − sin φ sin x with tan φ = net_cosine / net_sine.
    shape = net_sine * (cosine[1:] - cosine[:-1]) - net_cosine * (sine[1:] - sine[:-1])
    return shape / (norm * area)


def _edge_integrals(edges_mm: Array, length_mm: ArrayLike) -> tuple[Array, Array]:
    """∫ exp(−s/λ)·cos(s/λ)·r dr and the same with sin, from the centre to each edge (up to a constant)."""
    xp = array_namespace(edges_mm, length_mm)
    s = edges_mm[-1] - edges_mm
    u = s / length_mm
    decay, c, n = xp.exp(-u), xp.cos(u), xp.sin(u)
    # −∫e^{zu}(R − λu)λ du with z = −1 + i: F = λ·e^{zu}·((R − λu)/z + λ/z²), 1/z = −(1+i)/2, 1/z² = i/2.
    r, half = edges_mm, 0.5 * length_mm
    cosine = -length_mm * decay * (-0.5 * r * (c - n) - half * n)
    sine = -length_mm * decay * (-0.5 * r * (c + n) + half * c)
    return cosine, sine


def edge_phase_rad(decay_length_mm: float, wafer_radius_mm: float) -> float:
    """Return the phase φ that makes the edge term's net load zero."""
    cosine, sine = _edge_integrals(np.asarray([0.0, wafer_radius_mm]), decay_length_mm)
    return math.atan2(float(cosine[1] - cosine[0]), float(sine[1] - sine[0]))


def smoothing_matrix(radii_mm: Array, kernel_length_mm: float, wafer_radius_mm: float | None = None) -> Array:
    """Return the (n_r, n_r) operator that spreads pressure by a Gaussian of ``kernel_length_mm``.

    Balanced (Sinkhorn 1967) so that rows sum to 1 (uniform stays uniform) and load is conserved ring by ring.
    """
    xp = array_namespace(radii_mm)
    edges = radii_to_edges(radii_mm, wafer_radius_mm)
    area = 0.5 * (edges[1:] ** 2 - edges[:-1] ** 2)
    near = xp.exp(-0.5 * ((radii_mm[:, None] - radii_mm[None, :]) / kernel_length_mm) ** 2)
    scale = xp.ones_like(radii_mm)
    for _ in range(_BALANCE_STEPS):
        scale = xp.sqrt(scale / (near @ (area * scale)))
    rows = scale[:, None] * near * (area * scale)[None, :]
    return rows / xp.sum(rows, axis=1)[:, None]


def pressure_matrix(
    radii_mm: Array,
    zone_outer_mm: Sequence[float],
    edge: EdgeTerm = DEFAULT_EDGE,
    kernel_length_mm: float = KERNEL_LENGTH_MM,
    ring_factor_ratio: float = RING_FACTOR_RATIO,
    *,
    wafer_radius_mm: float | None = None,
) -> Array:
    """Return M (n_r, n_zone + 1) with p(r) = M @ [zone pressures..., ring pressure], all in kPa.

    radii_mm cell centres; zones from the centre out, each to ``zone_outer_mm``. The last zone drives the edge
    together with the ring; ``ring_factor_ratio`` is c_r, by default of a new ring. Load is conserved.
    """
    xp = array_namespace(radii_mm)
    edges = radii_to_edges(radii_mm, wafer_radius_mm)
    area = edges[1:] ** 2 - edges[:-1] ** 2
    smooth = smoothing_matrix(radii_mm, kernel_length_mm, wafer_radius_mm)
    shape = edge.amplitude_ratio * edge_shape(radii_mm, edge.decay_length_mm, wafer_radius_mm)
    columns: list[Array] = []
    inner = 0.0
    for outer in zone_outer_mm:
        clipped = xp.clip(edges, inner, outer)
        part = (clipped[1:] ** 2 - clipped[:-1] ** 2) / area
        columns.append(smooth @ part)
        inner = outer
    columns[-1] = columns[-1] - shape
    columns.append(shape * ring_factor_ratio)
    return xp.stack(columns, axis=1)


def wafer_pressure(matrix: Array, zone_pressures_kPa: Array, ring_pressure_kPa: ArrayLike) -> Array:
    """Return p(r) in kPa, (n_t, n_r), for zones (n_t, n_zone) and ring (n_t,); (n_r,) without the time axis.

    Where the edge term outweighs the zone the pad does not pull: pressure below zero counts as zero contact in
    removal, and is left as it is here so that load stays conserved.
    """
    total = column(ring_pressure_kPa) * matrix[:, -1]
    for zone in range(matrix.shape[1] - 1):
        total = total + zone_pressures_kPa[..., zone, None] * matrix[:, zone]
    return total  # pyright: ignore[reportReturnType]
