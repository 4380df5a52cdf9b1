"""`planaris recipe check|show|diff`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

Planaris = Callable[..., Result]
Document = Callable[[Result], dict[str, Any]]


@pytest.fixture
def faulty(example: Path) -> Path:
    path = example / "faulty.toml"
    text = (example / "recipe.toml").read_text(encoding="utf-8")
    for old, new in (
        ("ring_pressure_psi = 5.2", "ring_pressure_psi = 12"),
        ("head_speed_rpm = 87", "head_sped_rpm = 87"),
        ("max_s = 60", "max_s = 35"),
    ):
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return path


def test_check_of_good_recipes_ends_with_0(planaris: Planaris, example: Path) -> None:
    result = planaris("recipe", "check", example / "recipe.toml", example / "cleaner.toml")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "oxide_ild version 1 fits tool tool_a" in result.stdout


def test_check_lists_all_three_faults_and_ends_with_2(planaris: Planaris, faulty: Path) -> None:
    result = planaris("recipe", "check", faulty)
    assert result.exit_code == 2
    assert f"{faulty}: 3 faults" in result.stderr
    assert "steps[0].ring_pressure_psi = 12 psi: out of range of tool tool_a (limit 0-10 psi)" in result.stderr
    assert "steps[0].head_sped_rpm = 87: unknown key\n     -> did you mean head_speed_rpm?" in result.stderr
    assert "steps[0].end.time_s = 40 s: ends after its maximum time (limit <= 35 s)" in result.stderr


def test_check_as_json_tells_good_and_bad_files(
    planaris: Planaris, document: Document, example: Path, faulty: Path
) -> None:
    result = planaris("recipe", "check", example / "recipe.toml", faulty, "--json")
    found = document(result)
    assert result.exit_code == 2
    assert (found["schema"], found["ok"], found["tool"]) == ("planaris/recipe-check/1", False, "tool_a")
    assert [(row["file"], row["ok"], len(row["faults"])) for row in found["files"]] == [
        (str(example / "recipe.toml"), True, 0),
        (str(faulty), False, 3),
    ]
    ring = next(fault for fault in found["files"][1]["faults"] if "ring" in fault["path"])
    assert ring == {
        "path": "steps[0].ring_pressure_psi",
        "value": "12",
        "problem": "out of range of tool tool_a",
        "limit": "0-10",
        "unit": "psi",
        "remedy": "use 10 or less",
    }


def test_check_against_a_tool_that_is_not_there(planaris: Planaris, document: Document, example: Path) -> None:
    result = planaris("recipe", "check", example / "recipe.toml", "--tool", "tool_z", "--json")
    assert result.exit_code == 2
    assert document(result)["faults"][0]["path"] == "tool"


def test_show_gives_typed_and_model_values(planaris: Planaris, example: Path) -> None:
    result = planaris("recipe", "show", example / "recipe.toml")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "zone_pressure_kPa 4.0, 4.0, 4.5 psi (27.58, 27.58, 31.03 kPa)" in lines
    assert "target_removal_nm 6000 Å (600 nm)" in lines
    assert lines.count("steps[5]") == 1


def test_show_as_json_has_every_value_with_its_unit(planaris: Planaris, document: Document, example: Path) -> None:
    found = document(planaris("recipe", "show", example / "recipe.toml", example / "cleaner.toml", "--json"))
    polish, cleaner = found["recipes"]
    assert (polish["kind"], cleaner["kind"]) == ("polish", "cleaner")
    values = {row["path"]: row for row in polish["values"]}
    ring = values["steps[0].ring_pressure_kPa"]
    assert ring["value"] == pytest.approx(35.8527379)
    assert (ring["unit"], ring["shown"]) == ("kPa", "5.2 psi (35.85 kPa)")


def test_diff_names_what_changed_and_ends_with_0(planaris: Planaris, document: Document, example: Path) -> None:
    other = example / "other.toml"
    text = (example / "recipe.toml").read_text(encoding="utf-8")
    other.write_text(text.replace("ring_pressure_psi = 5.2", "ring_pressure_kPa = 36", 1), encoding="utf-8")
    result = planaris("recipe", "diff", example / "recipe.toml", other)
    assert (result.exit_code, result.stdout) == (0, "steps[P1 main].ring_pressure_kPa: 5.2 psi (35.85 kPa) -> 36 kPa\n")
    found = document(planaris("recipe", "diff", example / "recipe.toml", other, "--json"))
    assert found["same"] is False
    assert found["changes"] == [
        {
            "path": "steps[P1 main].ring_pressure_kPa",
            "kind": "changed",
            "before": "5.2 psi (35.85 kPa)",
            "after": "36 kPa",
        }
    ]


def test_diff_of_equal_recipes_says_so(planaris: Planaris, document: Document, example: Path) -> None:
    recipe = example / "recipe.toml"
    assert "mean the same" in planaris("recipe", "diff", recipe, recipe).stdout
    assert document(planaris("recipe", "diff", recipe, recipe, "--json"))["same"] is True


def test_diff_of_different_sorts_ends_with_2(planaris: Planaris, example: Path) -> None:
    result = planaris("recipe", "diff", example / "recipe.toml", example / "cleaner.toml")
    assert result.exit_code == 2
    assert "nothing to compare" in result.stderr


def test_a_file_that_is_not_there_ends_with_2_and_one_fault(
    planaris: Planaris, document: Document, tmp_path: Path
) -> None:
    result = planaris("recipe", "show", tmp_path / "none.toml", "--json")
    found = document(result)
    assert (result.exit_code, found["kind"], len(found["faults"])) == (2, "input", 1)


def test_nothing_is_written(planaris: Planaris, example: Path, faulty: Path) -> None:
    before = sorted(example.iterdir())
    for arguments in (("check", faulty), ("show", example / "recipe.toml"), ("diff", example / "recipe.toml", faulty)):
        planaris("recipe", *arguments)
    assert sorted(example.iterdir()) == before
    assert list(Path.cwd().iterdir()) == []
