"""`planaris planarity` and `planaris fill`: what they find, write and refuse."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gdstk
import numpy as np
import pytest
from typer.testing import Result

from planaris.planarity import EXPOSURE_TOOLS

Planaris = Callable[..., Result]
Document = Callable[[Result], dict[str, Any]]

PNG = b"\x89PNG\r\n\x1a\n"
RULES = """
schema = "planaris/fill-rules/1"
name = "test"
[[layers]]
name = "m1"
drawn = ["8/0"]
fill = "8/22"
sizes_um = [10.0, 4.0]
fill_space_um = 1.0
drawn_space_um = 1.0
window_um = 500
density_min_fraction = 0.0
density_max_fraction = 0.9
target_fraction = 0.5
"""
MONTAGE = """
schema = "planaris/montage/1"
name = "a field"
width_um = 4000
height_um = 4000
street_fraction = 0.8
[[chips]]
name = "chip"
file = "chip.gds"
levels = { m1 = "8/0" }
[[places]]
chip = "chip"
x_um = 1000
y_um = 1000
target = true
"""


@pytest.fixture
def chip(tmp_path: Path) -> Path:
    """A chip of 2 mm, half of it empty."""
    made = gdstk.Library()
    top, line = made.new_cell("CHIP"), made.new_cell("LINE")
    line.add(gdstk.rectangle((0, 0), (2, 2000), layer=8))
    top.add(gdstk.Reference(line, (0, 0), columns=250, rows=1, spacing=(4, 1)))
    top.add(gdstk.rectangle((0, 0), (2000, 2000), layer=99))
    made.write_gds(tmp_path / "chip.gds")
    return tmp_path / "chip.gds"


def polygons(path: Path) -> Any:
    """Return the polygons of a file's one cell."""
    cell: Any = gdstk.read_gds(path).top_level()[0]
    return cell.polygons


def test_it_tells_densities_figures_and_places_out_of_focus(
    planaris: Planaris, document: Document, chip: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = planaris(
        "planarity", chip, "--process", "oxide", "--layers", "m1=8/0,8/22", "--grid-um", 40, "--surround", 0.9,
        "--exposure", "193,1.35,1.44", "--out", out, "--json",
    )  # fmt: skip
    found = document(result)
    assert (result.exit_code, found["schema"], found["ok"]) == (0, "planaris/planarity/1", True)
    layer = found["layers"][0]
    assert (layer["name"], layer["rows"], layer["columns"]) == ("m1", 50, 50)
    assert layer["density_fraction"] == pytest.approx(0.25)
    assert found["notes"][0] == "m1: 8/22 has no shapes"
    assert found["exposure"]["budget_nm"] == pytest.approx(50.8, abs=0.1)
    assert layer["TIR_nm"] > 30.0
    assert found["hot_spots"][0]["kind"] == "focus"
    with (out / "hot_spots.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["marker"] for row in rows] == ["990/0"] * len(found["hot_spots"])
    markers = polygons(out / "hot_spots.gds")
    assert len(markers) == len(rows)
    low, high = markers[0].bounding_box()
    assert [*low, *high] == pytest.approx([float(rows[0][k]) for k in ("left_um", "bottom_um", "right_um", "top_um")])
    with np.load(out / "m1.npz") as maps:
        assert maps["density"].shape == maps["surface_nm"].shape == (50, 50)
        np.testing.assert_allclose(maps["density"][:, :25], 0.5)
    assert (out / "m1.png").read_bytes().startswith(PNG)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "MODEL" in page
    assert f"{layer['TIR_nm']:.1f}" in page
    assert "<script" not in page


def test_help_names_every_exposure_tool(planaris: Planaris) -> None:
    # The width of a terminal may break a line within a name.
    shown = "".join(re.sub(r"[│\s]", "", planaris("planarity", "--help").stdout))
    assert all(name in shown for name in EXPOSURE_TOOLS)


def test_copper_on_a_layout_is_said_to_be_a_what_if(planaris: Planaris, chip: Path) -> None:
    result = planaris("planarity", chip, "--process", "cu", "--layers", "8/0", "--grid-um", 50)
    assert result.exit_code == 0
    assert "copper damascene on these layers is a what-if" in result.stdout


def test_one_film_never_clears_and_two_ends_are_one_too_many(planaris: Planaris, chip: Path) -> None:
    common = ("planarity", chip, "--process", "oxide", "--layers", "8/0", "--grid-um", 50)
    assert planaris(*common, "--endpoint").exit_code == 2
    assert "never clears" in planaris(*common, "--endpoint").stderr
    assert "together with --endpoint" in planaris(*common, "--endpoint", "--time-s", 30).stderr


@pytest.mark.parametrize(
    ("layers", "word"),
    [("8-0", "is no list of layers"), ("7/0", "has no shape"), ("=8/0", "is no list of layers")],
)
def test_wrong_layers_are_refused(planaris: Planaris, document: Document, chip: Path, layers: str, word: str) -> None:
    result = planaris("planarity", chip, "--process", "oxide", "--layers", layers, "--json")
    assert (result.exit_code, document(result)["schema"]) == (2, "planaris/error/1")
    assert word in document(result)["faults"][0]["problem"]


def test_a_grid_off_the_database_unit_is_refused(planaris: Planaris, chip: Path) -> None:
    result = planaris("planarity", chip, "--process", "oxide", "--layers", "8/0", "--grid-um", 20.00013)
    assert result.exit_code == 2
    assert "is no whole number of database units" in result.stderr


def test_fill_writes_squares_and_figures_before_and_after(
    planaris: Planaris, document: Document, chip: Path, tmp_path: Path
) -> None:
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    (tmp_path / "montage.toml").write_text(MONTAGE, encoding="utf-8")
    out = tmp_path / "fill"
    result = planaris(
        "fill", chip, "--process", "oxide", "--rules", tmp_path / "rules.toml", "--layer", "m1", "--grid-um", 50,
        "--montage", tmp_path / "montage.toml", "--layouts", tmp_path, "--against", chip, "--out", out, "--json",
    )  # fmt: skip
    found = document(result)
    assert (result.exit_code, found["schema"], found["violations"]) == (0, "planaris/fill/1", [])
    before, _, after, against = found["trials"]
    assert found["indicated"]
    assert against["TIR_nm"] == pytest.approx(before["TIR_nm"])
    assert after["TIR_ratio"] <= 0.5
    fill = polygons(out / "fill.gds")
    assert len(fill) == after["squares_count"] > 1000
    assert {(p.layer, p.datatype) for p in fill} == {(8, 22)}
    assert (out / "fill.png").read_bytes().startswith(PNG)
    assert f"{after['TIR_nm']:.2f}" in (out / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("process", ["sti", "cu"])
def test_fill_of_trenches_is_no_worse_than_fill_by_density(
    planaris: Planaris, document: Document, chip: Path, tmp_path: Path, process: str
) -> None:
    """Squares change widths and times of clearing too, of which recesses depend."""
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    common = ("fill", chip, "--rules", tmp_path / "rules.toml", "--layer", "m1", "--grid-um", 50)
    found = document(planaris(*common, "--process", process, "--json"))
    before, by_density, by_topography = found["trials"]
    assert (found["indicated"], found["violations"]) == (True, [])
    assert by_topography["TIR_nm"] <= by_density["TIR_nm"] < 0.6 * before["TIR_nm"]


def test_plugs_take_no_fill(planaris: Planaris, chip: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    result = planaris("fill", chip, "--process", "w", "--rules", tmp_path / "rules.toml", "--layer", "m1")
    assert result.exit_code == 2
    assert "plugs, which join two metals" in result.stderr


def test_fill_that_is_not_indicated_claims_no_ratio(
    planaris: Planaris, document: Document, chip: Path, tmp_path: Path
) -> None:
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    made = gdstk.Library()
    made.new_cell("FLAT").add(
        *(gdstk.rectangle((x, 0), (x + 5, 1000), layer=8) for x in range(0, 1000, 10)),
        gdstk.rectangle((0, 0), (1000, 1000), layer=99),
    )
    made.write_gds(tmp_path / "flat.gds")
    common = ("fill", tmp_path / "flat.gds", "--process", "oxide", "--rules", tmp_path / "rules.toml", "--layer", "m1")
    result = planaris(*common, "--grid-um", 50, "--out", tmp_path / "none", "--json")
    found = document(result)
    assert (result.exit_code, found["indicated"], found["files"]) == (0, False, [])
    assert [trial["TIR_ratio"] for trial in found["trials"]] == [None] * 3
    assert "fill is not indicated" in planaris(*common, "--grid-um", 50).stdout
    assert not (tmp_path / "none").exists()


def test_rules_and_montages_tell_all_their_faults(planaris: Planaris, chip: Path, tmp_path: Path) -> None:
    bad = RULES.replace('"8/0"', '"8-0"').replace("target_fraction = 0.5", "target_fraction = 0.95")
    (tmp_path / "rules.toml").write_text(bad, encoding="utf-8")
    common = ("fill", chip, "--process", "oxide", "--rules", tmp_path / "rules.toml")
    result = planaris(*common, "--layer", "m1")
    assert result.exit_code == 2
    assert "2 faults" in result.stderr
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    assert "the rules have no such layer" in planaris(*common, "--layer", "m9").stderr
    montage = MONTAGE.replace("target = true", "").replace('chip = "chip"', 'chip = "ship"')
    (tmp_path / "montage.toml").write_text(montage, encoding="utf-8")
    given = (*common, "--layer", "m1", "--montage", tmp_path / "montage.toml")
    assert "unknown chip" in planaris(*given, "--layouts", tmp_path).stderr
    (tmp_path / "montage.toml").write_text(MONTAGE.replace("target = true", ""), encoding="utf-8")
    result = planaris(*given)
    assert "which chip is filled?" in result.stderr
    assert "--layouts" in result.stderr
