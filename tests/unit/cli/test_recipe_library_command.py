"""`planaris recipe save|approve|release|obsolete|list`: the library from the command line, audited in the home."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from planaris.cli.main import app
from planaris.historian import OFFICE, last_sequence

RECIPE = "examples/oxide_ild/recipe.toml"


class Line:
    """A command line on one home."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *words: str, status: int = 0) -> str:
        result = CliRunner().invoke(app, ["recipe", *words, "--home", str(self.home)])
        assert result.exit_code == status, result.output
        return result.output

    def json(self, *words: str, status: int = 0) -> dict[str, Any]:
        result = CliRunner().invoke(app, ["recipe", *words, "--home", str(self.home), "--json"])
        assert result.exit_code == status, result.output
        return json.loads(result.stdout)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path / "home")


def version_of(line: Line) -> str:
    (row,) = line.json("list", "oxide_ild")["versions"]
    return f"oxide_ild@{row['content_hash'][:10]}"


def test_a_recipe_goes_from_file_to_release_through_three_people(line: Line) -> None:
    assert "saved as draft" in line("save", RECIPE, "--by", "ann")
    version = version_of(line)
    assert "somebody else" in line("approve", version, "--by", "ann", status=2)
    assert "role process may not" in line("release", version, "--by", "bob", "--role", "process", status=2)
    line("approve", version, "--by", "bob", "--reason", "rates checked")
    answer = line.json("release", version, "--by", "cy")
    assert (answer["ok"], answer["status"], answer["schema"]) == (True, "done", "planaris/command-answer/1")
    (row,) = line.json("list")["versions"]
    assert (row["state"], row["author"], row["approved_by"], row["released_by"]) == ("released", "ann", "bob", "cy")
    # Every command, refused ones too, stands in the journal with numbers that go on from call to call.
    assert last_sequence(line.home / "tool.db", OFFICE) >= 2 * 5 + 3
    assert answer["command_id"] != line.json("approve", version, "--by", "dan", status=2)["command_id"]


def test_show_and_diff_take_versions_of_the_library(line: Line, tmp_path: Path) -> None:
    line("save", RECIPE, "--by", "ann")
    version = version_of(line)
    assert "5.2 psi (35.85 kPa)" in line("show", version)
    changed = tmp_path / "changed.toml"
    changed.write_text(Path(RECIPE).read_text().replace("wiwnu_limit_pct = 5", "wiwnu_limit_pct = 4"))
    assert "wiwnu_limit_pct: 5 % -> 4 %" in line("diff", version, str(changed))
    assert "0 of 1 versions" in line("show", "oxide_ild@zz", status=2)


def test_a_file_with_faults_is_told_all_and_no_home_is_made(line: Line, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('schema = "planaris/recipe/1"\nname = 1\n')
    assert "faults" in line("save", str(bad), "--by", "ann", status=2)
    assert not line.home.exists()


def test_a_home_without_a_library_says_so(line: Line) -> None:
    assert "holds no tool.db" in line("list", status=2)
