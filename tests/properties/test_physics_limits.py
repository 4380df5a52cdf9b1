"""Physics for any legal input: exact limits, ordering, bounds."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from planaris import physics

GRID = physics.PolarGrid(n_r=32)
# Below this, squares leave the range of doubles; nothing in a machine is that slow.
TINY = 1e-150
PRESSURES_KPA = st.floats(0.0, 80.0)
SPEEDS_M_S = st.floats(0.0, 3.0)
SPEEDS_RPM = st.floats(-200.0, 200.0)
TEMPERATURES_C = st.floats(10.0, 70.0)


@st.composite
def laws(draw: st.DrawFn) -> physics.RemovalLaw:
    return physics.RemovalLaw(
        kp_m2_N=draw(st.floats(1e-14, 1e-11)),
        exponent_p=draw(st.floats(0.3, 2.5)),
        exponent_v=draw(st.floats(0.3, 1.5)),
        threshold_kPa_m_s=draw(st.floats(0.0, 20.0)),
        k2_nm_min=draw(st.one_of(st.just(math.inf), st.floats(10.0, 1e5))),
        activation_kJ_mol=draw(st.floats(0.0, 160.0)),
        activation_mechanical_kJ_mol=draw(st.floats(0.0, 40.0)),
        corner_ratio=draw(st.sampled_from([1.0, 2.0, 6.0])),
    )


def rate(p: float, v: float, t: float, law: physics.RemovalLaw) -> float:
    return float(physics.removal_rate_nm_min(p, v, t, law))


@given(laws(), PRESSURES_KPA, SPEEDS_M_S, TEMPERATURES_C, st.floats(0.0, 20.0))
def test_rate_rises_with_pressure_speed_and_temperature(
    law: physics.RemovalLaw, p: float, v: float, t: float, more: float
) -> None:
    here = rate(p, v, t, law)
    slack = 1.0 - 1e-12  # rounding of two evaluations
    assert here >= 0.0
    assert rate(p + more, v, t, law) >= here * slack
    assert rate(p, v + 0.1 * more, t, law) >= here * slack
    assert rate(p, v, t + more, law) >= here * slack


@given(laws(), SPEEDS_M_S, TEMPERATURES_C)
def test_no_pressure_removes_nothing(law: physics.RemovalLaw, v: float, t: float) -> None:
    assert rate(0.0, v, t, law) == 0.0


@given(laws(), PRESSURES_KPA, SPEEDS_M_S, TEMPERATURES_C)
def test_series_is_slower_than_either_step(law: physics.RemovalLaw, p: float, v: float, t: float) -> None:
    chemical = law.k2_nm_min * float(physics.arrhenius_factor(t, law.activation_kJ_mol, law.temperature_ref_C))
    mechanical = float(physics.mechanical_rate_nm_min(p, v, law)) * float(
        physics.arrhenius_factor(t, law.activation_mechanical_kJ_mol, law.temperature_ref_C)
    )
    assert rate(p, v, t, law) <= min(chemical, mechanical) * (1.0 + 1e-12)


@given(st.floats(1e-14, 1e-12), PRESSURES_KPA, SPEEDS_M_S)
def test_preston_is_exact_without_a_chemical_step(kp: float, p: float, v: float) -> None:
    expected = kp * (1e3 * p) * v * 6e10
    assert abs(rate(p, v, 40.0, physics.RemovalLaw(kp)) - expected) <= 1e-12 * expected + TINY


@given(st.floats(0.0, 200.0), st.floats(50.0, 200.0))
def test_equal_speeds_are_uniform(rpm: float, e_mm: float) -> None:
    speed = physics.mean_sliding_speed(GRID.r_mm, rpm, rpm, e_mm)
    np.testing.assert_allclose(speed, rpm * math.pi / 30.0 * e_mm * 1e-3, rtol=1e-12, atol=TINY)


@given(SPEEDS_RPM, SPEEDS_RPM, st.floats(50.0, 200.0), st.floats(-200.0, 200.0), st.floats(0.0, 2.0 * math.pi))
def test_speed_turns_with_the_wafer(platen: float, head: float, e: float, sweep: float, turn: float) -> None:
    # Adding an angle to all points permutes the turn: the mean over it stays.
    angle = 2.0 * math.pi * np.arange(64) / 64
    means = [
        np.hypot(
            *physics.sliding_velocity(
                60.0 * np.cos(angle + a), 60.0 * np.sin(angle + a), platen, head, e, sweep_speed_mm_s=sweep
            )
        ).mean()
        for a in (0.0, 2.0 * math.pi / 64 * round(turn / (2.0 * math.pi) * 64))
    ]
    assert abs(means[0] - means[1]) <= 1e-12 * (means[0] + 1e-9)


@given(SPEEDS_RPM, SPEEDS_RPM, st.floats(50.0, 200.0), st.floats(-300.0, 300.0))
def test_mean_speed_lies_between_the_extremes(platen: float, head: float, e: float, sweep: float) -> None:
    fixed = math.hypot(platen * math.pi / 30.0 * e, sweep) * 1e-3
    turning = abs(head - platen) * math.pi / 30.0 * GRID.r_mm * 1e-3
    mean = physics.mean_sliding_speed(GRID.r_mm, platen, head, e, sweep)
    slack = 1.0 + 2e-4  # where a point stands still once a turn the closed form errs by 1.3e-4
    longest = np.maximum(fixed, turning)
    assert np.all(mean * slack + TINY >= longest)
    assert np.all(mean <= slack * longest * 4.0 / math.pi + TINY)


@given(
    st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3),
    st.floats(0.0, 1e4),
    st.floats(0.0, 10.0),
    st.floats(0.0, 1e5),
)
def test_freshness_stays_between_0_and_1(start: list[float], pv: float, renewal: float, dt_s: float) -> None:
    target, pace = physics.freshness_rates(np.full((1, 1), pv), np.full(1, renewal), physics.FreshnessConstants())
    theta = physics.relax(np.asarray(start)[None, :, None], target, pace, dt_s)
    assert np.all((theta >= 0.0) & (theta <= 1.0))


@settings(max_examples=25)
@given(st.floats(20.0, 120.0), st.floats(0.0, 250.0))
def test_exposure_is_a_share(radius_mm: float, distance_mm: float) -> None:
    radii = np.linspace(0.0, 300.0, 61)
    share = physics.pad_ring_exposure(radii, radius_mm, distance_mm)
    assert np.all((share >= 0.0) & (share <= 1.0))
    assert np.all(share[radii > distance_mm + radius_mm + 1e-6] == 0.0)
