"""Slurry supply, dilution and the groove reservoir."""

from __future__ import annotations

import numpy as np
import pytest

from planaris.physics import (
    SlurryConstants,
    dilution_factor,
    groove_rate_per_s,
    groove_step,
    inlet_concentration,
    relative_supply,
    supply_factor,
    work_function,
)

PSI_KPA = 6.894757293168


def test_supply_saturates_with_its_scale() -> None:
    assert float(supply_factor(98.0)) == pytest.approx(1.0 - np.exp(-1.0), rel=1e-12)
    assert float(supply_factor(0.0)) == 0.0
    # Physics set: 150–300 ml/min is ample.
    assert float(supply_factor(150.0)) > 0.75


def test_relative_supply_is_one_at_the_law_s_own_flow() -> None:
    constants = SlurryConstants(supply_flow_ml_min=98.0, reference_flow_ml_min=150.0)
    np.testing.assert_allclose(relative_supply(np.array([0.0, 150.0]), constants), [0.0, 1.0], rtol=1e-12)
    blind = SlurryConstants(supply_flow_ml_min=0.0)
    np.testing.assert_array_equal(relative_supply(np.array([50.0, 400.0]), blind), [1.0, 1.0])


def test_recipe_conversion_from_ild_to_sti() -> None:
    # US 7,333,875: ILD 4.0 psi, 63 rpm, 150 ml/min to STI 4.2 psi, 63 rpm, 200 ml/min is printed as 1.12; the work
    # function gives 1.129 (computed once by hand from its scales).
    ratio = work_function(4.2 * PSI_KPA, 63.0, 200.0) / work_function(4.0 * PSI_KPA, 63.0, 150.0)
    assert float(ratio) == pytest.approx(1.129, abs=0.002)


def test_work_function_is_one_form_in_three_drives() -> None:
    # Each scale alone: 63 % of what ample drive would give.
    ample = float(work_function(1e9, 1e9, 1e9))
    alone = [work_function(2.117 * PSI_KPA, 1e9, 1e9), work_function(1e9, 66.3, 1e9), work_function(1e9, 1e9, 98.0)]
    np.testing.assert_allclose(alone, ample * (1.0 - np.exp(-1.0)), rtol=1e-4)


def test_inlet_is_the_flow_weighted_mean() -> None:
    flows = np.array([[200.0, 0.0], [200.0, 600.0], [0.0, 0.0]])
    np.testing.assert_allclose(inlet_concentration(flows, np.array([1.0, 0.0])), [1.0, 0.25, 0.0])


@pytest.mark.parametrize("dt_s", [0.1, 1.0, 60.0])
def test_solute_is_conserved(dt_s: float) -> None:
    step = groove_step(0.2, 0.9, 180.0, 26.0, dt_s)
    stored_ml = (step.concentration - 0.2) * 26.0
    assert step.solute_in_ml - step.solute_out_ml == pytest.approx(stored_ml, rel=1e-10)
    assert step.solute_in_ml == pytest.approx(0.9 * 180.0 / 60.0 * dt_s, rel=1e-12)


def test_mixing_follows_its_time_constant_whatever_the_step() -> None:
    tau_s = 26.0 / (200.0 / 60.0)
    assert 1.0 / float(groove_rate_per_s(200.0, 26.0)) == pytest.approx(tau_s, rel=1e-12)
    concentration = 0.0
    for _ in range(100):
        concentration = float(groove_step(concentration, 1.0, 200.0, 26.0, tau_s / 100).concentration)
    assert concentration == pytest.approx(1.0 - np.exp(-1.0), rel=1e-10)


def test_without_flow_nothing_changes() -> None:
    step = groove_step(0.4, 0.0, 0.0, 26.0, 5.0)
    assert (float(step.concentration), float(step.solute_out_ml)) == (0.4, 0.0)


def test_rinse_water_does_not_polish() -> None:
    np.testing.assert_allclose(dilution_factor(np.array([0.0, 1.0])), [0.0, 1.0])
    assert 0.5 < float(dilution_factor(0.25)) < 1.0
