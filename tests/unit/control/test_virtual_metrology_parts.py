"""The parts of virtual metrology: features, history, baselines, blend, intervals, reliance, scores, artefact, use."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from planaris.control.virtual_metrology import (
    CHANNELS,
    HISTORY_FEATURES,
    RELIANCE_THRESHOLD,
    SIMILARITY_THRESHOLD,
    Conformal,
    ConstantGain,
    LabelCame,
    LineModel,
    MemoryOfFits,
    PolishStep,
    RegimeMean,
    StepEnded,
    StepTrace,
    artefact_document,
    artefact_from,
    artefact_of,
    declared_features,
    reliance_index,
    replay,
    similarity_to,
    trace_features,
    virtual_metrology_for,
    with_history,
)
from planaris.control.virtual_metrology.blend import Blend, blended, learned
from planaris.control.virtual_metrology.conformal import Bands
from planaris.control.virtual_metrology.scores import coverage, mean_of, mean_square, paired_difference, quarters

HOUR_S = 3600.0


def trace(**changed: list[float]) -> StepTrace:
    """Ten samples 2 s apart: one idle, four in polish, two in buff at the first station; two and one at the others."""
    channels = {name: np.zeros(10) for name in CHANNELS}
    channels["main_outer_air_bag_pressure"] = np.array([0, 270, 270, 270, 270, 216, 216, 0, 0, 0], dtype=np.float64)
    channels["slurry_flow_line_c"] = np.array([0, 400, 410, 420, 430, 0, 0, 0, 0, 0], dtype=np.float64)
    channels["head_rotation"] = np.full(10, 100.0)
    for name, values in changed.items():
        channels[name] = np.array(values, dtype=np.float64)
    return StepTrace(np.linspace(100.0, 118.0, 10), np.array([0] * 7 + [1] * 2 + [2]), channels)


def test_features_are_what_they_say() -> None:
    found = trace_features(trace(usage_of_dresser=[5, 5, 5, 5, 5, 6, 6, 6, 7, 7]))
    assert found["step_s"] == 18.0
    assert found["polish_s"] == 8.0
    assert found["buff_s"] == 4.0
    assert found["touch_down_s"] == 2.0
    assert found["second_offset_s"] == 14.0
    assert found["polish_slurry_c"] == 415.0
    assert found["polish_slurry_c_slope"] == pytest.approx(5.0)
    assert found["outer_dose"] == pytest.approx(8.0 * 270.0 * 100.0)
    assert found["buff_outer_pressure"] == 216.0
    assert (found["dresser_usage"], found["dresser_used"]) == (5.0, 2.0)
    assert found["followed"] == 0.0
    follower = trace_features(
        trace(
            main_outer_air_bag_pressure=[0, 270, 270, 270, 270, 216, 216, 270, 270, 0],
            slurry_flow_line_c=[0, 400, 410, 420, 430, 0, 0, 400, 400, 0],
        )
    )
    assert (follower["followed"], follower["follower_polish_s"]) == (1.0, 4.0)
    assert follower["polish_s"] == 8.0


def test_a_hole_in_the_record_counts_for_three_seconds_and_an_unpolished_wafer_tells_nothing() -> None:
    whole = trace()
    holed = StepTrace(whole.time_s + np.where(np.arange(10) > 3, 60.0, 0.0), whole.station, whole.channels)
    assert trace_features(holed)["polish_s"] == 2 + 2 + 3 + 2
    dry = trace_features(trace(main_outer_air_bag_pressure=[0.0] * 10))
    assert math.isnan(dry["polish_ring_pressure"])
    assert dry["polish_s"] == 0.0
    with pytest.raises(ValueError, match="usage_of_dresser"):
        trace_features(
            StepTrace(whole.time_s, whole.station, {k: v for k, v in whole.channels.items() if "usage" not in k})
        )


def test_every_feature_is_declared_once_with_its_meaning() -> None:
    names = [f.name for f in declared_features()]
    assert len(set(names) | set(HISTORY_FEATURES)) == len(names) + len(HISTORY_FEATURES)
    assert all(f.meaning for f in declared_features())
    assert list(trace_features(trace())) == names


def step(name: str, start_s: float, *, line: str = "1", regime: str = "A", **features: float) -> PolishStep:
    return PolishStep(name, line, regime, start_s, start_s + 100.0, features)


def test_history_is_of_finished_steps_of_the_line() -> None:
    steps = with_history(
        [
            step("a", 0.0, pad_usage=10.0),
            step("b", 50.0, pad_usage=20.0),
            step("other", 60.0, line="2", pad_usage=1.0),
            step("c", 200.0, pad_usage=2.0),
            step("d", 200.0 + HOUR_S, pad_usage=8.0),
            step("e", 350.0 + HOUR_S, pad_usage=9.0),
        ]
    )
    by = {s.name: s.features for s in steps}
    # b begins while a runs: nothing has ended yet.
    assert math.isnan(by["a"]["pad_age_h"])
    assert by["b"]["pace_count"] == by["other"]["pace_count"] == 0.0
    assert by["c"]["idle_s"] == pytest.approx(math.log1p(50.0))
    assert (by["c"]["pace_count"], by["c"]["run_count"]) == (2.0, pytest.approx(math.log1p(2)))
    assert math.isnan(by["c"]["pad_age_h"])
    # c's counter fell, and is known when c has ended.
    assert by["d"]["pad_age_h"] == pytest.approx(1.0)
    assert by["d"]["pad_age_count"] == 1.0
    assert by["d"]["run_count"] == 0.0
    assert by["e"]["pad_age_count"] == 2.0


def test_baselines_by_hand() -> None:
    steps = [step(name, 1000.0 * i) for i, name in enumerate("abcd")]
    labels = {"a": 10.0, "b": 20.0, "c": 40.0}
    half, _ = replay(ConstantGain(0.5), steps, labels, 0.0)
    assert [half[n].value for n in "bcd"] == [10.0, 15.0, 27.5]
    assert math.isnan(half["a"].value)
    # A delay of 950 s: when d begins, the label of b is known and that of c is not.
    late, _ = replay(ConstantGain(1.0), steps, labels, 950.0)
    assert late["d"].value == 20.0
    mean, _ = replay(RegimeMean(), steps, labels, 0.0)
    assert mean["d"].value == pytest.approx(70.0 / 3)


def test_a_blend_takes_the_share_that_past_labels_ask_for() -> None:
    rng = np.random.default_rng(0)
    known: dict[str, Blend] = {}
    assert blended(known, "r", 1.0, 3.0) == 1.0
    assert blended(known, "r", math.nan, 3.0) == 3.0
    for _ in range(600):
        truth, first, second = (float(v) for v in rng.normal(size=3))
        # Two estimates, errors of variance 1 and 1/3: least squares gives the second 3/4, the ridge holds some back.
        known = dict(learned(known, "r", truth + first, truth + second / math.sqrt(3.0), truth))
    assert 0.5 < blended(known, "r", 0.0, 1.0) < 0.8
    assert blended(known, "another", 0.0, 1.0) == 0.0


def test_intervals_keep_their_coverage_while_the_errors_change() -> None:
    rng = np.random.default_rng(1)
    method, bands = Conformal(0.9), Bands()
    inside: list[bool] = []
    for i in range(3000):
        # The method's sigma says 1; the errors are heavy-tailed, and double and halve as time goes.
        value, scale = float(rng.normal(70.0, 5.0)), 2.0 ** math.sin(i / 300.0)
        label = value + scale * float(rng.standard_t(4))
        half = method.half_width(bands, "r", value, 1.0)
        inside.append(abs(label - value) <= half)
        bands = method.learned(bands, "r", value, 1.0, label)
    # Adaptive coverage errs by no more than (1 + 1/gain) / n in the long run: 1.7 % here.
    assert np.mean(inside) == pytest.approx(0.9, abs=0.02)
    for part in np.array_split(np.array(inside), 6):
        assert part.mean() > 0.85
    assert math.isnan(method.half_width(bands, "r", 70.0, math.nan))


def test_reliance_is_the_overlap_of_two_normal_curves() -> None:
    assert reliance_index(70.0, 70.0, 5.0) == 1.0
    # z apart by 2: 2 (1 - Phi(1)) = 0.3173.
    assert reliance_index(60.0, 70.0, 5.0) == pytest.approx(0.31731, abs=1e-5)
    # The threshold 0.7 is where z is apart by 2 x 0.3853.
    assert reliance_index(0.0, 2 * 0.38532, 1.0) == pytest.approx(RELIANCE_THRESHOLD, abs=1e-4)
    assert math.isnan(reliance_index(math.nan, 1.0, 1.0))


def test_similarity_is_one_on_average_over_what_was_learned_and_large_for_a_stranger() -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(500, 4)) @ rng.normal(size=(4, 4)) + 50.0
    alike = similarity_to(rows)
    assert alike is not None
    own = np.array([alike.index(row) for row in rows])
    # Without the ridge the mean is exactly 1; 5 % of the unit matrix lowers it.
    assert 0.5 < own.mean() <= 1.0
    assert np.mean(own > SIMILARITY_THRESHOLD) < 0.01
    assert alike.index(rows.mean(axis=0) + 30.0 * rows.std(axis=0)) > SIMILARITY_THRESHOLD
    assert alike.index(np.full(4, math.nan)) == 0.0
    assert similarity_to(rows[:5]) is None


def test_scores_by_hand() -> None:
    time_s = np.array([0.0, 10.0, 90000.0, 90010.0])
    # Two days of two: day sums of deviations are +2 and -2, sqrt(8) / 4.
    made = mean_of(np.array([2.0, 2.0, 0.0, 0.0]), time_s)
    assert (made.mean, made.standard_error, made.count) == (1.0, pytest.approx(math.sqrt(8.0) / 4), 4)
    y, nan = np.array([1.0, 2.0, 3.0, 4.0]), math.nan
    assert mean_square(np.array([2.0, nan, 3.0, 6.0]), y, time_s).mean == pytest.approx(5.0 / 3)
    assert paired_difference(y + 2.0, y - 1.0, y, time_s).mean == 3.0
    assert coverage(y - 1.0, y + np.array([1.0, -0.5, 1.0, 1.0]), y, time_s).mean == 0.75
    assert quarters(np.arange(8.0)).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def drifting(count: int, seed: int) -> tuple[list[PolishStep], dict[str, float]]:
    """Steps of a tool with names of its own: a wear, a load, a current; the label follows all three and a drift."""
    rng = np.random.default_rng(seed)
    steps: list[PolishStep] = []
    labels: dict[str, float] = {}
    drift = 0.0
    for i in range(count):
        wear, load = float(i % 60), float(rng.normal(100.0, 3.0))
        drift = 0.98 * drift + float(rng.normal(0.0, 0.6))
        rate = 300.0 - 0.4 * wear + 0.8 * (load - 100.0) + drift
        features = {"pad_wafers": wear, "load_kPa": load, "current_A": rate / 60.0 + float(rng.normal(0.0, 0.1))}
        steps.append(PolishStep(f"w{i}", "platen 1", "oxide", 1200.0 * i, 1200.0 * i + 90.0, features))
        labels[f"w{i}"] = rate + float(rng.normal(0.0, 0.5))
    return steps, labels


def test_a_tool_gets_values_with_intervals_and_reliance_from_features_of_its_own() -> None:
    steps, labels = drifting(320, 3)
    method = virtual_metrology_for({"platen 1": ("oxide",)}, ("pad_wafers",), ("load_kPa", "current_A"))
    sampled = {name: value for i, (name, value) in enumerate(labels.items()) if i % 3 == 0}
    answers, state = replay(method, steps, sampled, 2 * HOUR_S)
    late = [s.name for s in steps[220:] if s.name not in sampled]
    error = np.array([answers[n].value - labels[n] for n in late])
    last, _ = replay(ConstantGain(1.0), steps, sampled, 2 * HOUR_S)
    theirs = np.array([last[n].value - labels[n] for n in late])
    assert np.mean(error**2) < 0.25 * np.mean(theirs**2)
    inside = [answers[n].low <= labels[n] <= answers[n].high for n in late]
    # 66 values: 90 % within three standard errors of 3.7 %.
    assert np.mean(inside) > 0.78
    assert np.mean([answers[n].reliable for n in late]) > 0.7
    # A load as never before: the value is given, and not to be relied on.
    strange = PolishStep(
        "s", "platen 1", "oxide", 5e5, 5e5 + 90.0, {"pad_wafers": 5.0, "load_kPa": 250.0, "current_A": 5.0}
    )
    _, said = method.step(state, StepEnded(strange))
    assert said is not None
    assert said.similarity_index > SIMILARITY_THRESHOLD
    assert not said.reliable
    with pytest.raises(ValueError, match="platen 2"):
        method.step(state, StepEnded(PolishStep("s", "platen 2", "oxide", 0.0, 1.0, {})))
    with pytest.raises(ValueError, match="nitride"):
        method.step(state, LabelCame(PolishStep("s", "platen 1", "nitride", 0.0, 1.0, {}), 1.0, 2.0))


def test_a_fit_does_not_depend_on_how_late_labels_come_so_replays_share_it() -> None:
    steps, labels = drifting(220, 4)
    fits = MemoryOfFits()
    model = LineModel("platen 1", ("oxide",), ("pad_wafers",), ("load_kPa", "current_A"), fit=fits)
    replay(model, steps, labels, 0.0)
    made = fits.made_count
    assert made >= 2
    replay(model, steps, labels, 4 * HOUR_S)
    assert fits.made_count == made
    assert fits.asked_count >= 2 * made - 1


def test_an_artefact_says_what_it_is_of_and_comes_back_from_its_document() -> None:
    steps, labels = drifting(150, 5)
    model = LineModel("platen 1", ("oxide",), ("pad_wafers",), ("load_kPa", "current_A"))
    facts = {"data_sha256": "00", "fitted_at": "2026-01-01T00:00:00+00:00", "libraries": {"numpy": "2"}}
    assert artefact_of(model, model.start(), **facts, scores={}) is None  # pyright: ignore[reportArgumentType]
    _, state = replay(model, steps, labels, 0.0)
    made = artefact_of(model, state, **facts, scores={"mse": 1.5})  # pyright: ignore[reportArgumentType]
    assert made is not None
    back = artefact_from(json.loads(json.dumps(artefact_document(made))))
    assert back == made
    assert state.vector is not None
    np.testing.assert_array_equal(back.vector(model), state.vector)
    assert (back.features, back.labels_count) == (("load_kPa", "current_A"), 150)
    with pytest.raises(ValueError, match="other regimes"):
        back.vector(LineModel("platen 1", ("oxide",), ("pad_wafers",), ("load_kPa",)))
    with pytest.raises(ValueError, match="schema"):
        artefact_from({"schema": "another"})
