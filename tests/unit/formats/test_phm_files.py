"""The challenge's files: both forms, what is odd about them, and every fault at once."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest
from phm_recording import ABSURD_LABELS_COUNT, CHAMBER, HEADER, STAGE, TIME, WAFER, PhmRecording, phm_recording

from planaris.formats.phm_files import ABSURD_RATE_NM_MIN, read_phm_folder
from planaris.model import InputError

pacsv: Any = pyarrow.csv
papq: Any = pyarrow.parquet
pa: Any = pyarrow


@pytest.fixture(scope="module")
def recording() -> PhmRecording:
    return phm_recording(seed=3, wafers=50, days=8.0)


@pytest.fixture
def folder(recording: PhmRecording, tmp_path: Path) -> Path:
    return recording.write(tmp_path / "phm")


def test_every_sample_of_a_key_comes_once_and_in_order_of_time(recording: PhmRecording, folder: Path) -> None:
    data = read_phm_folder(folder)
    assert data.empty_files_count == 3
    assert data.repeated_rows_count == recording.repeated_count > 0
    for split, rows in recording.rows.items():
        want: dict[tuple[Any, Any], set[Any]] = {}
        for row in rows:
            want.setdefault((row[WAFER], row[STAGE]), set()).add((row[TIME], row[CHAMBER]))
        got = {
            (k.wafer_id, k.stage): list(zip(k.time_s.tolist(), k.chamber.tolist(), strict=True))
            for k in data.keys
            if k.split == split
        }
        assert {name: sorted(pairs) for name, pairs in want.items()} == got
    one = data.keys[0]
    row = next(
        r for r in recording.rows["train"] if (r[WAFER], r[STAGE], r[TIME]) == (one.wafer_id, one.stage, one.time_s[3])
    )
    for name, value in zip(HEADER, row, strict=True):
        if name.lower() in one.channels:
            assert one.channels[name.lower()][3] == value


def test_labels_are_optional_and_absurd_ones_are_kept_to_be_counted(recording: PhmRecording, folder: Path) -> None:
    data = read_phm_folder(folder)
    given = {
        split: {(k.wafer_id, k.stage): k.rate_nm_min for k in data.keys if k.split == split}
        for split in recording.labels
    }
    assert given["train"] == recording.labels["train"]
    assert set(given["validation"].values()) == {None}
    absurd = [r for r in given["train"].values() if r is not None and r > ABSURD_RATE_NM_MIN]
    assert len(absurd) == ABSURD_LABELS_COUNT


def test_parquet_and_shipped_form_say_the_same(recording: PhmRecording, folder: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    packed.mkdir()
    for split, shipped in (("train", "training"), ("test", "test"), ("validation", "validation")):
        tables = [pacsv.read_csv(p) for p in sorted(folder.glob(f"CMP-{shipped}-0*.csv"))]
        papq.write_table(pa.concat_tables([t for t in tables if t.num_rows]), packed / f"{split}.parquet")
        if split != "validation":
            (packed / f"{split}_removal_rate.csv").write_bytes((folder / f"CMP-{shipped}-removalrate.csv").read_bytes())
    one, other = read_phm_folder(folder), read_phm_folder(packed)
    assert one.sha256 == other.sha256
    labels = packed / "test_removal_rate.csv"
    text = labels.read_text().splitlines()
    text[1] = text[1] + "1"
    labels.write_text("\n".join(text) + "\n")
    assert read_phm_folder(packed).sha256 != other.sha256


def test_all_faults_of_a_folder_are_told_at_once(folder: Path) -> None:
    labels = folder / "CMP-training-removalrate.csv"
    rows = list(csv.reader(labels.read_text().splitlines()))
    rows[1][2], rows[2][1], rows[3][2] = "-5", "C", "nan"
    rows.append([*rows[4][:2], "1.5"])
    labels.write_text("\n".join(",".join(r) for r in rows) + "\n")
    traces = folder / "CMP-test-001.csv"
    traces.write_text(traces.read_text().replace("CHAMBER", "ROOM", 1))
    with pytest.raises(InputError) as caught:
        read_phm_folder(folder)
    told = {(Path(f.path.split(":")[0]).name, f.problem) for f in caught.value.faults}
    assert ("CMP-test-001.csv", "lacks CHAMBER") in told
    problems = [problem for name, problem in told if name == labels.name]
    assert sorted(set(problems)) == [
        "gives a second rate to a wafer and stage",
        "is no rate",
        "names no wafer and stage",
    ]
    assert all(f.remedy or f.limit for f in caught.value.faults)


def test_two_forms_of_a_split_are_refused(folder: Path) -> None:
    table = pacsv.read_csv(folder / "CMP-test-000.csv")
    papq.write_table(table, folder / "test.parquet")
    with pytest.raises(InputError, match="test traces"):
        read_phm_folder(folder)


@pytest.mark.parametrize("make", [True, False])
def test_a_folder_without_the_challenge_is_refused(tmp_path: Path, make: bool) -> None:
    place = tmp_path / "nothing"
    if make:
        place.mkdir()
    with pytest.raises(InputError) as caught:
        read_phm_folder(place)
    assert len(caught.value.faults) == 1


def test_numbers_that_are_none_are_named_by_channel(folder: Path) -> None:
    file = folder / "CMP-validation-000.csv"
    lines = file.read_text().splitlines()
    cells = lines[1].split(",")
    cells[HEADER.index("HEAD_ROTATION")] = "inf"
    lines[1] = ",".join(cells)
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError) as caught:
        read_phm_folder(folder)
    assert [f.path for f in caught.value.faults] == ["validation: HEAD_ROTATION"]
