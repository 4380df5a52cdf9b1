"""Wear of pad, disk, ring and membrane; lives that agree with the counters' limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from polish_case import PAD_EDGES_MM, PSI_KPA, cut_um_h

from planaris.physics import (
    DISK_DECAY_H,
    DISK_REFERENCE_FORCE_N,
    DiskConstants,
    MembraneConstants,
    PadConstants,
    RingConstants,
    disk_hours_per_s,
    disk_sharpness,
    groove_depth_mm,
    groove_volume_ml,
    hours_to_cut,
    mean_sliding_speed,
    membrane_gain,
    membrane_leak_kPa,
    pad_wear_um,
    ring_areas_m2,
    ring_wear_um,
    worn_ring_factor,
)

PAD, RING, MEMBRANE = PadConstants(), RingConstants(), MembraneConstants()
# Counter limits of the tool (equipment reference, section 1.5): a pad of 1,000–2,000 wafers, a disk of some tens of
# hours, a ring of 1.5 mm. Simulated life and counter agree within a factor of 2.
PAD_LIMIT_WAFERS = 1500
DISK_LIMIT_H = 40.0
FACTOR = 2.0
POLISH_S = 40.0  # in-situ conditioning of one wafer on one platen, example recipe


def test_pad_life_agrees_with_its_counter() -> None:
    # Wafer after wafer with in-situ conditioning; the disk is changed when its counter says so.
    lost, disk_h, wafers = np.zeros(len(PAD_EDGES_MM) - 1), 0.0, 0
    while groove_depth_mm(lost.max(), PAD) > PAD.groove_min_mm:
        lost = lost + pad_wear_um(cut_um_h() * disk_sharpness(disk_h), 10.0, POLISH_S, PAD)
        disk_h += POLISH_S * float(disk_hours_per_s(DISK_REFERENCE_FORCE_N))
        disk_h = 0.0 if disk_h > DISK_LIMIT_H else disk_h
        wafers += 1
    assert PAD_LIMIT_WAFERS / FACTOR < wafers < PAD_LIMIT_WAFERS * FACTOR


def test_disk_life_agrees_with_its_counter() -> None:
    life_h = -DISK_DECAY_H * math.log(DiskConstants().disk_end_fraction)
    assert DISK_LIMIT_H / FACTOR < life_h < DISK_LIMIT_H * FACTOR


def test_ring_life_is_some_thousand_wafers() -> None:
    # 1.5 mm at 3.9 psi and 93 rpm, three platens of 40 s a wafer: 1,000–5,000 wafers a head (membrane counter: 5,000).
    speed = float(mean_sliding_speed(np.array([110.25]), 93.0, 87.0, 125.0)[0])
    per_wafer_um = float(ring_wear_um(3.9 * PSI_KPA, speed, 3 * POLISH_S, RING))
    assert 1000 < 1e3 * RING.wear_limit_mm / per_wafer_um < 5000


def test_wafers_take_little_of_the_pad() -> None:
    conditioner = pad_wear_um(30.0, 0.0, 60.0, PAD)
    wafer = pad_wear_um(0.0, 10.0, 60.0, PAD)
    assert 0.0 < wafer < 0.05 * conditioner


def test_cut_adds_up_over_a_dulling_disk() -> None:
    hours = hours_to_cut(300.0, 20.0, 27.3)
    t = np.linspace(0.0, hours, 20_001)
    assert np.trapezoid(20.0 * disk_sharpness(t), t) == pytest.approx(300.0, rel=1e-8)
    assert hours_to_cut(20.0 * 27.3, 20.0, 27.3) == math.inf


def test_grooves_empty_and_never_go_below_nothing() -> None:
    np.testing.assert_allclose(groove_depth_mm(np.array([0.0, 260.0, 1e4]), PAD), [0.76, 0.5, 0.0])
    area = ring_areas_m2(PAD_EDGES_MM)
    # 0.76 mm · 17 % · 0.2027 m² = 26.2 ml
    volume = groove_volume_ml(np.full(16, 0.76), area, PAD)
    assert float(volume) == pytest.approx(0.76 * 0.17 * math.pi * 0.254**2 * 1e3, rel=1e-12)


def test_ring_height_lost_loosens_its_hold() -> None:
    assert float(worn_ring_factor(0.0, RING)) == RING.factor_ratio
    assert float(worn_ring_factor(1000.0, RING)) == pytest.approx(RING.factor_ratio * (1.0 - RING.factor_loss_per_mm))


def test_membrane_drifts_and_leaks() -> None:
    assert float(membrane_gain(0.0, MEMBRANE)) == 1.0
    assert 1.0 - float(membrane_gain(1.0, MEMBRANE)) == pytest.approx(0.0002, rel=1e-3)
    # 5,000 wafers of 130 s on four heads: 180 h; the leak stays below the alarm of 0.3 psi in 30 s.
    assert 0.0 < float(membrane_leak_kPa(180.0, MEMBRANE)) < 0.3 * PSI_KPA
