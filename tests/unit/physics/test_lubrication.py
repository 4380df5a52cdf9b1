"""Hersey number and the optional lift of the pad."""

from __future__ import annotations

import pytest

from planaris.physics import hersey_number_um, lift_factor


def test_guo_window_ends_at_50_nm() -> None:
    # Guo 2004: linear up to 0.7 m/s and down to 2 psi: H = 1 mPa·s · 0.7 m/s / 13.8 kPa = 5e-8 m.
    assert float(hersey_number_um(13.79, 0.7)) == pytest.approx(0.05, rel=0.02)
    assert float(hersey_number_um(13.79, 0.7, viscosity_mPa_s=2.0)) == pytest.approx(0.10, rel=0.02)


def test_ordinary_production_lies_above_that_window() -> None:
    # 2–3 psi at 93 rpm on 150 mm: so no global limit may be set.
    assert float(hersey_number_um(2.5 * 6.895, 93.0 * 0.10472 * 0.15)) > 0.05


def test_lift_halves_the_rate_at_its_limit() -> None:
    assert float(lift_factor(0.1, 0.1, 3.0)) == 0.5
    assert float(lift_factor(0.2, 0.1, 3.0)) == pytest.approx(1.0 / 9.0)
    assert float(lift_factor(0.0, 0.1, 3.0)) == 1.0
