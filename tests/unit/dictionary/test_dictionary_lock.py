"""Ids are for ever: the lock is complete, collides nowhere, and is only ever added to."""

from __future__ import annotations

import hashlib
import itertools
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from planaris.dictionary.ids import LOCK_FILE, RANGES, Entry, entries, parse_lock
from planaris.dictionary.lock import Tables, check, main, render, update
from planaris.dictionary.source import declarations, read_data

# First lines of each kind of the lock as they were given out: how many, and the digest of their text. They may
# never change; lines added behind them need no change here until a release extends the promise.
GIVEN_OUT = {
    "sv": (265, "9e9ffe60cc1e5b3d"),
    "dv": (68, "77ab5b98659ca015"),
    "ec": (30, "9c55b232ac81d461"),
    "event": (24, "a48fab9f4a44de15"),
    "command": (11, "04a647c7ff573f27"),
    "alarm": (178, "d440eced9e04ff15"),
}

SPEED = Entry("sv", "platen.speed_rpm", 10, "F4")
STATE = Entry("sv", "tool.state", 1, "A")
ZONE = Entry("sv", "head.zone{zone}_pressure_kPa", 80, "F4")


@pytest.fixture
def small() -> Tables:
    return update({}, [SPEED, STATE])


def test_the_committed_lock_is_complete_and_sound() -> None:
    assert check(read_data(LOCK_FILE), entries(declarations())) == []


@pytest.mark.parametrize("kind", RANGES)
def test_ids_that_were_given_out_stay(kind: str) -> None:
    count, digest = GIVEN_OUT[kind]
    lines = read_data(LOCK_FILE)[kind]["entries"].splitlines()[:count]
    assert len(lines) == count > 0
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] == digest


def test_the_lock_is_written_as_the_tool_writes_it() -> None:
    text = (resources.files("planaris.dictionary") / "data" / LOCK_FILE).read_text(encoding="utf-8")
    assert render(tomllib.loads(text)) == text


def test_ids_start_in_their_range_and_leave_room_for_instances(small: Tables) -> None:
    lines = parse_lock(small)["sv"]
    assert (lines["platen.speed_rpm"].base, lines["tool.state"].base) == (RANGES["sv"][0], RANGES["sv"][0] + 10)
    assert check(small, [SPEED, STATE]) == []


def test_an_update_adds_behind_and_changes_nothing(small: Tables) -> None:
    grown = update(small, [ZONE, STATE, SPEED])
    assert grown["sv"]["entries"].startswith(small["sv"]["entries"])
    assert parse_lock(grown)["sv"][ZONE.key].base > parse_lock(small)["sv"][STATE.key].base
    assert update(grown, [ZONE, STATE, SPEED]) == grown
    assert check(grown, [ZONE, STATE, SPEED]) == []


def test_what_is_not_locked_is_named(small: Tables) -> None:
    assert check(small, [SPEED, STATE, ZONE]) == ["sv head.zone{zone}_pressure_kPa has no id"]


def test_what_left_is_named_until_it_is_retired_and_its_id_stays_taken(small: Tables) -> None:
    assert check(small, [SPEED]) == ["sv tool.state left the dictionary"]
    without = update(small, [SPEED])
    assert without["sv"]["retired"] == ["tool.state"]
    assert check(without, [SPEED]) == []
    later = update(without, [SPEED, Entry("sv", "tool.mode", 1, "A")])
    bases = [line.base for line in parse_lock(later)["sv"].values()]
    assert len(set(bases)) == 3


def test_a_retired_name_does_not_come_back(small: Tables) -> None:
    without = update(small, [SPEED])
    again = update(without, [SPEED, STATE])
    assert check(again, [SPEED, STATE]) == ["sv tool.state is retired: give the new declaration a new name"]


def test_a_changed_format_or_room_is_a_fault(small: Tables) -> None:
    wider = Entry("sv", "platen.speed_rpm", 10, "F8")
    assert check(small, [wider, STATE]) == ["sv platen.speed_rpm changed its format F4 to F8"]
    roomier = Entry("sv", "platen.speed_rpm", 20, "F4")
    assert check(small, [roomier, STATE]) == ["sv platen.speed_rpm has 10 ids and needs 20"]


@pytest.mark.parametrize(
    ("edited", "fault"),
    [
        ("1000 10 F4 platen.speed_rpm\n1005 1 A tool.state\n", "tool.state shares id 1005 with platen.speed_rpm"),
        ("1000 10 F4 platen.speed_rpm\n1000 1 A tool.state\n", "shares id 1000 with"),
        ("990 10 F4 platen.speed_rpm\n1000 1 A tool.state\n", "platen.speed_rpm shares id 990 with another range"),
        ("49999 10 F4 platen.speed_rpm\n1000 1 A tool.state\n", "id 50008 is beyond 49999"),
        ("1000 10 F4 platen.speed_rpm\n1010 1 A tool.state\n1011 1 A tool.state\n", "a key stands twice in the lock"),
    ],
)
def test_ids_that_collide_are_faults(small: Tables, edited: str, fault: str) -> None:
    spoilt = {**small, "sv": {"retired": [], "entries": edited}}
    assert any(fault in found for found in check(spoilt, [SPEED, STATE]))


def test_ranges_do_not_overlap() -> None:
    bounds = sorted(RANGES.values())
    assert all(first <= last for first, last in bounds)
    assert all(last < following for (_, last), (following, _) in itertools.pairwise(bounds))


def test_the_command_reports_then_mends_a_lock(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / LOCK_FILE
    committed = read_data(LOCK_FILE)
    lines = committed["event"]["entries"].splitlines(keepends=True)
    shortened = {**committed, "event": {"retired": [], "entries": "".join(lines[:-1])}}
    path.write_text(render(shortened), encoding="utf-8")
    assert main(["--file", str(path)]) == 1
    assert lines[-1].split()[-1] in capsys.readouterr().out
    assert path.read_text(encoding="utf-8") == render(shortened)
    assert main(["--file", str(path), "--update"]) == 0
    assert tomllib.loads(path.read_text(encoding="utf-8")) == committed
