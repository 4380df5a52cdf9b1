from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path

import pytest

from planaris.historian import (
    ConsumableRecord,
    Home,
    HomeError,
    HomeLockedError,
    HomeSchemaError,
    HomeUnwritableError,
    RunFolderError,
    backup_home,
    check_run_folder,
)
from planaris.model import RecipeKind, RecipeState, RecipeVersion

NOBODY = 65534


def test_a_home_is_made_and_opened_again(tmp_path: Path) -> None:
    with Home.open(tmp_path / "deep" / "home", label="test") as home:
        assert home.twin_dir.is_dir()
        assert home.runs() == []
    with Home.open(tmp_path / "deep" / "home", label="test") as home:
        assert home.database.is_file()


def test_runs_are_counted_across_openings(tmp_path: Path) -> None:
    with Home.open(tmp_path, label="test") as home:
        first = home.new_run("LOT-A")
        second = home.new_run("LOT/B 2")
    with Home.open(tmp_path, label="test") as home:
        third = home.new_run("LOT-A")
        recorded = home.runs()
    assert [first.run_id, second.run_id, third.run_id] == ["run-0001-LOT-A", "run-0002-LOT_B_2", "run-0003-LOT-A"]
    assert first.path == tmp_path / "runs" / "run-0001-LOT-A"
    assert all(run.traces.is_dir() for run in (first, second, third))
    assert [(r.number, r.lot_id) for r in recorded] == [(1, "LOT-A"), (2, "LOT/B 2"), (3, "LOT-A")]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", recorded[0].created_utc)


def test_a_number_whose_folder_is_there_is_not_used_again(tmp_path: Path) -> None:
    (tmp_path / "runs" / "run-0001-OLD").mkdir(parents=True)
    with Home.open(tmp_path, label="test") as home:
        assert home.new_run("L").run_id == "run-0002-L"


def test_out_puts_the_run_elsewhere_but_never_into_a_full_folder(tmp_path: Path) -> None:
    with Home.open(tmp_path / "home", label="test") as home:
        run = home.new_run("L", out=tmp_path / "out")
        assert (run.path, run.run_id) == (tmp_path / "out", "run-0001-L")
        assert (tmp_path / "out" / "traces").is_dir()
        assert home.runs()[0].folder == tmp_path / "out"
        with pytest.raises(RunFolderError, match="--out"):
            home.new_run("L", out=tmp_path / "out")
        with pytest.raises(RunFolderError):
            check_run_folder(tmp_path / "out")
        assert len(home.runs()) == 1


def test_a_second_opener_is_told_who_holds_it(tmp_path: Path) -> None:
    with Home.open(tmp_path, label="planaris run"):
        with pytest.raises(HomeLockedError) as caught:
            Home.open(tmp_path, label="planaris serve")
        assert re.fullmatch(rf"planaris run, pid {os.getpid()} on .+ since .+ UTC", caught.value.holder)
        assert "--home" in caught.value.remedy
    Home.open(tmp_path, label="after").close()


@pytest.mark.parametrize("below", ["", "home", "home/deep"])
def test_a_path_under_a_file_is_unwritable(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(HomeUnwritableError, match="is not a folder"):
        Home.open(tmp_path / "file" / below, label="test")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_folder_whose_name_no_record_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HomeUnwritableError, match="not UTF-8"):
        Home.open(tmp_path / "home\udcff", label="test")
    with pytest.raises(HomeUnwritableError, match="not UTF-8"):
        check_run_folder(tmp_path / "out\udcff")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", ["", "home"])
def test_a_folder_without_permission_is_unwritable_and_left_as_it_is(tmp_path: Path, below: str) -> None:
    barred = tmp_path / "barred"
    barred.mkdir()
    barred.chmod(0o555)
    root = os.geteuid() == 0
    if root:  # root may write anywhere, so be somebody else meanwhile
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(0o755)
        os.seteuid(NOBODY)
    try:
        with pytest.raises(HomeUnwritableError, match="cannot be written"):
            Home.open(barred / below, label="test")
    finally:
        if root:
            os.seteuid(0)
    assert list(barred.iterdir()) == []


def test_a_foreign_or_damaged_or_newer_database_is_refused_and_untouched(tmp_path: Path) -> None:
    foreign, damaged, newer = (tmp_path / name for name in ("foreign", "damaged", "newer"))
    for folder in (foreign, damaged):
        folder.mkdir()
    with sqlite3.connect(foreign / "tool.db") as connection:
        connection.execute("CREATE TABLE holiday_photos(name)")
    connection.close()
    (damaged / "tool.db").write_bytes(b"this is no database at all" * 100)
    Home.open(newer, label="test").close()
    connection = sqlite3.connect(newer / "tool.db")
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    for folder, word in ((foreign, "another program"), (damaged, "cannot be read"), (newer, "version 999")):
        before = (folder / "tool.db").read_bytes()
        with pytest.raises(HomeSchemaError, match=word):
            Home.open(folder, label="test")
        assert (folder / "tool.db").read_bytes() == before
        with pytest.raises(HomeSchemaError):  # the failed opener gave the lock back
            Home.open(folder, label="test")


def test_a_backup_is_one_whole_file_that_serves_as_tool_db(tmp_path: Path) -> None:
    pad = ConsumableRecord("platen1", "pad", "P-7", 120, 2.5, "2026-01-02")
    with Home.open(tmp_path / "home", label="test") as home:
        home.save_consumable(pad)
        home.new_run("L")
        home.backup(tmp_path / "copy.db")
        home.save_consumable(ConsumableRecord("platen1", "pad", "P-8", 0, 0.0, "2026-02-02"))
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["copy.db", "home"]
    alone = sqlite3.connect(f"{(tmp_path / 'copy.db').as_uri()}?mode=ro&immutable=1", uri=True)
    assert alone.execute("PRAGMA journal_mode").fetchone() == ("delete",)  # needs no -wal beside it
    alone.close()
    (tmp_path / "other").mkdir()
    (tmp_path / "copy.db").rename(tmp_path / "other" / "tool.db")
    with Home.open(tmp_path / "other", label="test") as home:
        assert home.load_consumables() == [pad]
        assert home.new_run("L").run_id == "run-0002-L"


def test_a_backup_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with Home.open(tmp_path, label="test") as home, pytest.raises(HomeUnwritableError, match="backup"):
        home.backup(tmp_path / "nowhere" / "copy.db")


@pytest.mark.parametrize("name", ["tool.db", "lock", "tool.db-wal", "audit.anchor", "new.db"])
def test_a_backup_never_takes_the_place_of_what_is_the_home_s(tmp_path: Path, name: str) -> None:
    """A live tool would go on in a file that has no name any more, and another could take the lock."""
    folder = tmp_path / "home"
    with Home.open(folder, label="test") as home:
        before = {p.name: (p.stat().st_ino, p.read_bytes()) for p in folder.iterdir() if p.is_file()}
        for target in (folder / name, folder / ".." / "home" / name):
            with pytest.raises(HomeUnwritableError, match="is in the home"):
                backup_home(folder, target)
            with pytest.raises(HomeUnwritableError, match="is in the home"):
                home.backup(target)
        assert {p.name: (p.stat().st_ino, p.read_bytes()) for p in folder.iterdir() if p.is_file()} == before


def test_a_backup_never_takes_the_place_of_what_is_no_file(tmp_path: Path) -> None:
    Home.open(tmp_path / "home", label="test").close()
    os.mkfifo(tmp_path / "pipe")  # stands for a device, which root could replace as well
    with pytest.raises(HomeUnwritableError, match="no file"):
        backup_home(tmp_path / "home", tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()


def test_consumables_are_kept_by_location_and_part(tmp_path: Path) -> None:
    pad = ConsumableRecord("platen1", "pad", "P-7", 120, 2.5, "2026-01-02")
    disk = ConsumableRecord("platen1", "disk", "D-1", 300, 9.25, "2026-01-03")
    ring = ConsumableRecord("head2", "ring", "R-4", 10, 0.1, "2026-01-04")
    worn = ConsumableRecord("platen1", "pad", "P-7", 145, 3.0, "2026-01-02")
    with Home.open(tmp_path, label="test") as home:
        home.save_consumables([pad, disk, ring])
        home.save_consumable(worn)
    with Home.open(tmp_path, label="test") as home:
        assert home.load_consumables() == [ring, disk, worn]


def test_counters_kept_without_waiting_for_the_disk_are_there_and_the_next_commit_waits_again(tmp_path: Path) -> None:
    pad = ConsumableRecord("platen1", "pad", "P-7", 120, 2.5, "2026-01-02")
    with Home.open(tmp_path, label="test") as home:
        synchronous = home._connection.execute  # pyright: ignore[reportPrivateUsage]
        home.save_consumables([pad], durable=False)
        assert home.load_consumables() == [pad]
        assert synchronous("PRAGMA synchronous").fetchone() == (1,)
        home.new_run("L")
        assert synchronous("PRAGMA synchronous").fetchone() == (2,)


def version(content: str, text: str, state: RecipeState = RecipeState.DRAFT) -> RecipeVersion:
    return RecipeVersion(RecipeKind.POLISH, "ild", content, "1", text, "ann", state)


def test_recipe_versions_keep_their_text_and_change_their_state(tmp_path: Path) -> None:
    with Home.open(tmp_path, label="test") as home:
        home.recipes.put(version("aa", "a = 1"))
        home.recipes.put(version("bb", "a = 2"))
        home.recipes.put(version("aa", "a = 9", RecipeState.RELEASED))
        other = RecipeVersion(RecipeKind.CLEANER, "clean", "aa", "1", "c = 1", "bob")
        home.recipes.put(other)
    with Home.open(tmp_path, label="test") as home:
        assert home.recipes.versions("ild") == [version("aa", "a = 1", RecipeState.RELEASED), version("bb", "a = 2")]
        assert home.recipes.versions()[-1] == other
        assert home.recipes.versions("none") == []


def test_an_altered_recipe_text_is_noticed(tmp_path: Path) -> None:
    with Home.open(tmp_path, label="test") as home:
        home.recipes.put(version("aa", "a = 1"))
    connection = sqlite3.connect(tmp_path / "tool.db", isolation_level=None)
    connection.execute("UPDATE recipe_versions SET text = 'a = 9'")
    connection.close()
    with Home.open(tmp_path, label="test") as home, pytest.raises(HomeError, match="altered"):
        home.recipes.versions()


def test_a_full_disk_is_told_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs(tmp_path)
    full = os.statvfs_result((*real[:3], 0, 10, *real[5:10]))  # all but 10 blocks are used

    def statvfs(path: object) -> os.statvfs_result:
        return full

    monkeypatch.setattr(os, "statvfs", statvfs)
    with pytest.raises(HomeUnwritableError, match="disk is full"):
        Home.open(tmp_path / "home", label="test")
    assert list(tmp_path.iterdir()) == []
