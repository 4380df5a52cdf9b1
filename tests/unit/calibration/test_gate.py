"""Windows of pH and the lift of the pad show only where the data show them."""

from __future__ import annotations

import numpy as np
import pytest

from planaris.calibration.gate import find_window, hydrodynamic_limit_um, window_of

PH = np.repeat([2.5, 3.5, 4.0, 5.0, 6.0, 8.0, 9.0], 2)
OPEN = np.log(np.repeat([0.1, 5.0, 10.0, 11.0, 9.0, 0.2, 0.2], 2))


def test_a_gate_is_found() -> None:
    assert find_window(PH, OPEN) == (4.0, 6.0)


def test_a_trend_is_no_gate() -> None:
    assert find_window(PH, np.log(np.linspace(10.0, 3.0, len(PH)))) is None
    assert find_window(PH[:6], OPEN[:6]) is None
    assert find_window(np.where(PH == 9.0, np.nan, PH), OPEN) is None


def test_inside_one_outside_read_from_the_table() -> None:
    outside = (PH < 4.0) | (PH > 6.0)
    ph, p = PH[outside], np.full(int(outside.sum()), 20.0)
    window = window_of("slurry_pH", 4.0, 6.0, ph, OPEN[outside] - np.log(10.0), p, 20.0)
    asked = np.array([4.0, 5.3, 6.0, 2.5, 8.0, 1.0, 7.0, np.nan])
    found = window.factor(asked, np.full(len(asked), 35.0))
    np.testing.assert_allclose(found[:3], 1.0)
    np.testing.assert_allclose(found[3:6], [0.01, 0.02, 0.01], rtol=1e-12)
    # Half-way between the edge (1) and pH 8 (0.02), in logarithms.
    assert found[6] == pytest.approx(np.sqrt(0.02))
    assert found[7] == 1.0


def test_lift_is_seen_where_the_rate_stops_following_speed() -> None:
    p = np.full(3, 27.6)
    v = np.array([0.4, 0.8, 1.6])
    other = np.zeros(3, np.int64)
    limit = hydrodynamic_limit_um(p, v, other, np.log([60.0, 138.0, 164.0]))
    # Between the last two speeds: μ V/P = 1 mPa·s × sqrt(0.8 × 1.6)/27.6.
    assert limit == pytest.approx(np.sqrt(0.8 * 1.6) / 27.6)
    assert hydrodynamic_limit_um(p, v, other, np.log(v)) is None
    assert hydrodynamic_limit_um(p, v, other, np.log([10.0, 11.0, 12.0])) is None
    assert hydrodynamic_limit_um(p, v, np.array([0, 1, 2]), np.log([60.0, 138.0, 164.0])) is None


def test_outside_a_window_the_rate_answers_to_pressure_in_its_own_way() -> None:
    # Below the window no answer at all (the law's exponent is 0.7), above it twice the law's.
    ph = np.repeat([2.0, 2.5, 3.0, 9.0, 10.0, 11.0], 2)
    pressure_kPa = np.tile([10.0, 40.0], 6)
    ln_ratio = np.log(0.1) + np.where(ph < 5.0, -0.7, 0.7) * np.log(pressure_kPa / 20.0)
    window = window_of("slurry_pH", 4.0, 6.0, ph, ln_ratio, pressure_kPa, 20.0)
    assert window.exponent_below == pytest.approx(-0.7, abs=0.05)
    assert window.exponent_above == pytest.approx(0.7, abs=0.05)
    np.testing.assert_allclose(window.factor(np.array([2.0, 5.0, 10.0]), np.full(3, 20.0)), [0.1, 1.0, 0.1], rtol=1e-9)
