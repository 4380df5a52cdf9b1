"""Incoming maps: complete, at the plan's places, of the lot's wafers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from planaris.formats import load_incoming
from planaris.model import SITES_9, InputFault

FaultsOf = Callable[[Callable[[], object]], dict[str, InputFault]]

HEAD = ['# schema = "planaris/incoming/1"', "wafer_id,site,x_mm,y_mm,thickness_nm"]
ROWS = [
    f"W1,{site},{x},{y},{1000 + site}"
    for site, (x, y) in enumerate(zip(SITES_9.x_mm, SITES_9.y_mm, strict=True), start=1)
]


def write(folder: Path, lines: list[str]) -> Path:
    path = folder / "maps.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_rows_in_any_order_give_the_map_in_site_order(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + ROWS[::-1])
    (found,) = load_incoming(path, SITES_9, "gauge 2", ("W1",))
    assert found.thickness_nm == tuple(1000.0 + site for site in range(1, 10))
    assert (found.wafer_id, found.instrument, found.plan.name) == ("W1", "gauge 2", "9")


def test_each_wrong_row_is_told_with_its_line(tmp_path: Path, faults_of: FaultsOf) -> None:
    rows = list(ROWS)
    rows[1] = rows[1].replace("64.0", "60.0")
    rows[2] = rows[2].replace("W1", "W7")
    rows[3] = "W1,4,-64.0,0.0,-5"
    rows[4] = "W1,five,0,0,0"
    rows[5] = "W1,6"
    rows.append(ROWS[0])
    rows.append("W1,10,0,0,1000")
    faults = faults_of(lambda: load_incoming(write(tmp_path, HEAD + rows), SITES_9, "g", ("W1",)))
    assert set(faults) == {
        "line 4, x_mm, y_mm",
        "line 5, wafer_id",
        "line 6, thickness_nm",
        "line 7",
        "line 8",
        "line 12, site",
        "line 13, site",
        "W1",
    }
    assert faults["W1"].problem == "sites are missing: 2, 3, 4, 5, 6"
    assert faults["line 4, x_mm, y_mm"].limit == "64, 0"


@pytest.mark.parametrize("number", ["nan", "inf", "0"])
def test_a_thickness_must_be_one(tmp_path: Path, faults_of: FaultsOf, number: str) -> None:
    rows = [ROWS[0].replace("1001", number), *ROWS[1:]]
    faults = faults_of(lambda: load_incoming(write(tmp_path, HEAD + rows), SITES_9, "g", ("W1",)))
    assert "line 3, thickness_nm" in faults


def test_a_misspelt_column_is_named(tmp_path: Path, faults_of: FaultsOf) -> None:
    lines = [HEAD[0], HEAD[1].replace("thickness_nm", "thicknes_nm"), *ROWS]
    faults = faults_of(lambda: load_incoming(write(tmp_path, lines), SITES_9, "g", ("W1",)))
    assert faults["line 2"].remedy == "did you mean thickness_nm?"


def test_schema_line_is_wanted_and_an_empty_file_says_so(tmp_path: Path, faults_of: FaultsOf) -> None:
    assert set(faults_of(lambda: load_incoming(write(tmp_path, HEAD[1:] + ROWS), SITES_9, "g", ("W1",)))) == {"schema"}
    assert set(faults_of(lambda: load_incoming(write(tmp_path, []), SITES_9, "g", ("W1",)))) == {"schema", "header"}


def test_a_file_that_is_wrong_throughout_is_told_in_bounded_length(tmp_path: Path, faults_of: FaultsOf) -> None:
    lines = [*HEAD, *(["nonsense"] * 500)]
    faults = faults_of(lambda: load_incoming(write(tmp_path, lines), SITES_9, "g", ("W1",)))
    assert len(faults) == 41
    assert faults["(rows)"].value == "460 more"
