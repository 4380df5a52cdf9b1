"""Read GDSII and OASIS files, plain or gzip: the one place where this room meets a file.

A damaged file can end the process that reads it. So a child process reads it first, and what the child says of it is
told as a fault; a file that it could read is then read here.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import tempfile
import warnings
import zlib
from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from planaris.model import InputError, InputFault
from planaris.planarity.layout import LayerKey, Layout
from planaris.planarity.layout_build import build_layout

_GZIP, _GDSII, _OASIS = b"\x1f\x8b", b"\x00\x06\x00\x02", b"%SEMI-OASIS\r\n"
# A file ends with this record, and with zeros where a tape block was filled.
_ENDLIB = b"\x00\x04\x04\x00"
# An OASIS file ends with an END record of this length (SEMI P39, 14.2).
_OASIS_END_BYTES, _OASIS_END = 256, 2
_TAIL_BYTES = 1 << 16
_READ_LIMIT_S = 3600.0
# How far a polygon may stay inside of what is round.
_ROUND_DBU = 0.1
# No linear algebra is asked of the child: it starts sooner without its threads.
_PROBE = """
import os, sys
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import gdstk
(gdstk.read_oas if sys.argv[2] == "oasis" else gdstk.read_gds)(sys.argv[1])
"""
_AGAIN = "copy or export the file again"
# What the reader says of files that it reads well; cells that are missing are told with their parents later.
_HARMLESS = ("Polygons with more than 8190", "Properties with count", "Record type", "Missing referenced cell")


def read_layout(path: Path, layers: Collection[LayerKey] | None = None, top: str | None = None) -> Layout:
    """Return a layout with the shapes of some layers (all where None); ``top`` names the cell that is the chip.

    Properties and the order of shapes do not matter; text is left out. Raises `InputError` with every fault found: a
    file unreadable, cut off or damaged, cells missing or standing in themselves, no or several top cells, no area.
    """
    try:
        with _plain(path) as file:
            kind = _kind(path, file)
            _probe(path, file, kind)
            with warnings.catch_warnings():
                # Cells that are missing: told below, all of them, as faults.
                warnings.simplefilter("ignore", RuntimeWarning)
                library = _library(file, kind)
    except (OSError, EOFError, zlib.error) as error:
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise _refused(path, text, "the file cannot be read", _AGAIN) from error
    return build_layout(str(path), library, layers, top, repeated=kind == "oasis")


def _library(file: Path, kind: str) -> Any:
    """Read a file with gdstk; round ends of paths and circles become polygons as fine as the grid allows."""
    import gdstk

    if kind == "oasis":
        return gdstk.read_oas(file, tolerance=_ROUND_DBU * gdstk.oas_precision(file) / 1e-6)
    unit, precision = gdstk.gds_units(file)
    return gdstk.read_gds(file, tolerance=_ROUND_DBU * precision / unit)


def _refused(path: Path, value: str, problem: str, remedy: str) -> InputError:
    return InputError(str(path), (InputFault("file", value, problem, remedy=remedy),))


@contextmanager
def _plain(path: Path) -> Generator[Path, None, None]:
    """Give a file as one that is not packed."""
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
    if not packed:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "layout"
        with gzip.open(path, "rb") as source, plain.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        yield plain


def _kind(path: Path, file: Path) -> str:
    """Say which format a file has, by how it begins; a GDSII file must also end as one."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        head = stream.read(len(_OASIS))
        stream.seek(max(0, size - _TAIL_BYTES))
        tail = stream.read()
    if head == _OASIS:
        if len(tail) < _OASIS_END_BYTES or tail[-_OASIS_END_BYTES] != _OASIS_END:
            raise _refused(path, f"{size} bytes", "the file is cut off: no END record at its end", _AGAIN)
        return "oasis"
    if not head.startswith(_GDSII):
        shown = head[:8].hex(" ") or "empty"
        raise _refused(path, shown, "neither GDSII nor OASIS", "give a .gds, .oas, .gds.gz or .oas.gz file")
    if not tail.rstrip(b"\0").endswith(_ENDLIB.rstrip(b"\0")):
        raise _refused(path, f"{size} bytes", "the file is cut off: no ENDLIB record at its end", _AGAIN)
    return "gdsii"


def _probe(path: Path, file: Path, kind: str) -> None:
    """Let a child process read the file; `InputError` where that fails, with what the reader said."""
    try:
        child = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _PROBE, str(file), kind],
            capture_output=True,
            check=False,
            timeout=_READ_LIMIT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise _refused(path, f"over {_READ_LIMIT_S:.0f} s", "reading does not end", _AGAIN) from error
    said = [line.removeprefix("[GDSTK] ").strip() for line in child.stderr.decode(errors="replace").splitlines()]
    damage = [line for line in said if line and not line.startswith(_HARMLESS)]
    if child.returncode < 0:
        raise _refused(path, f"signal {-child.returncode}", "the file is damaged: its reader crashed", _AGAIN)
    if child.returncode or damage:
        # A traceback's last line says less than what the reader said before it.
        spoken = [line for line in damage if not line.startswith(("Traceback", "File ", "OSError"))]
        what = "; ".join(dict.fromkeys(spoken or damage)) or f"status {child.returncode}"
        raise _refused(path, what, "the file is damaged", _AGAIN)
