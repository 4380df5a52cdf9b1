"""Rows of thousands of wafers on all cores, kept on disk as they come: a run that was cut off goes on where it was.

Rows are kept under ``build/bench``, by a digest of the detectors' and the bench's own source: other code, other rows.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import sys
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from endpoint_optics import FloatArray

_ROOT = Path(__file__).parent.parent
_SOURCES = ("src/planaris/control/endpoint", "src/planaris/control/profile", "benchmarks")
# Of them what this bench does not run.
_ELSEWHERE = frozenset(
    f"{name}.py"
    for name in (
        "__init__",
        "build",
        "combination",
        "eddy_target",
        "fixed_time",
        "fringe_phase",
        "slope",
        "over_polish",
    )
)
_CHUNK = 100

Row = Callable[[int], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Tables:
    """Where rows are worked out and kept."""

    pool: ProcessPoolExecutor
    folder: Path

    def of(self, name: str, row: Row, wafers: int) -> FloatArray:
        """Return rows (wafers, n) of ``row(seed)`` for seeds from 0."""
        self.folder.mkdir(parents=True, exist_ok=True)
        parts = [range(a, min(a + _CHUNK, wafers)) for a in range(0, wafers, _CHUNK)]
        files = [self.folder / f"{name}-{part.start}-{part.stop}.npy" for part in parts]
        missing = [(file, part) for file, part in zip(files, parts, strict=True) if not file.exists()]
        done = self.pool.map(_rows, [row] * len(missing), [part for _, part in missing])
        for number, ((file, _), rows) in enumerate(zip(missing, done, strict=True)):
            np.save(file.with_suffix(".part.npy"), rows)
            file.with_suffix(".part.npy").replace(file)
            print(f"  {name}: {number + 1} of {len(missing)} hundreds", file=sys.stderr, flush=True)
        return np.concatenate([np.load(file) for file in files])


def _rows(row: Row, seeds: range) -> FloatArray:
    return np.array([row(seed) for seed in seeds], dtype=np.float64)


@contextmanager
def tables() -> Generator[Tables]:
    """Open a pool of one process a core, each with one thread of linear algebra: spectra are too small for more."""
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        yield Tables(pool, _ROOT / "build" / "bench" / f"endpoint-{digest()}")


def digest() -> str:
    """Return a short digest of the sources that rows depend on."""
    total = hashlib.sha256()
    for folder in _SOURCES:
        pattern = "endpoint_*.py" if folder == "benchmarks" else "*.py"
        for file in sorted(f for f in (_ROOT / folder).glob(pattern) if f.name not in _ELSEWHERE):
            total.update(file.name.encode() + file.read_bytes())
    return total.hexdigest()[:12]
