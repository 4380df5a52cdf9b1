from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from planaris.historian import (
    AlarmRow,
    CleanRow,
    CommandRow,
    ConsumableRow,
    EndpointRow,
    ModuleStateRow,
    RunDatabase,
    RunDatabaseError,
    RunQueries,
    StayRow,
    TraceFileRow,
    query,
)
from planaris.model import MapStage, Severity, WaferKind
from planaris.stream import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmSet,
    CleanEnded,
    CleanStarted,
    CommandAnswered,
    CommandReceived,
    Committed,
    ConsumableUsed,
    EndpointDecided,
    Event,
    EventStream,
    ModuleStateChanged,
    StepEnded,
    StepStarted,
    TraceRecorded,
    WaferFinished,
    WaferMeasured,
    WaferMoved,
    WaferRegistered,
)

NAN = math.nan


@pytest.fixture
def database(tmp_path: Path) -> Iterator[RunDatabase]:
    with RunDatabase(tmp_path / "run.db") as opened:
        yield opened


@pytest.fixture
def ask(database: RunDatabase) -> RunQueries:
    return RunQueries(database.path)


def told(database: RunDatabase, events: Sequence[tuple[float, Event]]) -> None:
    database([Committed(k, time_s, event) for k, (time_s, event) in enumerate(events, start=1)])


def registered(wafer: str, slot: int) -> WaferRegistered:
    return WaferRegistered(wafer, "L", slot, WaferKind.PRODUCT, f"loadport1.{slot:02d}")


def finished(wafer: str, slot: int, wiwnu_pct: float) -> WaferFinished:
    return WaferFinished(
        wafer, slot, 3, WaferKind.PRODUCT, 9, 1000.0, 700.5, 299.5, wiwnu_pct, 2.5, 60.0, 30.0, 45.0, 12.0, 200.0, 900.0
    )


def test_close_leaves_one_plain_file(database: RunDatabase, tmp_path: Path) -> None:
    told(database, [(0.0, registered("L.01", 1))])
    assert (tmp_path / "run.db-wal").exists()
    database.close()
    database.close()
    assert [p.name for p in tmp_path.iterdir()] == ["run.db"]
    connection = sqlite3.connect(f"{(tmp_path / 'run.db').as_uri()}?mode=ro&immutable=1", uri=True)
    assert connection.execute("SELECT sequence, time_s, name FROM events").fetchall() == [(1, 0.0, "wafer_registered")]
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    connection.close()


def test_it_can_be_asked_while_it_is_written(database: RunDatabase, ask: RunQueries) -> None:
    stream = EventStream(lambda: 1.0, lambda batch, durable: None)
    stream.listen(database)
    for slot in (1, 2, 3):
        stream.commit(registered(f"L.{slot:02d}", slot))
        assert [w.slot for w in ask.wafers()] == list(range(1, slot + 1))
    assert stream.failed_listeners == []


def test_meta_keeps_the_last_value(database: RunDatabase, ask: RunQueries) -> None:
    database.set_meta("outcome", "running")
    database.set_metas({"outcome": "completed", "seed": "7"})
    assert ask.meta() == {"outcome": "completed", "seed": "7"}


def test_wafers_have_what_was_measured_and_nan_where_nothing_was(database: RunDatabase, ask: RunQueries) -> None:
    told(
        database,
        [
            (0.0, registered("L.02", 2)),
            (0.0, registered("L.01", 1)),
            (90.0, finished("L.02", 2, NAN)),
        ],
    )
    waiting, done = ask.wafers()
    assert (waiting.wafer_id, waiting.head, waiting.finished_s) == ("L.01", None, None)
    assert math.isnan(waiting.removal_nm)
    assert (done.wafer_id, done.head, done.kind, done.finished_s) == ("L.02", 3, "product", 90.0)
    assert (done.removal_nm, done.sites_count, done.wait_s, done.di_water_ml) == (299.5, 9, 30.0, 900.0)
    assert math.isnan(done.wiwnu_pct)


def test_every_payload_is_json_that_others_can_read(database: RunDatabase, ask: RunQueries) -> None:
    measured = WaferMeasured("L.01", MapStage.POST, "9", "thin film", (1.5, NAN, math.inf, 2.0))
    told(database, [(0.0, finished("L.01", 1, -math.inf)), (1.0, measured)])
    connection = sqlite3.connect(database.path)
    payloads = connection.execute("SELECT payload FROM events").fetchall()
    connection.close()

    def refuse(word: str) -> float:
        raise AssertionError(word)

    values = [json.loads(payload, parse_constant=refuse) for (payload,) in payloads]
    assert values[0]["wiwnu_pct"] is None
    (row,) = ask.measurements()
    assert [None if math.isnan(v) else v for v in row.thickness_nm] == [1.5, None, None, 2.0]
    assert (row.stage, row.plan, row.time_s) == ("post", "9", 1.0)


def test_a_step_pairs_with_its_own_end_also_when_repeated(database: RunDatabase, ask: RunQueries) -> None:
    start = StepStarted("L.01", 1, 2, 0, "main", "polish")
    told(
        database,
        [
            (10.0, start),
            (11.0, StepStarted("L.02", 2, 3, 0, "main", "polish")),
            (15.0, StepEnded("L.01", 1, 2, 0, "main", 5.0, "abort", 16.0, 0.0)),
            (20.0, start),  # cut off: no end
            (30.0, start),
            (80.0, StepEnded("L.01", 1, 2, 0, "main", 50.0, "time", 160.0, 5.0)),
            (80.5, StepStarted("L.01", 1, 2, 1, "buff", "buff")),
        ],
    )
    rows = [(s.wafer_id, s.step_name, s.start_s, s.end_s, s.reason) for s in ask.steps()]
    assert rows == [
        ("L.01", "main", 10.0, 15.0, "abort"),
        ("L.02", "main", 11.0, None, None),
        ("L.01", "main", 20.0, None, None),
        ("L.01", "main", 30.0, 80.0, "time"),
        ("L.01", "buff", 80.5, None, None),
    ]
    assert math.isnan(ask.steps()[2].slurry_ml)
    assert [s.slurry_ml for s in ask.steps() if s.end_s] == [16.0, 160.0]


def test_moves_are_stays_from_arrival_to_arrival(database: RunDatabase, ask: RunQueries) -> None:
    told(
        database,
        [
            (0.0, registered("L.01", 1)),
            (0.0, registered("L.02", 2)),
            (5.0, WaferMoved("L.01", "loadport1.01", "dry_robot")),
            (8.0, WaferMoved("L.02", "loadport1.02", "aligner")),
            (9.5, WaferMoved("L.01", "dry_robot", "loadport1.01")),
        ],
    )
    assert ask.moves() == [
        StayRow("L.01", "loadport1.01", 0.0, 5.0),
        StayRow("L.02", "loadport1.02", 0.0, 8.0),
        StayRow("L.01", "dry_robot", 5.0, 9.5),
        StayRow("L.02", "aligner", 8.0, None),
        StayRow("L.01", "loadport1.01", 9.5, None),
    ]


def test_the_newest_and_one_wafer_s_alone_are_what_a_long_session_is_asked_for(
    database: RunDatabase, ask: RunQueries
) -> None:
    begun = [(float(n), registered(f"W{n}", n % 25 + 1)) for n in range(60)]
    ended = [(100.0 + n, finished(f"W{n}", n % 25 + 1, 3.0)) for n in range(50)]
    moved = [(200.0 + n, WaferMoved(f"W{n}", f"loadport1.{n % 25 + 1:02d}", "dry_robot")) for n in range(60)]
    set_s = [(300.0 + n, AlarmSet("link_lost", "tool", Severity.ERROR, f"W{n % 2}", f"no. {n}")) for n in range(9)]
    told(database, [*begun, *ended, *moved, *set_s])
    newest = ask.wafers(newest=12)
    assert {row.wafer_id for row in newest} == {f"W{n}" for n in range(48, 60)}  # 10 are out, 2 came back last
    assert newest == [row for row in ask.wafers() if row in newest]
    assert ask.wafers(wafer_id="W7") == [row for row in ask.wafers() if row.wafer_id == "W7"]
    assert ask.wafers(wafer_id="W99") == []
    assert ask.moves(wafer_id="W7") == [row for row in ask.moves() if row.wafer_id == "W7"]
    assert ask.alarms(newest=3) == ask.alarms()[-3:]
    assert [row.detail for row in ask.alarms(wafer_id="W1")] == ["no. 1", "no. 3", "no. 5", "no. 7"]


def test_alarms_are_episodes(database: RunDatabase, ask: RunQueries) -> None:
    leak = AlarmSet("leak", "platen1", Severity.ERROR, "L.01", "drip tray wet")
    told(
        database,
        [
            (1.0, AlarmCleared("leak", "platen1")),  # of an alarm set before the run
            (2.0, leak),
            (3.0, AlarmSet("leak", "platen2", Severity.WARNING, "", "")),
            (4.0, AlarmAcknowledged("leak", "platen1", "ann")),
            (5.0, AlarmCleared("leak", "platen1")),
            (9.0, leak),
        ],
    )
    assert ask.alarms() == [
        AlarmRow("leak", "platen1", "error", "L.01", "drip tray wet", 2.0, 4.0, "ann", 5.0),
        AlarmRow("leak", "platen2", "warning", "", "", 3.0, None, None, None),
        AlarmRow("leak", "platen1", "error", "L.01", "drip tray wet", 9.0, None, None, None),
    ]


def test_module_states_are_intervals_per_module(database: RunDatabase, ask: RunQueries) -> None:
    told(
        database,
        [
            (0.0, ModuleStateChanged("platen1", "off", "idle", "start")),
            (1.0, ModuleStateChanged("aligner", "off", "idle", "start")),
            (4.0, ModuleStateChanged("platen1", "idle", "polishing", "step")),
        ],
    )
    assert ask.module_states() == [
        ModuleStateRow("platen1", "idle", 0.0, 4.0, "off", "start"),
        ModuleStateRow("aligner", "idle", 1.0, None, "off", "start"),
        ModuleStateRow("platen1", "polishing", 4.0, None, "idle", "step"),
    ]


def test_a_command_has_its_last_answer(database: RunDatabase, ask: RunQueries) -> None:
    told(
        database,
        [
            (1.0, CommandReceived("c1", "start_lot", "ann", "operator", "plan", "{}")),
            (1.0, CommandAnswered("c1", "start_lot", "accepted", "")),
            (2.0, CommandReceived("c2", "stop", "bob", "operator", "smoke", "{}")),
            (2.5, CommandReceived("c1", "start_lot", "ann", "operator", "again", "{}")),
            (3.0, CommandAnswered("c1", "start_lot", "done", "ok")),
        ],
    )
    assert ask.commands() == [
        CommandRow("c1", "start_lot", "ann", "operator", "plan", "{}", 1.0, "done", "ok", 3.0),
        CommandRow("c2", "stop", "bob", "operator", "smoke", "{}", 2.0, None, None, None),
    ]


def test_cleans_consumables_and_traces(database: RunDatabase, ask: RunQueries) -> None:
    told(
        database,
        [
            (1.0, CleanStarted("L.01", "brush1")),
            (2.0, CleanStarted("L.02", "megasonic")),
            (31.0, CleanEnded("L.01", "brush1", 600.0)),
            (32.0, ConsumableUsed("pad", "platen1", 120, 2.5, 8.0)),
            (33.0, TraceRecorded("L.01", 1, 2, 0, "traces/a.parquet", 5500, 48)),
        ],
    )
    first, second = ask.cleans()
    assert first == CleanRow("L.01", "brush1", 1.0, 31.0, 600.0)
    assert (second.station, second.end_s) == ("megasonic", None)
    assert ask.consumables() == [ConsumableRow(32.0, "pad", "platen1", 120, 2.5, 8.0)]
    assert ask.trace_files() == [TraceFileRow(33.0, "L.01", 1, 2, 0, "traces/a.parquet", 5500, 48)]


def called(wafer: str, **other: Any) -> EndpointDecided:
    trail = ((21.0, 22.0), (905.5, NAN), (80.0, 90.0))
    return replace(
        EndpointDecided(wafer, 3, 2, 4, "P3 main", "call", "at 900 nm", 22.0, 24.5, 24.0, 901.5, 0.5, -120.0, *trail),
        **other,
    )


def test_an_endpoint_comes_back_as_it_was_decided(database: RunDatabase, ask: RunQueries) -> None:
    nothing = dict.fromkeys(("called_s", "endpoint_s", "stop_s", "endpoint_nm", "sigma_nm", "rate_nm_min"), NAN)
    held = called("L.02", decision="hold", why="no signal", trail_s=(), trail_nm=(), trail_pct=(), **nothing)
    told(database, [(24.0, called("L.01")), (99.0, held)])
    first, second = ask.endpoints()
    assert first == EndpointRow(
        24.0, "L.01", 3, 2, 4, "P3 main", "call", "at 900 nm", 22.0, 24.5, 24.0, 901.5, 0.5, -120.0,
        (21.0, 22.0), first.trail_nm, (80.0, 90.0),
    )  # fmt: skip
    assert first.trail_nm[0] == 905.5
    assert math.isnan(first.trail_nm[1])
    assert (second.wafer_id, second.decision, second.why, second.trail_s) == ("L.02", "hold", "no signal", ())
    assert all(math.isnan(getattr(second, name)) for name in nothing)


def test_the_file_of_an_older_planaris_answers_without_the_views_that_came_later(
    database: RunDatabase, ask: RunQueries, tmp_path: Path
) -> None:
    told(database, [(0.0, registered("L.01", 1))])
    database.close()
    with closing(sqlite3.connect(tmp_path / "run.db")) as connection:
        connection.execute("DROP VIEW endpoints")
    assert ask.endpoints() == []
    assert query(tmp_path, "SELECT count(*) AS n FROM endpoints") == [{"n": 0}]


def test_a_batch_that_fails_is_not_kept_in_part(database: RunDatabase, ask: RunQueries) -> None:
    told(database, [(0.0, registered("L.01", 1))])
    with pytest.raises(RunDatabaseError, match="UNIQUE"):
        database([Committed(2, 1.0, registered("L.02", 2)), Committed(1, 1.0, registered("L.03", 3))])
    database([Committed(2, 1.0, registered("L.04", 4))])
    assert [w.wafer_id for w in ask.wafers()] == ["L.01", "L.04"]


def test_an_older_run_is_never_overwritten(database: RunDatabase) -> None:
    with pytest.raises(RunDatabaseError, match="exists already"):
        RunDatabase(database.path)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunDatabaseError, match="cannot be made"):
        RunDatabase(tmp_path / "nowhere" / "run.db")
    with pytest.raises(RunDatabaseError, match="cannot be read"):
        RunQueries(tmp_path / "run.db").wafers()
    (tmp_path / "run.db").write_text("not a database, but long enough to have a header" * 50)
    with pytest.raises(RunDatabaseError):
        RunQueries(tmp_path / "run.db").meta()
    with pytest.raises(RunDatabaseError, match="cannot be read"):
        query(tmp_path / "run.db", "SELECT 1")
