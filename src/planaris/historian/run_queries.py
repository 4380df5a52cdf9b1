"""Typed answers from a run.db, of a finished run or of one that is still being written."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from planaris.historian.errors import RunDatabaseError
from planaris.historian.run_rows import (
    AdjustmentRow,
    AlarmRow,
    CleanRow,
    CommandRow,
    ConsumableRow,
    EndpointRow,
    EstimateRow,
    EventRow,
    FaultRow,
    FeaturesRow,
    LearnedRow,
    MeasurementRow,
    ModuleStateRow,
    StayRow,
    StepRow,
    TraceFileRow,
    ViolationRow,
    WaferRow,
)
from planaris.historian.run_views import VIEWS

Row = TypeVar("Row")


class RunQueries:
    """Ask a run.db; every method opens it read-only and raises RunDatabaseError if that fails.

    A session lasts for months: ``wafer_id`` asks for one wafer's rows alone, ``newest`` for so many of the last ones,
    in the same order.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def meta(self) -> dict[str, str]:
        """Return the facts about the run: run_id, software, seed, port_kind …"""
        with _reading(self.path) as connection:
            return dict(connection.execute("SELECT key, value FROM meta ORDER BY key").fetchall())

    def wafers(self, *, newest: int = 0, wafer_id: str = "") -> list[WaferRow]:
        """Return the wafers by slot; the newest are those not finished yet, then those that were finished last."""
        rows = self._rows(WaferRow, "wafers", "coalesce(finished_s, 9e99)", newest, _of(wafer_id))
        return sorted(rows, key=lambda row: (row.slot, row.wafer_id)) if newest else rows

    def steps(self, *, wafer_id: str = "") -> list[StepRow]:
        """Return the polish steps in the order they began."""
        return self._rows(StepRow, "steps", where=_of(wafer_id))

    def endpoints(self, *, wafer_id: str = "") -> list[EndpointRow]:
        """Return how endpoints were decided, in that order."""
        return self._rows(EndpointRow, "endpoints", where=_of(wafer_id))

    def step_features(self, *, newest: int = 0, recipe: str = "", step: int = 0, platen: int = 0) -> list[FeaturesRow]:
        """Return the features of steps whose recipe asks for fault detection, in the order they were taken.

        With ``recipe`` (``NAME@HASH``) those of one of its steps on one platen alone.
        """
        where = {"recipe": recipe, "step": step, "platen": platen} if recipe else {}
        return self._rows(FeaturesRow, "step_features", "sequence", newest, where)

    def chart_violations(self, *, newest: int = 0) -> list[ViolationRow]:
        """Return the control charts' violations in order."""
        return self._rows(ViolationRow, "chart_violations", "sequence", newest)

    def faults_found(self, *, newest: int = 0) -> list[FaultRow]:
        """Return the faults that fault detection found, in order."""
        return self._rows(FaultRow, "faults_found", "sequence", newest)

    def adjustments(self, *, newest: int = 0) -> list[AdjustmentRow]:
        """Return the decisions of run-to-run control, in that order."""
        return self._rows(AdjustmentRow, "adjustments", "sequence", newest)

    def learned(self, *, newest: int = 0) -> list[LearnedRow]:
        """Return what run-to-run control learned from labels, in that order."""
        return self._rows(LearnedRow, "learned", "sequence", newest)

    def estimates(self) -> list[EstimateRow]:
        """Return the removals that virtual metrology estimated, in that order."""
        return self._rows(EstimateRow, "removal_estimates")

    def cleans(self) -> list[CleanRow]:
        """Return the cleaner steps in the order they began."""
        return self._rows(CleanRow, "cleans")

    def moves(self, *, wafer_id: str = "") -> list[StayRow]:
        """Return every wafer's stays, location by location, in the order of arrival."""
        return self._rows(StayRow, "stays", where=_of(wafer_id))

    def alarms(self, *, newest: int = 0, wafer_id: str = "") -> list[AlarmRow]:
        """Return the alarm episodes in the order they were set."""
        return self._rows(AlarmRow, "alarms", "set_s", newest, _of(wafer_id))

    def module_states(self) -> list[ModuleStateRow]:
        """Return every module's states in the order they began."""
        return self._rows(ModuleStateRow, "module_states")

    def measurements(self, *, wafer_id: str = "") -> list[MeasurementRow]:
        """Return the measured maps in the order they came in."""
        return self._rows(MeasurementRow, "measurements", where=_of(wafer_id))

    def consumables(self) -> list[ConsumableRow]:
        """Return the consumables' counters over the run."""
        return self._rows(ConsumableRow, "consumables")

    def commands(self) -> list[CommandRow]:
        """Return the commands in the order they came in."""
        return self._rows(CommandRow, "commands")

    def trace_files(self, *, wafer_id: str = "") -> list[TraceFileRow]:
        """Return the trace files in the order they were recorded."""
        return self._rows(TraceFileRow, "trace_files", where=_of(wafer_id))

    def events(self, after: int = 0, names: Sequence[str] = (), limit: int = 200) -> list[EventRow]:
        """Return up to ``limit`` events with numbers above ``after``, or the newest where it is below 0, in order."""
        marks = f" AND name IN ({', '.join('?' * len(names))})" if names else ""
        order = "DESC" if after < 0 else "ASC"
        with _reading(self.path) as connection:
            rows = connection.execute(
                f"SELECT sequence, time_s, name, payload FROM events WHERE sequence > ?{marks}"
                f" ORDER BY sequence {order} LIMIT ?",
                (after, *names, limit),
            ).fetchall()
        return [EventRow(*row) for row in (reversed(rows) if after < 0 else rows)]

    def _rows(
        self, kind: type[Row], view: str, by: str = "", newest: int = 0, where: Mapping[str, str | int] | None = None
    ) -> list[Row]:
        names = [f.name for f in fields(kind)]  # pyright: ignore[reportArgumentType]
        converters = [_CONVERTERS.get(str(f.type), _same) for f in fields(kind)]  # pyright: ignore[reportArgumentType]
        columns = ", ".join(f'"{name}"' for name in names)
        with _reading(self.path) as connection:
            # By the view's text and not its name: the file of an older Planaris lacks the views that came later.
            asked = f"SELECT {columns} FROM ({VIEWS[view]})"
            if where:
                asked += f" WHERE {' AND '.join(f'{name} = ?' for name in where)}"
            if newest:
                asked += f" ORDER BY {by} DESC LIMIT {newest:d}"
            found = connection.execute(asked, tuple((where or {}).values())).fetchall()
        if newest:
            found.reverse()
        return [kind(*(convert(value) for convert, value in zip(converters, row, strict=True))) for row in found]


def _of(wafer_id: str) -> dict[str, str | int]:
    return {"wafer_id": wafer_id} if wafer_id else {}


def _same(value: Any) -> Any:
    return value


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _numbers(value: Any) -> tuple[float, ...]:
    return tuple(_number(item) for item in json.loads(value))


_CONVERTERS = {"float": _number, "tuple[float, ...]": _numbers}


@contextmanager
def _reading(path: Path) -> Generator[sqlite3.Connection, None, None]:
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise RunDatabaseError(path, f"cannot be read: {error}", "is this the run.db of a run?") from error
