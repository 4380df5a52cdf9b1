"""A layout's densities against gdstk's own flattening and clipper, through every way a shape can be placed."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import Any

import gdstk
import numpy as np
import pytest
from numpy.typing import NDArray

from planaris.planarity.extract import layer_maps
from planaris.planarity.layout_reader import read_layout

LAYERS = {"metal": ((8, 0), (8, 22))}


def library(*, turned: bool = False) -> Any:
    """Return a chip with arrays, mirrors, turns, paths, odd polygons, overlaps and properties, under two layers."""
    made = gdstk.Library()
    leaf, middle, chip = made.new_cell("LEAF"), made.new_cell("MIDDLE"), made.new_cell("CHIP")
    leaf.add(gdstk.rectangle((0, 0), (2, 0.5), layer=8), gdstk.rectangle((0, 0), (0.5, 3), layer=8))
    leaf.add(gdstk.Polygon([(3, 0), (5, 0), (5, 2), (4, 2), (4, 1), (3, 1)], layer=8, datatype=22))
    marked = gdstk.rectangle((1, 0.2), (2.5, 0.7), layer=8)
    marked.set_gds_property(1, "net 5")
    leaf.add(marked, gdstk.rectangle((0, 0), (6, 4), layer=99))
    middle.add(gdstk.Reference(leaf, (1, 1)), gdstk.Reference(leaf, (9, 2), rotation=math.pi / 2))
    middle.add(gdstk.Reference(leaf, (2, 9), x_reflection=True), gdstk.Reference(leaf, (14, 9), rotation=math.pi))
    middle.add(gdstk.Reference(leaf, (12, 3), rotation=1.5 * math.pi, x_reflection=True))
    middle.add(gdstk.FlexPath([(0, 0), (12, 0), (12, 6)], 0.4, layer=8))
    chip.add(gdstk.Reference(middle, (2, 3), columns=3, rows=2, spacing=(15.5, 13.25)))
    chip.add(gdstk.Reference(middle, (50, 32), rotation=math.pi, x_reflection=True))
    chip.add(gdstk.Polygon([(50, 2), (58, 2), (60, 4), (60, 12), (58, 14), (50, 14), (48, 12), (48, 4)], layer=8))
    chip.add(gdstk.rectangle((47, 8), (61, 9), layer=8, datatype=22), gdstk.rectangle((0, 0), (64, 45), layer=99))
    if turned:
        chip.add(gdstk.Reference(leaf, (30, 36), rotation=0.6), gdstk.Reference(leaf, (40, 36), magnification=1.5))
    return made


def write(made: Any, folder: Path, ending: str) -> Path:
    path = folder / f"chip.{ending.removesuffix('.gz')}"
    (made.write_gds if ending.startswith("gds") else made.write_oas)(path)
    if not ending.endswith(".gz"):
        return path
    packed = folder / f"chip.{ending}"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


def clipped(made: Any, cell_um: float, nx: int, ny: int) -> NDArray[np.float64]:
    """Return areas per cell (µm²), flattened and clipped by gdstk."""
    chip = next(cell for cell in made.cells if cell.name == "CHIP")
    flat = [p for key in LAYERS["metal"] for p in chip.get_polygons(layer=key[0], datatype=key[1])]
    union: Any = gdstk.boolean(flat, [], "or", precision=1e-7)
    areas = np.zeros((ny, nx))
    for row in range(ny):
        for column in range(nx):
            low = (column * cell_um, row * cell_um)
            window = gdstk.rectangle(low, (low[0] + cell_um, low[1] + cell_um))
            found: Any = gdstk.boolean(union, window, "and", precision=1e-7)
            areas[row, column] = sum(p.area() for p in found)
    return areas


@pytest.mark.parametrize("ending", ["gds", "gds.gz", "oas", "oas.gz"])
def test_densities_are_those_of_a_flat_merge(tmp_path: Path, ending: str) -> None:
    made = library()
    layout = read_layout(write(made, tmp_path, ending))
    assert (layout.top, layout.box) == ("CHIP", (0, 0, 64000, 45000))
    maps = layer_maps(layout, LAYERS, 10_000)["metal"]
    assert maps.shape == (5, 7)
    areas = clipped(made, 10.0, 7, 5)
    np.testing.assert_allclose(maps.density * maps.inside, areas / 100.0, atol=1e-9)
    assert maps.inside[-1, -1] == pytest.approx(0.4 * 0.5)
    assert maps.mean_density == pytest.approx(areas.sum() / (64 * 45), rel=1e-9)


def test_turns_by_no_quarter_are_measured(tmp_path: Path) -> None:
    made = library(turned=True)
    layout = read_layout(write(made, tmp_path, "gds"))
    maps = layer_maps(layout, LAYERS, 10_000)["metal"]
    # Their corners are rounded to dbu: half a dbu along some 30 µm of outline in a cell of 100 µm².
    np.testing.assert_allclose(maps.density * maps.inside, clipped(made, 10.0, 7, 5) / 100.0, atol=2e-4)


def test_blocks_change_nothing(tmp_path: Path) -> None:
    layout = read_layout(write(library(turned=True), tmp_path, "gds"))
    whole = layer_maps(layout, LAYERS, 4_000)["metal"]
    parts = layer_maps(layout, LAYERS, 4_000, at_once_count=20)["metal"]
    np.testing.assert_allclose(parts.density, whole.density, atol=1e-12)
    np.testing.assert_allclose(parts.perimeter_um_per_um2, whole.perimeter_um_per_um2, atol=1e-9)


def test_outline_and_widths_of_lines(tmp_path: Path) -> None:
    made = gdstk.Library()
    chip = made.new_cell("CHIP")
    chip.add(gdstk.rectangle((0, 0), (40, 40), layer=99))
    line = made.new_cell("LINE")
    line.add(gdstk.rectangle((0, 0), (0.5, 40), layer=8))
    chip.add(gdstk.Reference(line, (0.25, 0), columns=20, rows=1, spacing=(2, 0)))
    maps = layer_maps(read_layout(write(made, tmp_path, "gds")), {"lines": ((8, 0),), "none": ((99, 0),)}, 20_000)
    lines, full = maps["lines"], maps["none"]
    np.testing.assert_allclose(lines.density, 0.25)
    # Ten lines of 0.5 µm in 20 µm; each has one end in a cell: widths differ from 0.5 and 1.5 µm by w/(2L).
    np.testing.assert_allclose(lines.perimeter_um_per_um2, 10 * 40.5 / 400.0)
    np.testing.assert_allclose(lines.line_width_um, 0.5, rtol=0.02)
    np.testing.assert_allclose(lines.line_space_um, 1.5, rtol=0.02)
    np.testing.assert_allclose(full.density, 1.0)
    np.testing.assert_allclose(full.perimeter_um_per_um2, 40.0 / 400.0)


def test_a_large_array_is_never_flattened_as_a_whole(tmp_path: Path) -> None:
    made = gdstk.Library()
    chip, dot = made.new_cell("CHIP"), made.new_cell("DOT")
    dot.add(gdstk.rectangle((0, 0), (0.5, 0.5), layer=8))
    chip.add(gdstk.Reference(dot, (0, 0), columns=400, rows=400, spacing=(1, 1)))
    chip.add(gdstk.rectangle((0, 0), (400, 400), layer=99))
    shares: list[float] = []
    maps = layer_maps(
        read_layout(write(made, tmp_path, "gds")), {"dots": ((8, 0),)}, 50_000,
        outline=False, at_once_count=20_000, progress=lambda _, share: shares.append(share),
    )["dots"]  # fmt: skip
    np.testing.assert_allclose(maps.density, 0.25, atol=1e-12)
    assert len(shares) > 8
    assert shares[-1] == 1.0


def test_a_magnified_chip_is_measured_as_rectangles(tmp_path: Path) -> None:
    made = library()
    chip = next(cell for cell in made.cells if cell.name == "CHIP")
    shrunk = made.new_cell("SHRUNK")
    shrunk.add(gdstk.Reference(chip, (0, 0), rotation=math.pi / 2, magnification=0.5))
    maps = layer_maps(read_layout(write(made, tmp_path, "gds")), LAYERS, 5_000)["metal"]
    whole = layer_maps(read_layout(write(library(), tmp_path, "gds")), LAYERS, 10_000)["metal"]
    # Every coordinate of the chip is even, so that halves are exact; a quarter turn makes rows of its columns.
    np.testing.assert_allclose(maps.mean_density, whole.mean_density, rtol=1e-9)
    assert maps.perimeter_um_per_um2.sum() > 0.0


def test_a_turned_polygon_has_no_seams(tmp_path: Path) -> None:
    made = gdstk.Library()
    chip, comb = made.new_cell("CHIP"), made.new_cell("COMB")
    steps = [(x, y) for k in range(10) for x, y in ((2 * k, 3), (2 * k, 5), (2 * k + 1, 5), (2 * k + 1, 3))]
    comb.add(gdstk.Polygon([(0, 0), *steps, (20, 3), (20, 0)], layer=8))
    chip.add(gdstk.Reference(comb, (0, 0), rotation=0.3), gdstk.rectangle((-20, -20), (40, 40), layer=99))
    maps = layer_maps(read_layout(write(made, tmp_path, "gds")), LAYERS, 60_000)["metal"]
    outline = float((maps.perimeter_um_per_um2 * maps.inside).sum()) * 60.0**2
    # Ten teeth of 1 µm by 2 µm on a bar of 20 µm by 3 µm; corners are rounded to dbu.
    assert outline == pytest.approx(2 * 20 + 2 * 3 + 10 * 4, rel=1e-3)


def test_a_cell_whose_shapes_have_no_area(tmp_path: Path) -> None:
    made = gdstk.Library()
    chip, flat = made.new_cell("CHIP"), made.new_cell("FLAT")
    flat.add(gdstk.Polygon([(1, 1), (5, 1), (5, 1), (1, 1)], layer=8))
    chip.add(gdstk.Reference(flat, (0, 0)), gdstk.rectangle((0, 0), (10, 10), layer=99))
    maps = layer_maps(read_layout(write(made, tmp_path, "gds")), LAYERS, 10_000)["metal"]
    assert maps.density[0, 0] == 0.0


def test_a_field_of_round_pads_is_measured_a_part_at_a_time(tmp_path: Path) -> None:
    made = gdstk.Library()
    chip, pad = made.new_cell("CHIP"), made.new_cell("PAD")
    pad.add(gdstk.ellipse((0.5, 0.5), 0.4, layer=8, tolerance=0.01))
    chip.add(gdstk.Reference(pad, (0, 0), columns=40, rows=40, spacing=(1, 1)))
    chip.add(gdstk.rectangle((0, 0), (40, 40), layer=99))
    shares: list[float] = []
    layout = read_layout(write(made, tmp_path, "gds"))
    maps = layer_maps(
        layout, LAYERS, 5_000, at_once_count=2_000, progress=lambda _, share: shares.append(share)
    )["metal"]  # fmt: skip
    # 1600 pads are fewer than may be flattened at once, but their edges are more than may be swept.
    assert len(shares) >= 4
    one = pad.polygons[0].area()
    np.testing.assert_allclose(maps.density, one, rtol=0.02)
    np.testing.assert_allclose(maps.density, layer_maps(layout, LAYERS, 5_000)["metal"].density, atol=1e-9)
