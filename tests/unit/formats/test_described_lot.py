"""A lot that a host or a person describes: what a lot file refuses is refused here too."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from planaris.formats import describe_lot, load_recipe
from planaris.model import InputFault

FaultsOf = Callable[[Callable[[], object]], dict[str, InputFault]]


def test_wafers_of_a_described_lot_carry_its_id(example: Path) -> None:
    lot = describe_lot("A" * 32, 2, load_recipe(example / "recipe.toml", None), "3, 5", 1500.0).lot
    assert [w.wafer_id for w in lot.wafers] == ["A" * 32 + "-03", "A" * 32 + "-05"]


@pytest.mark.parametrize("lot_id", ["", " ", "../x", "L/1", "L 1", "L1\n", "-L1", "é", "<b>", "A" * 33])
def test_an_id_becomes_file_names_and_is_refused_as_in_a_lot_file(
    example: Path, faults_of: FaultsOf, lot_id: str
) -> None:
    recipe = load_recipe(example / "recipe.toml", None)
    faults = faults_of(lambda: describe_lot(lot_id, 1, recipe, "1", 1500.0))
    assert {path: f.problem for path, f in faults.items()} == {"lot_id": "is no id"}


@pytest.mark.parametrize("thickness_nm", [math.nan, math.inf, -math.inf, 0.0, -1.0, 1e5])
def test_what_is_no_thickness_is_told(example: Path, faults_of: FaultsOf, thickness_nm: float) -> None:
    recipe = load_recipe(example / "recipe.toml", None)
    faults = faults_of(lambda: describe_lot("L1", 1, recipe, "1", thickness_nm))
    assert {path: f.problem for path, f in faults.items()} == {"film_thickness_nm": "is no film"}


@pytest.mark.parametrize("slots", ["1-" + "9" * 5000, "1-999," * 1000 + "1", "٣", "2-1", ""])
def test_what_is_no_list_of_slots_is_told(example: Path, faults_of: FaultsOf, slots: str) -> None:
    recipe = load_recipe(example / "recipe.toml", None)
    faults = faults_of(lambda: describe_lot("L1", 1, recipe, slots, 1500.0))
    assert {path: f.problem for path, f in faults.items()} == {"slots": "is no list of slots"}
