"""The example's montage and fill rules load, and say what their pages say."""

from __future__ import annotations

from pathlib import Path

import pytest

from planaris.formats import load_fill_rules, load_levels, load_montage
from planaris.model import InputError

EXAMPLE = Path(__file__).parents[3] / "examples" / "chip_scale"


def test_the_example_field_has_eight_copies_between_dense_chips() -> None:
    montage = load_montage(EXAMPLE / "montage.toml")
    assert (montage.width_um, montage.height_um) == (20_000, 20_000)
    targets = [place for place in montage.places if place.target]
    assert [place.chip for place in targets] == ["buck"] * 8
    assert {chip.name for chip in montage.chips} == {place.chip for place in montage.places}
    assert all({f"metal{k}" for k in range(1, 6)} <= set(chip.levels) for chip in montage.chips)


def test_the_example_rules_have_every_metal_of_the_field() -> None:
    rules = load_fill_rules(EXAMPLE / "fill_rules.toml")
    assert [layer.name for layer in rules.layers] == [f"metal{k}" for k in range(1, 6)]


def test_copies_of_two_chips_are_no_one_target(tmp_path: Path) -> None:
    text = (EXAMPLE / "montage.toml").read_text(encoding="utf-8")
    at = text.index('chip = "riscduino"')
    end = text.index("\n\n", at)
    path = tmp_path / "montage.toml"
    path.write_text(text[:end] + "\ntarget = true" + text[end:], encoding="utf-8")
    with pytest.raises(InputError, match="one chip is studied"):
        load_montage(path)


def test_the_example_levels_are_read_from_the_lowest_up() -> None:
    edge = load_levels(EXAMPLE / "levels.toml")
    assert [level.name for level in edge.levels] == ["metal1", "metal2"]
    assert (edge.levels[0].step_nm, edge.levels[1].step_nm) == (500.0, None)


def test_levels_tell_all_their_faults(tmp_path: Path) -> None:
    path = tmp_path / "levels.toml"
    text = (EXAMPLE / "levels.toml").read_text(encoding="utf-8")
    text = text.replace('"10/0"', '"10-0"').replace("time_s = 180.0", "time_s = 180.0\nendpoint = true")
    path.write_text(text.replace('"metal2"', '"metal1"'), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_levels(path)
    assert {fault.path for fault in refused.value.faults} == {
        "levels[1].name", "levels[1].layers", "levels[1].time_s",
    }  # fmt: skip
    assert all(fault.remedy for fault in refused.value.faults)
