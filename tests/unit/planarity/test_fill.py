"""Fill: legal by an independent clipper, better than fill by density, and honest where there is nothing to gain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gdstk
import numpy as np
import pytest
from fill_samples import CELL_UM, RULES, chip, long_polish, reticle, uniform
from numpy.typing import NDArray

from planaris.model import InputError
from planaris.planarity import FillDesign, Layout, Placed, chip_process, design_fill, layer_maps, pad_filter, reticle_of
from planaris.planarity.chip_cells import chip_cells
from planaris.planarity.clipper import clipped_areas
from planaris.planarity.cover import cover_rectangles
from planaris.planarity.coverage import Block, Grid, measure
from planaris.planarity.fill_check import check_fill
from planaris.planarity.fill_choice import bounds, capacity, place_squares
from planaris.planarity.fill_sites import fill_sites
from planaris.planarity.montage import PlacedPad, place_of
from planaris.planarity.slanted import NO_SLANTED, Slanted

CELL_DBU = round(CELL_UM * 1000)
METAL = {"metal": ((8, 0), (8, 22))}


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return chip(tmp_path_factory.mktemp("chip"))


@pytest.fixture(scope="module")
def design(layout: Layout) -> FillDesign:
    maps = layer_maps(layout, METAL, CELL_DBU)["metal"]
    return design_fill(layout, RULES, long_polish(), CELL_DBU, reticle(maps))


def test_fill_by_topography_beats_none_and_fill_by_density(design: FillDesign) -> None:
    assert design.indicated
    assert design.by_topography.TIR_nm <= 0.5 * design.before.TIR_nm
    assert design.by_topography.TIR_nm <= 0.9 * design.by_density.TIR_nm


def test_it_breaks_no_rule(layout: Layout, design: FillDesign) -> None:
    assert len(design.by_topography.squares) > 1000
    assert design.violations == ()
    # Once more by gdstk alone: squares grown by a distance touch nothing that they must not.
    boxes = design.by_topography.squares / 1000.0
    squares: list[Any] = [gdstk.rectangle((x0, y0), (x1, y1)) for x0, y0, x1, y1 in boxes.tolist()]
    chip_cell: Any = gdstk.read_gds(layout.source).top_level()[0]
    for key, space in (((8, 0), RULES.drawn_space_um), ((8, 23), RULES.keep_out_space_um)):
        drawn: Any = chip_cell.get_polygons(layer=key[0], datatype=key[1])
        grown: Any = gdstk.offset(drawn, space - 1e-3, join="bevel", use_union=True)
        assert not gdstk.boolean(grown, squares, "and", precision=1e-4)
    apart = gdstk.offset(squares, 0.5 * RULES.fill_space_um - 1e-3, use_union=True)
    assert len(apart) == len(squares)


def test_figures_are_those_of_the_squares_that_are_written(layout: Layout, design: FillDesign) -> None:
    sides = design.by_topography.squares[:, 2] - design.by_topography.squares[:, 0]
    drawn = layer_maps(layout, METAL, CELL_DBU)["metal"].mean_density
    added = float((sides.astype(np.float64) ** 2).sum()) / 1e12
    assert design.by_topography.maps.mean_density == pytest.approx(drawn + added, abs=1e-9)


def test_a_chip_alone_is_flat_and_is_not_filled_for_topography(layout: Layout) -> None:
    rules = replace(RULES, density_min_fraction=0.0)
    made = design_fill(layout, rules, chip_process("oxide"), CELL_DBU)
    assert not made.indicated
    assert len(made.by_topography.squares) == 0


def planted(layout: Layout, rule: str) -> NDArray[np.int64]:
    """Return squares that keep all rules, with one that breaks the named one."""
    maps = layer_maps(layout, METAL, CELL_DBU)["metal"]
    sites = fill_sites(layout, RULES)
    lower, upper = bounds(maps, RULES, capacity(sites, CELL_DBU, maps))
    legal = sites.squares(place_squares(sites, CELL_DBU, maps, lower + 0.2 * (upper - lower), upper))
    if rule == "fill to fill":
        one = legal[len(legal) // 2]
        return np.concatenate([legal, (one + np.array([500, 0, 500, 0]))[None]])
    if rule == "density min":
        return legal[legal[:, 0] > 420_000]
    if rule == "density max":
        return sites.squares(sites.largest)
    extra = {
        "size": [300_000, 200_000, 303_000, 203_000],
        "edge": [4_000, 480_000, 6_000, 482_000],
        "fill to drawn": [611_300, 650_000, 613_300, 652_000],
        "fill to keep-out": [852_000, 800_000, 854_000, 802_000],
    }[rule]
    if rule == "fill to drawn":
        # At the slanted corner (700, 620)-(680, 600): 1.49 µm away from it, 1.5 asked.
        away = round(1490 / np.sqrt(2.0))
        extra = [690_000 + away, 608_000 - away, 692_000 + away, 610_000 - away]
    if rule == "fill to keep-out":
        extra[0], extra[2] = 851_900, 853_900
    made = np.array(extra)
    clear = (legal[:, 2] + 1000 <= made[0]) | (legal[:, 0] - 1000 >= made[2])
    clear |= (legal[:, 3] + 1000 <= made[1]) | (legal[:, 1] - 1000 >= made[3])
    return np.concatenate([legal[clear], made[None]])


@pytest.mark.parametrize(
    "rule", ["size", "edge", "fill to fill", "fill to drawn", "fill to keep-out", "density min", "density max"]
)
def test_the_check_finds_what_was_broken(layout: Layout, rule: str) -> None:
    rules = replace(RULES, density_max_fraction=0.45) if rule == "density max" else RULES
    found = {violation.rule for violation in check_fill(layout, planted(layout, rule), rules)}
    assert found == {rule}


def test_the_clipper_and_the_sweep_agree(layout: Layout) -> None:
    maps = layer_maps(layout, METAL, 250_000)["metal"]
    cuts = np.arange(5) * 250_000
    areas = clipped_areas(layout, METAL["metal"], cuts, cuts)
    np.testing.assert_allclose(areas / 250_000.0**2, maps.density, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_rectangles_cover_a_slanted_polygon_and_little_more(seed: int) -> None:
    generator = np.random.default_rng(seed)
    triangle = generator.integers(0, 4000, (3, 2))
    covers = cover_rectangles(Slanted.of([triangle]), 40)
    grid, block = Grid(4000, 4000, 4000), Block(0, 0, 1, 1)
    alone = measure(np.zeros((0, 4), dtype=np.int64), Slanted.of([triangle]), grid, block)[0][0, 0]
    both = measure(covers, Slanted.of([triangle]), grid, block)[0][0, 0]
    only = measure(covers, NO_SLANTED, grid, block)[0][0, 0]
    assert both == pytest.approx(only, rel=1e-9)
    assert alone <= only <= 1.0 * alone + 2 * 40 * 4000 + 4 * 4000


def test_what_a_chip_sees_of_its_field_is_what_the_field_sees(layout: Layout) -> None:
    maps = layer_maps(layout, METAL, CELL_DBU)["metal"]
    process = chip_process("cu")
    field = reticle(maps).with_target(maps)
    where = (slice(39, 59), slice(61, 81))
    up = chip_cells(field, process, pad_filter(field, process)).up_fraction
    pad = PlacedPad(field, where, process)
    np.testing.assert_allclose(pad.smooth(up[where]), pad_filter(field, process).smooth(up)[where], atol=1e-12)


def test_chips_that_overlap_or_leave_the_field_are_told_together() -> None:
    one = uniform(0.5, 20)
    chips = [Placed("a", one, 0.0, 0.0), Placed("b", one, 900.0, 0.0), Placed("c", one, 3500.0, 10.0)]
    with pytest.raises(InputError) as caught:
        reticle_of("field.toml", "field", (4000.0, 4010.0), 0.0, chips, (0,))
    text = str(caught.value)
    assert len(caught.value.faults) == 4
    for word in ("height_um", "b: overlaps a", "y_um = 10: is off the grid", "leaves the field"):
        assert word in text
    assert place_of(chips[1]) == (slice(0, 20), slice(18, 38))
