"""Paths of a layout: widths odd in dbu, one point, turns back, zero width."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gdstk
import pytest

from planaris.planarity.extract import layer_maps
from planaris.planarity.layout_reader import read_layout


def area_dbu2(folder: Path, *paths: Any) -> float:
    """Return the merged area of paths of layer 8 in dbu², written as GDSII and read."""
    library = gdstk.Library(unit=1e-9, precision=1e-9)
    chip = library.new_cell("CHIP")
    chip.add(*paths, gdstk.rectangle((-500, -500), (500, 500), layer=99))
    library.write_gds(folder / "chip.gds")
    maps = layer_maps(read_layout(folder / "chip.gds"), {"metal": ((8, 0),)}, 1000)["metal"]
    return float(maps.density[0, 0]) * 1000.0**2


def path(points: list[tuple[float, float]], width: float, ends: Any = "flush") -> Any:
    return gdstk.FlexPath(points, width, ends=ends, layer=8, simple_path=True)


@pytest.mark.parametrize("width", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_a_line_has_the_width_that_was_drawn(tmp_path: Path, width: int, at: int) -> None:
    along, up = path([(0, at), (100, at)], width), path([(200 + at, 0), (200 + at, 100)], width)
    assert area_dbu2(tmp_path, along, up) == pytest.approx(2 * 100 * width)


def test_a_path_that_turns_back_is_as_long_as_it_reaches(tmp_path: Path) -> None:
    # Where it turns it goes on by half its width, as at a corner.
    assert area_dbu2(tmp_path, path([(0, 0), (100, 0), (30, 0)], 10)) == pytest.approx(105 * 10)
    assert area_dbu2(tmp_path, path([(0, 0), (100, 0), (30, 0)], 10, "extended")) == pytest.approx(110 * 10)


@pytest.mark.parametrize(("ends", "area"), [("extended", 100.0), ("flush", 0.0)])
def test_a_path_of_one_point_is_its_ends(tmp_path: Path, ends: str, area: float) -> None:
    assert area_dbu2(tmp_path, path([(7, 7), (7, 7)], 10, ends)) == pytest.approx(area)


def test_round_ends_are_as_round_as_the_grid_allows(tmp_path: Path) -> None:
    # Within rounding of the points, half a dbu along each half circle.
    area = area_dbu2(tmp_path, path([(0, 0), (300, 0)], 100, "round"))
    assert area == pytest.approx(300 * 100 + 3.14159 * 50**2, abs=0.5 * 3.14159 * 50)


def test_a_path_without_width_covers_nothing(tmp_path: Path) -> None:
    assert area_dbu2(tmp_path, path([(0, 0), (100, 0)], 0)) == 0.0
