"""Wafers that are not what the recipe means are turned away in the first sweeps; what it means is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from endpoint_cases import oxide_detector
from endpoint_optics import film_reflectance
from endpoint_plant import MISMATCHED, Wafer, draw_wafer, spectra_blocks
from planaris.control import Decision, DecisionKind
from planaris.model import Block
from planaris.physics import spectrum_of, spectrum_wavelengths_nm

DETECTOR = oxide_detector()
# Five turns of the platen: what "early" means here.
EARLY_S = 5.0


def first_final(blocks: list[Block]) -> Decision:
    state = DETECTOR.start(0.0)
    for block in blocks:
        state, decision = DETECTOR.step(state, block)
        if decision.is_final:
            return decision
    raise AssertionError("nothing was recognised")


def thinner(wafer: Wafer, nm: float) -> Wafer:
    return replace(wafer, film_nm=wafer.film_nm - nm)


def shown_as(blocks: list[Block], spectrum: np.ndarray) -> list[Block]:
    """Return blocks in which the wafer shows one spectrum, with noise."""
    rng = np.random.default_rng(3)
    changed: list[Block] = []
    for block in blocks:
        values = block.values.copy()
        noise = rng.normal(0.0, 0.002, (values.shape[0] - 1, 256))
        values[:-1, :256] = 0.8 * spectrum + noise
        changed.append(replace(block, values=values))
    return changed


@pytest.mark.parametrize(
    ("missing_nm", "recognised"), [(330.0, "reworked"), (620.0, "nearly_clear"), (700.0, "nearly_clear")]
)
def test_polished_wafers_are_turned_away(missing_nm: float, recognised: str) -> None:
    for seed in range(3):
        decision = first_final(list(spectra_blocks(thinner(draw_wafer(seed, MISMATCHED), missing_nm), 20.0)))
        assert (decision.kind, decision.recognised) == (DecisionKind.ABORT, recognised)
        assert decision.time_s < EARLY_S


@pytest.mark.parametrize(("film", "recognised"), [("Cu", "wrong_film"), ("W", "wrong_film"), ("", "blank")])
def test_wrong_films_and_blanks_are_turned_away(film: str, recognised: str) -> None:
    materials = [film] if film else []
    shape = (1,) if film else (0,)
    spectrum = spectrum_of(materials, np.full(shape, 500.0), spectrum_wavelengths_nm())
    decision = first_final(shown_as(list(spectra_blocks(draw_wafer(1, MISMATCHED), 20.0)), spectrum))
    assert (decision.kind, decision.recognised) == (DecisionKind.ABORT, recognised)
    assert decision.time_s < EARLY_S


def test_poly_on_oxide_is_no_oxide_on_nitride() -> None:
    spectrum = spectrum_of(["poly-Si", "TEOS"], np.array([300.0, 100.0]), spectrum_wavelengths_nm())
    decision = first_final(shown_as(list(spectra_blocks(draw_wafer(1, MISMATCHED), 20.0)), spectrum))
    assert decision.recognised == "wrong_film"


def test_the_plant_and_the_nominal_stack_mean_the_same_wafer() -> None:
    from endpoint_optics import below, nitride, silica, silicon

    under = below([(nitride(), 100.0)], silicon())
    truth = film_reflectance(silica().real, np.array([1500.0]), under)[0]
    nominal = spectrum_of(["TEOS", "SiN"], np.array([1500.0, 100.0]), spectrum_wavelengths_nm())
    # Tables of silicon and the index of water differ by some 1e-3: where fringes leave little light, by a few percent.
    assert np.abs(truth / nominal - 1.0).max() < 0.04
