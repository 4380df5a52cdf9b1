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
_ALL = "signals sweeps window_track thickness_field decision step_end over_polish nominal"
_SPECTRA = "spectral_model spectral_library spectral_window spectrum_health"
_OXIDE = f"{_SPECTRA} spectral_fit spectral_target foresight recognition"
# Sources that rows depend on by the first word of their name: of `control.endpoint`, and the bench's own.
_SOURCES = {
    "oxide": (_OXIDE, "cases faults optics plant rows"),
    "load": (_OXIDE, "cases optics plant rows"),
    "zones": (f"{_OXIDE} ../profile/zone_control", "cases optics plant rows zones"),
    "torque": ("friction_clearing binned sensor_health sequential", "clearing faults plant rows"),
    "light": (f"{_SPECTRA} reflectance_clearing metal_library sequential", "clearing faults optics plant rows"),
}
_CHUNK = 100

Row = Callable[[int], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Tables:
    """Where rows are worked out and kept."""

    pool: ProcessPoolExecutor
    folder: Path

    def of(self, name: str, row: Row, wafers: int) -> FloatArray:
        """Return rows (wafers, n) of ``row(seed)`` for seeds from 0."""
        folder = self.folder / digest(name.partition("-")[0])
        folder.mkdir(parents=True, exist_ok=True)
        parts = [range(a, min(a + _CHUNK, wafers)) for a in range(0, wafers, _CHUNK)]
        files = [folder / f"{name}-{part.start}-{part.stop}.npy" for part in parts]
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
        yield Tables(pool, _ROOT / "build" / "bench" / "endpoint")


def digest(family: str) -> str:
    """Return a short digest of the sources that a family of rows depends on."""
    live, own = _SOURCES[family]
    files = [_ROOT / f"src/planaris/control/endpoint/{name}.py" for name in f"{_ALL} {live}".split()]
    files += [_ROOT / f"benchmarks/endpoint_{name}.py" for name in own.split()]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
