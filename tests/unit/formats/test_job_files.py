"""A lot with all that it names: the files fit each other and the tool, or every misfit is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from planaris.formats import load_job, load_recipe, load_tool
from planaris.model import InputError, InputFault

Edit = Callable[..., Path]
FaultsOf = Callable[[Callable[[], object]], dict[str, InputFault]]


def test_the_example_fits_and_the_lot_carries_recipe_names(example: Path) -> None:
    job = load_job(example / "lot.toml")
    assert (job.lot.recipe, job.lot.cleaner_recipe) == ("oxide_ild", "oxide_clean")
    assert (job.recipe.name, job.cleaner.name, job.tool.name) == ("oxide_ild", "oxide_clean", "tool_a")


def test_faults_of_all_files_are_told_at_once_each_with_its_file(
    edit: Edit, tmp_path: Path, faults_of: FaultsOf
) -> None:
    edit("recipe.toml", ("ring_pressure_psi = 5.2", "ring_pressure_psi = 12"))
    edit("cleaner.toml", ('"brush2"', '"brush3"'))
    edit("incoming.csv", ("ILD001-01,1,", "ILD001-77,1,"))
    text = (resources.files("planaris.formats") / "tools" / "tool_a.toml").read_text(encoding="utf-8")
    tool = tmp_path / "t.toml"
    tool.write_text(text.replace("center_distance_mm = 125", "center_distance_mm = 140"), encoding="utf-8")
    lot = edit("lot.toml", ("dense_slots = [1, 25]", "dense_slots = [1, 30]"))
    faults = faults_of(lambda: load_job(lot, tool))
    assert set(faults) == {
        "tool: platen.center_distance_mm",
        "sampling.dense_slots[1]",
        "incoming.csv: line 4, wafer_id",
        "incoming.csv: ILD001-01",
        "cleaner.toml: stations[2].station",
    }
    faults = faults_of(lambda: load_job(lot))  # without a legible tool no range can be checked
    assert {"recipe.toml: steps[0].ring_pressure_psi", "cleaner.toml: stations[2].station"} < set(faults)


@pytest.mark.parametrize(
    ("name", "old", "new", "path", "problem"),
    [
        ("lot.toml", "load_port = 1", "load_port = 3", "carrier.load_port", "unknown module loadport3"),
        ("cleaner.toml", '"oxide_clean"', '"metal_clean"', "cleaner_recipe", "wants cleaner recipe oxide_clean"),
        ("recipe.toml", "= 6000", "= 15500", "wafer ILD001-01", "less film than the recipe removes"),
        ("lot.toml", 'material = "TEOS"', 'material = "W"', "wafer ILD001-25", "not the one the recipe polishes"),
    ],
)
def test_files_that_do_not_fit(
    edit: Edit, example: Path, faults_of: FaultsOf, *, name: str, old: str, new: str, path: str, problem: str
) -> None:
    edit(name, (old, new))
    faults = faults_of(lambda: load_job(example / "lot.toml"))
    assert problem in faults[path].problem


def test_a_plan_that_the_tool_cannot_measure_is_refused(example: Path, tmp_path: Path, faults_of: FaultsOf) -> None:
    text = (resources.files("planaris.formats") / "tools" / "tool_a.toml").read_text(encoding="utf-8")
    tool = tmp_path / "t.toml"
    tool.write_text(text.replace("{ 9 = 25, 49 = 90 }", "{ 9 = 25 }"), encoding="utf-8")
    assert faults_of(lambda: load_job(example / "lot.toml", tool))["sampling"].value == '"49"'


STI = Path(__file__).parents[3] / "examples" / "sti_ceria"


def test_a_film_under_the_top_one_must_be_the_package_s(tmp_path: Path) -> None:
    shutil.copytree(STI, tmp_path / "lot")
    lot = tmp_path / "lot" / "lot.toml"
    lot.write_text(lot.read_text(encoding="utf-8").replace('material = "SiN"', 'material = "TaN"'), encoding="utf-8")
    with pytest.raises(InputError, match="no film TaN") as caught:
        load_job(lot)
    assert "HDP, SiN" in str(caught.value)


def test_a_film_on_another_may_be_cleared_but_not_one_on_the_substrate(tmp_path: Path) -> None:
    load_job(STI / "lot.toml")  # its target is the film's own thickness
    shutil.copytree(STI, tmp_path / "lot")
    lot = tmp_path / "lot" / "lot.toml"
    text = lot.read_text(encoding="utf-8")
    alone = "\n".join(line for line in text.splitlines() if '"SiN"' not in line)
    lot.write_text(alone, encoding="utf-8")
    with pytest.raises(InputError, match="less film than the recipe removes"):
        load_job(lot)


def test_a_step_asks_for_a_slurry_line_that_the_package_has(tmp_path: Path) -> None:
    tool = replace(load_tool(), platen=replace(load_tool().platen, slurry_lines=3))
    shutil.copytree(STI.parent / "cu_two_step", tmp_path / "lot")
    recipe = tmp_path / "lot" / "recipe.toml"
    recipe.write_text(
        recipe.read_text(encoding="utf-8").replace("slurry_line = 2", "slurry_line = 3"), encoding="utf-8"
    )
    with pytest.raises(InputError, match="no slurry on this line"):
        load_recipe(recipe, tool)


def test_a_lot_takes_recipes_from_a_library_by_name_and_a_file_where_there_is_one(example: Path) -> None:
    asked, text = list[str](), (example / "recipe.toml").read_text(encoding="utf-8")

    def find(entry: str) -> tuple[str, str]:
        asked.append(entry)
        return text, "OXIDE@abc"

    lot = example / "lot.toml"
    lot.write_text(lot.read_text(encoding="utf-8").replace('"recipe.toml"', '"OXIDE"'), encoding="utf-8")
    job = load_job(lot, None, find)
    assert (asked, job.lot_file.recipe_path, job.lot.recipe) == (["OXIDE"], None, job.recipe.name)
    assert job.lot_file.cleaner_path == example / "cleaner.toml"
    pinned = load_job(lot, None, find, {"recipe": "OXIDE@abc"})
    assert (asked[-1], pinned.recipe) == ("OXIDE@abc", job.recipe)
    (example / "OXIDE").write_text(text, encoding="utf-8")
    assert load_job(lot, None, find).lot_file.recipe_path == example / "OXIDE"


def test_what_a_library_gives_is_checked_like_a_file_and_without_one_a_name_is_refused(
    example: Path, faults_of: FaultsOf
) -> None:
    lot = example / "lot.toml"
    lot.write_text(lot.read_text(encoding="utf-8").replace('"recipe.toml"', '"OXIDE"'), encoding="utf-8")
    assert "no recipe library" in faults_of(lambda: load_job(lot))["recipe: OXIDE"].problem
    cleaner = (example / "cleaner.toml").read_text(encoding="utf-8")
    found = faults_of(lambda: load_job(lot, None, lambda _entry: (cleaner, "OXIDE@abc")))
    assert found["recipe: OXIDE"].problem == "is no polish recipe"
    fast = (
        (example / "recipe.toml").read_text(encoding="utf-8").replace("platen_speed_rpm = 93", "platen_speed_rpm = 930")
    )
    found = faults_of(lambda: load_job(lot, None, lambda _entry: (fast, "OXIDE@abc")))
    assert any(path.startswith("recipe: ") and "platen_speed_rpm" in path for path in found)
