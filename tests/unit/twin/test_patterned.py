"""Patterned wafers: what is left on each kind of place, who recedes, and how the surface rubs as it clears."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from planaris.formats import load_density
from planaris.model import Layer, PatternArea
from planaris.physics import TwoMaterials, contact_step_after_nm, recess_limit_nm
from planaris.twin.patterned import Field, pattern_friction, places, recess_nm, true_area

AREAS = [
    true_area(area) for area in load_density(Path(__file__).parents[3] / "examples" / "w_plug" / "density.toml").areas
]
RUBS = {"W": 0.35, "Ti": 0.32, "TEOS": 0.22}
FIELD = Field((("W", 400.0), ("Ti", 20.0), ("TEOS", 800.0)), (("W", 200.0), ("Ti", 50.0), ("TEOS", 230.0)))
OXIDE = Field((("TEOS", 2000.0),), (("TEOS", 200.0),))


def test_the_places_are_the_whole_wafer_and_lose_from_the_top() -> None:
    found = list(places(AREAS, FIELD, np.array([0.0, 300.0])))
    assert sum(place.share for place in found) == pytest.approx(1.0)
    plug, top = found[-1], found[-2]
    assert (plug.share, plug.materials) == (pytest.approx(0.1), ("W",))
    assert plug.films_nm is not None
    assert top.films_nm is not None
    # As long as all show tungsten the surface comes down level.
    assert plug.films_nm[:, 0].tolist() == pytest.approx([1220.0, 920.0])
    assert top.films_nm[:, 0].tolist() == pytest.approx([400.0, 100.0])


def test_plugs_recede_below_a_slow_liner_and_stand_above_a_fast_oxide() -> None:
    """Signs and sizes by the steady recess of `TwoMaterials`; the liner is too thin for plugs to come to it."""
    area = AREAS[1]
    limit_nm = float(recess_limit_nm(area[5], area[4], 33.3, 0.303, 0.259))
    over_liner, over_oxide = recess_nm(area, FIELD, np.array([418.0, 800.0])).tolist()
    assert 0.0 < over_liner < TwoMaterials(area[1], 200.0, 50.0, limit_nm).steady_recess_nm
    steady = TwoMaterials(area[1], 200.0, 230.0, limit_nm).steady_recess_nm
    assert steady < 0.0
    assert over_oxide == pytest.approx(steady, rel=0.02)


def test_a_step_of_one_film_goes_by_the_closed_form_of_two_level_contact() -> None:
    lines = PatternArea("lines", 1.0, 0.5, 10.0, 10.0, (Layer("TEOS", 2000.0),), (Layer("TEOS", 1500.0),))
    lowered = np.array([0.0, 100.0, 300.0, 600.0])
    step_nm = recess_nm(true_area(lines), OXIDE, lowered)
    assert step_nm == pytest.approx(contact_step_after_nm(500.0, 0.5, 120.0, lowered), abs=1.0)


def test_each_cell_carries_its_own_load() -> None:
    """Up and down of one film lose together what the field loses (physics.md section 3.2)."""
    lines = PatternArea("lines", 1.0, 0.3, 10.0, 10.0, (Layer("TEOS", 2000.0),), (Layer("TEOS", 1500.0),))
    up, down = places([true_area(lines)], OXIDE, np.array([0.0, 200.0]))
    assert up.films_nm is not None
    assert down.films_nm is not None
    lost = 0.3 * np.diff(-up.films_nm[:, 0]) + 0.7 * np.diff(-down.films_nm[:, 0])
    assert lost[0] == pytest.approx(200.0, rel=1e-9)


def test_plugs_still_rub_as_metal_when_the_field_has_cleared() -> None:
    made = pattern_friction(AREAS, FIELD, RUBS)
    assert made[0] == pytest.approx(0.35)
    assert made[1] == pytest.approx(0.9 * 0.32 + 0.1 * 0.35)
    assert made[2] == pytest.approx(0.9 * 0.22 + 0.1 * 0.35, abs=0.02)
