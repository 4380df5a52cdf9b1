"""Read the files of the PHM Society 2016 data challenge (removal rate of a CMP tool) from a folder of the user's.

Found anywhere below the folder, in either form:

- traces: ``train.parquet``, ``test.parquet``, ``validation.parquet``; or the challenge's own
  ``CMP-training-000.csv`` ..., ``CMP-test-000.csv`` ..., ``CMP-validation-000.csv`` ..., empty ones too;
- labels, optional for each split: ``train_removal_rate.csv`` or ``CMP-training-removalrate.csv``, and so on, with or
  without ``orig_`` before it; columns WAFER_ID, STAGE, AVG_REMOVAL_RATE in nm/min.

The samples of a (wafer, stage) may stand in several files; they are joined, put in order of time, and exact repetitions
are dropped. Nobody states a licence for the data, so none of it is part of this project.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from planaris.formats.sheet import Sheet

pa: Any = pyarrow
pacsv: Any = pyarrow.csv
papq: Any = pyarrow.parquet

SPLITS = ("train", "test", "validation")
# A rate above this is a wrong label: four of the challenge's are over 4000, the others below 170 nm/min.
ABSURD_RATE_NM_MIN = 1000.0

_SPLIT_OF = {"train": "train", "training": "train", "test": "test", "validation": "validation"}
_TRACE = re.compile(r"CMP-(training|test|validation)-(\d+)\.csv", re.IGNORECASE)
_LABELS = re.compile(r"(?:orig_)?(?:CMP-)?(training|train|test|validation)[-_]removal[-_]?rate\.csv", re.IGNORECASE)
_TEXT = "STAGE"
_WHOLE = ("MACHINE_ID", "MACHINE_DATA", "WAFER_ID", "CHAMBER")
_MEASURED = (
    "TIMESTAMP",
    "USAGE_OF_BACKING_FILM",
    "USAGE_OF_DRESSER",
    "USAGE_OF_POLISHING_TABLE",
    "USAGE_OF_DRESSER_TABLE",
    "PRESSURIZED_CHAMBER_PRESSURE",
    "MAIN_OUTER_AIR_BAG_PRESSURE",
    "CENTER_AIR_BAG_PRESSURE",
    "RETAINER_RING_PRESSURE",
    "RIPPLE_AIR_BAG_PRESSURE",
    "USAGE_OF_MEMBRANE",
    "USAGE_OF_PRESSURIZED_SHEET",
    "SLURRY_FLOW_LINE_A",
    "SLURRY_FLOW_LINE_B",
    "SLURRY_FLOW_LINE_C",
    "WAFER_ROTATION",
    "STAGE_ROTATION",
    "HEAD_ROTATION",
    "DRESSING_WATER_STATUS",
    "EDGE_AIR_BAG_PRESSURE",
)
_NEEDED = (*_WHOLE[2:], _TEXT, *_MEASURED)
_STAGES = ("A", "B")
_MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class PhmKey:
    """One (wafer, stage) of a split: ``time_s`` (n,) rising, ``chamber`` (n,), ``channels`` by lower-case name (n,).

    ``rate_nm_min`` is None where no label is given; a label above `ABSURD_RATE_NM_MIN` is kept as it stands.
    """

    split: str
    wafer_id: int
    stage: str
    time_s: NDArray[np.float64]
    chamber: NDArray[np.int64]
    channels: Mapping[str, NDArray[np.float64]]
    rate_nm_min: float | None


@dataclass(frozen=True, slots=True)
class PhmData:
    """What a folder holds: its keys by split, wafer and stage; the files read; a hash of what they say."""

    keys: tuple[PhmKey, ...]
    files: tuple[Path, ...]
    empty_files_count: int
    repeated_rows_count: int
    unknown_labels_count: int
    sha256: str


def read_phm_folder(folder: Path) -> PhmData:
    """Read a folder of the challenge; raise InputError listing every fault with file, column and row.

    A label of a key that has no trace is no fault (the challenge has traces without samples); it is counted.
    """
    sheet = Sheet(str(folder))
    if not folder.is_dir():
        sheet.fault(str(folder), "(folder)", "is no folder", remedy="give the folder of the challenge's files")
        sheet.raise_if_faulty()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    traces = {split: _trace_files(split, files, sheet) for split in SPLITS}
    labels = {split: _label_file(split, files, sheet) for split in SPLITS}
    if not any(traces.values()):
        remedy = "give a folder with train.parquet or CMP-training-000.csv and its like"
        sheet.fault(str(folder), "(folder)", "holds no traces of the challenge", remedy=remedy)
    sheet.raise_if_faulty()
    keys: list[PhmKey] = []
    used: list[Path] = []
    digest = hashlib.sha256()
    empty = repeated = unknown = 0
    for split in SPLITS:
        tables = [(path, _table(path, sheet)) for path in traces[split]]
        file = labels[split]
        known = {} if file is None else _labels(file, sheet)
        used += [*traces[split], *([] if file is None else [file])]
        empty += sum(1 for _, table in tables if table is None or not table.num_rows)
        made, again = _keys(split, [(p, t) for p, t in tables if t is not None and t.num_rows], known, sheet)
        repeated += again
        unknown += len(set(known) - {(key.wafer_id, key.stage) for key in made})
        keys += made
    sheet.raise_if_faulty()
    for key in keys:
        digest.update(repr((key.split, key.wafer_id, key.stage, key.rate_nm_min)).encode())
        for values in (key.time_s, key.chamber, *(key.channels[name] for name in sorted(key.channels))):
            digest.update(np.ascontiguousarray(values).tobytes())
    return PhmData(tuple(keys), tuple(used), empty, repeated, unknown, digest.hexdigest())


def _trace_files(split: str, files: list[Path], sheet: Sheet) -> list[Path]:
    packed = [path for path in files if path.name.lower() == f"{split}.parquet"]
    shipped = [(int(m[2]), p) for p in files if (m := _TRACE.fullmatch(p.name)) and _SPLIT_OF[m[1].lower()] == split]
    numbers = [number for number, _ in shipped]
    if len(packed) > 1 or (packed and shipped) or len(set(numbers)) < len(numbers):
        found = ", ".join(str(path) for path in [*packed, *(path for _, path in shipped)][:4])
        sheet.fault(f"{split} traces", found, "stand in the folder twice", remedy="keep one form of each split")
    return packed or [path for _, path in sorted(shipped)]


def _label_file(split: str, files: list[Path], sheet: Sheet) -> Path | None:
    found = [p for p in files if (m := _LABELS.fullmatch(p.name)) and _SPLIT_OF[m[1].lower()] == split]
    if len(found) > 1:
        sheet.fault(f"{split} labels", ", ".join(map(str, found)), "stand in the folder twice", remedy="keep one file")
    return found[0] if found else None


def _table(path: Path, sheet: Sheet) -> Any:
    """Return a file's needed columns, typed; None, with faults noted, where that cannot be."""
    if path.stat().st_size == 0:
        return None
    try:
        table = papq.read_table(path) if path.suffix == ".parquet" else pacsv.read_csv(path)
    except (OSError, pa.ArrowInvalid) as error:
        if "Empty CSV" not in str(error):
            sheet.fault(str(path), "(file)", f"cannot be read: {error}", remedy="give the file as the challenge has it")
        return None
    missing = [name for name in _NEEDED if name not in table.column_names]
    if missing:
        text = f"lacks {', '.join(missing)}"
        sheet.fault(str(path), "(columns)", text, remedy="give the file as the challenge has it")
        return None
    columns: dict[str, Any] = {}
    for name in _NEEDED:
        kind = pa.string() if name == _TEXT else pa.int64() if name in _WHOLE else pa.float64()
        column = table.column(name)
        try:
            # An empty file's columns have no type to cast from.
            columns[name] = column.cast(kind) if table.num_rows else pa.array([], kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            sheet.fault(f"{path}: {name}", str(column.type), f"is no column of {kind}: {error}", remedy="mend the file")
            return None
        if columns[name].null_count:
            text = f"has {columns[name].null_count} cells without a value"
            sheet.fault(f"{path}: {name}", "(empty)", text, remedy="drop the rows or mend them")
    return pa.table(columns)


def _labels(path: Path, sheet: Sheet) -> dict[tuple[int, str], float]:
    try:
        table = pacsv.read_csv(path)
        wafers = table.column("WAFER_ID").cast(pa.int64()).to_pylist()
        stages = table.column("STAGE").cast(pa.string()).to_pylist()
        rates = table.column("AVG_REMOVAL_RATE").cast(pa.float64()).to_pylist()
    except (OSError, KeyError, pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        remedy = "give columns WAFER_ID, STAGE, AVG_REMOVAL_RATE"
        sheet.fault(str(path), "(file)", f"is no table of labels: {error}", remedy=remedy)
        return {}
    known: dict[tuple[int, str], float] = {}
    for row, (wafer, stage, rate) in enumerate(zip(wafers, stages, rates, strict=True), start=1):
        where = f"{path}: row {row}"
        if len(sheet.faults) >= _MOST_FAULTS:
            break
        if wafer is None or stage not in _STAGES:
            sheet.fault(where, f"{wafer}, {stage}", "names no wafer and stage", limit=" or ".join(_STAGES))
        elif rate is None or not math.isfinite(rate) or rate <= 0:
            sheet.fault(
                where, str(rate), "is no rate", limit="above 0", unit="nm/min", remedy="drop the row or mend it"
            )
        elif known.setdefault((wafer, stage), rate) != rate:
            text = "gives a second rate to a wafer and stage"
            sheet.fault(where, f"{wafer}, {stage}: {rate:g}", text, remedy="keep one of the rows")
    return known


def _keys(
    split: str, tables: list[tuple[Path, Any]], known: Mapping[tuple[int, str], float], sheet: Sheet
) -> tuple[list[PhmKey], int]:
    """Return a split's keys, and how many rows repeated another row of the same key and time exactly."""
    if not tables:
        return [], 0
    columns = {name: np.concatenate([table.column(name).to_numpy() for _, table in tables]) for name in _MEASURED}
    whole = {name: np.concatenate([table.column(name).to_numpy() for _, table in tables]) for name in _NEEDED[:2]}
    stage = np.concatenate([table.column(_TEXT).to_numpy() for _, table in tables])
    bad = [name for name in _MEASURED if not np.isfinite(columns[name]).all()]
    for name in bad:
        count = int((~np.isfinite(columns[name])).sum())
        sheet.fault(f"{split}: {name}", f"{count} cells", "are no finite numbers", remedy="drop the rows or mend them")
    odd = sorted({str(text) for text in np.unique(stage.astype(str))} - set(_STAGES))
    if odd:
        sheet.fault(f"{split}: STAGE", ", ".join(odd[:5]), "is no stage", limit=" or ".join(_STAGES))
    wafer, chamber = whole["WAFER_ID"], whole["CHAMBER"]
    if not ((chamber >= 1) & (chamber <= 6)).all():
        sheet.fault(f"{split}: CHAMBER", f"{chamber.min()} to {chamber.max()}", "is no chamber", limit="1-6")
    if bad or odd:
        return [], 0
    second = stage == "B"
    order = np.lexsort((columns["TIMESTAMP"], second, wafer))
    wafer, second, chamber = wafer[order], second[order], chamber[order]
    columns = {name: values[order] for name, values in columns.items()}
    same = (wafer[1:] == wafer[:-1]) & (second[1:] == second[:-1]) & (chamber[1:] == chamber[:-1])
    for values in columns.values():
        same &= values[1:] == values[:-1]
    keep = np.concatenate(([True], ~same))
    wafer, second, chamber = wafer[keep], second[keep], chamber[keep]
    columns = {name: values[keep] for name, values in columns.items()}
    new = np.concatenate(([True], (wafer[1:] != wafer[:-1]) | (second[1:] != second[:-1])))
    starts = np.flatnonzero(new)
    made: list[PhmKey] = []
    for start, end in zip(starts, [*starts[1:], len(new)], strict=True):
        rows = slice(int(start), int(end))
        name = (int(wafer[start]), _STAGES[int(second[start])])
        channels = {c.lower(): values[rows] for c, values in columns.items() if c != "TIMESTAMP"}
        made.append(PhmKey(split, *name, columns["TIMESTAMP"][rows], chamber[rows], channels, known.get(name)))
    return made, int(same.sum())
