"""Virtual metrology of the tool: closed forms, planted effects, warm-up, strangers, intervals, plain state."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from pydantic import TypeAdapter

from planaris.control.step_features import catalogue
from planaris.control.virtual_removal import (
    REMOVAL_FEATURES,
    WARM_UP_COUNT,
    RemovalEstimate,
    VirtualRemoval,
    VirtualRemovalState,
    WaferLabel,
    WaferPolished,
    removal_features,
    wafer_row,
)
from planaris.control.virtual_removal.residual_model import LabelledWafer, fitted
from planaris.control.virtual_removal.skill import Skill

FLOW, TORQUE = "slurry_flow_error_pct", "platen_torque_Nm"
# A label is off what is expected by so much for no reason that features show: the twin's wafers scatter by 0.6 %.
NOISE = 0.006
# What a percent more of slurry flow removes more, about as on the twin: a fifth less of it costs 4.5 %.
SLOPE = 0.0022


class Stream:
    """Wafers of one regime whose flow may move; labels let expect what the flows of the labelled wafers before make."""

    def __init__(self, seed: int, slope: float = SLOPE, method: VirtualRemoval | None = None) -> None:
        self.chance, self.slope = np.random.default_rng(seed), slope
        self.method, self.state, self.number = method or VirtualRemoval(), VirtualRemovalState(), 0
        self.before_pct: float | None = None

    def polish(self, flow_pct: float = 0.0) -> tuple[RemovalEstimate, float]:
        """Polish a wafer; return its estimate and the label that will come."""
        self.number += 1
        values = {FLOW: flow_pct, TORQUE: 34.0 + 0.03 * float(self.chance.standard_normal())}
        seen = WaferPolished(str(self.number), "r", "h", values, self.expected, NOISE)
        self.state, said = self.method.step(self.state, seen)
        assert said is not None
        return said, self.slope * flow_pct + NOISE * float(self.chance.standard_normal())

    @property
    def expected(self) -> float:
        return self.slope * (self.before_pct or 0.0)

    def measure(self, said: RemovalEstimate, label: float, flow_pct: float = 0.0, *, outlier: bool = False) -> None:
        seen = WaferLabel(said.wafer_id, label, label - self.expected, NOISE, outlier)
        self.state, none = self.method.step(self.state, seen)
        assert none is None
        self.before_pct = flow_pct if self.before_pct is None else 0.5 * (self.before_pct + flow_pct)

    def run(self, flows_pct: list[float]) -> tuple[np.ndarray, np.ndarray, list[RemovalEstimate]]:
        """Polish and measure; return what labels are off the expected and the estimated removal, and the estimates."""
        off, errors, said = list[float](), list[float](), list[RemovalEstimate]()
        for flow in flows_pct:
            one, label = self.polish(flow)
            off.append(label - self.expected)
            errors.append(label - one.ratio)
            said.append(one)
            self.measure(one, label, flow)
        return np.array(off), np.array(errors), said


def test_every_feature_is_declared_in_the_catalogue() -> None:
    assert set(removal_features(3)) <= set(catalogue(3))
    assert "zone2_pressure_error_pct" in removal_features(2)
    assert "zone3_pressure_error_pct" not in removal_features(2)
    assert len(removal_features(3)) == len(REMOVAL_FEATURES) + 2


def test_a_wafers_features_are_weighed_by_what_its_steps_remove() -> None:
    steps = {0: {"a": 1.0, "b": 5.0}, 2: {"a": 4.0}, 3: {"c": 7.0}}
    share = {0: 0.25, 2: 0.5, 3: 0.25}
    row = wafer_row(("a", "b", "c", "d"), steps, share)
    assert row == {"a": pytest.approx((0.25 * 1 + 0.5 * 4) / 0.75), "b": 5.0, "c": 7.0}


def test_it_warms_up_with_what_labels_let_expect_and_the_normal_law() -> None:
    stream = Stream(1)
    said, _ = stream.polish()
    assert (said.ratio, said.labels_count, said.model) == (0.0, 0, "")
    # 1.645 sigma on either side hold 90 % of a normal law.
    assert (said.low_ratio, said.high_ratio) == pytest.approx((-1.644854 * NOISE, 1.644854 * NOISE), rel=1e-6)
    # The first label of a head only says where its features stand.
    for count in range(WARM_UP_COUNT + 1):
        said, label = stream.polish()
        assert said.why == f"warms up: {max(count - 1, 0)} of {WARM_UP_COUNT} labels"
        stream.measure(said, label)
    assert not stream.polish()[0].why.startswith("warms up")


def test_ridge_and_least_squares_agree_where_there_is_plenty_to_learn() -> None:
    chance = np.random.default_rng(5)
    away = chance.normal(0.0, (3.0, 4.0), (200, 2))
    error = away @ [0.0022, -0.0007] + 0.0005 * chance.standard_normal(200)
    wafers = tuple(LabelledWafer(tuple(map(float, a)), float(e), NOISE) for a, e in zip(away, error, strict=True))
    model = fitted((FLOW, "head_speed_error_pct"), (0.0, 0.0), wafers)
    assert model is not None
    least = np.linalg.lstsq(away, error, rcond=None)[0]
    assert model.weights / model.spread == pytest.approx(least, rel=1e-2)
    assert model.foreseen((-10.0, 5.0))[0] == pytest.approx(float(least @ [-10.0, 5.0]), rel=1e-2)


def test_a_feature_that_only_its_noise_moved_foretells_nothing() -> None:
    """A slope learned from noise alone would be taken to a thousand times its range by a real move."""
    chance = np.random.default_rng(7)
    wafers = tuple(
        LabelledWafer((0.015 * float(chance.standard_normal()),), NOISE * float(chance.standard_normal()), NOISE)
        for _ in range(60)
    )
    model = fitted((FLOW,), (0.0,), wafers)
    assert model is not None
    # Least squares on these wafers knows the slope to NOISE / 0.015 / sqrt(60) a percent: 1 for a move of 20 %.
    foreseen, _, similarity = model.foreseen((-20.0,))
    assert abs(foreseen) < 2.0 * NOISE
    assert similarity > 9.0


def test_skill_is_least_squares_on_what_came_after() -> None:
    chance = np.random.default_rng(3)
    foreseen = chance.standard_normal(40)
    found = 0.8 * foreseen + 0.6 * chance.standard_normal(40)
    skill = Skill()
    for f, e in zip(foreseen, found, strict=True):
        skill = skill.learned(float(f), float(e))
    fade = 0.99 ** np.arange(40)[::-1]
    count = float(fade.sum())
    share = (fade @ (foreseen * found)) / (fade @ foreseen**2) / (1.0 + 10.0 / count)
    left = fade @ (found - share * foreseen) ** 2
    assert skill.share_fraction == pytest.approx(share, rel=1e-9)
    assert skill.explained_fraction == pytest.approx(1.0 - left / (fade @ found**2), rel=1e-9)
    assert skill.is_proven


def test_chance_is_no_proof() -> None:
    """At 3 standard errors one in 700 of unrelated series passes on one side."""
    chance, proven = np.random.default_rng(11), 0
    for _ in range(400):
        skill = Skill()
        for f, e in chance.standard_normal((50, 2)):
            skill = skill.learned(float(f), float(e))
        proven += skill.is_proven
    assert proven <= 4  # P(more) < 0.3 % for a mean of 0.55


def test_a_planted_effect_is_foreseen_and_intervals_hold_what_they_say() -> None:
    flows = [float(v) for v in np.random.default_rng(21).uniform(-20.0, 0.0, 400)]
    off, errors, said = Stream(2).run(flows)
    late = slice(100, None)
    # The best there is leaves the noise of a label; without features the flow's spread stays.
    assert off[late].std() > 2.0 * NOISE
    assert errors[late].std() < 1.2 * NOISE
    assert said[-1].explained_fraction > 0.5
    held = [abs(e) <= s.high_ratio - s.ratio for s, e in zip(said[100:], errors[late], strict=True)]
    # 300 intervals of 90 %: 1 standard error is 1.7 %.
    assert np.mean(held) == pytest.approx(0.9, abs=0.05)
    known = Stream(2)
    _, first_errors, first = known.run(flows[:50])
    (regime,) = known.state.regimes.values()
    inside = [abs(e) <= s.high_ratio - s.ratio for s, e in zip(first, first_errors, strict=True)]
    assert (regime.intervals_count, regime.covered_count) == (50, sum(inside))


def test_where_features_say_nothing_the_estimate_is_what_labels_let_expect() -> None:
    flows = [float(v) for v in np.random.default_rng(22).uniform(-20.0, 0.0, 150)]
    off, errors, said = Stream(3, slope=0.0).run(flows)
    assert errors == pytest.approx(off)
    assert {s.why for s in said[WARM_UP_COUNT + 1 :]} == {"labels do not bear the features out"}


def learned_stream() -> Stream:
    """Return a stream whose model is proven: flow moves removal."""
    stream = Stream(4)
    stream.run([float(v) for v in np.random.default_rng(23).uniform(-20.0, 0.0, 60)])
    return stream


def test_an_estimate_that_is_relied_on_may_stand_in() -> None:
    stream = learned_stream()
    said, _ = stream.polish(-12.0)
    assert said.why == ""
    assert said.reliance_index >= 0.7
    assert said.ratio == pytest.approx(-12.0 * SLOPE, abs=NOISE)
    assert len(said.model) == 64


def test_a_wafer_unlike_any_other_is_expected_as_labels_say_and_stands_in_for_nothing() -> None:
    stream = learned_stream()
    said, _ = stream.polish(-200.0)
    assert said.why.startswith("similarity index")
    assert (said.foreseen_ratio, said.ratio) == (0.0, stream.expected)


def test_the_limits_of_reliance_and_shift_are_the_recipes() -> None:
    stream = learned_stream()
    strict = replace(stream.method, reliance_limit_ratio=0.999999)
    near = replace(stream.method, shift_limit_ratio=0.002)
    values = {FLOW: -20.0, TORQUE: 34.0}
    seen = WaferPolished("x", "r", "h", values, 0.0, NOISE)
    assert "reliance index" in str(getattr(strict.step(stream.state, seen)[1], "why", None))
    assert "off what was expected, limit 0.2 %" in str(getattr(near.step(stream.state, seen)[1], "why", None))


def test_a_missing_feature_is_named() -> None:
    stream = learned_stream()
    seen = WaferPolished("x", "r", "h", {TORQUE: 34.0}, 0.01, NOISE)
    state, said = stream.method.step(stream.state, seen)
    assert said is not None
    assert said.why == f"features are missing: {FLOW}"
    assert (said.ratio, said.model) == (0.01, "")
    assert "x" not in state.awaited, "its label can teach nothing"


def test_an_outlier_counts_for_the_interval_and_teaches_nothing() -> None:
    stream = learned_stream()
    before = stream.state.regimes["r"]
    said, _ = stream.polish(-5.0)
    stream.measure(said, 0.5, outlier=True)
    after = stream.state.regimes["r"]
    assert (after.wafers, after.skill, after.before) == (before.wafers, before.skill, before.before)
    assert after.intervals_count == before.intervals_count + 1
    assert after.covered_count == before.covered_count


def test_a_regime_knows_nothing_of_another() -> None:
    stream = learned_stream()
    seen = WaferPolished("x", "other", "h", {FLOW: -12.0, TORQUE: 34.0}, 0.0, NOISE)
    _, said = stream.method.step(stream.state, seen)
    assert said is not None
    assert (said.labels_count, said.foreseen_ratio) == (0, 0.0)


def test_state_is_plain_data_and_goes_on_where_it_was() -> None:
    stream = learned_stream()
    adapter = TypeAdapter(VirtualRemovalState)
    again = adapter.validate_json(adapter.dump_json(stream.state))
    assert again == stream.state
    seen = WaferPolished("x", "r", "h", {FLOW: -7.0, TORQUE: 34.0}, 0.0, NOISE)
    assert stream.method.step(again, seen) == stream.method.step(stream.state, seen)


def test_labels_of_wafers_that_nobody_estimated_change_nothing() -> None:
    stream = learned_stream()
    state, _ = stream.method.step(stream.state, WaferLabel("nobody", 0.1, 0.1, NOISE))
    assert state is stream.state
    assert stream.method.forgot(state, "nobody") == state


def test_wafers_without_labels_do_not_heap_up() -> None:
    stream = Stream(6)
    for _ in range(230):
        stream.polish()
    assert len(stream.state.awaited) == 200
    assert math.isfinite(stream.polish()[0].ratio)
