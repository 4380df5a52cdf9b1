"""The challenge's keys as polish steps, and the tables and documents that an evaluation leaves."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planaris.control.virtual_metrology import Evaluation, Judged, Mean, PolishStep, Scored
    from planaris.formats.phm_files import PhmData


@dataclass(frozen=True, slots=True)
class Recording:
    """Steps in order of their starts with all features; labels by step name of each split; how many were absurd."""

    steps: tuple[PolishStep, ...]
    split: Mapping[str, str]
    labels: Mapping[str, Mapping[str, float]]
    absurd_count: int


def recording_of(data: PhmData) -> Recording:
    """Return the keys of a folder as steps. Features need no label, so unlabelled keys tell a line's past too."""
    from planaris.control.virtual_metrology import (
        PolishStep,
        StepTrace,
        line_of,
        phm_station,
        trace_features,
        with_history,
    )
    from planaris.formats.phm_files import ABSURD_RATE_NM_MIN

    steps: list[PolishStep] = []
    split: dict[str, str] = {}
    labels: dict[str, dict[str, float]] = {}
    absurd = 0
    for key in data.keys:
        name = f"{key.split} {key.wafer_id} {key.stage}"
        trace = StepTrace(key.time_s, phm_station(key.chamber), key.channels)
        line = line_of(int(key.chamber.min()))
        steps.append(PolishStep(name, line, key.stage, trace.start_s, trace.end_s, trace_features(trace)))
        split[name] = key.split
        if key.rate_nm_min is None:
            continue
        if key.rate_nm_min > ABSURD_RATE_NM_MIN:
            absurd += 1
        else:
            labels.setdefault(key.split, {})[name] = key.rate_nm_min
    return Recording(with_history(steps), split, labels, absurd)


def write_predictions(path: Path, recording: Recording, evaluation: Evaluation) -> None:
    """Write one row a measured step: what it is, estimate, interval, indices, label where known, baselines."""
    known = {name: value for own in recording.labels.values() for name, value in own.items()}
    names = sorted(evaluation.baselines)
    head = [
        "split",
        "wafer_id",
        "stage",
        "line",
        "start_s",
        "end_s",
        "rate_nm_min",
        "low_nm_min",
        "high_nm_min",
        "sigma_nm_min",
        "reliance_index",
    ]
    head += ["similarity_index", "reliable", "main_nm_min", "second_nm_min", "measured_nm_min", *names]
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(head)
        for step in recording.steps:
            made = evaluation.measurements.get(step.name)
            if made is None:
                continue
            numbers = (made.value, made.low, made.high, made.sigma, made.reliance_index, made.similarity_index)
            baselines = [_number(evaluation.baselines[name].get(step.name)) for name in names]
            out.writerow(
                [
                    recording.split[step.name],
                    *step.name.split(" ")[1:],
                    step.line,
                    f"{step.start_s:.3f}",
                    f"{step.end_s:.3f}",
                    *(_number(value) for value in numbers),
                    "yes" if made.reliable else "no",
                    _number(made.main),
                    _number(made.second),
                    _number(known.get(step.name)),
                    *baselines,
                ]
            )


def document_of(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Return scores as JSON has them."""
    return [
        {
            "steps": one.steps,
            "span": one.span.name,
            "scores": [_scored(score) for score in one.scores],
            "intervals": {
                "coverage": _mean(one.intervals.overall),
                "by_regime": {name: _mean(m) for name, m in one.intervals.by_regime.items()},
                "by_measured_quarter": [_mean(m) for m in one.intervals.by_measured_quarter],
                "by_estimated_quarter": [_mean(m) for m in one.intervals.by_estimated_quarter],
                "width_nm_min": one.intervals.width,
                "reliable_fraction": one.intervals.reliable.mean,
                "reliable_mse": _mean(one.intervals.reliable_error),
            },
        }
        for one in judged
    ]


def lines_of(judged: Judged) -> list[str]:
    """Return scores for people."""
    count = judged.scores[0].error.count
    if not count:
        return [f"  {judged.steps}, {judged.span.name}: no labels to score by"]
    found = [f"  {judged.steps}, {judged.span.name}: {count} keys; squared errors in (nm/min)^2, ± standard error"]
    for score in judged.scores:
        by = ", ".join(f"{name} {m.mean:.2f}" for name, m in score.by_regime.items())
        excess = (
            ""
            if score is judged.scores[0]
            else f"; method less {score.excess.mean:.2f} ± {score.excess.standard_error:.2f}"
        )
        less = "" if not excess else f" ({100 * score.excess.mean / score.error.mean:.1f} %)"
        error = f"{score.error.mean:6.2f} ± {score.error.standard_error:.2f}"
        found.append(f"    {score.estimator:<42} {error}   [{by}]{excess}{less}")
    i = judged.intervals
    by = ", ".join(f"{name} {_pct(m)}" for name, m in i.by_regime.items())
    found.append(f"    90 % intervals hold {_pct(i.overall)}, mean width {i.width:.1f} nm/min   [{by}]")
    quarters = " ".join(_pct(m) for m in i.by_measured_quarter)
    found.append(
        f"      by quarter of the measured rate {quarters}; of the estimate "
        + " ".join(map(_pct, i.by_estimated_quarter))
    )
    found.append(f"    to be relied on {100 * i.reliable.mean:.1f} %, their squared error {i.reliable_error.mean:.2f}")
    return found


def _scored(score: Scored) -> dict[str, Any]:
    return {
        "estimator": score.estimator,
        "mse": _mean(score.error),
        "by_regime": {name: _mean(m) for name, m in score.by_regime.items()},
        "excess_over_method": _mean(score.excess),
    }


def _mean(value: Mean) -> dict[str, Any]:
    return {"mean": value.mean, "standard_error": value.standard_error, "count": value.count}


def _pct(value: Mean) -> str:
    return f"{100 * value.mean:.1f} %"


def _number(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.6g}"  # noqa: PLR0124 (NaN)
