from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from planaris.clock import monotonic_s
from planaris.formats.trace_files import read_trace, write_trace
from planaris.historian import StepRecording, TraceJob, TraceWriteError, TraceWriter, recover, trace_recorder

TAGS = ("platen.speed_rpm", "head.downforce_N")


def block(k: int, rows: int = 10) -> tuple[NDArray[np.floating[Any]], NDArray[np.float32]]:
    time_s = (np.arange(rows) + 10 * k) * 0.01
    return time_s, np.stack([time_s * 2, time_s * 3], axis=1).astype(np.float32)


def recorded(writer: TraceWriter, name: str, blocks: int = 5) -> StepRecording:
    recording = writer.start(name, 1, f"{name}.parquet", TAGS, {"wafer_id": name})
    for k in range(blocks):
        recording.append(*block(k))
    return recording


class Gate:
    """Hold the writer's thread back, as a slow disk would, until opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened = threading.Event()
        real = write_trace

        def write(*arguments: object) -> int:
            assert self.opened.wait(10)
            return real(*arguments)  # pyright: ignore[reportArgumentType]

        monkeypatch.setattr(trace_recorder, "write_trace", write)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate(monkeypatch)
    yield made
    made.opened.set()


def test_a_recording_becomes_a_trace_and_its_buffer_goes(tmp_path: Path) -> None:
    with TraceWriter(tmp_path) as writer:
        recording = recorded(writer, "L.01")
        assert recording.rows_count == 50
        assert [p.name for p in tmp_path.iterdir()] == [".inprogress-L.01-1.bin"]
        assert recording.finish({"wafer_id": "L.01", "steps": "[]"}) is True
        writer.drain()
        assert [p.name for p in tmp_path.iterdir()] == ["L.01.parquet"]
    trace = read_trace(tmp_path / "L.01.parquet")
    assert trace.metadata == {"wafer_id": "L.01", "steps": "[]"}
    np.testing.assert_allclose(trace.time_s, np.arange(50) * 0.01)
    np.testing.assert_array_equal(trace.columns["head.downforce_N"], (trace.time_s * 3).astype(np.float32))


def test_samples_are_copied_so_that_a_reused_block_does_no_harm(tmp_path: Path) -> None:
    with TraceWriter(tmp_path) as writer:
        recording = writer.start("L.01", 1, "a.parquet", TAGS, {})
        time_s, values = block(0)
        recording.append(time_s, values)
        time_s[:], values[:] = -1, -1
        recording.finish({})
    assert read_trace(tmp_path / "a.parquet").time_s.min() == 0.0


def test_samples_of_another_width_are_refused(tmp_path: Path) -> None:
    with TraceWriter(tmp_path) as writer:
        recording = writer.start("L.01", 1, "a.parquet", TAGS, {})
        with pytest.raises(ValueError, match=r"a\.parquet"):
            recording.append(np.zeros(10), np.zeros((10, 3), np.float32))


def test_handing_over_does_not_wait_for_the_disk(tmp_path: Path, gate: Gate) -> None:
    with TraceWriter(tmp_path) as writer:
        for k in range(5):
            assert recorded(writer, f"L.{k}").finish({}) is True
        assert list(tmp_path.glob("*.parquet")) == []
        assert writer.submit_waits_s == []
        gate.opened.set()
        writer.drain()
        assert len(list(tmp_path.glob("*.parquet"))) == 5


def test_a_full_queue_waits_its_limit_then_the_buffer_keeps_the_trace(tmp_path: Path, gate: Gate) -> None:
    with TraceWriter(tmp_path, queue_limit_count=1, submit_limit_s=0.02) as writer:
        answers: list[bool] = []
        for k in range(4):
            started_s = monotonic_s()
            answers.append(recorded(writer, f"L.{k}", blocks=k + 1).finish({"k": str(k)}))
            assert monotonic_s() - started_s < 5  # bounded, however busy this machine is
        assert answers[0] is True
        assert answers[3] is False
        assert len(writer.submit_waits_s) >= 1
        assert max(writer.submit_waits_s) >= 0.02
        assert any("L.3.parquet: queue full" in note for note in writer.notes)
        gate.opened.set()
        writer.drain()
        assert writer.failures == ()
    for k in range(4):
        trace = read_trace(tmp_path / f"L.{k}.parquet")
        assert (len(trace.time_s), trace.metadata, trace.incomplete) == (10 * (k + 1), {"k": str(k)}, False)
    assert list(tmp_path.glob(".*")) == []


def test_a_full_queue_without_buffers_loses_the_trace_and_says_so(tmp_path: Path, gate: Gate) -> None:
    writer = TraceWriter(tmp_path, queue_limit_count=1, submit_limit_s=0.01, crash_buffers=False)
    answers = [recorded(writer, f"L.{k}").finish({}) for k in range(4)]
    gate.opened.set()
    assert answers[3] is False
    with pytest.raises(TraceWriteError, match=r"L\.3\.parquet: the disk is too slow"):
        writer.close()


def test_failures_are_collected_and_the_rest_is_written(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path)
    samples = (np.zeros(10), np.zeros((10, 2), np.float32))
    bad = TraceJob("bad/a.parquet", TAGS, (samples,), {})
    worse = TraceJob("worse.parquet", ("one_C",), (samples,), {})
    for job in (bad, worse):
        writer.submit(job)
    recorded(writer, "L.01").finish({})
    with pytest.raises(TraceWriteError) as caught:
        writer.drain()
    assert caught.value.failures == writer.failures
    assert len(writer.failures) == 2
    assert "bad/a.parquet" in writer.failures[0]
    assert "worse.parquet: ValueError" in writer.failures[1]
    assert (tmp_path / "L.01.parquet").exists()
    with pytest.raises(TraceWriteError):
        writer.close()
    writer.close()
    assert not any(thread.name == "trace-writer" for thread in threading.enumerate())


def test_drain_is_bounded_and_says_what_still_waits(tmp_path: Path, gate: Gate) -> None:
    with TraceWriter(tmp_path) as writer:
        recorded(writer, "L.01").finish({})
        with pytest.raises(TraceWriteError, match="1 traces still wait"):
            writer.drain(limit_s=0.05)
        gate.opened.set()


def test_without_a_crash_buffer_the_trace_is_written_all_the_same(tmp_path: Path) -> None:
    with TraceWriter(tmp_path) as writer:
        (tmp_path / "traces").mkdir()
        writer.folder = tmp_path / "nowhere"
        recording = recorded(writer, "L.01")
        writer.folder = tmp_path
        assert "no crash buffer" in writer.notes[0]
        recording.finish({})
    assert len(read_trace(tmp_path / "L.01.parquet").time_s) == 50


def test_a_second_visit_does_not_harm_the_buffer_of_the_first(tmp_path: Path, gate: Gate) -> None:
    with TraceWriter(tmp_path) as writer:
        recorded(writer, "L.01").finish({})
        second = writer.start("L.01", 1, "again.parquet", TAGS, {})
        second.append(*block(0))
        assert sorted(p.name for p in tmp_path.iterdir()) == [".inprogress-L.01-1.2.bin", ".inprogress-L.01-1.bin"]
        gate.opened.set()
        writer.drain()
        assert sorted(p.name for p in tmp_path.iterdir()) == [".inprogress-L.01-1.2.bin", "L.01.parquet"]
    assert [p.name for p in recover(tmp_path).written] == ["again.parquet"]


def leave(folder: Path, name: str, blocks: int = 3) -> Path:
    with TraceWriter(folder) as writer:
        recorded(writer, name, blocks)
    return folder / f".inprogress-{name}-1.bin"


def test_a_leftover_becomes_a_trace_marked_incomplete(tmp_path: Path) -> None:
    leave(tmp_path, "L.01")
    found = recover(tmp_path)
    assert found.written == (tmp_path / "L.01.parquet",)
    trace = read_trace(tmp_path / "L.01.parquet")
    assert trace.incomplete
    assert trace.metadata["wafer_id"] == "L.01"
    np.testing.assert_allclose(trace.time_s, np.arange(30) * 0.01)
    np.testing.assert_array_equal(trace.columns[TAGS[0]], (trace.time_s * 2).astype(np.float32))
    assert [p.name for p in tmp_path.iterdir()] == ["L.01.parquet"]
    assert recover(tmp_path).written == ()


# A record of 10 rows, 2 columns: 4 + 80 + 80 bytes. Cut in the values, the times, the count, and not at all.
@pytest.mark.parametrize(("cut_bytes", "rows"), [(0, 30), (1, 20), (100, 20), (162, 20), (164, 20), (165, 10)])
def test_a_record_cut_short_is_left_out(tmp_path: Path, cut_bytes: int, rows: int) -> None:
    path = leave(tmp_path, "L.01")
    path.write_bytes(path.read_bytes()[: path.stat().st_size - cut_bytes])
    recover(tmp_path)
    assert len(read_trace(tmp_path / "L.01.parquet").time_s) == rows


def test_a_whole_trace_is_not_replaced_by_its_leftover(tmp_path: Path) -> None:
    path = leave(tmp_path, "L.01")
    content = path.read_bytes()
    with TraceWriter(tmp_path) as writer:
        recorded(writer, "L.01", blocks=4).finish({})
    path.write_bytes(content)
    assert recover(tmp_path).written == ()
    assert len(read_trace(tmp_path / "L.01.parquet").time_s) == 40
    assert not path.exists()


def test_scraps_are_cleared_and_the_unreadable_is_kept_and_named(tmp_path: Path) -> None:
    leave(tmp_path, "L.01", blocks=0)
    (tmp_path / ".a.parquet.123.tmp").write_text("half a file")
    (tmp_path / ".inprogress-empty-1.bin").touch()
    (tmp_path / ".inprogress-odd-1.bin").write_bytes(b"\x00\x01 not ours")
    found = recover(tmp_path)
    assert found.written == ()
    assert len(found.unusable) == 1
    assert "inprogress-odd" in found.unusable[0]
    assert [p.name for p in tmp_path.iterdir()] == [".inprogress-odd-1.bin"]


def test_a_half_written_record_ends_the_buffer_not_the_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.writev

    def half(descriptor: int, parts: Sequence[bytes]) -> int:
        return real(descriptor, parts[:2])  # the disk was full for a moment

    with TraceWriter(tmp_path) as writer:
        recording = recorded(writer, "L.01", blocks=2)
        with monkeypatch.context() as patch:
            patch.setattr(os, "writev", half)
            recording.append(*block(2))
        recording.append(*block(3))
        (tmp_path / "after the crash").mkdir()
        shutil.copy(tmp_path / ".inprogress-L.01-1.bin", tmp_path / "after the crash")
        recording.finish({})
    assert "no space left" in writer.notes[0]
    assert len(writer.notes) == 1
    assert list(tmp_path.glob(".*")) == []
    assert len(read_trace(tmp_path / "L.01.parquet").time_s) == 40
    (rescued,) = recover(tmp_path / "after the crash").written
    np.testing.assert_allclose(read_trace(rescued).time_s, np.arange(20) * 0.01)


WIDE, WIDTHS = ("platen.laser_reflectance", "platen.spectrum"), (1, 3)


def wide_rows(writer: TraceWriter, folder: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    recording = writer.start("L.01", 1, "a_optical.parquet", WIDE, {}, WIDTHS)
    rows = np.arange(20, dtype=np.float32).reshape(5, 4)
    recording.append(np.arange(3.0), rows[:3])
    recording.append(np.arange(3.0, 5.0), rows[3:])
    with pytest.raises(ValueError, match=r"a_optical\.parquet"):
        recording.append(np.zeros(1), np.zeros((1, 2), np.float32))
    assert folder.exists()
    if writer.folder == folder:
        recording.finish({})
    return rows


def test_wide_columns_come_back_whole_and_from_a_crash_too(tmp_path: Path) -> None:
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    with TraceWriter(tmp_path) as writer:
        rows = wide_rows(writer, tmp_path)
    with TraceWriter(crashed) as writer:
        wide_rows(writer, tmp_path)
    assert recover(crashed).written == (crashed / "a_optical.parquet",)
    for folder in (tmp_path, crashed):
        trace = read_trace(folder / "a_optical.parquet")
        np.testing.assert_array_equal(trace.columns["platen.spectrum"], rows[:, 1:])
        np.testing.assert_array_equal(trace.columns["platen.laser_reflectance"], rows[:, 0])
