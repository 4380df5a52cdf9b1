"""Run-to-run control of a recipe: it reaches its target, shares what it learns, and is held wherever it must be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from run_to_run_bench import SAFETY, Tool, actuators, context

from planaris.control import DoubleEwma, Ewma, Kind, StateSpace, Threads


@pytest.mark.parametrize(
    "estimator", [StateSpace(), Threads(Ewma(0.4), 0.2), Threads(DoubleEwma(0.4, 0.1), 0.2)], ids=lambda e: str(e)[:24]
)
def test_a_rate_that_is_off_is_made_up_for(estimator: StateSpace | Threads) -> None:
    tool = Tool(estimator)
    removed = [tool.polish(0.93) for _ in range(20)]
    assert removed[0] == pytest.approx(558.0)
    assert removed[-1] == pytest.approx(600.0, abs=0.6)


def test_nothing_moves_before_there_are_labels() -> None:
    tool = Tool()
    for _ in range(3):
        order = tool.order()
        assert order.kind is Kind.HOLD
        assert order.values == (40.0, 40.0, 40.0)
        assert "too few labels" in order.why
        tool.polish(0.95)
    assert tool.order().kind is Kind.ADJUST


def test_what_came_in_thicker_is_polished_longer() -> None:
    tool = Tool()
    for _ in range(5):
        tool.polish(1.0)
    thick, thin = tool.order(612.0), tool.order(588.0)
    assert sum(thick.values) - sum(thin.values) == pytest.approx(120.0 * 24.0 / 600.0, rel=0.02)


def test_a_move_is_limited_from_wafer_to_wafer_of_a_head() -> None:
    tool = Tool(parts=actuators(max_step_s=0.5))
    for _ in range(3):
        tool.polish(0.9)
    times = [tool.order().values[0]]
    for _ in range(4):
        tool.polish(0.9)
        times.append(tool.order().values[0])
    np.testing.assert_allclose(np.diff([40.0, *times]), 0.5, atol=1e-9)


def test_a_small_move_is_not_made() -> None:
    tool = Tool(parts=actuators(dead_band_s=0.5))
    for _ in range(5):
        tool.polish(0.995)
    assert tool.order().kind is Kind.KEEP
    assert tool.order().values == (40.0, 40.0, 40.0)
    assert tool.order(620.0).kind is Kind.ADJUST


def test_stale_labels_hold_control() -> None:
    tool = Tool()
    for _ in range(5):
        tool.polish(0.95)
    held = tool.order().values
    for _ in range(SAFETY.stale_count + 1):
        tool.polish(0.95, label=False)
    order = tool.order(620.0)
    assert order.kind is Kind.HOLD
    assert "stale labels" in order.why
    np.testing.assert_allclose(order.values, held, atol=0.2)
    tool.polish(0.95)
    assert tool.order().kind is not Kind.HOLD


def test_one_wild_label_is_left_out_and_a_run_of_them_holds() -> None:
    tool = Tool(Threads(Ewma(0.4)))
    for _ in range(6):
        tool.polish(1.0)
    before = tool.order().values
    tool.polish(0.8)
    assert not tool.learned[-1].taken
    assert "outlier" in tool.learned[-1].why
    assert tool.order().values == before
    tool.polish(1.0)
    assert tool.state.outliers_count == 0
    for _ in range(3):
        tool.polish(0.8)
    assert tool.order().kind is Kind.HOLD
    assert "residuals" in tool.order().why
    # The process has moved: the estimate follows while control is held, and takes up again where labels fit.
    for _ in range(6):
        tool.polish(0.8)
    assert tool.order().kind is Kind.ADJUST


def test_an_estimate_beyond_its_limit_holds() -> None:
    tool = Tool(safety=replace(SAFETY, residual_limit_ratio=1.0))
    for _ in range(5):
        tool.polish(0.6)
    order = tool.order()
    assert order.kind is Kind.HOLD
    assert "estimate" in order.why


def test_a_target_out_of_reach_holds() -> None:
    tool = Tool()
    for _ in range(5):
        tool.polish(0.99)
    # 50 s on each platen make 743 nm at the most; the rate limit alone would only take longer.
    for _ in range(5):
        tool.polish(0.99, 730.0)
    assert tool.order(730.0).kind is not Kind.HOLD
    order = tool.order(900.0)
    assert order.kind is Kind.HOLD
    assert "limits" in order.why


def test_heads_get_times_of_their_own_and_share_the_rest() -> None:
    tool = Tool()
    ratios = {1: 1.02, 2: 0.98, 3: 1.0, 4: 0.99}
    for n in range(48):
        head = 1 + n % 4
        tool.polish(0.95 * ratios[head], where=context(head))
    for head, ratio in ratios.items():
        removed = 0.95 * ratio * 5.0 * sum(tool.order(where=context(head)).values)
        assert removed == pytest.approx(600.0, abs=1.5)
    # A head that nobody has seen yet begins with what its fellows have taught.
    new = 0.95 * 5.0 * sum(tool.order(where=context(9)).values)
    assert new == pytest.approx(600.0, rel=0.02)


def test_a_product_that_is_new_begins_with_what_others_taught() -> None:
    tool = Tool(Threads(Ewma(0.4)))
    for _ in range(6):
        tool.polish(0.9)
    other = replace(context(), product="other")
    _, order = Threads(Ewma(0.4)).step, tool.control.estimator.expect(tool.state.channels[0], other, 7)
    assert order.log_ratio == pytest.approx(np.log(0.9), abs=1e-3)


def test_the_edge_is_brought_to_target_by_its_zone() -> None:
    tool = Tool(parts=actuators(zone=True))
    removed = [tool.polish(0.97, zone_ratio=0.96) for _ in range(25)]
    order = tool.order()
    zone = 0.97 * 0.96 * tool.control.actuators.outputs_nm(order.values)[1]
    assert zone == pytest.approx(600.0, abs=3.0)
    assert removed[-1] == pytest.approx(600.0, abs=3.0)
    assert order.values[3] > 31.0


def test_labels_may_be_few_and_late() -> None:
    tool = Tool(every=5, delay=50)
    removed = [tool.polish(0.95) for _ in range(150)]
    # Labels are those of wafers 1, 6, 11: the third is known when 50 more were polished.
    assert removed[60] == pytest.approx(570.0)
    assert len(tool.learned) == 20
    assert removed[-1] == pytest.approx(600.0, abs=0.5)


def test_a_step_says_what_it_does_by_its_arguments_alone() -> None:
    one, other = Tool(), Tool()
    for ratio in (0.95, 0.97, 1.02, 0.99, 0.96):
        one.polish(ratio)
        other.polish(ratio)
    assert one.state == other.state
    before = one.state
    one.order()
    assert one.state == before
