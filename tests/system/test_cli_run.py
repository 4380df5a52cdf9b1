"""`planaris run` with the real tool and twin behind it: a small lot, and every input that must be refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from planaris.cli.main import app
from planaris.historian import Home

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "oxide_ild"
TOOL_A = ROOT / "src" / "planaris" / "formats" / "tools" / "tool_a.toml"

Edit = Callable[[str, str, str], None]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example's files and reference tool A beside them, in the working directory."""
    shutil.copytree(EXAMPLE, tmp_path / "here")
    shutil.copy(TOOL_A, tmp_path / "here" / "tool.toml")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def edit(folder: Path) -> Edit:
    def replace(name: str, old: str, new: str) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace


def refused(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run in this process; check for status 2 and that nothing was written; return the document."""
    before = sorted(folder.rglob("*"))
    result = CliRunner().invoke(app, ["run", "lot.toml", "--tool", "tool.toml", "--json", *arguments])
    assert result.exit_code == 2, result.stderr
    assert sorted(folder.rglob("*")) == before
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["ok"] is False
    return found


def test_a_small_lot_runs_and_its_json_and_files_agree(folder: Path, edit: Edit) -> None:
    edit("lot.toml", 'slots = "1-25"', 'slots = "1, 3"')
    rows = (folder / "incoming.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [row for row in rows if row.startswith(("#", "wafer_id", "ILD001-01", "ILD001-03"))]
    (folder / "incoming.csv").write_text("".join(kept), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("planaris")), "run", "lot.toml", "--seed", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["schema"], found["outcome"], found["port_kind"]) == ("planaris/run-result/1", "completed", "twin")
    assert sorted(wafer["slot"] for wafer in found["wafers"]) == [1, 3]
    # The recipe is tuned on twin 1 to 5 %; a first wafer on a cold pad may miss that, not by as much again.
    assert all(540 < wafer["removal_nm"] < 660 for wafer in found["wafers"])
    assert all(wafer["polish_s"] >= 120 for wafer in found["wafers"])
    assert found["folder"].startswith("planaris-home/runs/run-0001-ILD001")
    assert (folder / found["report"]).read_text(encoding="utf-8").count("TWIN") > 0
    assert (folder / found["folder"] / "run.db").is_file()
    assert list((folder / found["folder"] / "traces").glob("*.parquet"))
    assert "TWIN run of lot.toml" in done.stderr
    assert "wafers · tool time" in done.stderr


def test_a_recipe_with_three_faults_reports_all_three(folder: Path, edit: Edit) -> None:
    edit("recipe.toml", "ring_pressure_psi = 5.2", "ring_pressure_psi = 12")
    edit("recipe.toml", "head_speed_rpm = 87", "head_sped_rpm = 87")
    edit("recipe.toml", "max_s = 60", "max_s = 35")
    faults = refused(folder)["faults"]
    assert {fault["path"] for fault in faults} == {
        "recipe.toml: steps[0].ring_pressure_psi",
        "recipe.toml: steps[0].head_sped_rpm",
        "recipe.toml: steps[0].end.time_s",
    }
    assert all(fault["value"] and fault["problem"] for fault in faults)


@pytest.mark.parametrize(
    ("name", "old", "new", "path", "said"),
    [
        ("lot.toml", "load_port = 1", "load_port = 1\ndouble_slots = [4]", "carrier.double_slots[0]", "two wafers"),
        ("lot.toml", "load_port = 1", "load_port = 1\ncrossed_slots = [4]", "carrier.crossed_slots[0]", "lies across"),
        ("lot.toml", "load_port = 1", "load_port = 3", "carrier.load_port", "unknown module"),
        ("cleaner.toml", '"brush2"', '"brush3"', "cleaner.toml: stations[2].station", "unknown module"),
        ("tool.toml", '"brush2"', '"brush3"', "tool: cleaner.stations[2]", "unknown module"),
        ("tool.toml", "ring_outer_mm = 120", "ring_outer_mm = 130", "tool: platen.center_distance_mm", "overhangs"),
        ("recipe.toml", 'schema = "planaris', 'schema "planaris', "recipe.toml: line 3, column 8", "not TOML"),
    ],
)
def test_wrong_input_is_refused_with_its_place(
    folder: Path, edit: Edit, *, name: str, old: str, new: str, path: str, said: str
) -> None:
    edit(name, old, new)
    faults = {fault["path"]: fault["problem"] for fault in refused(folder)["faults"]}
    assert said in faults[path]


def test_a_lot_that_is_not_there_is_refused(folder: Path) -> None:
    (folder / "lot.toml").unlink()
    assert refused(folder)["faults"][0]["problem"] == "there is no such file"


def test_a_home_that_cannot_be_written_is_refused(folder: Path) -> None:
    (folder / "afile").write_text("", encoding="utf-8")
    found = refused(folder, "--home", str(folder / "afile" / "home"))
    assert (found["kind"], found["faults"]) == ("home", [])
    assert "afile" in found["message"]


def test_a_home_in_use_is_refused_and_its_holder_named(folder: Path) -> None:
    with Home.open(folder / "home", label="another tool"):
        found = refused(folder, "--home", str(folder / "home"))
    assert found["kind"] == "home"
    assert "another tool" in found["message"]
    assert str(os.getpid()) in found["message"]
