"""Benchmarks stay runnable: they are found by themselves, import, and judge their bounds the right way round."""

from __future__ import annotations

import subprocess
import sys

import pytest
from gate_sources import ROOT

from benchmark_result import Better, Result
from run import chosen


def test_every_benchmark_is_found_and_imports() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "run.py"), "no-such"], capture_output=True, text=True, check=False
    )
    files = [file.stem.removeprefix("bench_") for file in sorted((ROOT / "benchmarks").glob("bench_*.py"))]
    assert done.returncode == 2
    assert done.stderr.strip() == f"no such benchmark: no-such; there are {', '.join(files)}"


@pytest.mark.parametrize(
    ("value", "better", "ratio", "ok"),
    [(600.0, Better.MORE, 1.2, True), (400.0, Better.MORE, 0.8, False), (250.0, Better.LESS, 2.0, True)],
)
def test_ratio_is_one_where_the_bound_is_just_met(value: float, better: Better, ratio: float, ok: bool) -> None:
    result = Result("speed", value, "x", 500.0, better, "promised")
    assert result.ratio == pytest.approx(ratio)
    assert result.ok is ok


def test_parts_belong_to_the_benchmark_that_they_are_named_after() -> None:
    parts = {"endpoint": {"oxide", "torque"}, "clock": set[str]()}
    assert chosen(["clock", "endpoint", "torque", "oxide"], parts) == (
        {"clock": [], "endpoint": ["torque", "oxide"]},
        [],
    )
    assert chosen(["oxide", "endpoint", "clock", "torque"], parts) == (
        {"endpoint": [], "clock": []},
        ["oxide", "torque"],
    )
