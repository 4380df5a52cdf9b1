"""Read a table of removal rates: CSV in UTF-8 or GBK, tidy columns, units in their names; 10^6 rows are no matter."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.csv
from numpy.typing import NDArray

from planaris.formats.rate_columns import Column, NearMiss, meaning
from planaris.model import InputError, InputFault

Floats: TypeAlias = NDArray[np.float64]

# pyarrow comes without types; they end in the small functions below.
pa: Any = pyarrow
pc: Any = pyarrow.compute
pacsv: Any = pyarrow.csv

# What stands for "not stated".
_BLANKS = ("", "-", "--", "—", "na", "n/a", "nan", "none", "null", "无")
# Two columns of one quantity may differ by rounding, not by more.
_AGREE_PCT = 1.0
_MOST_FAULTS = 20
_ENCODINGS = ("utf-8-sig", "gb18030")
_PROBE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column of texts: ``names``, and per row which of them."""

    names: tuple[str, ...]
    code: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RateTable:
    """A rate table in model units: numbers (NaN where not stated) and texts by name.

    ``headers`` says which columns of the file each name came from; ``ignored`` names the columns that nothing is
    known of. Rows count from 1 below the header, blank lines left out.
    """

    source: str
    encoding: str
    numbers: Mapping[str, Floats]
    texts: Mapping[str, TextColumn]
    headers: Mapping[str, tuple[str, ...]]
    ignored: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        for values in self.numbers.values():
            return len(values)
        return next((len(t.code) for t in self.texts.values()), 0)


def read_rate_table(path: Path) -> RateTable:
    """Read a rate table; raise InputError listing every fault with its row and column.

    Leading lines that start with ``#`` are comments. Numbers are converted by the unit in their column's name.
    """
    source = str(path)
    encoding = _encoding(path)
    header, layout = _header(path, encoding)
    faults: list[InputFault] = []
    columns, ignored, misses = _columns(header)
    found = {c.name for _, c in columns}
    for place, miss in misses:
        if miss.name in found:
            ignored.append(header[place])
            continue
        known = ", ".join(miss.units)
        remedy = f"name the column with its unit, e.g. {miss.name}"
        faults.append(InputFault(f"column {header[place]}", "(header)", miss.problem, f"units {known}", remedy=remedy))
    table = _read(layout, len(header), [i for i, _ in columns], faults)
    numbers: dict[str, Floats] = {}
    texts: dict[str, TextColumn] = {}
    headers: dict[str, tuple[str, ...]] = {}
    for place, column in columns:
        name, shown = column.name, header[place]
        if column.text:
            if name not in texts:
                texts[name] = _texts(table.column(f"c{place}"))
                headers[name] = (shown,)
            continue
        values = _numbers(table.column(f"c{place}"), shown, faults) * column.factor + column.offset
        if name in numbers:
            values = _joined(numbers[name], values, (headers[name][-1], shown), name, faults)
        numbers[name] = values
        headers[name] = (*headers.get(name, ()), shown)
    if not table.num_rows:
        faults.append(InputFault("(rows)", "0", "the table has a header and no rows", remedy="add at least one row"))
    if faults:
        raise InputError(source, tuple(faults))
    return RateTable(source, encoding.removesuffix("-sig"), numbers, texts, headers, tuple(ignored))


def read_law_text(path: Path) -> str:
    """Return the text of a law file; raise InputError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(
            path, f"is not UTF-8 text at byte {error.start}", "give a law written by calibrate"
        ) from error
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error), "check the path") from error


def _encoding(path: Path) -> str:
    """Return the first encoding that the whole file is in."""
    problem = ""
    for encoding in _ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as file:
                while piece := file.read(_PROBE_BYTES):
                    if b"\0" in piece:
                        raise _unreadable(path, "is no text (it holds zero bytes)", "save the table as CSV")
                    decoder.decode(piece)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            problem = f"is neither UTF-8 nor GBK text (byte {error.start})"
            continue
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error), "check the path") from error
        return encoding
    raise _unreadable(path, problem, "save it as UTF-8")


def _unreadable(path: Path, problem: str, remedy: str) -> InputError:
    return InputError(str(path), (InputFault(str(path), "(file)", problem, remedy=remedy),))


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a file is laid out: encoding, lines up to and with the header, separator."""

    path: Path
    encoding: str
    skip: int
    delimiter: str


def _header(path: Path, encoding: str) -> tuple[list[str], _Layout]:
    """Return the header's cells and the file's layout."""
    with path.open(encoding=encoding, newline="") as file:
        for count, line in enumerate(file, start=1):
            if line.startswith("#") or not line.strip():
                continue
            delimiter = max(",;\t", key=line.count)
            return next(csv.reader([line], delimiter=delimiter)), _Layout(path, encoding, count, delimiter)
    raise _unreadable(path, "is empty", "give a header and rows")


def _columns(
    header: list[str],
) -> tuple[list[tuple[int, Column]], list[str], list[tuple[int, NearMiss]]]:
    known: list[tuple[int, Column]] = []
    ignored: list[str] = []
    misses: list[tuple[int, NearMiss]] = []
    for place, name in enumerate(header):
        found = meaning(name)
        if isinstance(found, Column):
            known.append((place, found))
        elif isinstance(found, NearMiss):
            misses.append((place, found))
        elif name.strip():
            ignored.append(name.strip())
    # Of a quantity that nobody must have, a column in no known unit is only ignored.
    needed = ("pressure_kPa", "velocity_m_s", "removal_rate_nm_min")
    for place, miss in list(misses):
        if miss.name not in needed:
            misses.remove((place, miss))
            ignored.append(header[place].strip())
    return known, ignored, misses


def _read(layout: _Layout, width: int, wanted: list[int], faults: list[InputFault]) -> Any:
    """Read the wanted columns as texts named c0, c1, …; rows of another width become faults."""

    def odd(row: Any) -> str:
        if len(faults) < _MOST_FAULTS:
            where = f"row {row.number - layout.skip}" if row.number else "a row"
            text = f"has {row.actual_columns} cells, the header {row.expected_columns}"
            remedy = f'check separators, and put texts that hold "{layout.delimiter}" in double quotes'
            faults.append(InputFault(where, f'"{row.text[:60]}"', text, remedy=remedy))
        return "skip"

    names = [f"c{i}" for i in range(width)]
    chosen = [f"c{i}" for i in dict.fromkeys(wanted)]
    try:
        return pacsv.read_csv(
            layout.path,
            read_options=pacsv.ReadOptions(
                use_threads=False,
                column_names=names,
                skip_rows=layout.skip,
                encoding=layout.encoding.removesuffix("-sig"),
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=layout.delimiter, invalid_row_handler=odd, newlines_in_values=True
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(chosen, pa.string()), include_columns=chosen, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return pa.table({name: pa.array([], pa.string()) for name in chosen})
        raise _unreadable(layout.path, f"is not a CSV table: {error}", "save the table as CSV") from error


def _texts(column: Any) -> TextColumn:
    encoded = pc.dictionary_encode(pc.utf8_trim_whitespace(column)).combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([""][:0]).dictionary_encode()
    names = tuple(str(text) for text in encoded.dictionary.to_pylist())
    return TextColumn(names or ("",), encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64))


def _numbers(column: Any, header: str, faults: list[InputFault]) -> Floats:
    """Return numbers, NaN where blank; what is neither becomes a fault."""
    trimmed = pc.utf8_trim_whitespace(column)
    blank = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(_BLANKS))
    filled = pc.if_else(blank, pa.scalar(None, pa.string()), trimmed)
    try:
        values = pc.cast(filled, pa.float64())
    except pa.ArrowInvalid:
        return _numbers_one_by_one(filled, header, faults)
    return values.fill_null(np.nan).to_numpy().astype(np.float64)


def _numbers_one_by_one(column: Any, header: str, faults: list[InputFault]) -> Floats:
    texts = column.to_pylist()
    values = np.full(len(texts), np.nan)
    wrong = 0
    for i, text in enumerate(texts):
        if text is None:
            continue
        try:
            values[i] = float(text)
        except ValueError:
            wrong += 1
            if len(faults) < _MOST_FAULTS:
                path = f"row {i + 1}, column {header}"
                remedy = "give a plain number; its unit stands in the column's name"
                faults.append(InputFault(path, f'"{text[:40]}"', "is not a number", remedy=remedy))
    if wrong > 1 and len(faults) >= _MOST_FAULTS:
        path = f"column {header}"
        faults.append(InputFault(path, f"{wrong} cells", "are not numbers in all", remedy="see the rows named above"))
    return values


def _joined(one: Floats, other: Floats, shown: tuple[str, str], name: str, faults: list[InputFault]) -> Floats:
    """Join two columns of one quantity: either may be blank; where both speak they must agree."""
    both = np.isfinite(one) & np.isfinite(other)
    apart = both & (np.abs(one - other) > 0.01 * _AGREE_PCT * np.maximum(np.abs(one), np.abs(other)))
    for i in np.flatnonzero(apart)[: max(0, _MOST_FAULTS - len(faults))]:
        path = f"row {i + 1}, columns {shown[0]} and {shown[1]}"
        value = f"{one[i]:.5g} and {other[i]:.5g} in {name}"
        faults.append(InputFault(path, value, "disagree: mixed units?", remedy="keep one of the columns"))
    return np.where(np.isnan(one), other, one)
