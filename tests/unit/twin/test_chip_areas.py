"""A chip's areas on the twin's wafers: the twin begins with the chip's steps and dishes its lines."""

from __future__ import annotations

import numpy as np
import pytest

from planaris.planarity import PatternMaps, chip_process, density_areas, pattern_maps
from planaris.twin.patterned import Field, TrueArea, places, recess_nm, true_area

CU = chip_process("cu")
FILMS = tuple((layer.material, layer.thickness_nm) for layer in CU.stack.up)
FIELD = Field(FILMS, tuple(CU.stages[0].rates_nm_min.items()))
COVER_nm = FILMS[0][1]


def die() -> PatternMaps:
    density = np.where(np.arange(40) < 20, 0.2, 0.6) * np.ones((40, 1))
    area_um2 = density * 100.0**2
    return pattern_maps(100.0, 0.0, 0.0, area_um2, area_um2, np.ones((40, 40)))


def areas() -> list[TrueArea]:
    return [true_area(area) for area in density_areas(die(), CU, kinds=4)]


def test_places_of_a_chip_are_the_whole_wafer() -> None:
    found = list(places(areas(), FIELD, np.array([0.0, COVER_nm])))
    assert sum(place.share for place in found) == pytest.approx(1.0, abs=1e-9)


def test_the_twin_begins_with_the_step_that_deposition_leaves() -> None:
    """2 µm trenches that plating fills to 1 µm: 350·4/(4 + 1) nm."""
    for area in areas():
        assert recess_nm(area, FIELD, np.array([0.0]))[0] == pytest.approx(350.0 * 0.8, rel=1e-9)


def test_copper_stands_lower_than_the_field_once_that_is_clear() -> None:
    for area in areas():
        clear, later = recess_nm(area, FIELD, np.array([COVER_nm + 1.0, COVER_nm + 15.0]))
        assert 0.0 < clear < 350.0
        assert later > 0.0
