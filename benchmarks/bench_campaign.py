"""Many wafers for few results: the whole stack on the campaign profile, wafers a second of one core."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from benchmark_result import Better, NotRunError, Result
from planaris_run import LOT

NAME = "campaign"
REPEATS = 3
WAFERS_PER_S = 20.0
MEMORY_DISK = Path("/dev/shm")


def _wafers_per_s(folder: Path, seed: int) -> tuple[float, float]:
    """Return wafers a second of processor time and of wall time, of one lot from its files to its records."""
    from planaris.app import RunProfile, RunRequest, run_lot

    wall_s, cpu_s = time.perf_counter(), time.process_time()
    request = RunRequest(LOT, None, seed, None, folder / f"home{seed}", report=False, profile=RunProfile.CAMPAIGN)
    summary = run_lot(request, lambda _progress: None)
    if not summary.completed:
        raise NotRunError(f"seed {seed}: {summary.outcome}")
    wafers = len(summary.wafers)
    return wafers / (time.process_time() - cpu_s), wafers / (time.perf_counter() - wall_s)


def run() -> list[Result]:
    """Run lots in this process, the first for the imports; the home is on a memory disk where there is one."""
    from planaris.cli.main import collect_seldom

    collect_seldom()
    place = MEMORY_DISK if MEMORY_DISK.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        _wafers_per_s(Path(folder), 0)
        measured = [_wafers_per_s(Path(folder), seed) for seed in range(1, REPEATS + 1)]
    where = "journal on a memory disk" if place else "journal on disk"
    return [
        Result("wafers / processor time", statistics.median(cpu for cpu, _ in measured), "1/s", WAFERS_PER_S,
               Better.MORE, f"promised; {where}"),
        Result("wafers / wall time", statistics.median(wall for _, wall in measured), "1/s", WAFERS_PER_S,
               Better.MORE, f"promised; {where}"),
    ]  # fmt: skip
