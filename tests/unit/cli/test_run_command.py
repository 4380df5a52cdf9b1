"""`planaris run`: what it asks of the runner and how it tells what comes back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

import planaris.cli.run as run_module
from planaris.app.request import Progress, RunRequest, RunSummary, WaferSummary
from planaris.historian import HomeLockedError, HomeUnwritableError, JournalError, TraceWriteError
from planaris.model import InputError, InputFault

Planaris = Callable[..., Result]
Document = Callable[[Result], dict[str, Any]]
Report = Callable[[Progress], None]

WAFERS = (
    WaferSummary(2, "L1-02", 2, "product", 596.25, 1.834, 138.0, 71.5, 96.0, ("slurry_flow_low",)),
    WaferSummary(1, "L1-01", 1, "product", math.nan, math.nan, 138.0, 60.0, 95.0, ()),
    WaferSummary(3, "L1-03", None, "dummy", math.nan, math.nan, 0.0, 0.0, 0.0, ()),
)
SUMMARY = RunSummary(
    run_id="run-0001-L1",
    outcome="completed",
    folder=Path("planaris-home/runs/run-0001-L1"),
    report=Path("planaris-home/runs/run-0001-L1/report.html"),
    tool_time_s=1800.0,
    wall_s=2.0,
    wafers=WAFERS,
    alarms=("slurry_flow_low",),
    wafers_per_h=54.0,
    bound_wafers_per_h=60.0,
    stream_hash="ab12",
    target_removal_nm=600.0,
    port_kind="twin",
)


class Runner:
    """Stands in for the tool: keeps what it was asked, reports progress, then answers or fails as told."""

    def __init__(self) -> None:
        self.requests: list[RunRequest] = []
        self.answer: RunSummary | BaseException = SUMMARY
        self.steps: list[Progress] = [Progress(12.0, 0.1, "L1-01", "platen1", "polish", 0, 3)]

    def __call__(self, request: RunRequest, on_progress: Report) -> RunSummary:
        self.requests.append(request)
        for step in self.steps:
            on_progress(step)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Runner:
    found = Runner()
    monkeypatch.setattr(run_module, "_runner", lambda: found)
    return found


def test_options_reach_the_runner(planaris: Planaris, runner: Runner) -> None:
    arguments = ("--tool", "t.toml", "--seed", 7, "--out", "o", "--home", "h", "--no-report")
    assert planaris("run", "my/lot.toml", *arguments).exit_code == 0
    assert runner.requests == [
        RunRequest(Path("my/lot.toml"), "t.toml", 7, Path("o"), Path("h"), speed=math.inf, report=False)
    ]


def test_without_options_the_example_is_run_in_the_default_home(planaris: Planaris, runner: Runner) -> None:
    planaris("run")
    request = runner.requests[0]
    assert (request.lot_path, request.home) == (Path("examples/oxide_ild/lot.toml"), Path("planaris-home"))
    assert (request.tool, request.out, request.report, request.speed) == (None, None, True, math.inf)


def test_table_has_a_row_for_each_wafer_in_slot_order_and_is_marked_twin(planaris: Planaris, runner: Runner) -> None:
    result = planaris("run", "lot.toml")
    assert result.exit_code == 0
    rows = [line.replace("│", " ").split() for line in result.stdout.splitlines() if line.startswith("│")]
    assert rows == [
        ["1", "1", "-", "-", "138.0", "60.0"],
        ["2", "2", "596.2", "1.83", "138.0", "71.5", "slurry_flow_low"],
        ["3", "-", "-", "-", "0.0", "0.0"],
    ]
    assert "TWIN" in result.stdout
    assert "measured" in result.stdout
    assert "54.0 wafers/h, 0.90 of the bound 60.0; tool time 0:30:00 in 2.0 s (900×)" in result.stdout
    assert "report:  planaris-home/runs/run-0001-L1/report.html" in result.stdout


def test_json_is_the_documented_result_and_the_only_thing_on_stdout(
    planaris: Planaris, document: Document, runner: Runner
) -> None:
    result = planaris("run", "lot.toml", "--json")
    found = document(result)
    assert set(found) == {
        "schema", "ok", "run_id", "outcome", "folder", "report", "tool_time_s", "wall_s", "longest_pause_s",
        "wafers", "alarms",
        "wafers_per_h", "bound_wafers_per_h", "stream_hash", "target_removal_nm", "port_kind", "divergences",
        "speed_ratio", "throughput_ratio", "questions", "refused_answers", "detail",
    }  # fmt: skip
    assert (found["schema"], found["ok"], found["speed_ratio"]) == ("planaris/run-result/1", True, 900.0)
    assert found["throughput_ratio"] == pytest.approx(0.9)
    first = found["wafers"][0]
    assert first == {
        "slot": 2, "wafer_id": "L1-02", "head": 2, "kind": "product", "removal_nm": 596.25, "wiwnu_pct": 1.834,
        "polish_s": 138.0, "wait_s": 71.5, "wet_s": 96.0, "alarms": ["slurry_flow_low"], "estimate": None,
    }  # fmt: skip
    assert found["wafers"][1]["removal_nm"] is None  # not measured is not zero and not NaN
    assert "0/3 wafers · tool time 0:00:12 · 120× · L1-01 platen1 polish" in result.stderr


def test_a_failed_run_ends_with_1_and_names_what_failed(planaris: Planaris, document: Document, runner: Runner) -> None:
    runner.answer = replace(SUMMARY, outcome="failed", detail="platen2: no slurry flow")
    result = planaris("run", "lot.toml", "--json")
    assert (result.exit_code, document(result)["ok"]) == (1, False)
    assert "the run failed: failed: platen2: no slurry flow" in result.stderr


def test_wrong_input_ends_with_2_and_lists_every_fault(planaris: Planaris, document: Document, runner: Runner) -> None:
    faults = tuple(InputFault(f"steps[{i}].ring_pressure_psi", "12", "too high", "0-10", "psi") for i in range(3))
    runner.answer = InputError("lot.toml", faults)
    result = planaris("run", "lot.toml", "--json")
    found = document(result)
    assert result.exit_code == 2
    assert (found["schema"], found["kind"], found["ok"]) == ("planaris/error/1", "input", False)
    assert [fault["path"] for fault in found["faults"]] == [fault.path for fault in faults]
    assert result.stderr.count("too high (limit 0-10 psi)") == 3


@pytest.mark.parametrize(
    ("error", "status", "kind", "said"),
    [
        (HomeLockedError(Path("h"), "pid 7"), 2, "home", "h: is in use by pid 7"),
        (HomeUnwritableError(Path("h"), "cannot be written", "choose another"), 2, "home", "choose another"),
        (JournalError(Path("h/tool.db"), "disk is full"), 1, "records", "disk is full"),
        (TraceWriteError(("traces/a.parquet: disk is full",)), 1, "records", "a.parquet"),
        (KeyboardInterrupt(), 1, "interrupted", "planaris run --resume"),
    ],
)
def test_other_failures_have_their_status_and_message(
    planaris: Planaris, document: Document, runner: Runner, *, error: BaseException, status: int, kind: str, said: str
) -> None:
    runner.answer = error
    result = planaris("run", "lot.toml", "--json")
    found = document(result)
    assert (result.exit_code, found["kind"], found["faults"]) == (status, kind, [])
    assert said in found["message"]
    assert said in result.stderr


@pytest.mark.parametrize("arguments", [("--seed", "x"), ("--seed", -1), ("--tol", "t.toml"), ("a", "b")])
def test_a_wrong_option_ends_with_2_before_anything_runs(
    planaris: Planaris, runner: Runner, arguments: tuple[object, ...]
) -> None:
    assert planaris("run", "lot.toml", *arguments).exit_code == 2
    assert runner.requests == []
