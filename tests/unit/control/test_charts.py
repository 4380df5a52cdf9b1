"""Control charts: run lengths against integral equations and Markov chains, limits against exact distributions."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from run_length_oracles import cusum_length, ewma_length, shewhart_length, western_electric_length
from scipy.special import chdtri

from fdc_arl import ChartCase, family_alarms, marginal_t2, run_lengths, scalar_cases, standard_error, vector_cases
from planaris.control import (
    NELSON,
    WESTERN_ELECTRIC,
    CusumChart,
    CusumState,
    EwmaChart,
    EwmaState,
    HotellingChart,
    RunRule,
    ShewhartChart,
    SpeChart,
    Subspace,
    spe_limit,
    spe_quantile,
    t2_limit,
)

RUNS = 250
# A mean of simulated runs lies within four standard errors of the truth: it misses once in 15,000.
STANDARD_ERRORS = 4.0


@pytest.mark.parametrize(
    ("exact", "anchor"),
    [
        (shewhart_length(3.0), 370.4),
        (shewhart_length(3.0, 1.0), 43.9),
        (ewma_length(0.2, 2.962), 500.0),
        (ewma_length(0.2, 2.962, 1.0), 10.5),
        (ewma_length(0.1, 2.814), 500.0),
        (ewma_length(0.1, 2.814, 1.0), 10.3),
        (cusum_length(0.5, 4.0), 168.0),
        (cusum_length(0.5, 4.0, 1.0), 8.4),
        (cusum_length(0.5, 5.0), 465.0),
        (cusum_length(0.5, 5.0, 1.0), 10.4),
        (western_electric_length(), 91.75),
    ],
)
def test_exact_run_lengths_are_the_anchors(exact: float, anchor: float) -> None:
    assert exact == pytest.approx(anchor, rel=0.004)  # the anchors have three digits


@pytest.mark.parametrize("case", [*scalar_cases(), *vector_cases()], ids=lambda c: f"{c.name} at {c.shift_sigma:g}")
def test_charts_run_as_long_as_they_are_designed_to(case: ChartCase) -> None:
    lengths = run_lengths(case, RUNS, seed=3)
    error = standard_error(lengths)
    if "from the start" in case.name:  # narrower at first: no longer than the chart of final width
        assert lengths.mean() < case.exact + STANDARD_ERRORS * error
        return
    assert abs(lengths.mean() - case.exact) < STANDARD_ERRORS * error


def test_limits_learned_from_few_wafers_keep_their_false_alarms() -> None:
    sets, expected = 2000, 0.01
    tolerance = STANDARD_ERRORS * np.sqrt(expected / sets)
    assert marginal_t2(sets, 15, seed=4) == pytest.approx(expected, abs=float(tolerance))
    assert family_alarms(1500, 12, seed=4) < 0.002 + STANDARD_ERRORS * np.sqrt(0.002 / 1500)


# -- one point after the other --------------------------------------------------------------------------------------
def rules_broken(chart: ShewhartChart, points: list[float]) -> list[tuple[str, ...]]:
    state, said = chart.start(), list[tuple[str, ...]]()
    for z in points:
        state, signal = chart.step(state, z)
        said.append(signal.rules)
    return said


_UP_DOWN = [0.5 * (-1) ** k for k in range(14)]


@pytest.mark.parametrize(
    ("rule", "points", "nearly"),
    [
        (WESTERN_ELECTRIC[0], [3.1], [2.9]),
        (WESTERN_ELECTRIC[1], [2.1, 0.0, 2.1], [2.1, 0.0, -2.1]),
        (WESTERN_ELECTRIC[2], [1.1, 1.1, 0.0, 1.1, 1.1], [1.1, 1.1, 0.0, -1.1, 1.1]),
        (WESTERN_ELECTRIC[3], [0.1] * 8, [0.1] * 7 + [-0.1]),
        (NELSON[0], [-3.1], [-2.9]),
        (NELSON[1], [-0.1] * 9, [-0.1] * 8),
        (NELSON[2], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [0.1, 0.2, 0.3, 0.3, 0.5, 0.6]),
        (NELSON[3], _UP_DOWN, [*_UP_DOWN[:-1], 0.6]),
        (NELSON[4], [-2.1, -2.1], [-2.1, -1.9]),
        (NELSON[5], [-1.1, -1.1, -1.1, -1.1], [-1.1, -1.1, -1.1, 1.1]),
        (NELSON[6], [0.9, -0.9, 0.5] * 5, [0.9, -1.1, 0.5] * 5),
        (NELSON[7], [1.1, -1.2] * 4, [1.1, -1.2] * 3 + [1.1, 0.9]),
    ],
)
def test_each_rule_is_completed_by_its_pattern_alone(rule: RunRule, points: list[float], nearly: list[float]) -> None:
    chart = ShewhartChart(limit_sigma=99.0, rules=(rule,))
    before = [2.5 if rule.name == "nelson7" else 0.0] * (rule.among - len(points))
    assert rules_broken(chart, before + points)[-1] == (rule.name,)
    assert rules_broken(chart, before + nearly)[-1] == ()


def test_a_point_beyond_on_the_other_side_completes_nothing() -> None:
    # Two of three beyond 2 sigma: the newest must be one of them.
    assert rules_broken(ShewhartChart(99.0, WESTERN_ELECTRIC[1:2]), [2.1, 2.1, 0.0])[-1] == ()


def test_a_shewhart_chart_without_rules_remembers_nothing() -> None:
    state, signal = ShewhartChart().step((), -3.5)
    assert (state, signal.rules, signal.limit) == ((), ("beyond_limit",), -3.0)


def test_ewma_limits_widen_to_their_final_width() -> None:
    chart = EwmaChart(0.2, 3.0)
    widths = [chart.sigma_after(n) for n in (1, 2, 3, 50)]
    assert widths[0] == pytest.approx(0.2)  # one point's weight
    assert all(a < b for a, b in pairwise(widths))
    assert widths[-1] == pytest.approx((0.2 / 1.8) ** 0.5)


def test_ewma_is_the_weighted_mean_of_its_points_and_begins_anew_after_a_signal() -> None:
    chart, state = EwmaChart(0.5, 2.0), EwmaState()
    state, _ = chart.step(state, 0.8)
    state, _ = chart.step(state, 0.4)
    assert state == EwmaState(0.5 * 0.4 + 0.25 * 0.8, 2)
    state, said = chart.step(state, 9.0)
    assert said.is_violated
    assert said.value == pytest.approx(0.5 * 9.0 + 0.5 * 0.4)
    assert state == EwmaState()


def test_cusum_adds_what_is_beyond_the_slack_on_either_side() -> None:
    chart, state = CusumChart(0.5, 2.0), CusumState()
    for z in (1.0, -0.2, 1.5):
        state, said = chart.step(state, z)
    assert state == CusumState(high=1.0, low=0.0)
    assert not said.is_violated
    state, said = CusumChart(0.5, 2.0).step(CusumState(low=1.8), -1.0)
    assert (said.rules, said.value, said.limit) == (("low",), pytest.approx(-2.3), -2.0)
    assert state == CusumState()


# -- several variables ------------------------------------------------------------------------------------------------
def some_subspace(trained: int = 60) -> Subspace:
    rng = np.random.default_rng(1)
    z = rng.standard_normal((trained, 6)) @ rng.standard_normal((6, 6))
    return Subspace.of(np.asarray(np.corrcoef(z, rowvar=False)), trained, 2)


def test_t2_is_the_mahalanobis_distance_in_full_space_and_contributions_add_up() -> None:
    full = some_subspace()
    correlation = (full.loadings * full.variances) @ full.loadings.T
    whole = Subspace.of(np.eye(6) * 0.5 + 0.5, 60, 6)
    z = np.array([1.0, -2.0, 0.5, 0.3, 1.2, -0.7])
    _, said = HotellingChart(whole).step(None, z)
    assert said.value == pytest.approx(float(z @ np.linalg.solve(np.eye(6) * 0.5 + 0.5, z)))
    for chart in (HotellingChart(full), SpeChart(full)):
        _, part = chart.step(None, z)
        assert sum(part.contributions) == pytest.approx(part.value)
    assert correlation.shape == (6, 6)


def test_t2_limit_is_the_formula_and_nears_chi_squared_with_what_is_learned() -> None:
    # p(n+1)(n-1)/(n(n-p))·F: F(0.99; 3, 12) = 5.9525 (tables).
    assert t2_limit(3, 15, 0.01) == pytest.approx(3 * 16 * 14 / (15 * 12) * 5.9525, rel=1e-4)
    assert t2_limit(3, 1_000_000, 0.01) == pytest.approx(float(chdtri(3, 0.01)), rel=1e-4)
    with pytest.raises(ValueError, match="3 points teach no covariance of 3 variables"):
        t2_limit(3, 3, 0.01)


@pytest.mark.parametrize("rest", [[2.0], [1.0, 1.0, 1.0], [0.5] * 12])
def test_spe_of_equal_variances_is_chi_squared(rest: list[float]) -> None:
    limit = spe_quantile(np.array(rest), 0.001)
    assert limit == pytest.approx(rest[0] * float(chdtri(len(rest), 0.001)), rel=1e-6)


@pytest.mark.parametrize("rest", [[2.0, 0.1], [1.0, 0.4, 0.35, 0.2, 0.1], [5.0, 0.1, 0.1, 0.1]])
def test_spe_quantile_is_passed_as_often_as_asked(rest: list[float]) -> None:
    fraction, points = 0.01, 200_000
    spe = (np.random.default_rng(2).standard_normal((points, len(rest))) ** 2) @ np.array(rest)
    passed = float((spe > spe_quantile(np.array(rest), fraction)).mean())
    assert passed == pytest.approx(fraction, abs=STANDARD_ERRORS * (fraction / points) ** 0.5)


def test_jackson_and_mudholkar_agree_for_many_equal_directions_and_are_too_wide_else() -> None:
    assert spe_limit(np.ones(20), 0.01) == pytest.approx(spe_quantile(np.ones(20), 0.01), rel=0.005)
    uneven = np.array([3.0, 1.0, 0.2, 0.1])
    assert spe_limit(uneven, 0.001) > 1.1 * spe_quantile(uneven, 0.001)


@pytest.mark.parametrize("directions", [0, 7])
def test_main_directions_are_between_one_and_all(directions: int) -> None:
    with pytest.raises(ValueError, match=f"{directions} main directions of 6 variables"):
        Subspace.of(np.eye(6), 60, directions)


def test_no_spe_without_a_rest() -> None:
    with pytest.raises(ValueError, match="no direction is left out"):
        spe_quantile(np.array([]), 0.01)


@pytest.mark.parametrize("chart", [ShewhartChart(3.0, NELSON), EwmaChart(), CusumChart()])
def test_a_chart_goes_on_from_any_state_as_if_it_had_not_stopped(chart: Any) -> None:
    points = np.random.default_rng(5).standard_normal(60).tolist()
    state, whole = chart.start(), list[Any]()
    states = list[Any]()
    for z in points:
        states.append(state)
        state, said = chart.step(state, z)
        whole.append(said)
    state, rest = states[30], list[Any]()
    for z in points[30:]:
        state, said = chart.step(state, z)
        rest.append(said)
    assert rest == whole[30:]
