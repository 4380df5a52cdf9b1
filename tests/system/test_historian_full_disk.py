"""A disk that fills up: named errors, nothing half kept, everything before it readable, and work goes on with space."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from planaris.formats.trace_files import read_trace
from planaris.historian import RunQueries, last_sequence, wafer_places

# The process may write no file beyond 300 kB: every write past it fails, as on a full disk.
TOOL = """
import json, resource, signal, sys
from pathlib import Path
import numpy as np
from planaris.historian import *
from planaris.model import WaferKind
from planaris.stream import EventStream, WaferMoved, WaferRegistered

LIMIT_BYTES = 300_000
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
home = Home.open(Path(sys.argv[1]), label="full")
run = home.new_run("L")
journal = SqliteJournal(home.database, run.run_id)
heard = []
stream = EventStream(lambda: 1.0, journal.append)
stream.listen(lambda batch: heard.append(batch[-1].sequence))
database = RunDatabase(run.database)
answer = {}

resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, resource.RLIM_INFINITY))
stream.commit(WaferRegistered("L.01", "L", 1, WaferKind.PRODUCT, "loadport1.01"))
try:
    while True:
        stream.commit(WaferMoved("L.01", "a", f"place{stream._next}"))
except JournalError as error:
    answer["journal"] = str(error)
answer["heard"] = heard[-1]
answer["staged"] = stream.staged_count
answer["kept_when_full"] = last_sequence(home.database)
try:
    home.save_consumables(ConsumableRecord(f"head{k}", "ring", "x" * 1000, 0, 0.0, "") for k in range(1000))
except HomeUnwritableError as error:
    answer["home"] = str(error)
answer["consumables"] = len(home.load_consumables())
try:
    for k in range(10_000):
        database.set_meta(f"key {k}", "v" * 10_000)
except RunDatabaseError as error:
    answer["run.db"] = str(error)
writer = TraceWriter(run.traces)
noise = np.random.default_rng(1).normal(size=(10_000, 40)).astype(np.float32)
recording = writer.start("L.01", 1, "big.parquet", [f"t{k}_C" for k in range(40)], {})
for k in range(10):
    recording.append(np.arange(1000) + 1000.0 * k, noise[1000 * k : 1000 * k + 1000])
recording.finish({})
small = writer.start("L.02", 1, "small.parquet", ["x_C"], {})
small.append(np.arange(10.0), np.zeros((10, 1), np.float32))
small.finish({})
try:
    writer.close()
except TraceWriteError as error:
    answer["traces"] = list(error.failures)
    answer["notes"] = list(writer.notes)

resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
stream.flush(durable=True)
answer["kept_with_space"] = last_sequence(home.database)
database.set_meta("outcome", "completed")
database.close()
print(json.dumps(answer))
"""


def test_a_full_disk_is_named_and_survived(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TOOL, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    run = tmp_path / "runs" / "run-0001-L"

    assert "tool.db: cannot commit" in answer["journal"]
    assert "free space" in answer["journal"]
    assert answer["staged"] == 1
    assert answer["kept_when_full"] == answer["heard"] > 10  # what was heard is kept, what was not is not
    assert answer["kept_with_space"] == answer["heard"] + 1
    assert last_sequence(tmp_path / "tool.db") == answer["heard"] + 1
    assert wafer_places(tmp_path / "tool.db")[0].location == f"place{answer['heard'] + 1}"

    assert "cannot write" in answer["home"]
    assert answer["consumables"] == 0
    assert "run.db: cannot record" in answer["run.db"]
    assert RunQueries(run / "run.db").meta()["outcome"] == "completed"

    assert len(answer["traces"]) == 1
    assert "big.parquet: cannot write" in answer["traces"][0]
    assert "big.parquet: no crash buffer" in answer["notes"][0]
    assert len(read_trace(run / "traces" / "small.parquet").time_s) == 10
    assert not (run / "traces" / "big.parquet").exists()
    assert list(run.glob("traces/*.tmp")) == []
    assert sorted(p.name for p in run.iterdir()) == ["run.db", "traces"]
