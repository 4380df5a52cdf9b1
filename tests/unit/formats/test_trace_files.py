from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from planaris.formats.trace_files import TRACE_SCHEMA_KEY, TraceFileError, read_trace, write_trace

TIME_S = np.arange(500) * 0.01 + 1234.5
COLUMNS: dict[str, NDArray[np.float32]] = {
    "platen.speed_rpm": np.linspace(0, 93, 500, dtype=np.float32),
    "head.zone1_pressure_kPa": np.sin(TIME_S).astype(np.float32),
}
METADATA = {"run_id": "run-0001-L", "recipe": "氧化物", "steps": '[{"name":"main","start_s":0.0,"end_s":5.0}]'}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    size = write_trace(path, COLUMNS, TIME_S, METADATA)
    trace = read_trace(path)
    assert size == path.stat().st_size
    assert trace.metadata == METADATA
    assert not trace.incomplete
    assert trace.time_s.dtype == np.float64
    np.testing.assert_array_equal(trace.time_s, TIME_S)
    assert list(trace.columns) == list(COLUMNS)
    for name, values in COLUMNS.items():
        assert trace.columns[name].dtype == np.float32
        np.testing.assert_array_equal(trace.columns[name], values)


def test_columns_of_a_block_need_not_be_contiguous_nor_float32(tmp_path: Path) -> None:
    block = np.arange(1500.0).reshape(500, 3)
    write_trace(tmp_path / "a.parquet", {f"head.t{k}_C": block[:, k] for k in range(3)}, TIME_S, {})
    trace = read_trace(tmp_path / "a.parquet", columns=["head.t2_C"])
    assert list(trace.columns) == ["head.t2_C"]
    np.testing.assert_array_equal(trace.columns["head.t2_C"], block[:, 2].astype(np.float32))


def test_missing_samples_stay_missing_and_an_empty_trace_is_a_trace(tmp_path: Path) -> None:
    write_trace(tmp_path / "nan.parquet", {"x_C": np.array([1.0, np.nan])}, np.array([0.0, 1.0]), {})
    assert np.isnan(read_trace(tmp_path / "nan.parquet").columns["x_C"]).tolist() == [False, True]
    write_trace(tmp_path / "empty.parquet", {"x_C": np.empty(0)}, np.empty(0), METADATA)
    assert read_trace(tmp_path / "empty.parquet").time_s.shape == (0,)


def test_layout_is_the_documented_one(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_trace(path, COLUMNS, TIME_S, METADATA)
    file = pq.ParquetFile(path)
    assert file.metadata.num_row_groups == 1
    assert (file.schema_arrow.metadata or {})[TRACE_SCHEMA_KEY.encode()] == b"1"
    for k in range(file.metadata.num_columns):
        column = file.metadata.row_group(0).column(k)
        assert column.compression == "ZSTD"
        assert "BYTE_STREAM_SPLIT" in column.encodings
    file.close()


def test_other_programs_read_it(tmp_path: Path) -> None:
    write_trace(tmp_path / "a.parquet", COLUMNS, TIME_S, METADATA)
    with duckdb.connect() as duck:
        row = duck.execute(
            f"SELECT count(*), max(time_s), max(\"platen.speed_rpm\") FROM '{tmp_path}/a.parquet'"
        ).fetchone()
    assert row == (500, TIME_S[-1], 93.0)


@pytest.mark.parametrize(
    ("columns", "time_s", "word"),
    [
        ({"time_s": np.zeros(2)}, np.zeros(2), "time axis"),
        ({"a_C": np.zeros(3), "b_C": np.zeros(2)}, np.zeros(2), "a_C"),
        ({}, np.zeros((2, 2)), "time_s has shape"),
    ],
)
def test_a_wrong_trace_is_refused_and_nothing_written(
    tmp_path: Path, columns: dict[str, NDArray[Any]], time_s: NDArray[np.float64], word: str
) -> None:
    with pytest.raises(TraceFileError, match=word):
        write_trace(tmp_path / "a.parquet", columns, time_s, {})
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_older_file_and_no_scrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    write_trace(path, COLUMNS, TIME_S, METADATA)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(TraceFileError, match="No space left") as caught:
        write_trace(path, {}, TIME_S, {})
    assert (caught.value.path, caught.value.remedy) == (path, "free space or choose a folder")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceFileError, match="nowhere"):
        write_trace(tmp_path / "nowhere" / "a.parquet", COLUMNS, TIME_S, {})


def test_what_is_no_trace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceFileError, match="cannot read"):
        read_trace(tmp_path / "missing.parquet")
    (tmp_path / "text.parquet").write_text("no parquet file at all")
    with pytest.raises(TraceFileError, match="cannot read"):
        read_trace(tmp_path / "text.parquet")
    pq.write_table(pa.table({"time_s": [0.0]}), tmp_path / "foreign.parquet")
    with pytest.raises(TraceFileError, match=TRACE_SCHEMA_KEY):
        read_trace(tmp_path / "foreign.parquet")
    newer = pa.table({"time_s": [0.0]}).replace_schema_metadata({TRACE_SCHEMA_KEY: "2"})
    pq.write_table(newer, tmp_path / "newer.parquet")
    with pytest.raises(TraceFileError, match="schema 2, this Planaris reads 1"):
        read_trace(tmp_path / "newer.parquet")
    write_trace(tmp_path / "a.parquet", COLUMNS, TIME_S, {})
    with pytest.raises(TraceFileError, match=r"no column head\.no_C"):
        read_trace(tmp_path / "a.parquet", columns=["head.no_C"])


def test_a_tag_with_a_shape_is_a_list_in_every_row(tmp_path: Path) -> None:
    time_s = np.array([0.1, 0.13, 0.2])
    spectrum = np.arange(12, dtype=np.float32).reshape(3, 4)
    write_trace(tmp_path / "a.parquet", {"platen.laser_reflectance": time_s, "platen.spectrum": spectrum}, time_s, {})
    trace = read_trace(tmp_path / "a.parquet")
    np.testing.assert_array_equal(trace.columns["platen.spectrum"], spectrum)
    assert trace.columns["platen.laser_reflectance"].shape == (3,)
    empty = {"platen.spectrum": np.empty((0, 4), np.float32)}
    write_trace(tmp_path / "b.parquet", empty, np.empty(0), {})
    assert read_trace(tmp_path / "b.parquet").columns["platen.spectrum"].shape == (0, 4)
    with pytest.raises(TraceFileError, match=r"platen\.spectrum"):
        write_trace(tmp_path / "c.parquet", {"platen.spectrum": np.zeros((3, 4, 5))}, time_s, {})
