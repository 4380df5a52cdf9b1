"""A wafer of chips: pressure by radius times the die's topography, and the density file that the twin reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chips import blocks, chip, oxide

from planaris.formats import dump_density, load_density
from planaris.physics import pressure_matrix, wafer_pressure
from planaris.planarity import chip_process, density_areas, die_sites, polish, polish_wafer, statistics


def flat(_: float) -> float:
    return 1.0


def test_dies_lie_whole_on_the_wafer_and_beside_each_other() -> None:
    sites = die_sites(200.0, 20.0, 12.0)
    assert all(np.hypot(abs(x) + 10.0, abs(y) + 6.0) <= 97.0 for x, y in sites)
    assert len(set(sites)) == len(sites)
    # The inscribed area holds most of what a wafer has room for.
    assert 0.7 < len(sites) * 240.0 / (np.pi * 97.0**2) < 1.0


def test_even_pressure_makes_all_dies_alike() -> None:
    maps = blocks(40, 400.0)
    found = polish_wafer(maps, oxide(60.0), flat)
    assert found.die_to_die_nm == 0.0
    assert found.edge_offset_nm == 0.0
    assert found.within_die_nm == pytest.approx(statistics(polish(maps, oxide(60.0))).TIR_nm, rel=1e-12)


def test_the_head_s_edge_shows_in_edge_dies() -> None:
    radii = np.arange(0.5, 99.0, 1.0)
    profile = wafer_pressure(pressure_matrix(radii, (99.0,)), np.array([1.0]), np.array(1.8))
    mean = float((profile * radii).sum() / radii.sum())

    def pressure(radius_mm: float) -> float:
        return float(np.interp(radius_mm, radii, profile)) / mean

    maps, process = blocks(40, 400.0), oxide(60.0)
    found = polish_wafer(maps, process, pressure)
    loads = np.array([die.load_ratio for die in found.dies])
    means = np.array([die.mean_nm for die in found.dies])
    # More pressure leaves less film: by the blanket rate, 240 nm in a minute.
    assert np.polyfit(loads, means, 1)[0] == pytest.approx(-240.0, rel=0.05)
    assert found.die_to_die_nm == pytest.approx(240.0 * np.ptp(loads), rel=0.05)
    assert found.edge_offset_nm < -5.0
    edge = max(found.dies, key=lambda die: np.hypot(die.x_mm, die.y_mm))
    one = polish(maps, process, load_ratio=edge.load_ratio)
    assert edge.figures == statistics(one)


def test_clearing_is_that_of_a_die_under_the_mean_pressure() -> None:
    def slope(radius_mm: float) -> float:
        return 1.15 - 0.004 * radius_mm

    maps, process = blocks(40, 400.0), chip_process("sti")
    found = polish_wafer(maps, process, slope)
    assert min(d.figures.cleared_fraction for d in found.dies) < 1.0
    assert max(d.figures.cleared_fraction for d in found.dies) == 1.0


def test_a_die_larger_than_the_wafer_is_refused() -> None:
    with pytest.raises(ValueError, match="no whole die"):
        polish_wafer(blocks(40, 5000.0), oxide(), flat)


@pytest.mark.parametrize("name", ["sti", "w", "cu"])
def test_areas_of_a_chip_go_through_the_density_file_to_the_twin(name: str, tmp_path: Path) -> None:
    maps, process = blocks(), chip_process(name)
    areas = density_areas(maps, process)
    path = tmp_path / "density.toml"
    path.write_text(dump_density("blocks", areas, "from a chip"), encoding="utf-8")
    read = load_density(path)
    assert read.name == "blocks"
    assert read.areas == areas
    assert sum(area.area_fraction for area in areas) == pytest.approx(1.0, abs=1e-9)
    mean = sum(area.area_fraction * area.density_fraction for area in areas)
    up = maps.mean_density if process.stack.up_drawn else 1.0 - maps.mean_density
    assert mean == pytest.approx(up, abs=1e-9)
    assert all(area.down[0].material == process.stack.down[0].material for area in areas)


def test_an_empty_chip_is_one_area_without_pattern() -> None:
    maps = chip(np.zeros((8, 8)))
    assert [(a.name, a.area_fraction) for a in density_areas(maps, chip_process("cu"))] == [("no pattern", 1.0)]


def test_finer_kinds_are_closer_to_the_chip() -> None:
    maps, process = blocks(), chip_process("cu")
    spreads = [np.ptp([a.density_fraction for a in density_areas(maps, process, kinds)]) for kinds in (1, 3, 12)]
    assert spreads[0] == 0.0
    assert spreads[1] < spreads[2]
    surface = polish(replace(maps), process)
    assert spreads[2] <= np.ptp(surface.effective_density)
