"""The example lot in one process, all traces and the report written: how much faster than the machine it runs."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmark_result import Better, Result
from planaris_run import measured_run

NAME = "lot"
REPEATS = 3
SPEED_RATIO = 500.0
AIM_RATIO = 1000.0
PEAK_MB = 500.0


def run() -> list[Result]:
    """Run the lot, the first time for the bytecode; ratios are over the whole process, start and report included.

    Each is the median of several runs.
    """
    with tempfile.TemporaryDirectory() as folder:
        homes = (Path(folder) / f"home{number}" for number in range(REPEATS + 1))
        _first, *lots = [measured_run(home, Path(folder) / "bytecode") for home in homes]
    tool_s = [float(lot.answer["tool_time_s"]) for lot in lots]
    wall_s = [float(lot.answer["wall_s"]) for lot in lots]

    def over(times_s: Sequence[float]) -> float:
        return statistics.median(tool / spent for tool, spent in zip(tool_s, times_s, strict=True))

    return [
        Result("tool time / process time", over([lot.process_s for lot in lots]), "x", SPEED_RATIO, Better.MORE,
               "promised"),
        Result("tool time / run time", over(wall_s), "x", AIM_RATIO, Better.MORE, "aim; without start-up"),
        Result("tool time / processor time", over([lot.cpu_s for lot in lots]), "x", SPEED_RATIO, Better.MORE,
               "promised"),
        Result("peak memory", max(lot.peak_MB for lot in lots), "MB", PEAK_MB, Better.LESS, "promised"),
    ]  # fmt: skip
