"""The example lot in one process, all traces and the report written: how much faster than the machine it runs."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmark_result import Better, Result
from planaris_run import measured_run

NAME = "lot"
SPEED_RATIO = 500.0
AIM_RATIO = 1000.0
PEAK_MB = 500.0


def run() -> list[Result]:
    """Run the lot once; ratios are taken over the whole process, start and report included."""
    with tempfile.TemporaryDirectory() as folder:
        lot = measured_run(Path(folder) / "home")
    tool_s, wall_s = float(lot.answer["tool_time_s"]), float(lot.answer["wall_s"])
    return [
        Result("tool time / process time", tool_s / lot.process_s, "x", SPEED_RATIO, Better.MORE, "promised"),
        Result("tool time / run time", tool_s / wall_s, "x", AIM_RATIO, Better.MORE, "aim; without start-up"),
        Result("tool time / processor time", tool_s / lot.cpu_s, "x", SPEED_RATIO, Better.MORE, "promised"),
        Result("peak memory", lot.peak_MB, "MB", PEAK_MB, Better.LESS, "promised"),
    ]
