"""Lots whose recipes come from the home's library: taken by name, locked until the lot is over, kept for a resume."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from spine_lots import EXAMPLE, run_command, small_lot

from planaris.app import Progress, RunRequest, give, run_lot
from planaris.formats import load_recipe, load_tool, recipe_hash
from planaris.model import InputError
from planaris.tool import Answer

NAME = load_recipe(EXAMPLE / "recipe.toml", None).name
TEXT = (EXAMPLE / "recipe.toml").read_text(encoding="utf-8")
HASH = recipe_hash(load_recipe(EXAMPLE / "recipe.toml", None))


def order(home: Path, verb: str, by: str, **arguments: str) -> Answer:
    role = "administrator"
    return give(home, load_tool(), f"recipe.{verb}", arguments, principal=by, role=role, reason="test")


def saved(home: Path, text: str = TEXT) -> str:
    """Save and release a recipe; return its content hash."""
    name = re.search(r'name = "([^"]+)"', text)
    assert name is not None
    assert order(home, "save", "ann", text=text).status == "done"
    found = json.loads(run_command("recipe", "list", "--home", home, "--json", cwd=home).stdout)["versions"][-1]
    for verb, by in (("approve", "bob"), ("release", "eva")):
        moved = order(home, verb, by, recipe=found["name"], content_hash=found["content_hash"])
        assert moved.status == "done", moved.why
    return str(found["content_hash"])


def silent(_progress: Progress) -> None: ...


def cut_off(least: int) -> Callable[[Progress], None]:
    """Return what interrupts a run, as Ctrl-C does, once so many wafers moved."""
    moves = list[str]()

    def progress(told: Progress) -> None:
        moves.append(told.wafer_id)
        if len(moves) > least:
            raise KeyboardInterrupt

    return progress


@pytest.fixture
def request_of(tmp_path: Path) -> RunRequest:
    lot = small_lot(tmp_path / "lot", [1], {"lot.toml": {'"recipe.toml"': f'"{NAME}"'}})
    home = tmp_path / "home"
    home.mkdir()
    return RunRequest(lot, None, 1, None, home, report=False)


def test_a_name_without_a_released_version_is_wrong_input_and_starts_nothing(request_of: RunRequest) -> None:
    with pytest.raises(InputError) as caught:
        run_lot(request_of, silent)
    assert "has no recipe library" in caught.value.faults[0].problem
    assert order(request_of.home, "save", "ann", text=TEXT).status == "done"
    with pytest.raises(InputError) as caught:
        run_lot(request_of, silent)
    assert "no version of" in caught.value.faults[0].problem
    with pytest.raises(InputError) as caught:
        run_lot(replace(request_of, recipe=f"{NAME}@{HASH[:8]}"), silent)
    assert "is draft; a job takes a released version only" in caught.value.faults[0].problem
    assert not (request_of.home / "runs").exists()


def test_a_released_recipe_runs_by_name_from_the_lot_file_and_from_the_command(request_of: RunRequest) -> None:
    digits = saved(request_of.home)
    assert run_lot(request_of, silent).completed
    done = run_command(
        "run", request_of.lot_path, "--recipe", f"{NAME}@{digits[:10]}", "--home", request_of.home, "--json",
        "--no-report", cwd=request_of.home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(Path(json.loads(done.stdout)["folder"]) / "run.db")) as connection:
        metas = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    assert (metas["recipe_taken"], metas["cleaner_recipe_taken"]) == (f"{NAME}@{digits}", "")
    # The lot is over: nothing holds the version any more.
    assert order(request_of.home, "obsolete", "bob", recipe=NAME, content_hash=digits).status == "done"


def test_a_cut_off_run_keeps_its_recipe_locked_and_goes_on_with_that_version(request_of: RunRequest) -> None:
    digits = saved(request_of.home)
    with pytest.raises(KeyboardInterrupt):
        run_lot(request_of, cut_off(6))
    refused = order(request_of.home, "obsolete", "bob", recipe=NAME, content_hash=digits)
    assert (refused.status, "in use by lot ILD001" in refused.why) == ("refused", True)
    newer = saved(request_of.home, TEXT.replace("target_removal_A = 6000", "target_removal_A = 6010"))
    assert newer != digits
    summary = run_lot(replace(request_of, resume=True), silent)
    assert (summary.outcome, summary.target_removal_nm) == ("completed", 600.0)
    assert order(request_of.home, "obsolete", "bob", recipe=NAME, content_hash=digits).status == "done"
