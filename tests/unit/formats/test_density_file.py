"""Density files: what a good one gives, and that all faults of a bad one are told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from planaris.formats import load_density, load_lot
from planaris.model import InputError, Layer

EXAMPLE = Path(__file__).parents[3] / "examples" / "w_plug" / "density.toml"

BAD = """
schema = "planaris/density/1"
name = "bad"
[[areas]]
name = "a"
area_fraction = 0.5
density_fraction = 0.5
line_um = 1.0
[[areas]]
name = "a"
area_fraction = 0.3
density_fraction = 1.5
colour = "red"
"""


def test_the_example_is_a_whole_wafer() -> None:
    read = load_density(EXAMPLE)
    assert read.name == "synthetic plug mask"
    field, array = read.areas
    assert (field.area_fraction, field.density_fraction, field.up, field.down) == (0.6, 1.0, (), ())
    assert array.down == (Layer("W", 1220.0),)
    assert (array.line_um, array.space_um) == (1.0, 0.35)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "d.toml"
    path.write_text(BAD, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_density(path)
    paths = {fault.path for fault in refused.value.faults}
    assert {
        "areas[0].down", "areas[0].space_um", "areas[1].name", "areas[1].density_fraction", "areas[1].colour", "areas",
    } <= paths  # fmt: skip
    assert all(fault.problem for fault in refused.value.faults)


def test_a_lot_takes_the_areas_of_the_file_it_names(tmp_path: Path) -> None:
    folder = EXAMPLE.parent
    for name in ("recipe.toml", "cleaner.toml", "incoming.csv", "density.toml"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    text = (folder / "lot.toml").read_text(encoding="utf-8")
    (tmp_path / "lot.toml").write_text(
        text.replace('substrate = "Si"', 'substrate = "Si"\ndensity = "density.toml"'), encoding="utf-8"
    )
    assert [a.name for a in load_lot(tmp_path / "lot.toml").lot.wafers[0].stack.areas] == ["field", "plug array"]
    assert load_lot(folder / "lot.toml").lot.wafers[0].stack.areas == ()
    (tmp_path / "density.toml").write_text(BAD, encoding="utf-8")
    with pytest.raises(InputError, match=r"density\.toml: areas\[0\]"):
        load_lot(tmp_path / "lot.toml")
