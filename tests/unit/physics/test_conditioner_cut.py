"""Conditioner: where it cuts, how much, how it dulls."""

from __future__ import annotations

import math

import numpy as np
import pytest

from planaris.physics import (
    DISK_REFERENCE_FORCE_N,
    DiskConstants,
    cut_rate,
    disk_hours_per_s,
    disk_sharpness,
    mean_sliding_speed,
    renewal_per_s,
    ring_areas_m2,
    sweep_positions_mm,
    total_cut_mm3_h,
)

EDGES = np.linspace(0.0, 254.0, 65)
DISK = DiskConstants()
# Zheng 2023 (T): pad 100 rpm, disk 73 rpm, 4 lbf, sweep from 83 mm.
FORCE_N = 4.0 * 4.4482216152605
SWEEP = sweep_positions_mm(83.0, 200.0)
EVEN = np.full(len(SWEEP), 1.0 / len(SWEEP))


def cut(platen_rpm: float = 100.0, disk_rpm: float = 73.0, edges: np.ndarray = EDGES) -> np.ndarray:
    return cut_rate(
        edges, SWEEP, EVEN, platen_speed_rpm=platen_rpm, disk_speed_rpm=disk_rpm, force_N=FORCE_N, disk=DISK
    )


def test_total_is_force_times_sliding_distance_of_all_grits() -> None:
    # Independent: mean speed of a uniform disk, by rings of the disk and the exact mean over its turn.
    rims = np.linspace(0.0, DISK.disk_radius_mm, 201)
    weight = ring_areas_m2(rims) / ring_areas_m2(rims).sum()
    middle = 0.5 * (rims[1:] + rims[:-1])
    speed = np.mean([weight @ mean_sliding_speed(middle, 100.0, 73.0, e) for e in SWEEP])
    expected_mm3_h = DISK.cut_m2_N * FORCE_N * speed * 3600.0 * 1e9
    # Ring middles stand for rings of 4 mm: 1e-3.
    assert float(total_cut_mm3_h(cut(), EDGES)) == pytest.approx(expected_mm3_h, rel=1e-3)


def test_equal_turning_makes_the_total_exact() -> None:
    expected = DISK.cut_m2_N * FORCE_N * (100.0 * math.pi / 30.0 * 1e-3 * SWEEP.mean()) * 3600.0 * 1e9
    assert float(total_cut_mm3_h(cut(disk_rpm=100.0), EDGES)) == pytest.approx(expected, rel=1e-12)


def test_profile_is_that_of_scattered_grits() -> None:
    # Independent: 10^5 grits on the disk, each charged with its speed, counted by the ring it stands over.
    rng = np.random.default_rng(1)
    n = 4000
    r, angle = DISK.disk_radius_mm * np.sqrt(rng.random(n)), rng.uniform(0.0, 2.0 * math.pi, n)
    coarse = np.linspace(0.0, 254.0, 13)
    volume = np.zeros(12)
    for e in SWEEP:
        x, y = r * np.cos(angle), r * np.sin(angle)
        slip, carried = (73.0 - 100.0) * math.pi / 30.0, 100.0 * math.pi / 30.0 * e
        speed = 1e-3 * np.hypot(-slip * y, slip * x - carried)
        volume += np.histogram(np.hypot(e + x, y), coarse, weights=speed)[0] / (n * len(SWEEP))
    counted = 3.6e9 * DISK.cut_m2_N * FORCE_N * volume / ring_areas_m2(coarse)
    # Some 20 000 counts in a ring scatter by 0.7 %; 4 sigma.
    np.testing.assert_allclose(cut(edges=coarse)[2:], counted[2:], rtol=0.03)


def test_only_swept_rings_are_cut() -> None:
    middle = 0.5 * (EDGES[1:] + EDGES[:-1])
    profile = cut()
    assert np.all(profile[middle < 83.0 - 50.0 - 4.0] == 0.0)
    assert np.all(profile[(middle > 40.0) & (middle < 245.0)] > 0.0)


def test_dwell_shifts_the_cut() -> None:
    inner = np.where(SWEEP.mean() > SWEEP, 2.0, 0.5)
    shifted = cut_rate(
        EDGES, SWEEP, inner / inner.sum(), platen_speed_rpm=100.0, disk_speed_rpm=73.0, force_N=FORCE_N, disk=DISK
    )
    middle = 0.5 * (EDGES[1:] + EDGES[:-1])
    assert shifted[middle < 100.0].sum() > 1.3 * cut()[middle < 100.0].sum()


def test_sweep_dwells_longest_at_its_ends() -> None:
    counts, _ = np.histogram(SWEEP, np.linspace(83.0, 200.0, 6))
    assert counts[0] == counts[-1] == max(counts)
    assert SWEEP.mean() == pytest.approx(141.5)


def test_a_disk_keeps_16_pct_after_50_h() -> None:
    # Entegris 2013 (S); the constant 27.3 h is rounded to three figures.
    assert float(disk_sharpness(50.0)) == pytest.approx(0.16, rel=0.01)
    assert float(disk_sharpness(0.0)) == 1.0


def test_a_disk_ages_with_its_force() -> None:
    assert 3600.0 * float(disk_hours_per_s(DISK_REFERENCE_FORCE_N)) == pytest.approx(1.0)
    assert 3600.0 * float(disk_hours_per_s(2.0 * DISK_REFERENCE_FORCE_N)) == pytest.approx(2.0)


def test_contacts_are_renewed_in_proportion_to_the_cut() -> None:
    assert float(renewal_per_s(30.0, DISK)) == pytest.approx(0.0286)
    assert float(renewal_per_s(15.0, DISK)) == pytest.approx(0.0143)
