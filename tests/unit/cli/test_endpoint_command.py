"""`planaris endpoint replay`: what it answers, as text, JSON and picture, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import Result

from planaris.formats.trace_files import write_trace

Planaris = Callable[..., Result]
Document = Callable[[Result], dict[str, Any]]

SLOPE = '{ detector = "slope", source = "torque_Nm", steep_per_s = -0.02, level_per_s = 0.004 }'
START_S, END_S, FALLS_S, LEVEL_S = 100.0, 145.0, 120.0, 124.0
STEPS = [
    {"name": "pre-flow", "start_s": 97.0, "end_s": START_S},
    {"name": "P1 main", "start_s": START_S, "end_s": END_S},
]


@pytest.fixture
def recipe(example: Path) -> Path:
    """The example's recipe, its first step ended by the slope of the torque."""
    file = example / "recipe.toml"
    lines = file.read_text(encoding="utf-8").splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("end = "))
    lines[first] = f'end = {{ kind = "endpoint", time_s = 40, min_s = 10, max_s = 60, detectors = [{SLOPE}] }}'
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    """Write a trace whose torque falls by a fifth and is level again."""

    def write(*, falls: bool = True, column: str = "platen.torque_Nm", **metadata: str) -> Path:
        time_s = np.arange(9700, 14600) / 100.0
        torque_Nm = np.interp(time_s, [FALLS_S, LEVEL_S], [100.0, 80.0] if falls else [100.0, 100.0])
        torque_Nm += 0.05 * np.random.default_rng(1).standard_normal(time_s.size)
        said = {"wafer_id": "ILD001-01", "platen": "1", "recipe": "oxide_ild", "steps": json.dumps(STEPS), **metadata}
        file = tmp_path / "slot01_platen1.parquet"
        write_trace(file, {column: torque_Nm}, time_s, said)
        return file

    return write


def test_a_call_is_told_from_the_steps_start_with_its_difference_to_the_recorded_end(
    planaris: Planaris, document: Document, recipe: Path, record: Callable[..., Path]
) -> None:
    trace = record()
    result = planaris("endpoint", "replay", trace, "--recipe", recipe, "--film-nm", 1500, "--json")
    found = document(result)
    assert (result.exit_code, result.stderr) == (0, "")
    assert (found["schema"], found["ok"], found["decision"]) == ("planaris/endpoint-replay/1", True, "call")
    assert (found["step"], found["step_name"], found["detectors"]) == (0, "P1 main", ["slope"])
    assert (found["film"], found["film_nm"], found["files"]) == ("TEOS", 1500.0, [str(trace)])
    # Level again at 24 s: the line through the last 5 s (the detector's window) says so within that time.
    assert LEVEL_S - START_S < found["called_after_s"] < LEVEL_S - START_S + 5.5
    assert found["called_s"] == pytest.approx(START_S + found["called_after_s"])
    assert found["stop_difference_s"] == pytest.approx(found["stop_s"] - END_S)
    assert found["endpoint_nm"] is None
    shown = planaris("endpoint", "replay", trace, "--recipe", recipe, "--lot", recipe.parent / "lot.toml")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert "outcome     called" in shown.stdout
    assert f"{found['called_after_s']:.2f} s after step start" in shown.stdout
    assert f"stop {found['stop_difference_s']:+.3f} s from it" in shown.stdout


def test_the_picture_is_written(planaris: Planaris, recipe: Path, record: Callable[..., Path], tmp_path: Path) -> None:
    picture = tmp_path / "new" / "endpoint.png"
    asked = ("endpoint", "replay", record(), "--recipe", recipe, "--film-nm", 1500, "--plot")
    assert planaris(*asked, picture).exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    blocked = planaris(*asked, recipe / "x.png")
    assert blocked.exit_code == 1
    assert "cannot write" in blocked.stderr


def test_a_missed_endpoint_ends_with_1(
    planaris: Planaris, document: Document, recipe: Path, record: Callable[..., Path]
) -> None:
    result = planaris("endpoint", "replay", record(falls=False), "--recipe", recipe, "--film-nm", 1500, "--json")
    found = document(result)
    assert (result.exit_code, found["ok"], found["decision"]) == (1, False, "hold")
    assert "45.0 s recorded of the step" in found["why"]


def test_all_wrong_input_is_told_at_once(
    planaris: Planaris, document: Document, recipe: Path, record: Callable[..., Path], tmp_path: Path
) -> None:
    result = planaris("endpoint", "replay", tmp_path / "no.parquet", "--recipe", recipe, "--step", "7x", "--json")
    assert result.exit_code == 2
    assert {f["path"] for f in document(result)["faults"]} == {"TRACE", "--film-nm", "--step"}
    other = record(column="platen.speed_rpm", wafer_id="X1")
    lot = recipe.parent / "lot.toml"
    result = planaris("endpoint", "replay", other, "--recipe", recipe, "--lot", lot, "--film-nm", -1, "--json")
    faults = {f["path"]: f for f in document(result)["faults"]}
    assert result.exit_code == 2
    assert set(faults) == {"--film-nm", "TRACE: wafer_id", "TRACE: platen.torque_Nm"}
    assert all(f["remedy"] for f in faults.values())


def test_a_step_that_the_trace_has_not_is_refused(
    planaris: Planaris, document: Document, recipe: Path, record: Callable[..., Path]
) -> None:
    asked = ("endpoint", "replay", record(), "--recipe", recipe, "--film-nm", 1500, "--json")
    (fault,) = document(planaris(*asked, "--step", 2))["faults"]
    assert (fault["path"], fault["limit"]) == ("--step", "pre-flow, P1 main")
    elsewhere = record(steps=json.dumps([{**STEPS[1], "name": "another"}]))
    result = planaris("endpoint", "replay", elsewhere, "--recipe", recipe, "--film-nm", 1500)
    assert result.exit_code == 2
    assert "name a step with --step" in result.stderr
