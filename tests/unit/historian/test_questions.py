from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from planaris.formats.trace_files import write_trace
from planaris.historian import RunDatabase, RunDatabaseError, query
from planaris.model import WaferKind
from planaris.stream import Committed, Event, TraceRecorded, WaferFinished, WaferRegistered


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return the folder of a run of two wafers, one trace each; head 2's zone pressure is 5 kPa lower."""
    traces = tmp_path / "it's a run" / "traces"
    traces.mkdir(parents=True)
    events: list[Event] = []
    for slot in (1, 2):
        wafer = f"L.{slot:02d}"
        file = f"{wafer}-platen1.parquet"
        time_s = np.arange(100) * 0.01 + 60.0 * slot
        pressure = np.full(100, 25.0 - 5.0 * (slot - 1))
        write_trace(traces / file, {"head.zone1_pressure_kPa": pressure}, time_s, {"wafer_id": wafer})
        numbers = (9, 1000, 700.5, 299.5 + slot, 2, 2.5, 60, 30, 45, 12, 200, 900)
        events += [
            WaferRegistered(wafer, "L", slot, WaferKind.PRODUCT, f"loadport1.{slot:02d}"),
            TraceRecorded(wafer, 1, slot, 0, f"traces/{file}", 100, 1),
            WaferFinished(wafer, slot, slot, WaferKind.PRODUCT, *numbers),
        ]
    with RunDatabase(traces.parent / "run.db") as database:
        database.set_meta("seed", "7")
        database([Committed(k, float(k), event) for k, event in enumerate(events, start=1)])
    return traces.parent


def test_traces_and_results_are_joined_in_one_question(run: Path) -> None:
    answer = query(
        run,
        """SELECT w.slot, w.removal_nm, avg("head.zone1_pressure_kPa") AS mean_kPa, count(*) AS rows_count
        FROM traces JOIN wafers AS w USING (wafer_id) WHERE time_s >= 60.5 GROUP BY ALL ORDER BY w.slot""",
    )
    assert answer == [
        {"slot": 1, "removal_nm": 300.5, "mean_kPa": 25.0, "rows_count": 50},
        {"slot": 2, "removal_nm": 301.5, "mean_kPa": 20.0, "rows_count": 100},
    ]


def test_samples_know_their_file_wafer_and_head(run: Path) -> None:
    answer = query(run / "run.db", "SELECT DISTINCT file, wafer_id, platen, head FROM traces ORDER BY file")
    assert [tuple(row.values()) for row in answer] == [
        ("traces/L.01-platen1.parquet", "L.01", 1, 1),
        ("traces/L.02-platen1.parquet", "L.02", 1, 2),
    ]


def test_events_meta_and_empty_views_are_there(run: Path) -> None:
    assert query(run, "SELECT value FROM meta WHERE key = 'seed'") == [{"value": "7"}]
    assert query(run, "SELECT count(*) AS n FROM events") == [{"n": 6}]
    assert query(run, "SELECT alarm, set_s FROM alarms") == []


def test_a_run_without_traces_can_be_asked(run: Path) -> None:
    for file in (run / "traces").iterdir():
        file.unlink()
    assert query(run, "SELECT count(*) AS n FROM wafers") == [{"n": 2}]


def test_a_wrong_question_says_what_is_wrong(run: Path) -> None:
    with pytest.raises(RunDatabaseError, match="wafrs"):
        query(run, "SELECT * FROM wafrs")


def test_what_a_window_saw_is_a_view_of_its_own(run: Path) -> None:
    spectrum = {"platen.spectrum": np.ones((3, 4))}
    write_trace(run / "traces" / "L.01-platen1_optical.parquet", spectrum, np.arange(3.0), {})
    assert query(run, "SELECT count(*) AS n FROM traces") == [{"n": 200}]
    answer = query(run, 'SELECT wafer_id, platen, count(*) AS n, max(len("platen.spectrum")) AS points '
                        "FROM optical_traces GROUP BY ALL")  # fmt: skip
    assert answer == [{"wafer_id": "L.01", "platen": 1, "n": 3, "points": 4}]
