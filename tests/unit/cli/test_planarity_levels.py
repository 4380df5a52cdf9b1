"""`planaris planarity --levels`, dies of a wafer, and the density file that a lot names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gdstk
import numpy as np
import pytest
from typer.testing import Result

from planaris.formats import load_density

Planaris = Callable[..., Result]
Document = Callable[[Result], dict[str, Any]]

LEVELS = """
schema = "planaris/levels/1"
name = "two metals"
[[levels]]
name = "m1"
layers = ["8/0"]
process = "oxide"
time_s = 120
[[levels]]
name = "m2"
layers = ["10/0", "10/22"]
process = "oxide"
thickness_nm = 1400
step_nm = 500
time_s = 120
"""
MAP = "radius_mm,pressure_kPa\n0,20\n80,20\n100,26\n"


@pytest.fixture
def chip(tmp_path: Path) -> Path:
    """A chip of 8 mm: lines on the left half of both metals."""
    made = gdstk.Library()
    top, line = made.new_cell("CHIP"), made.new_cell("LINE")
    line.add(gdstk.rectangle((0, 0), (20, 8000), layer=8), gdstk.rectangle((0, 0), (20, 8000), layer=10))
    top.add(gdstk.Reference(line, (0, 0), columns=100, rows=1, spacing=(40, 1)))
    top.add(gdstk.rectangle((0, 0), (8000, 8000), layer=99))
    made.write_gds(tmp_path / "chip.gds")
    return tmp_path / "chip.gds"


def test_a_level_lies_on_what_the_one_below_left(
    planaris: Planaris, document: Document, chip: Path, tmp_path: Path
) -> None:
    (tmp_path / "levels.toml").write_text(LEVELS, encoding="utf-8")
    out = tmp_path / "out"
    common = ("planarity", chip, "--grid-um", 50, "--json")
    found = document(planaris(*common, "--levels", tmp_path / "levels.toml", "--out", out))
    assert (found["carried"], found["process"]) == (True, "oxide_ild")
    first, second = found["layers"]
    alone = document(planaris(*common, "--process", "oxide", "--layers", "m1=8/0", "--time-s", 120))["layers"][0]
    assert first["TIR_nm"] == pytest.approx(alone["TIR_nm"], rel=1e-9)
    # Density-made waves go with the step: 500 of 600 nm of the same pattern, on top of the first level's.
    assert second["TIR_nm"] == pytest.approx(first["TIR_nm"] * (1.0 + 500.0 / 600.0), rel=0.02)
    with np.load(out / "m2.npz") as maps:
        assert np.ptp(maps["surface_nm"]) == pytest.approx(second["TIR_nm"], rel=1e-9)
    assert "lies on what the one above it in the table left" in (out / "report.html").read_text(encoding="utf-8")


def test_a_pad_with_a_bulk_levels_part_of_what_it_meets(
    planaris: Planaris, document: Document, chip: Path, tmp_path: Path
) -> None:
    made: list[float] = []
    for line in ("", "pad_modulus_MPa = 29\n"):
        (tmp_path / "levels.toml").write_text(LEVELS.replace("[[levels]]", line + "[[levels]]", 1), encoding="utf-8")
        result = planaris("planarity", chip, "--grid-um", 50, "--levels", tmp_path / "levels.toml", "--json")
        made.append(document(result)["layers"][1]["TIR_nm"])
    assert made[1] < made[0]


def test_a_levels_file_and_its_options_are_refused_with_all_faults(
    planaris: Planaris, chip: Path, tmp_path: Path
) -> None:
    path = tmp_path / "levels.toml"
    path.write_text(LEVELS, encoding="utf-8")
    common = ("planarity", chip, "--grid-um", 50)
    result = planaris(*common, "--levels", path, "--process", "cu", "--time-s", 30)
    assert result.exit_code == 2
    assert result.stderr.count("is given together with --levels") == 2
    assert "which process?" in planaris(*common, "--layers", "8/0").stderr
    bad = LEVELS.replace('process = "oxide"', 'process = "glass"', 1).replace("step_nm = 500", "step_nm = 1500")
    path.write_text(bad, encoding="utf-8")
    result = planaris(*common, "--levels", path)
    assert result.exit_code == 2
    assert "levels[0].process" in result.stderr
    assert "no thicker than the step" in result.stderr


def test_dies_of_a_wafer_are_told_at_three_scales(
    planaris: Planaris, document: Document, chip: Path, tmp_path: Path
) -> None:
    (tmp_path / "map.csv").write_text(MAP, encoding="utf-8")
    common = ("planarity", chip, "--process", "oxide", "--layers", "m1=8/0", "--grid-um", 50, "--time-s", 60)
    found = document(planaris(*common, "--pressure-map", tmp_path / "map.csv", "--out", tmp_path / "o", "--json"))
    wafer = found["layers"][0]["wafer"]
    assert wafer["dies_count"] > 300
    # More pressure at the edge leaves less film there.
    assert wafer["edge_offset_nm"] < 0.0 < wafer["die_to_die_nm"]
    assert wafer["within_die_nm"] == pytest.approx(found["layers"][0]["TIR_nm"], rel=0.05)
    assert "Dies of a wafer" in (tmp_path / "o" / "report.html").read_text(encoding="utf-8")
    assert document(planaris(*common, "--json"))["layers"][0]["wafer"] is None
    (tmp_path / "map.csv").write_text("radius_mm,kPa\n0,20\n", encoding="utf-8")
    assert "is no column of the table" in planaris(*common, "--pressure-map", tmp_path / "map.csv").stderr
    (tmp_path / "map.csv").write_text("radius_mm,pressure_kPa\n0,20\n0,x\n", encoding="utf-8")
    assert "is no number" in planaris(*common, "--pressure-map", tmp_path / "map.csv").stderr


@pytest.mark.parametrize("process", ["oxide", "sti", "w", "cu"])
def test_the_density_file_is_a_whole_wafer(planaris: Planaris, chip: Path, tmp_path: Path, process: str) -> None:
    out = tmp_path / "out"
    result = planaris("planarity", chip, "--process", process, "--layers", "m1=8/0", "--grid-um", 50, "--out", out)
    assert result.exit_code == 0
    areas = load_density(out / "m1.density.toml").areas
    assert sum(area.area_fraction for area in areas) == pytest.approx(1.0)
    mean = sum(area.area_fraction * area.density_fraction for area in areas)
    assert mean == pytest.approx(0.25 if process in ("oxide", "sti") else 0.75, abs=0.02)
