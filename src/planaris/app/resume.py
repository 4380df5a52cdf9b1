"""What a home tells of its last run, so that it can go on after any death."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from planaris.historian import (
    Home,
    HomeError,
    RunFolder,
    journal_events,
    last_sample_s,
    read_metas,
    recover,
)
from planaris.stream import Committed, RunEnded

# On virtual time nobody can know how long the controller was away [design].
AWAY_S = 30.0
# Facts of a run that must not change while it is interrupted.
_FIXED = ("recipe", "cleaner_recipe", "tool_description", "sampling")
# Entries of a lot that name a recipe.
ENTRIES = ("recipe", "cleaner_recipe")


@dataclass(frozen=True, slots=True)
class Past:
    """The earlier life of a run: its folder, facts and events, and the last tool time at which it is known to have
    lived."""

    folder: RunFolder
    metas: dict[str, str]
    events: tuple[Committed, ...]
    died_s: float

    @property
    def lot_path(self) -> Path:
        """The lot file it was started with."""
        return Path(self.metas["lot_path"])

    @property
    def tool(self) -> str | None:
        """The tool it was started on, None for the default."""
        return self.metas.get("tool_asked") or None

    @property
    def seed(self) -> int:
        """The twin's seed."""
        return int(self.metas["seed"])

    @property
    def library_entries(self) -> dict[str, str]:
        """The lot's entries that were taken from the recipe library, with the version that was taken."""
        return {key: ref for key in ENTRIES if (ref := self.metas.get(f"{key}_taken", ""))}

    @property
    def last_sequence(self) -> int:
        """Number of its last event."""
        return self.events[-1].sequence

    def changed(self, facts: dict[str, str]) -> tuple[str, ...]:
        """Return which of the files it was started with say something else now."""
        return tuple(name for name in _FIXED if facts[name] != self.metas.get(name))


def last_run(home: Home) -> Past:
    """Read the home's last run, and make trace files of what its crash buffers hold.

    Raises HomeError if there is none that could go on.
    """
    runs = home.runs()
    if not runs:
        raise HomeError(home.path, "holds no run", "start one without --resume")
    run = runs[-1]
    events = journal_events(home.database, run.run_id)
    metas = read_metas(run.folder / "run.db")
    ended = next((e.event.outcome for e in reversed(events) if isinstance(e.event, RunEnded)), "")
    if ended:
        raise HomeError(run.folder, f"ended {ended}; it cannot go on", "have what is in the machine out by --clear")
    if not events or "lot_path" not in metas:
        raise HomeError(run.folder, "tells nothing of how it was started", "nothing was moved; start anew with --clear")
    folder = RunFolder(run.run_id, run.folder)
    sampled_s = last_sample_s(folder.traces)
    recover(folder.traces)
    return Past(folder, metas, tuple(events), max(events[-1].time_s, sampled_s))


def used_by_open_run(home: Home) -> dict[str, str]:
    """Return content hash -> lot of the recipes of the home's last run, if it was cut off and may go on."""
    runs = home.runs()
    if not runs:
        return {}
    metas = read_metas(runs[-1].folder / "run.db")
    events = journal_events(home.database, runs[-1].run_id)
    if "lot_id" not in metas or any(isinstance(e.event, RunEnded) for e in events):
        return {}
    lot = f"{metas['lot_id']}, whose run was cut off and may go on (planaris run --resume)"
    return {metas[key]: lot for key in ("recipe_hash", "cleaner_recipe_hash") if key in metas}


def interruptions(metas: dict[str, str], died_s: float, resumed_s: float, questions: Sequence[str]) -> str:
    """Return the run's list of interruptions with one more, as JSON for its meta table."""
    told = json.loads(metas.get("interruptions", "[]"))
    told.append({"died_s": round(died_s, 3), "resumed_s": round(resumed_s, 3), "questions": list(questions)})
    return json.dumps(told, ensure_ascii=False)
