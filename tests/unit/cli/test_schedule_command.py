"""`planaris schedule`: plan, bounds, ratio, bottleneck, picture, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import Result

Planaris = Callable[..., Result]
Document = Callable[[Result], dict[str, Any]]

PNG = b"\x89PNG\r\n\x1a\n"


def test_it_names_the_bottleneck_and_both_bounds(planaris: Planaris, example: Path) -> None:
    result = planaris("schedule", "--lot", example / "lot.toml", "--tool", "tool_a")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "bottleneck srd: 63.0 s a wafer, 57.1 wafers/h at best" in result.stdout
    assert "steady state 63.00 s a wafer (57.1 wafers/h), ratio 1.000" in result.stdout
    assert "60.0 wafers/h by srd" in result.stdout
    assert "checker: 0 violations" in result.stdout


def test_as_json_every_wafer_and_operation_is_there(planaris: Planaris, document: Document, example: Path) -> None:
    result = planaris("schedule", "--lot", example / "lot.toml", "--no-metrology", "--json")
    found = document(result)
    assert (result.exit_code, found["schema"], found["ok"]) == (0, "planaris/schedule/1", True)
    assert (found["tool"], found["lots"], found["wafers_count"]) == ("tool_a", ["ILD001"], 25)
    assert found["bottleneck"] == "srd"
    assert found["bound"]["makespan_s"] <= found["makespan_s"]
    assert found["steady_ratio"] >= 0.97
    assert found["polish_to_clean_spread_s"] <= 10.0
    assert {w["wafer_id"] for w in found["wafers"]} == {f"ILD001-{n:02d}" for n in range(1, 26)}
    assert max(w["end_s"] for w in found["wafers"]) == found["makespan_s"]
    assert not any(o["resource"] == "metrology" for o in found["operations"])
    visits = [o for o in found["operations"] if o["what"] == "visit"]
    assert len(visits) == 75


def test_the_picture_is_written_where_it_should_be(planaris: Planaris, example: Path, tmp_path: Path) -> None:
    picture = tmp_path / "new" / "gantt.png"
    result = planaris("schedule", "--lot", example / "lot.toml", "--picture", picture)
    assert result.exit_code == 0, result.stderr
    assert picture.read_bytes().startswith(PNG)
    blocked = planaris("schedule", "--lot", example / "lot.toml", "--picture", example / "lot.toml" / "x.png")
    assert blocked.exit_code == 1
    assert "cannot write" in blocked.stderr


def test_a_wet_limit_that_cannot_be_kept_ends_with_1_and_is_named(
    planaris: Planaris, document: Document, example: Path
) -> None:
    recipe = example / "recipe.toml"
    text = recipe.read_text(encoding="utf-8")
    recipe.write_text(text.replace("polish_to_clean_s = 60", "polish_to_clean_s = 20"), encoding="utf-8")
    result = planaris("schedule", "--lot", example / "lot.toml", "--json")
    found = document(result)
    assert (result.exit_code, found["ok"]) == (1, False)
    assert {v["fault"] for v in found["violations"]} == {"residency"}
    assert "from polish to clean" in result.stderr


def test_a_tool_of_units_is_planned_too(planaris: Planaris, document: Document, example: Path, tmp_path: Path) -> None:
    picture = tmp_path / "gantt.png"
    result = planaris("schedule", "--lot", example / "lot.toml", "--tool", "tool_b", "--picture", picture)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "bottleneck units: 98.0 s a wafer" in result.stdout
    assert "checker: 0 violations" in result.stdout
    assert picture.read_bytes().startswith(PNG)
    found = document(planaris("schedule", "--lot", example / "lot.toml", "--tool", "tool_b", "--json"))
    assert found["steady_ratio"] >= 0.97
    assert found["bound"]["makespan_s"] <= found["makespan_s"]
    assert {o["resource"] for o in found["operations"] if o["what"] == "swing"} == {"swing1", "swing2"}


def test_wrong_input_ends_with_2(planaris: Planaris, document: Document, example: Path) -> None:
    lot = example / "lot.toml"
    assert planaris("schedule", "--lot", example / "none.toml").exit_code == 2
    twice = planaris("schedule", "--lot", lot, "--lot", lot, "--json")
    assert twice.exit_code == 2
    assert "same load port" in document(twice)["message"]
