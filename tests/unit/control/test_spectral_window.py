"""A worn window is a worn window: its colour is fitted for the whole wafer, and is not taken for another film."""

from __future__ import annotations

import numpy as np
import pytest

from endpoint_cases import oxide_detector, polish
from endpoint_optics import WAVELENGTH_NM
from endpoint_plant import MISMATCHED, draw_wafer
from planaris.control import DecisionKind, nominal_stack
from planaris.control.endpoint.metal_library import metal_left, metal_library
from planaris.control.endpoint.spectral_model import derivatives, expand, film_phase, interfaces, spectra
from planaris.control.endpoint.spectral_window import centred, colour, window_terms
from planaris.model import FilmStack, Layer
from planaris.physics import spectrum_of

OXIDE = FilmStack((Layer("TEOS", 1500.0), Layer("SiN", 100.0)), "Si")
POLY = FilmStack((Layer("poly-Si", 300.0), Layer("TEOS", 100.0)), "Si")


@pytest.mark.parametrize("seed", [50046, 50055])
def test_windows_that_pass_hardly_any_blue_are_seen_through(seed: int) -> None:
    """These two have lost nearly all light at 400 nm; a parabola for each spectrum took them for another film."""
    outcome = polish(draw_wafer(seed, MISMATCHED), oxide_detector())
    assert outcome.decision.kind is DecisionKind.CALL
    assert abs(outcome.error_nm) < 20.0


@pytest.mark.parametrize(("lost", "power"), [(0.1, 1.0), (0.3, 2.0), (0.25, 3.0), (0.15, 4.0)])
def test_four_terms_hold_any_power_of_the_wave_number(lost: float, power: float) -> None:
    passed = 1.0 - lost * (600.0 / WAVELENGTH_NM) ** power
    terms = window_terms(WAVELENGTH_NM).colour
    design = np.concatenate([np.ones((1, WAVELENGTH_NM.size)), terms])
    found = np.linalg.lstsq(design.T, passed, rcond=None)[0]
    # The largest part of it that a quartic leaves, as the module says.
    assert np.abs(found[0] * colour(terms, found[1:] / found[0]) - passed).max() < 2e-4


def test_centred_runs_from_minus_one_to_one_either_way() -> None:
    assert centred(WAVELENGTH_NM)[[0, -1]] == pytest.approx([-1.0, 1.0])
    assert centred(1.0 / WAVELENGTH_NM)[[0, -1]] == pytest.approx([-1.0, 1.0])


@pytest.mark.parametrize("films", [OXIDE, POLY], ids=["transparent", "absorbing"])
def test_real_numbers_give_the_airy_sum_and_its_slopes(films: FilmStack) -> None:
    stack, nm, step = nominal_stack(films, WAVELENGTH_NM), np.array([0.0, 10.0, 333.0, 1200.0]), 1e-3
    here, by_nm, by_index, by_under = derivatives(stack, expand(stack, 1.003, 0.98), nm)

    def airy(more_nm: float = 0.0, index: float = 1.003, under: float = 0.98) -> np.ndarray:
        return spectra(interfaces(stack, index, under), film_phase(stack, nm + more_nm))

    assert np.abs(here - airy()).max() < 1e-13
    # Central differences of the same function: their own error is of order step² and rounding over step.
    assert np.abs(by_nm - (airy(step) - airy(-step)) / (2.0 * step)).max() < 1e-7
    assert np.abs(by_index - (airy(index=1.004) - airy()) / 1e-3).max() < 1e-10
    assert np.abs(by_under - (airy(under=0.981) - airy()) / 1e-3).max() < 1e-10


def _shown(*layers: tuple[str, float]) -> np.ndarray:
    materials, nm = [m for m, _ in layers], np.array([d for _, d in layers])
    return spectrum_of(materials, nm, WAVELENGTH_NM)[None, :]


PLUG_FILMS = FilmStack((Layer("W", 250.0), Layer("Ti", 20.0), Layer("TEOS", 800.0)), "Si")
PLUG = metal_library(nominal_stack(PLUG_FILMS, WAVELENGTH_NM))


@pytest.mark.parametrize("liner_nm", [20.0, 14.0, 7.0, 3.0])
def test_a_metal_is_gone_whatever_is_left_of_its_liner(liner_nm: float) -> None:
    left_nm, misfit = metal_left(PLUG, _shown(("Ti", liner_nm), ("TEOS", 800.0)))
    assert left_nm[0] < 0.75
    assert misfit[0] < 0.02


@pytest.mark.parametrize("oxide_nm", [800.0, 740.0, 660.0])
def test_it_is_gone_where_the_oxide_below_has_begun_to_go(oxide_nm: float) -> None:
    left_nm, misfit = metal_left(PLUG, _shown(("TEOS", oxide_nm)))
    assert left_nm[0] < 0.75
    assert misfit[0] < 0.03


@pytest.mark.parametrize("metal_nm", [8.0, 20.0, 60.0])
def test_metal_over_a_liner_is_no_clear_wafer(metal_nm: float) -> None:
    left_nm, _ = metal_left(PLUG, _shown(("W", metal_nm), ("Ti", 20.0), ("TEOS", 800.0)))
    assert left_nm[0] > 0.75
