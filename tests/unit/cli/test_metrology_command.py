"""`planaris metrology evaluate` on a recording made by seed: both protocols, files, JSON, missing labels, faults."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from phm_recording import ABSURD_LABELS_COUNT, PhmRecording, phm_recording
from typer.testing import CliRunner

from planaris.cli.main import app


@pytest.fixture(scope="module")
def recording() -> PhmRecording:
    return phm_recording(seed=11, wafers=45, days=18.0)


def planaris(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, ["metrology", "evaluate", *map(str, arguments)])


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


@dataclass(frozen=True)
class Played:
    """One evaluation at two delays: the folder, what it said, where it wrote."""

    folder: Path
    result: Any
    out: Path


@pytest.fixture(scope="module")
def played(recording: PhmRecording, tmp_path_factory: pytest.TempPathFactory) -> Played:
    place = tmp_path_factory.mktemp("played")
    folder = recording.write(place / "phm")
    return Played(folder, planaris(folder, "--delay-h", "0,4", "--out", place / "out", "--json"), place / "out")


def test_causal_scores_every_delay_and_leaves_files(played: Played) -> None:
    assert played.result.exit_code == 0, played.result.stderr
    document = json.loads(played.result.stdout)
    assert document["schema"] == "planaris/metrology-evaluate/1"
    assert document["absurd_labels"] == ABSURD_LABELS_COUNT
    assert [r["delay_h"] for r in document["results"]] == [0.0, 4.0]
    assert "100 %" in played.result.stderr
    for one in document["results"]:
        spans = {j["span"]: j for j in one["judged"]}
        assert list(spans) == ["all days", "after 15 days", "days 30 to 65"]
        assert spans["days 30 to 65"]["scores"][0]["mse"]["count"] == 0
        scores = {s["estimator"]: s for s in spans["all days"]["scores"]}
        rows = [
            r
            for r in rows_of(played.out / f"predictions_causal_{one['delay_h']:g}h.csv")
            if r["measured_nm_min"] and r["EWMA 0.5"] and r["rate_nm_min"]
        ]
        # The table says what the scores say.
        for column, estimator in (("rate_nm_min", "virtual metrology"), ("EWMA 0.5", "EWMA 0.5")):
            error = np.array([float(r[column]) - float(r["measured_nm_min"]) for r in rows])
            assert scores[estimator]["mse"]["mean"] == pytest.approx(float(np.mean(error**2)), rel=1e-3)
        excess = scores["EWMA 0.5"]["mse"]["mean"] - scores["virtual metrology"]["mse"]["mean"]
        assert scores["EWMA 0.5"]["excess_over_method"]["mean"] == pytest.approx(excess)
        assert scores["EWMA 0.5"]["excess_over_method"]["standard_error"] > 0
    files = [Path(file) for file in document["files"]]
    assert all(file.stat().st_size > 0 for file in files)
    model = json.loads((played.out / "model_causal_0h_line_4-6.json").read_text())
    assert model["data_sha256"] == document["data_sha256"]
    assert model["features"][0] == "polish_s"
    assert {"numpy", "scikit-learn"} <= set(model["libraries"])


def test_keys_without_labels_are_predicted_and_scored_once_labels_are_there(
    recording: PhmRecording, played: Played, tmp_path: Path
) -> None:
    without = [r for r in rows_of(played.out / "predictions_causal_4h.csv") if r["split"] == "validation"]
    assert len(without) == len(recording.labels["validation"])
    assert all(r["measured_nm_min"] == "" for r in without)
    folder = recording.write(tmp_path / "phm", labelled=("train", "test", "validation"))
    document = json.loads(planaris(folder, "--delay-h", "4", "--out", tmp_path / "out", "--json").stdout)
    rows = [r for r in rows_of(tmp_path / "out" / "predictions_causal_4h.csv") if r["split"] == "validation"]
    # The new labels are scored by and not learned from.
    assert [r["rate_nm_min"] for r in rows] == [r["rate_nm_min"] for r in without]
    sets = {(j["steps"], j["span"]): j for j in document["results"][0]["judged"]}
    assert sets["validation", "all days"]["scores"][0]["mse"]["count"] == len([r for r in rows if r["EWMA 0.5"]])
    assert document["learned_splits"] == ["train", "test"]


def test_contest_learns_from_train_and_estimates_the_others(recording: PhmRecording, tmp_path: Path) -> None:
    folder = recording.write(tmp_path / "phm", labelled=("train", "test"))
    result = planaris(folder, "--protocol", "contest", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert "virtual metrology" in result.stdout
    rows = rows_of(tmp_path / "out" / "predictions_contest.csv")
    # Of train, the keys whose labels are absurd: nothing is known of them.
    assert sum(r["split"] == "train" for r in rows) == ABSURD_LABELS_COUNT
    assert {r["split"] for r in rows if r["measured_nm_min"]} == {"test"}
    # The recording's maker knows the labels of both.
    truth = {**recording.labels["test"], **recording.labels["validation"]}
    asked = [r for r in rows if r["split"] != "train"]
    assert len(asked) == len(truth)
    y = np.array([truth[int(r["wafer_id"]), r["stage"]] for r in asked])
    error = np.array([float(r["rate_nm_min"]) for r in asked]) - y
    regime = np.array([float(r["mean of the regime"]) for r in asked]) - y
    assert np.mean(error**2) < np.mean(regime**2)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--delay-h", "0,soon"), "is no delay in hours"),
        (("--delay-h", "-1"), "is no delay in hours"),
        (("--learn", "train,exam"), "is no split"),
        (("--learn", "validation"), "has no labels in the folder"),
    ],
)
def test_wrong_options_end_with_2_and_say_why(
    recording: PhmRecording, tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    result = planaris(recording.write(tmp_path / "phm"), *options)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_wrong_folder_ends_with_2_as_json_too(tmp_path: Path) -> None:
    result = planaris(tmp_path / "nowhere", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["faults"][0]["problem"] == "is no folder"


def test_a_place_that_cannot_be_written_ends_with_1(recording: PhmRecording, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = planaris(recording.write(tmp_path / "phm"), "--protocol", "contest", "--out", tmp_path / "file" / "x")
    assert result.exit_code == 1
    assert "cannot write" in result.stderr
