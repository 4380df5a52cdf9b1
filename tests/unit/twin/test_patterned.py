"""Patterned wafers: what is left on each kind of place, and how the surface rubs as it clears."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from planaris.formats import load_density
from planaris.twin.patterned import pattern_friction, places, true_area

AREAS = [
    true_area(area) for area in load_density(Path(__file__).parents[3] / "examples" / "w_plug" / "density.toml").areas
]
RUBS = {"W": 0.35, "Ti": 0.32, "TEOS": 0.22}


def test_the_places_are_the_whole_wafer_and_lose_from_the_top() -> None:
    found = list(places(AREAS, np.array([0.0, 420.0, 2000.0])))
    assert sum(place.share for place in found) == pytest.approx(1.0)
    plug = next(place for place in found if place.films_nm is not None)
    assert plug.share == pytest.approx(0.1)
    assert plug.films_nm is not None
    assert plug.films_nm[:, 0].tolist() == pytest.approx([1220.0, 800.0, 0.0])


def test_plugs_still_rub_as_metal_when_the_field_has_cleared() -> None:
    made = pattern_friction(AREAS, ("W", "Ti", "TEOS"), (400.0, 20.0, 800.0), RUBS)
    assert made[0] == pytest.approx(0.35)
    assert made[1] == pytest.approx(0.9 * 0.32 + 0.1 * 0.35)
    assert made[2] == pytest.approx(0.9 * 0.22 + 0.1 * 0.35)
    blanket = pattern_friction((), ("W", "Ti", "TEOS"), (400.0, 20.0, 800.0), RUBS)
    assert blanket.tolist() == [0.35, 0.32, 0.22]
