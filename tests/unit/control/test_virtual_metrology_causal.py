"""Nothing that came later than a moment changes an estimate given by then; and what comes in time does change them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from phm_recording import CHAMBER, HEADER, LEVELS_NM_MIN, STAGE, TIME, WAFER, PhmRecording, phm_recording

from planaris.control.virtual_metrology import (
    CHANNELS,
    ConstantGain,
    MemoryOfFits,
    PolishStep,
    StepTrace,
    VirtualMeasurement,
    line_of,
    phm_method,
    phm_station,
    replay,
    trace_features,
    with_history,
)

DELAY_S = 3600.0
Samples = dict[str, list[list[float]]]


@pytest.fixture(scope="module")
def recording() -> PhmRecording:
    return phm_recording(seed=7, wafers=70, days=10.0)


def samples_of(recording: PhmRecording) -> Samples:
    """Return the rows of every key by name, in order of time: time, chamber, then `CHANNELS`."""
    places = [HEADER.index(name.upper()) for name in CHANNELS]
    found: Samples = {}
    for split, rows in recording.rows.items():
        for row in rows:
            numbers = [float(row[i]) for i in (TIME, CHAMBER, *places)]
            found.setdefault(f"{split} {row[WAFER]} {row[STAGE]}", []).append(numbers)
    return {name: sorted(rows) for name, rows in found.items()}


def labels_of(recording: PhmRecording) -> dict[str, float]:
    return {
        f"{split} {wafer} {stage}": rate
        for split, labels in recording.labels.items()
        for (wafer, stage), rate in labels.items()
        if rate < 1000.0 and split != "validation"
    }


def measured(
    samples: Samples, labels: Mapping[str, float]
) -> tuple[dict[str, float], Mapping[str, VirtualMeasurement]]:
    """Play samples and labels through the challenge's method; return every step's end and measurement."""
    steps: list[PolishStep] = []
    for name, rows in samples.items():
        table = np.array(rows)
        chamber = table[:, 1].astype(np.int64)
        channels = {channel: table[:, 2 + i] for i, channel in enumerate(CHANNELS)}
        trace = StepTrace(table[:, 0], phm_station(chamber), channels)
        stage = name.split(" ")[2]
        line = line_of(int(chamber.min()))
        steps.append(PolishStep(name, line, stage, trace.start_s, trace.end_s, trace_features(trace)))
    played = with_history(steps)
    return {s.name: s.end_s for s in played}, replay(phm_method(MemoryOfFits()), played, labels, DELAY_S)[0]


@pytest.fixture(scope="module")
def honest(recording: PhmRecording) -> tuple[dict[str, float], Mapping[str, VirtualMeasurement]]:
    return measured(samples_of(recording), labels_of(recording))


def test_what_comes_later_changes_nothing_given_before(
    recording: PhmRecording, honest: tuple[dict[str, float], Mapping[str, VirtualMeasurement]]
) -> None:
    rng = np.random.default_rng(5)
    ends_s, want = honest
    moment_s = float(np.quantile(list(ends_s.values()), 0.7))
    samples, labels = samples_of(recording), labels_of(recording)
    for rows in samples.values():
        for row in rows:
            if row[0] > moment_s:
                row[2:] = [value * float(rng.uniform(0.5, 2.0)) + float(rng.normal()) for value in row[2:]]
    # A label is known an hour after its step: those of steps just before the moment are later than it, too.
    late = [name for name in labels if ends_s[name] + DELAY_S > moment_s]
    shuffled = rng.permutation([labels[name] for name in late])
    labels.update(zip(late, (shuffled + rng.normal(0.0, 30.0, len(late))).tolist(), strict=True))
    _, got = measured(samples, labels)
    before = [name for name in want if ends_s[name] <= moment_s]
    after = [name for name in want if ends_s[name] > moment_s]
    assert len(before) > 60
    assert len(after) > 30
    assert [repr(got[name]) for name in before] == [repr(want[name]) for name in before]
    # The corruption was no small thing: had it been seen, it would show.
    moved = [name for name in after if abs(got[name].value - want[name].value) > 1.0]
    assert len(moved) > 0.8 * len(after)


def test_a_label_counts_from_the_moment_it_is_known_and_not_before() -> None:
    first = PolishStep("a", "1", "A", 0.0, 100.0, {})
    labels = {"a": 7.0}
    for start_s, known in ((100.0 + DELAY_S, True), (100.0 + DELAY_S - 1e-3, False)):
        asked = PolishStep("b", "1", "A", start_s, start_s + 50.0, {})
        answers, _ = replay(ConstantGain(0.5), (first, asked), labels, DELAY_S)
        assert (answers["b"].value == 7.0) is known


def test_the_state_tells_all_so_a_recording_played_twice_says_the_same(
    recording: PhmRecording, honest: tuple[dict[str, float], Mapping[str, VirtualMeasurement]]
) -> None:
    samples = dict(reversed(samples_of(recording).items()))
    _, again = measured(samples, labels_of(recording))
    assert {name: repr(m) for name, m in again.items()} == {name: repr(m) for name, m in honest[1].items()}


def test_it_learns_what_the_recording_was_made_of(
    recording: PhmRecording, honest: tuple[dict[str, float], Mapping[str, VirtualMeasurement]]
) -> None:
    ends_s, got = honest
    labels = labels_of(recording)
    start_s = float(np.quantile(list(ends_s.values()), 0.4))
    names = [name for name in labels if ends_s[name] > start_s]
    y = np.array([labels[name] for name in names])
    own = np.array([got[name].value for name in names])
    level = np.array([_level(rate) for rate in y])
    # Drift of 4, polish time of 2 and noise of 1.5 nm/min stand about a level; half of that is to be learned.
    assert np.mean((own - y) ** 2) < 0.5 * np.mean((level - y) ** 2)
    inside = [got[name].low <= labels[name] <= got[name].high for name in names]
    # Some 70 labels: 90 % within three standard errors of 3.6 %.
    assert 0.78 < np.mean(inside) <= 1.0


def _level(rate: float) -> float:
    return min(LEVELS_NM_MIN.values(), key=lambda level: abs(level - rate))
