"""What a run left behind in its run.db. Everything else in the report is worked out from this."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from planaris.historian import (
    AdjustmentRow,
    AlarmRow,
    CleanRow,
    ConsumableRow,
    EndpointRow,
    EstimateRow,
    FaultRow,
    FeaturesRow,
    LearnedRow,
    MeasurementRow,
    RunQueries,
    StayRow,
    StepRow,
    TraceFileRow,
    ViolationRow,
    WaferRow,
)

# Events that frame a run; the historian's rows hold the rest.
_FRAME = ("run_started", "run_ended", "lot_started", "lot_ended", "carrier_mapped", "interlock_refused")


@dataclass(frozen=True, slots=True)
class Happening:
    """One of the events that frame a run, with its fields."""

    time_s: float
    name: str
    fields: Mapping[str, object]

    def text(self, key: str) -> str:
        """Return a field as text, '' where there is none."""
        return str(self.fields.get(key) or "")

    def number(self, key: str) -> float:
        """Return a field as a number, NaN where there is none."""
        return as_number(self.fields.get(key))


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run: its meta table and what the historian answers, in order of time."""

    folder: Path
    meta: Mapping[str, str]
    last_s: float
    frame: tuple[Happening, ...]
    wafers: list[WaferRow]
    steps: list[StepRow]
    endpoints: list[EndpointRow]
    features: list[FeaturesRow]
    violations: list[ViolationRow]
    faults: list[FaultRow]
    adjustments: list[AdjustmentRow]
    learned: list[LearnedRow]
    estimates: list[EstimateRow]
    cleans: list[CleanRow]
    stays: list[StayRow]
    alarms: list[AlarmRow]
    measurements: list[MeasurementRow]
    consumables: list[ConsumableRow]
    trace_files: list[TraceFileRow]

    def happened(self, name: str) -> list[Happening]:
        """Return the framing events of a name."""
        return [item for item in self.frame if item.name == name]

    def text(self, key: str) -> str:
        """Return a meta entry, '' where there is none."""
        return self.meta.get(key, "")

    def number(self, key: str) -> float:
        """Return a meta entry as a number, NaN where there is none or it is not one."""
        try:
            return float(self.meta[key])
        except (KeyError, ValueError):
            return math.nan

    def mapping(self, key: str) -> dict[str, object]:
        """Return a JSON object of the meta table, {} where there is none."""
        return as_mapping(self._json(key))

    def rows(self, key: str) -> list[object]:
        """Return a JSON array of the meta table, [] where there is none."""
        return as_list(self._json(key))

    def _json(self, key: str) -> object:
        try:
            return json.loads(self.meta[key])
        except (KeyError, ValueError):
            return None


def as_mapping(value: object) -> dict[str, object]:
    """Return a JSON object, {} for anything else."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """Return a JSON array, [] for anything else."""
    return cast("list[object]", value) if isinstance(value, list) else []


def as_number(value: object) -> float:
    """Return a JSON number, NaN for anything else, booleans included."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def read_run(folder: Path) -> RunRecord:
    """Read the run.db of a run folder; raise FileNotFoundError without one, RunDatabaseError if it is broken."""
    path = folder / "run.db"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no record of a run here")
    ask = RunQueries(path)
    meta = ask.meta()  # first: it tells a broken file from a readable one
    frame, last_s = _read_frame(path)
    return RunRecord(
        folder=folder,
        meta=meta,
        last_s=last_s,
        frame=frame,
        wafers=ask.wafers(),
        steps=ask.steps(),
        endpoints=ask.endpoints(),
        features=ask.step_features(),
        violations=ask.chart_violations(),
        faults=ask.faults_found(),
        adjustments=ask.adjustments(),
        learned=ask.learned(),
        estimates=ask.estimates(),
        cleans=ask.cleans(),
        stays=ask.moves(),
        alarms=ask.alarms(),
        measurements=ask.measurements(),
        consumables=ask.consumables(),
        trace_files=ask.trace_files(),
    )


def _read_frame(path: Path) -> tuple[tuple[Happening, ...], float]:
    marks = ", ".join("?" for _ in _FRAME)
    query = f"SELECT time_s, name, payload FROM events WHERE name IN ({marks}) ORDER BY sequence"
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        found = db.execute(query, _FRAME).fetchall()
        last_s = db.execute("SELECT max(time_s) FROM events").fetchone()[0]
    frame = tuple(Happening(time_s, name, json.loads(payload)) for time_s, name, payload in found)
    return frame, last_s or 0.0
