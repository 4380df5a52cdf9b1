"""Oxide to target by spectrum, on wafers of the bench's plant: a short form of `make bench ARGS=endpoint`."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from endpoint_cases import EARLIEST_S, LATEST_S, oxide_detector, polish
from endpoint_faults import FAULTS, with_fault
from endpoint_plant import MATCHED, MISMATCHED, TARGET_NM, draw_wafer, spectra_blocks
from planaris.control import Decision, DecisionKind

DETECTOR = oxide_detector()
# The bounds are the bench's goals over 1,000 wafers: 1σ of 5 nm, 20 nm at most. These wafers are the first of them.
WAFERS = 8


def until_end(blocks: Any, start_s: float = 0.0) -> Decision:
    state, decision = DETECTOR.start(start_s), None
    for block in blocks:
        state, decision = DETECTOR.step(state, block)
        if decision.is_final:
            return decision
    raise AssertionError("the step never ended")


def test_mismatched_wafers_end_within_the_goal() -> None:
    outcomes = [polish(draw_wafer(seed, MISMATCHED), DETECTOR) for seed in range(WAFERS)]
    errors_nm = np.array([o.error_nm for o in outcomes])
    assert all(o.decision.kind is DecisionKind.CALL for o in outcomes)
    assert np.abs(errors_nm).max() <= 20.0
    assert errors_nm.std() <= 5.0
    assert np.abs([o.call_error_nm for o in outcomes]).max() <= 20.0


def test_matched_wafers_end_within_the_goal() -> None:
    errors_nm = np.array([polish(draw_wafer(s, MATCHED), oxide_detector(matched=True)).error_nm for s in range(4)])
    assert np.abs(errors_nm).max() <= 3.0  # four standard deviations are the goal's 12 nm; these stay within one


def test_zones_are_seen_apart() -> None:
    wafer = draw_wafer(3, MATCHED)
    decision = until_end(spectra_blocks(wafer))
    gone_nm = np.interp(decision.time_s, wafer.time_s, wafer.removal_nm)
    film = wafer.film_nm - wafer.profile * gone_nm
    for (inner, outer), seen_nm in zip([(0, 85), (85, 95), (95, 97)], decision.zones_nm, strict=True):
        ring = (wafer.r_mm >= inner) & (wafer.r_mm < outer)
        # The outermost zone is a ring of 2 mm between nodes at 88 and 97 mm.
        assert seen_nm == pytest.approx(np.average(film[ring], weights=wafer.r_mm[ring]), abs=8.0)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_sick_sensor_never_stops_short_and_the_step_ends_at_the_latest_time(fault: str) -> None:
    for seed in range(2):
        wafer = draw_wafer(seed, MISMATCHED)
        decision = until_end(with_fault(spectra_blocks(wafer), fault, 45.0 + 10.0 * seed, seed))
        assert decision.stop_s is not None
        left_nm = wafer.mean_at(decision.stop_s)
        assert left_nm < TARGET_NM + 20.0
        if decision.kind is DecisionKind.CALL:
            assert abs(left_nm - TARGET_NM) < 20.0  # it saw through the fault
        else:
            assert (decision.kind, decision.stop_s) == (DecisionKind.HOLD, LATEST_S)
            assert "spectrum" in decision.why


def test_a_recording_gives_the_same_decisions_again_and_blocks_may_be_cut_anywhere() -> None:
    wafer = draw_wafer(5, MISMATCHED)
    once = until_end(spectra_blocks(wafer))
    assert until_end(spectra_blocks(wafer)) == once

    def cut() -> Any:
        for block in spectra_blocks(wafer):
            for part in (slice(0, 4), slice(4, None)):
                yield type(block)(
                    block.rate_class,
                    block.tags,
                    block.time_s[part],
                    block.values[part],
                    block.quality[part],
                    block.sequence,
                    widths=block.widths,
                )

    assert until_end(cut()).stop_s == pytest.approx(once.stop_s)


def test_the_step_is_not_ended_before_its_earliest_time() -> None:
    decision = until_end(spectra_blocks(draw_wafer(1, MISMATCHED)))
    assert decision.stop_s is not None
    assert EARLIEST_S <= decision.stop_s <= LATEST_S


def test_a_spectrum_costs_less_than_a_fifth_of_a_core_at_a_hundred_a_second() -> None:
    blocks = list(spectra_blocks(draw_wafer(2, MISMATCHED), 40.0))
    state = DETECTOR.start(0.0)
    begin = time.process_time()
    for block in blocks:
        state, _ = DETECTOR.step(state, block)
    spent_ms = 1e3 * (time.process_time() - begin)
    assert spent_ms / sum(block.time_s.size for block in blocks) < 2.0
