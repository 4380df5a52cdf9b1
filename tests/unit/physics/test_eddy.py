"""Eddy-current readings: conductance of films, the coil's signals and their inverse, lift-off, range."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planaris.physics import (
    COPPER_RESISTIVITY_Ohm_m,
    EddyCoil,
    ModelFlag,
    conductance_of_resistive_S,
    conductance_of_signals_S,
    eddy_flags,
    eddy_signals,
    sheet_conductance_S,
    skin_depth_um,
)

COIL = EddyCoil()


def test_skin_depth_of_copper_at_2_MHz() -> None:
    assert skin_depth_um(COPPER_RESISTIVITY_Ohm_m, 2.0) == pytest.approx(46.0, rel=0.01)


def test_films_conduct_side_by_side() -> None:
    d = np.array([[800.0, 25.0, 600.0], [0.0, 25.0, 600.0]])
    made = sheet_conductance_S(("Cu", "Ta", "TEOS"), d)
    assert made[0] == pytest.approx(800e-9 / 2.0e-8 + 25e-9 / 1.8e-6)
    assert made[1] == pytest.approx(25e-9 / 1.8e-6)


def test_the_signals_are_a_coupled_loop() -> None:
    g0 = COIL.half_conductance_S
    resistive, reactive = eddy_signals(np.array([0.0, g0, 1e6 * g0]), COIL)
    assert resistive == pytest.approx([0.0, 0.5, 0.0], abs=1e-5)
    assert reactive == pytest.approx([0.0, -0.5, -1.0], abs=1e-5)


@given(st.floats(0.1, 50.0))
def test_both_inverses_return_the_conductance(conductance: float) -> None:
    resistive, reactive = eddy_signals(np.array([conductance]), COIL)
    assert conductance_of_resistive_S(resistive, COIL)[0] == pytest.approx(conductance, rel=1e-9)
    assert conductance_of_signals_S(resistive, reactive, COIL)[0] == pytest.approx(conductance, rel=1e-9)


@given(st.floats(1.5, 50.0), st.floats(0.01, 2.0))
def test_below_the_half_conductance_more_film_reads_more(conductance: float, more: float) -> None:
    low, high = eddy_signals(np.array([conductance, conductance + more]), COIL)[0]
    assert high > low


def test_a_worn_pad_brings_the_film_nearer_and_shifts_the_scale() -> None:
    g = np.array([20.0])
    nearer = eddy_signals(g, COIL, COIL.liftoff_mm - 0.2)
    assert nearer[0][0] > eddy_signals(g, COIL)[0][0]
    # What two signals say is off by the shift alone, what one says by the coupling too.
    two = conductance_of_signals_S(*nearer, COIL)[0] / 20.0 - 1.0
    one = conductance_of_resistive_S(nearer[0], COIL)[0] / 20.0 - 1.0
    assert two == pytest.approx(1.0 / (1.0 - 0.2 * COIL.shift_per_mm) - 1.0)
    assert one > two


def test_outside_the_calibrated_range_is_flagged_and_not_clipped() -> None:
    assert eddy_flags(np.array([1.5, 50.0]), COIL) == ModelFlag.NONE
    assert eddy_flags(np.array([10.0, 60.0]), COIL) == ModelFlag.EDDY_RANGE
    assert eddy_flags(np.array([0.1]), COIL) == ModelFlag.EDDY_RANGE
    assert conductance_of_signals_S(np.array([0.0]), np.array([0.0]), COIL)[0] == 0.0
