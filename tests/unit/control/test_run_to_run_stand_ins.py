"""Estimates that stand in for labels: they move the next wafer, never what labels taught, and labels replace them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_to_run_bench import Tool, context, log_of

from planaris.control import DoubleEwma, Ewma, Label, RunToRunState, StateSpace, Surrogate, Taken, Threads
from planaris.control.run_to_run import Observation

_RATIO = st.floats(0.9, 1.1)
_SHIFT = st.floats(-0.05, 0.05)
ESTIMATORS = [StateSpace(), Threads(Ewma(0.4), 0.2), Threads(DoubleEwma(0.4, 0.1), 0.2)]


def played(tool: Tool, observations: list[Observation]) -> RunToRunState:
    """Return the state after observations, from a tool's own."""
    state = tool.state
    for seen in observations:
        state, _ = tool.control.step(state, seen)
    return state


def learned_tool(estimator: StateSpace | Threads | None = None) -> Tool:
    """Return a tool whose control knows that it removes what is nominal; some wafers have no label yet."""
    tool = Tool(estimator)
    for _ in range(8):
        tool.polish(1.0)
    return tool


def stand_in(tool: Tool, shift: float, sigma: float = 0.006, name: str = "") -> None:
    tool.state, said = tool.control.step(tool.state, Surrogate(name or f"W{tool.count}", shift, sigma))
    assert said == ()


@given(shift=_SHIFT, ratio=_RATIO, sigma=st.floats(0.001, 0.05), repeated=st.booleans())
def test_an_estimate_and_then_the_label_is_the_label_alone(
    shift: float, ratio: float, sigma: float, repeated: bool
) -> None:
    tool = learned_tool()
    taken = Taken("X", context(), (40.0, 40.0, 40.0))
    said, label = Surrogate("X", shift, sigma), Label("X", (600.0 * ratio,))
    with_estimate = played(tool, [taken, *([said] * (1 + repeated)), label])
    assert with_estimate == played(tool, [taken, label])
    # Nor does an estimate that comes after the label count.
    assert played(tool, [taken, label, said]) == with_estimate


@given(ratios=st.lists(_RATIO, min_size=1, max_size=6), shifts=st.lists(_SHIFT, min_size=6, max_size=6))
def test_what_labels_taught_does_not_depend_on_estimates(ratios: list[float], shifts: list[float]) -> None:
    """Labels come late and in order; whatever was estimated meanwhile, the channels are those of the labels alone."""
    tool = learned_tool()
    wafers = [Taken(f"X{k}", context(1 + k % 4), (40.0, 40.0, 40.0)) for k in range(6)]
    said = [Surrogate(w.wafer_id, shift, 0.006) for w, shift in zip(wafers, shifts, strict=True)]
    labels = [Label(w.wafer_id, (600.0 * r,)) for w, r in zip(wafers, ratios, strict=False)]
    informed = played(tool, [*wafers, *said, *labels])
    alone = played(tool, [*wafers, *labels])
    assert informed.channels == alone.channels
    assert (informed.newest, informed.labels_seen) == (alone.newest, alone.labels_seen)
    # Wafers before the newest labelled one are measured or passed over; only later ones still stand in.
    assert {one.number for one in informed.stand_ins} <= set(range(informed.newest + 1, informed.number + 1))


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: str(e)[:24])
def test_the_next_wafer_is_expected_by_their_mean_over_variances(estimator: StateSpace | Threads) -> None:
    tool = learned_tool(estimator)
    before = tool.order().estimate.log_ratio
    for shift, sigma in ((-0.03, 0.006), (-0.01, 0.012)):
        tool.polish(1.0, label=False)
        stand_in(tool, shift, sigma)
    mean = (-0.03 / 0.006**2 - 0.01 / 0.012**2) / (0.006**-2 + 0.012**-2)
    order = tool.order()
    assert order.estimate.log_ratio == pytest.approx(before + mean, abs=1e-9 if estimator != ESTIMATORS[0] else 1e-4)
    assert sum(order.values) > 120.0 * (1.0 - mean) - 0.5


def test_four_of_the_newest_are_meant_and_old_ones_say_nothing() -> None:
    tool = learned_tool()
    before = tool.order().estimate.log_ratio
    for shift in (0.05, -0.02, -0.02, -0.02, -0.02):
        tool.polish(1.0, label=False)
        stand_in(tool, shift)
    assert tool.order().estimate.log_ratio == pytest.approx(before - 0.02, abs=1e-3)
    for _ in range(12):
        tool.polish(1.0, label=False)
    assert tool.order().estimate.log_ratio == pytest.approx(before, abs=1e-3)


def test_an_estimate_counts_for_no_label() -> None:
    tool = Tool()
    for _ in range(6):
        tool.polish(1.0, label=False)
        stand_in(tool, -0.02)
    order = tool.order()
    assert (order.estimate.labels_count, order.values) == (0, (40.0, 40.0, 40.0))
    assert "too few labels" in order.why


def test_estimates_that_move_too_far_hold_control() -> None:
    tool = learned_tool()
    tool.polish(1.0, label=False)
    stand_in(tool, log_of(-35.0))
    assert "estimate: -35.0 % of nominal, limit 30 %" in tool.order().why


def test_an_estimate_of_a_wafer_that_nobody_polished_is_none() -> None:
    tool = learned_tool()
    state = tool.state
    stand_in(tool, -0.03, name="nobody")
    assert tool.state is state


def test_what_labels_let_expect_of_a_polished_wafer_is_told_until_it_is_measured() -> None:
    tool = learned_tool()
    tool.polish(1.0, label=False)
    stand_in(tool, -0.03)
    expected = tool.control.expected(tool.state, f"W{tool.count}")
    assert expected is not None
    assert expected.nominal_nm == pytest.approx(600.0, abs=1.0)
    assert expected.log_ratio == pytest.approx(0.0, abs=1e-3), "measured labels alone"
    # Wafer to wafer and instrument, and what is left unknown of the parts.
    assert 0.008 < expected.sigma_ratio < 0.02
    assert math.isfinite(expected.sigma_ratio)
    assert tool.control.expected(tool.state, "W1") is None
