"""Stages of a polish: clearing and over-polish, what is asked of arguments, the same result however it is marched."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from chips import blocks, oxide, uniform

from planaris.model import InputError
from planaris.planarity import ClearEndpoint, StageSetting, chip_process, pad_filter, polish
from planaris.processes import load_package


def test_clearing_comes_when_the_film_s_last_nanometre_goes() -> None:
    """A uniform copper film over filled trenches has no step: it clears at thickness over rate."""
    usual = chip_process("cu", stages=(StageSetting(ClearEndpoint(overpolish_s=7.0)),))
    process = replace(usual, stack=replace(usual.stack, step_nm=0.0))
    surface = polish(uniform(0.5), process)
    expected = 700.0 / (process.stages[0].rates_nm_min["Cu"] / 60.0)
    assert surface.clear_time_s[0] == pytest.approx(expected, rel=1e-9)
    assert surface.time_s == pytest.approx(expected + 7.0, rel=1e-9)
    assert surface.cleared.all()


def test_over_polish_by_percent_is_of_the_time_to_clearing() -> None:
    process = chip_process("sti", stages=(StageSetting(ClearEndpoint(overpolish_pct=25.0)),))
    surface = polish(blocks(), process)
    assert surface.time_s == pytest.approx(1.25 * surface.clear_time_s[0], rel=1e-12)


@pytest.mark.parametrize("asked", [0.3, 0.9, 1.0])
def test_the_asked_share_of_the_up_area_is_clear_at_clearing(asked: float) -> None:
    """A moment before clearing less than that share of the up places shows the stop film, after it at least that."""
    process = chip_process("sti", stages=(StageSetting(ClearEndpoint(cleared_fraction=asked)),))
    maps = blocks()
    surface = polish(maps, process)

    def bare(dt_s: float) -> float:
        left = polish(maps, process, time_s=surface.time_s + dt_s).up_nm
        return float((maps.density * (left <= 110.0 + 1e-6)).sum() / maps.density.sum())

    assert bare(-0.1) < asked
    assert bare(0.1) >= asked - 1e-9


def test_a_stage_that_cannot_clear_ends_at_its_latest_time() -> None:
    process = chip_process("sti", stages=(StageSetting(ClearEndpoint(latest_s=20.0), pressure_kPa=10.0),))
    surface = polish(blocks(), process)
    assert math.isnan(surface.clear_time_s[0])
    assert 20.0 <= surface.time_s < 40.0
    assert not surface.cleared.any()


def test_stages_in_a_row_are_one_polish() -> None:
    whole = polish(blocks(), oxide(80.0))
    stage = oxide(40.0).stages[0]
    halves = polish(blocks(), replace(oxide(40.0), stages=(stage, stage)))
    assert np.allclose(whole.surface_nm, halves.surface_nm, atol=1e-9)


def test_threads_and_a_filter_made_before_change_nothing() -> None:
    maps, process = blocks(200, 20.0), chip_process("sti")
    one = polish(maps, process)
    two = polish(maps, process, workers=2, pad=pad_filter(maps, process))
    assert np.array_equal(one.surface_nm, two.surface_nm)


def test_more_pressure_on_the_chip_is_more_time() -> None:
    pressed = polish(blocks(), oxide(40.0), load_ratio=1.5)
    longer = polish(blocks(), oxide(60.0))
    assert np.allclose(pressed.surface_nm, longer.surface_nm, atol=0.05)
    by_cell = polish(blocks(), oxide(40.0), load_ratio=np.full((40, 40), 1.5))
    assert np.allclose(by_cell.surface_nm, pressed.surface_nm, atol=1e-9)


def test_bad_arguments_are_told_all_at_once() -> None:
    maps = replace(blocks(), inside=np.ones((3, 3)))
    stage = replace(chip_process("cu").stages[0], rates_nm_min={"Cu": 500.0})
    process = replace(chip_process("cu"), stages=(stage,))
    with pytest.raises(ValueError, match=r"inside is \(3, 3\)") as told:
        polish(maps, process, time_s=-1.0)
    for part in ("time_s = -1.0", "no rate of Ta", "no rate of TEOS"):
        assert part in str(told.value)


def test_an_endpoint_must_name_a_film_of_the_up_places() -> None:
    with pytest.raises(ValueError, match="stops on SiN"):
        polish(blocks(), chip_process("cu", stages=(StageSetting(ClearEndpoint(film="SiN")),)))
    with pytest.raises(ValueError, match="one film"):
        polish(blocks(), chip_process("oxide", stages=(StageSetting(ClearEndpoint()),)))


def test_unknown_processes_and_films_are_refused() -> None:
    with pytest.raises(InputError, match="not known at chip scale"):
        chip_process("gaas")
    with pytest.raises(InputError, match="no usual product"):
        chip_process(load_package("poly_si"))
    with pytest.raises(InputError, match="no removal law"):
        chip_process("oxide", stack=chip_process("cu").stack)
    with pytest.raises(InputError, match="no such slurry line"):
        chip_process("oxide", stages=(StageSetting(60.0, slurry_line=2),))


def test_sparse_and_full_layouts_are_flagged() -> None:
    assert polish(uniform(0.01), oxide()).flags.name == "DENSITY_RANGE"
    assert polish(uniform(0.5), oxide()).flags.name == "NONE"
