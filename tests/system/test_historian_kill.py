"""kill -9 at any instant: what was said to be kept is kept, and the files say where every wafer is."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from planaris.formats.trace_files import read_trace
from planaris.historian import Home, RunQueries, WaferPlace, last_sequence, recover, wafer_places

TOOL = """
import sys
from pathlib import Path
import numpy as np
from planaris.historian import Home, RunDatabase, SqliteJournal, TraceWriter
from planaris.model import WaferKind
from planaris.stream import EventStream, MoveIntended, WaferMoved, WaferRegistered

ROUTE = ("loadport1.01", "dry_robot", "aligner", "stage", "wet_robot", "loadcup", "head1")
home = Home.open(Path(sys.argv[1]), label="doomed")
run = home.new_run("L")
stream = EventStream(lambda: 1.0, SqliteJournal(home.database, run.run_id).append)
stream.listen(RunDatabase(run.database))
writer = TraceWriter(run.traces)
recording = writer.start("L.01", 1, "L.01.parquet", ("platen.speed_rpm",), {"wafer_id": "L.01"})
stream.commit(WaferRegistered("L.01", "L", 1, WaferKind.PRODUCT, ROUTE[0]))
rows = 0
for k in range(10**9):
    source, destination = ROUTE[k % 7], ROUTE[(k + 1) % 7]
    stream.commit(MoveIntended("L.01", source, destination))
    print("intended", stream._next - 1, source, destination, rows, flush=True)
    recording.append(np.arange(rows, rows + 10) * 0.01, np.full((10, 1), 93.0, np.float32))
    rows += 10
    stream.publish(WaferMoved("L.01", source, destination))
    stream.flush()
    print("moved", stream._next - 1, source, destination, rows, flush=True)
"""


# Kill after this many lines the tool said: right after an intent, after a confirmation, and far along.
@pytest.mark.parametrize("lines_count", [1, 2, 3, 750, 1502])
def test_a_killed_tool_leaves_files_that_say_where_its_wafer_is(tmp_path: Path, lines_count: int) -> None:
    with subprocess.Popen([sys.executable, "-c", TOOL, str(tmp_path)], stdout=subprocess.PIPE, text=True) as tool:
        assert tool.stdout is not None
        said = [tool.stdout.readline() for _ in range(lines_count)]
        tool.send_signal(signal.SIGKILL)
        said += tool.stdout.read().splitlines()  # what it said before the signal arrived
        assert tool.wait(10) == -signal.SIGKILL
    lines = [line for line in said if len(line.split()) == 5]
    word, sequence, source, destination, rows = lines[-1].split()
    assert len(lines) >= lines_count
    database = tmp_path / "tool.db"
    assert (tmp_path / "tool.db-wal").exists()  # it really was cut off

    kept = last_sequence(database)
    (place,) = wafer_places(database)
    after = {
        "intended": [WaferPlace("L.01", source, destination), WaferPlace("L.01", destination, None)],
        "moved": [WaferPlace("L.01", destination, None)],
    }[word]
    # At most one more event than it could say was committed when the signal came.
    assert kept - int(sequence) in (0, 1)
    if kept == int(sequence):
        assert place == after[0]
    elif word == "intended":
        assert place == after[1]
    else:
        assert place.location == destination
        assert place.intended_destination is not None

    run = tmp_path / "runs" / "run-0001-L"
    recorded = {row.left_s is None: row for row in RunQueries(run / "run.db").moves()}
    assert recorded[True].location in (place.location, source)
    (trace_file,) = recover(run.joinpath("traces")).written if int(rows) else (None,)
    if trace_file is not None:
        trace = read_trace(trace_file)
        assert trace.incomplete
        assert len(trace.time_s) - int(rows) in (0, 10)
        np.testing.assert_allclose(trace.time_s, np.arange(len(trace.time_s)) * 0.01)

    with Home.open(tmp_path, label="next") as home:  # the kernel freed the lock
        assert home.new_run("L").run_id == "run-0002-L"
        assert wafer_places(home.database, "run-0001-L") == [place]
