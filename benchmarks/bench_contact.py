"""Contact of a rough surface: `physics.contact` against Tamaas on the same surface, to the same residual.

Tamaas is AGPL-3.0, so it lives in an environment of its own, `.venv-bench`, that this benchmark makes with pip on its
first run, and works in a process of its own; nothing of Planaris imports it. Surface: Hurst 0.8, 4 to 32 waves a side,
rms slope 1, periodic; mean pressure 0.02·E*; float64. Tamaas solves to 1e-6 by its own measure; then
`complementarity_ratio` measures its pressure, and Planaris must be at least as close by that measure. A time runs from
heights to pressure, including what each solver prepares; Tamaas runs once, Planaris is the median of three.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark_result import Better, NotRunError, Result
from planaris.physics.contact import complementarity_ratio, solve_contact

NAME = "contact"
# Grid, threads, and how many times faster than Tamaas it must be.
CASES = ((1024, 1, 3.0), (1024, 2, 3.0), (2048, 1, 5.0), (2048, 2, 5.0))
HURST, LONGEST, SHORTEST, SEED = 0.8, 4, 32, 0
MEAN_PRESSURE_RATIO, TOLERANCE_RATIO = 0.02, 1e-6
REPEATS = 3
PEER_LIMIT_S = 900.0
ENVIRONMENT = Path(__file__).parents[1] / ".venv-bench"
PEER = "tamaas==2.9.0"
# E* of 1 MPa: pressures in kPa are 1000·p/E*.
_E_STAR_MPA, _E_STAR_KPA = 1.0, 1000.0

_PEER_PROGRAM = """
import json, sys, time
import numpy as np
import tamaas
heights = np.load(sys.argv[1])
tamaas.initialize(int(sys.argv[3]))
tamaas.set_log_level(tamaas.LogLevel.error)
begin, busy = time.perf_counter(), time.process_time()
model = tamaas.ModelFactory.createModel(tamaas.model_type.basic_2d, [1.0, 1.0], list(heights.shape))
model.E, model.nu = 1.0, 0.0
solver = tamaas.PolonskyKeerRey(model, heights, float(sys.argv[5]))
solver.max_iter = 2000
solver.solve(float(sys.argv[4]))
seconds, busy_s = time.perf_counter() - begin, time.process_time() - busy
np.save(sys.argv[2], np.asarray(model.traction))
print(json.dumps({"time_s": seconds, "processor_s": busy_s}))
"""


@dataclass(frozen=True, slots=True)
class _Solved:
    time_s: float
    processor_s: float
    residual_ratio: float
    area_ratio: float


def surface(n: int) -> NDArray[np.float64]:
    """Return the periodic surface (n, n) over a unit square; the same waves on every grid."""
    generator = np.random.default_rng(SEED)
    size = 2 * SHORTEST + 1
    noise = generator.standard_normal((size, size)) + 1j * generator.standard_normal((size, size))
    wave = np.arange(-SHORTEST, SHORTEST + 1)
    waves = np.hypot(wave[:, None], wave[None, :])
    kept = (waves >= LONGEST) & (waves <= SHORTEST)
    amplitude = np.where(kept, noise * np.maximum(waves, 1.0) ** -(1.0 + HURST), 0.0)
    spectrum = np.zeros((n, n), dtype=np.complex128)
    spectrum[np.ix_(wave, wave)] = amplitude
    heights = n**2 * np.fft.ifft2(spectrum).real
    # The real part of the sum has half of each wave and its mirror: measure the slope from what came out.
    q = 2.0 * np.pi * np.fft.fftfreq(n, 1.0 / n)
    found = np.fft.fft2(heights) / n**2
    slope = float(np.sqrt((np.abs(np.hypot(q[:, None], q[None, :]) * found) ** 2).sum()))
    return np.ascontiguousarray(heights / slope)


def peer_python() -> str:
    """Return the Python of the peer's environment, made if it is not there."""
    python = ENVIRONMENT / "bin" / "python"
    if python.exists():
        probe = subprocess.run([python, "-c", "import tamaas"], capture_output=True, check=False)
        if probe.returncode == 0:
            return str(python)
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)],
        [str(python), "-m", "pip", "install", "--quiet", PEER, "numpy", "scipy"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NotRunError(f"cannot install {PEER}: {done.stderr.strip().rpartition(chr(10))[2]}")
    return str(python)


def peer(python: str, heights: NDArray[np.float64], threads: int) -> _Solved:
    """Solve with Tamaas in its own process."""
    with tempfile.TemporaryDirectory() as folder:
        given, got = Path(folder) / "heights.npy", Path(folder) / "pressure.npy"
        np.save(given, heights)
        command = [python, "-c", _PEER_PROGRAM, str(given), str(got), str(threads)]
        command += [str(MEAN_PRESSURE_RATIO), str(TOLERANCE_RATIO)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=PEER_LIMIT_S,
                env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise NotRunError(f"Tamaas took over {PEER_LIMIT_S:.0f} s on {heights.shape[0]}²") from error
        if done.returncode != 0:
            raise NotRunError(f"Tamaas: {done.stderr.strip().rpartition(chr(10))[2]}")
        pressure = np.load(got).reshape(heights.shape).astype(np.float64) * _E_STAR_KPA
        took = json.loads(done.stdout.strip().splitlines()[-1])
    return _Solved(
        float(took["time_s"]), float(took["processor_s"]), _residual(pressure, heights), float((pressure > 0.0).mean())
    )


def ours(heights: NDArray[np.float64], threads: int, tolerance_ratio: float) -> _Solved:
    """Solve with Planaris, the median of some runs."""
    runs: list[_Solved] = []
    for _ in range(REPEATS):
        begin, busy = time.perf_counter(), time.process_time()
        found = solve_contact(
            heights, 1.0 / heights.shape[1], MEAN_PRESSURE_RATIO * _E_STAR_KPA, _E_STAR_MPA,
            tolerance_ratio=tolerance_ratio, workers=threads,
        )  # fmt: skip
        took, took_busy = time.perf_counter() - begin, time.process_time() - busy
        if not found.converged:
            raise NotRunError(f"Planaris stopped at a residual of {found.residual_ratio:.1e}")
        residual = _residual(found.pressure_kPa, heights)
        runs.append(_Solved(took, took_busy, residual, found.contact_area_ratio))
    return sorted(runs, key=lambda one: one.time_s)[len(runs) // 2]


def _residual(pressure_kPa: NDArray[np.float64], heights: NDArray[np.float64]) -> float:
    return complementarity_ratio(pressure_kPa, heights, 1.0 / heights.shape[1], _E_STAR_MPA)


def run() -> list[Result]:
    """Solve each case with both and compare times; say what each reached on the error stream."""
    python = peer_python()
    results: list[Result] = []
    for n, threads, times_faster in CASES:
        heights = surface(n)
        theirs = peer(python, heights, threads)
        mine = ours(heights, threads, min(TOLERANCE_RATIO, theirs.residual_ratio))
        for who, solved in (("Tamaas", theirs), ("Planaris", mine)):
            print(
                f"  {n}², {threads} thread(s), {who}: {solved.time_s:.2f} s, of processors {solved.processor_s:.2f} s, "
                f"residual {solved.residual_ratio:.1e}, area {100.0 * solved.area_ratio:.2f} %",
                file=sys.stderr,
                flush=True,
            )
        against = f"times faster than {PEER}, asked"
        wall = (f"contact {n}², {threads} thread(s), wall", theirs.time_s / mine.time_s)
        # Wall time of one thread on a core of its own, also where others use the machine.
        busy = (f"contact {n}², {threads} thread(s), processor time", theirs.processor_s / mine.processor_s)
        for label, ratio in (wall, busy) if threads == 1 else (wall,):
            results.append(Result(label, ratio, "x", times_faster, Better.MORE, against))
    return results
