"""Runs of lots for the spine's tests: the example's files cut to a few wafers, and what a run left on disk."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.app import RunRequest, RunSummary, run_lot
from planaris.stream import Event, from_json

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "oxide_ild"
COMMAND = Path(sys.executable).with_name("planaris")
# A lot takes some seconds; a loaded machine may need many times that.
LONGEST_WAIT_S = 240

Edits = dict[str, dict[str, str]]


def small_lot(
    folder: Path, slots: Sequence[int], edits: Edits | None = None, example: Path = EXAMPLE, called: str = "lot.toml"
) -> Path:
    """Copy an example with only some wafers and return its lot file.

    ``edits`` holds texts to replace everywhere, by file: ``{"recipe.toml": {"old": "new"}}``.
    """
    shutil.copytree(example, folder)
    lot, incoming = folder / called, folder / "incoming.csv"
    listed = ", ".join(str(slot) for slot in slots)
    every = re.compile(r'(?m)^slots = "[^"]*"')
    lot.write_text(every.sub(f'slots = "{listed}"', lot.read_text(encoding="utf-8")), encoding="utf-8")
    lot_id = tomllib.loads(lot.read_text(encoding="utf-8"))["lot_id"]
    wanted = ("#", "wafer_id", *(f"{lot_id}-{slot:02d}," for slot in slots))
    rows = incoming.read_text(encoding="utf-8").splitlines(keepends=True)
    incoming.write_text("".join(row for row in rows if row.startswith(wanted)), encoding="utf-8")
    for name, changes in (edits or {}).items():
        text = (folder / name).read_text(encoding="utf-8")
        for old, new in changes.items():
            assert old in text, f"{name} has no {old!r}"
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")
    return lot


def run_small(lot: Path, home: Path, *, seed: int = 1) -> RunSummary:
    """Run a lot in this process, without a report."""
    return run_lot(RunRequest(lot, None, seed, None, home, report=False), lambda _progress: None)


def run_command(*arguments: object, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a folder."""
    return subprocess.run(
        [str(COMMAND), *(str(a) for a in arguments)],
        cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=LONGEST_WAIT_S, env=env, check=False,
    )  # fmt: skip


@dataclass(frozen=True)
class Told:
    """One event as a run recorded it."""

    sequence: int
    time_s: float
    name: str
    payload: dict[str, Any]


def events_of(database: Path, query: str, *values: object) -> list[Told]:
    """Return events from a query for sequence, time, name and payload."""
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute(query, values).fetchall()
    finally:
        connection.close()
    return [Told(sequence, time_s, name, json.loads(payload)) for sequence, time_s, name, payload in rows]


@dataclass
class Run:
    """What a run left in its folder and home."""

    folder: Path
    home: Path
    document: dict[str, Any]

    @cached_property
    def events(self) -> list[Told]:
        """All events of run.db."""
        return events_of(self.folder / "run.db", "SELECT sequence, time_s, name, payload FROM events ORDER BY sequence")

    @cached_property
    def journal(self) -> list[Told]:
        """The run's events in the home's journal."""
        query = "SELECT sequence, time_s, name, payload FROM journal WHERE run = ? ORDER BY sequence"
        return events_of(self.home / "tool.db", query, self.document["run_id"])

    @cached_property
    def meta(self) -> dict[str, str]:
        """Facts beside the events."""
        connection = sqlite3.connect(f"{(self.folder / 'run.db').as_uri()}?mode=ro", uri=True)
        try:
            return dict(connection.execute("SELECT key, value FROM meta").fetchall())
        finally:
            connection.close()

    @cached_property
    def truth(self) -> dict[str, NDArray[Any]]:
        """The twin's truth, which only a test may hold beside the records."""
        with np.load(self.folder / "twin_truth.npz") as arrays:
            return {name: arrays[name] for name in arrays.files}

    def named(self, *names: str) -> list[Told]:
        """Return the events of some names."""
        return [told for told in self.events if told.name in names]

    @property
    def wafers(self) -> list[dict[str, Any]]:
        """Rows of the JSON result, by slot."""
        return sorted(self.document["wafers"], key=lambda w: w["slot"])

    def removed_nm(self) -> dict[int, float]:
        """Return true mean removal by slot, over the wafer's area."""
        t = self.truth
        removed = t["thickness_before_nm"] - t["thickness_after_nm"]
        weights = t["r_mm"] / t["r_mm"].sum()
        means = removed.mean(axis=2) @ weights
        return {int(slot): float(mean) for slot, mean in zip(t["slot"], means, strict=True)}


def run_of(summary: RunSummary, home: Path) -> Run:
    """Return the records of a run made in this process; its document holds the run's id alone."""
    return Run(summary.folder, home, {"run_id": summary.run_id})


def as_events(told: Sequence[Told]) -> list[Event]:
    """Return recorded events as the stream's own."""
    return [from_json(t.name, json.dumps(t.payload)) for t in told]
