"""The moving averages against their closed forms and against the factory-wide example."""

from __future__ import annotations

import numpy as np
import pytest
from run_to_run_plants import fwc_outputs, rows, siso_errors

from planaris.control import DoubleEwma, Ewma, highest_integral_gain, highest_weight, spectral_radius

# What the closed forms are held to; 400,000 values put the Monte Carlo's own 1 sigma at 0.3 % of a variance.
WITHIN = 0.01


@pytest.mark.parametrize("row", rows("ewma_asymptotic"), ids=lambda r: "-".join(list(r.values())[:5]))
def test_moving_average_has_its_offset_and_variance(row: dict[str, str]) -> None:
    method = Ewma(float(row["lambda"]))
    theta = float(row["ima_theta(blank=white noise)"] or 1.0)
    chance = np.random.default_rng(11)
    errors = siso_errors(method, float(row["xi_true_over_model_gain"]), float(row["drift_per_run"]), theta, chance)
    assert errors.mean() == pytest.approx(float(row["offset_analytic"]), rel=WITHIN, abs=0.01)
    assert errors.var() == pytest.approx(float(row["variance_analytic"]), rel=WITHIN)
    assert (errors**2).mean() == pytest.approx(float(row["mse_analytic"]), rel=WITHIN)


@pytest.mark.parametrize("row", rows("ewma_optimal_gain"), ids=lambda r: r["drift_over_sigma"])
def test_the_best_weight_has_the_least_error(row: dict[str, str]) -> None:
    drift, best = float(row["drift_over_sigma"]), float(row["optimal_lambda_xi"])
    chance = np.random.default_rng(12)
    errors = siso_errors(Ewma(best), 1.0, drift, 1.0, chance)
    assert (errors**2).mean() == pytest.approx(float(row["min_mse_over_sigma2"]), rel=WITHIN)
    # The closed form itself, δ²/λ² + 2/(2 − λ), is least there.
    weights = np.linspace(0.5 * best, min(1.5 * best, 1.5), 201)
    mse = (drift / weights) ** 2 + 2.0 / (2.0 - weights)
    assert weights[mse.argmin()] == pytest.approx(best, abs=weights[1] - weights[0])


@pytest.mark.parametrize("row", rows("dewma_asymptotic"), ids=lambda r: "-".join(list(r.values())[:3]))
def test_double_moving_average_follows_a_drift_without_offset(row: dict[str, str]) -> None:
    method = DoubleEwma(float(row["lambda1"]), float(row["lambda2"]))
    # The slowest of the table forgets its start by 0.967 a run.
    errors = siso_errors(
        method, float(row["xi_true_over_model_gain"]), 0.1, 1.0, np.random.default_rng(13), runs=600, dropped=400
    )
    assert errors.mean() == pytest.approx(0.0, abs=0.005)
    assert errors.var() == pytest.approx(float(row["variance_over_sigma2_analytic"]), rel=WITHIN)


@pytest.mark.parametrize("row", rows("ewma_delay_stability"), ids=lambda r: "-".join(r.values()))
def test_stability_limits_with_late_labels(row: dict[str, str]) -> None:
    delay, ratio = int(row["metrology_delay_runs"]), float(row["xi_true_over_model_gain"])
    assert highest_weight(ratio, delay) == pytest.approx(float(row["lambda_upper_limit"]), abs=1e-3)


def test_pure_integral_action_bears_less_the_later_labels_are() -> None:
    assert [round(highest_integral_gain(d), 3) for d in range(4)] == [2.0, 1.0, 0.618, 0.445]
    for delay in range(1, 4):
        gain, z = highest_integral_gain(delay), np.zeros(delay + 2)
        z[0], z[1], z[-1] = 1.0, -1.0, gain
        assert np.abs(np.roots(z)).max() == pytest.approx(1.0, abs=1e-9)


def test_late_labels_leave_the_offset_of_the_closed_form() -> None:
    # Offset δ(1/λ + d): the disturbance expected is that of d runs ago.
    weight, delay, drift, runs = 0.3, 3, 0.1, 400
    method, state, expected = Ewma(weight), 0.0, 0.0
    disturbances: list[float] = []
    error = 0.0
    for run in range(runs):
        error = drift * run - expected
        disturbances.append(drift * run)
        if run >= delay:
            state, expected = method.step(state, disturbances[run - delay])
    assert error == pytest.approx(drift * (1.0 / weight + delay), rel=1e-6)


@pytest.mark.parametrize("delay", range(5))
@pytest.mark.parametrize("gain_ratio", [0.75, 1.0, 1.25])
def test_no_weight_up_to_one_half_rings_at_any_delay(delay: int, gain_ratio: float) -> None:
    # Roots within 0.95: an error falls to a tenth within 45 labels whatever the delay and a gain wrong by a quarter.
    assert spectral_radius(0.5, gain_ratio, delay) < 0.95


@pytest.mark.parametrize("row", rows("fwc_process1_reference"), ids=lambda r: r["controller"])
def test_factory_wide_example(row: dict[str, str]) -> None:
    name, every = row["controller"], 10 if row["controller"].endswith("every10") else 1
    weights = [float(w) for w in name.removesuffix("_every10").split("_")[1:] if w[0].isdigit()]
    method = None
    if name.startswith("EWMA"):
        method = Ewma(weights[0])
    elif name.startswith("dEWMA"):
        method = DoubleEwma(weights[0], weights[1])
    y = fwc_outputs(method, np.random.default_rng(14), every=every)
    for output in (0, 1):
        # The reference has 30,400 values: their own 1 sigma is 0.8 % of a variance, more where runs hang together.
        assert y[..., output].var() == pytest.approx(float(row[f"var_y{output + 1}"]), rel=0.03)
        assert (y[..., output] ** 2).mean() == pytest.approx(float(row[f"mse_y{output + 1}"]), rel=0.03)
        assert y[..., output].mean() == pytest.approx(float(row[f"mean_y{output + 1}"]), abs=0.03)


def test_factory_wide_floors_where_nothing_is_predictable() -> None:
    """Floors of 0.3005 and 0.2340: what is left of the variance once the ramps are known."""
    chance = np.random.default_rng(15)
    y = fwc_outputs(None, chance)
    ramp = np.array([[run % 100, run % 200] for run in range(200, 1000)]) @ np.array([[0.1, 0.0], [0.05, 0.0]])
    left = y - ramp[:, None, :]
    np.testing.assert_allclose(left.reshape(-1, 2).var(axis=0), [0.3005, 0.2340], rtol=WITHIN)
