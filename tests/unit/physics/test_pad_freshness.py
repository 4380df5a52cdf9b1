"""Pad freshness against published counts and rates (V11)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import least_squares

from planaris import physics

FRESH = physics.FreshnessConstants()
PSI_KPA = 6.894757293168

# Jeong 2024 (T): summit contacts in a field of view without conditioning, at (psi, minutes); ratios only.
JEONG_CONTACTS = {
    2.0: ((0, 109), (1, 121), (2, 103), (3, 113), (4, 97), (5, 91), (10, 56)),
    4.0: ((0, 121), (1, 118), (2, 101), (3, 99), (4, 80), (5, 82), (10, 60)),
    5.0: ((0, 114), (1, 96), (2, 72), (3, 81), (4, 60), (5, 46)),
}
# Jeong 2024, Fig. 9 (F): relative removal rate without conditioning at 2 psi, (minutes, rate).
JEONG_RATE_2PSI = ((1, 1.0), (2, 0.975), (3, 1.03), (4, 0.975), (5, 0.935), (7, 0.88), (10, 0.835))
# Lawing 2004 (F): oxide rate without conditioning, (minutes, Å/min); fumed and colloidal silica.
LAWING = {
    "fumed-medium": (
        (1, 2280), (2, 2200), (3, 1990), (5, 1860), (7, 1790), (11, 1770), (15, 1690), (19, 1630), (23, 1590),
        (27, 1540), (31, 1480),
    ),
    "fumed-high": (
        (0, 2550), (1, 2470), (3, 2330), (5, 2160), (11, 1990), (15, 1860), (19, 1800), (23, 1730), (27, 1670),
        (31, 1620),
    ),
    "colloidal-medium": (
        (2, 2950), (5, 2810), (7, 2790), (9, 2770), (11, 2760), (13, 2770), (15, 2730), (17, 2730), (19, 2720),
        (20, 2730),
    ),
}  # fmt: skip


def worn(pv_kPa_m_s: float, minutes: np.ndarray, constants: physics.FreshnessConstants = FRESH) -> np.ndarray:
    """Freshness of a track under the wafer for its share of a turn, without conditioning."""
    ring = np.full((len(minutes), 1), pv_kPa_m_s * constants.track_exposure_fraction)
    target, rate = physics.freshness_rates(ring, np.zeros(1), constants)
    theta = physics.relax(np.ones(target.shape), target, rate, 60.0 * minutes[:, None, None])
    return physics.freshness(theta)[:, 0]


def test_contacts_fall_as_counted() -> None:
    # One wear constant for all three pressures at 1 m/s (speed not stated); one count scale. V11: 15 %.
    errors = []
    for psi, rows in JEONG_CONTACTS.items():
        minutes, counts = np.array(rows, float).T
        model = worn(psi * PSI_KPA * 1.0, minutes)
        errors.append(model / counts)
    ratio = np.concatenate(errors)
    assert np.mean(np.abs(ratio / np.mean(ratio) - 1.0)) < 0.15


def test_rate_falls_less_than_contacts() -> None:
    minutes, rate = np.array(JEONG_RATE_2PSI).T
    theta = worn(2.0 * PSI_KPA * 1.0, minutes)
    model = physics.rate_factor(theta, FRESH.beta_fraction)
    scale = np.mean(rate / model)
    assert np.mean(np.abs(scale * model / rate - 1.0)) < 0.08  # V11
    contact_loss, rate_loss = 1.0 - theta[-1], 1.0 - model[-1]
    assert contact_loss == pytest.approx(0.5, abs=0.1)
    assert rate_loss == pytest.approx(0.17, abs=0.05)


def test_rates_fall_with_the_logarithm_of_time() -> None:
    # Shared: spread and β. Per slurry: wear; per series: the fresh rate. V11: 8 %.
    def series(wear_P_V: float, rate: float, minutes: np.ndarray) -> np.ndarray:
        return rate * physics.rate_factor(worn(wear_P_V, minutes), FRESH.beta_fraction)

    for names in (("fumed-medium", "fumed-high"), ("colloidal-medium",)):
        data = [np.array(LAWING[n], float).T for n in names]

        def residual(x: np.ndarray, data: list[np.ndarray] = data) -> np.ndarray:
            return np.concatenate(
                [series(math.exp(x[0]), r, d[0]) / d[1] - 1.0 for r, d in zip(x[1:], data, strict=True)]
            )

        found = least_squares(residual, [math.log(20.0), *(d[1][0] for d in data)])
        assert np.mean(np.abs(residual(found.x))) < 0.08
        for rate, (minutes, _) in zip(found.x[1:], data, strict=True):
            late = minutes >= 1
            model = series(math.exp(found.x[0]), rate, minutes[late])
            fit = np.polyfit(np.log(minutes[late]), model, 1)
            left = model - np.polyval(fit, np.log(minutes[late]))
            # Lawing's own log fit leaves 0.5–2 % of the rate.
            assert np.std(left) < 0.02 * np.mean(model)


def test_one_population_cannot_do_that() -> None:
    minutes = np.array(LAWING["fumed-medium"], float).T[0]
    single = physics.FreshnessConstants(population_count=1)
    theta = worn(200.0, minutes, single)
    residual = theta - np.polyval(np.polyfit(np.log(minutes), theta, 1), np.log(minutes))
    spread = physics.FreshnessConstants()
    three = worn(20.0, minutes, spread)
    residual_3 = three - np.polyval(np.polyfit(np.log(minutes), three, 1), np.log(minutes))
    assert np.std(residual_3) < 0.5 * np.std(residual)


def test_a_minute_of_conditioning_brings_contacts_back() -> None:
    # Jeong 2024 (T): from about half to within 9 % of fresh.
    disk = physics.DiskConstants()
    renewal = physics.renewal_per_s(np.array([disk.reference_cut_um_h]), disk)
    target, rate = physics.freshness_rates(np.zeros((1, 1)), renewal, FRESH)
    after = physics.freshness(physics.relax(np.full(target.shape, 0.5), target, rate, 60.0))
    assert after[0, 0] == pytest.approx(0.91, abs=0.03)


def test_freshness_stays_between_nothing_and_all() -> None:
    pv = np.array([[0.0, 5.0, 1e6]])
    for renewal in (np.zeros(3), np.full(3, 0.03), np.full(3, 1e6)):
        target, rate = physics.freshness_rates(pv, renewal, FRESH)
        for start in (0.0, 0.4, 1.0):
            theta = physics.relax(np.full(target.shape, start), target, rate, 1e3)
            assert np.all((theta >= 0.0) & (theta <= 1.0))


def test_idle_pad_stays_as_it_is() -> None:
    target, rate = physics.freshness_rates(np.zeros((1, 2)), np.zeros(2), FRESH)
    np.testing.assert_array_equal(physics.relax(np.full(target.shape, 0.37), target, rate, 1e5), 0.37)


def test_populations_stand_in_a_geometric_row_around_the_middle() -> None:
    slow, middle, fast = physics.population_wear_per_kPa_m(FRESH)
    assert (middle / slow, fast / middle) == pytest.approx((4.0, 4.0))
    assert middle == pytest.approx(6.1e-5 / 0.26)


def test_break_in_gains_what_it_says() -> None:
    factor = physics.break_in_factor(np.array([0.0, 3000.0, 1e9]), 7.0, 3000.0)
    assert factor[2] / factor[0] == pytest.approx(1.07, rel=1e-9)
    assert (factor[1] - factor[0]) / (factor[2] - factor[0]) == pytest.approx(0.95, rel=1e-9)
