"""Tool B's floor without devices: the rule at its bound, every limit kept, and a checker that sees what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from line_cases import waits_s
from unit_cases import STAGES, second_lot, units_line, wafers_b

from planaris.scheduling import (
    Fault,
    Operation,
    PlanBoard,
    PlanProblem,
    Spread,
    Verdict,
    What,
    check_units,
    judge,
    plan_by_cp_sat,
    plan_by_play,
    play_units,
    units_bound,
)


@pytest.mark.parametrize("metrology", [False, True], ids=["unmeasured", "9 points"])
@pytest.mark.parametrize("stages", list(STAGES))
def test_100_wafers_are_at_97_percent_of_the_bound_and_within_every_limit(stages: str, metrology: bool) -> None:
    """Device times spread by 1 % (1 sigma, cut at 3): so much may a motion be shorter than the line says."""
    line, some = units_line(metrology=metrology), wafers_b(100, STAGES[stages], metrology=metrology)
    played = play_units(line, some, spread=Spread(1, 0.01))
    assert check_units(line, some, played.operations, short_fraction=0.03) == ()
    assert units_bound(line, some).cycle_s / played.steady_s(skip=10) >= 0.97


@pytest.mark.parametrize("metrology", [False, True], ids=["unmeasured", "9 points"])
@pytest.mark.parametrize("stages", ["one", "two", "three"])
def test_from_polish_to_clean_every_wafer_takes_the_same_within_10_s(stages: str, metrology: bool) -> None:
    line, some = units_line(metrology=metrology), wafers_b(100, STAGES[stages], metrology=metrology)
    low_s, high_s = np.percentile(waits_s(play_units(line, some, spread=Spread(1, 0.01))), [0, 95])
    assert high_s - low_s <= 10.0


def test_the_bound_is_what_the_units_and_the_dryer_need() -> None:
    # One stage of 110 s, swings 5 + 5, exchange 25: 145 s for two units; the dryer 10 + 50 + 3.
    bound = units_bound(units_line(metrology=False), wafers_b(25, STAGES["one"], metrology=False))
    assert bound.busy_s["units"] == pytest.approx(145.0 / 2)
    assert bound.busy_s["srd"] == pytest.approx(63.0)
    assert bound.bottleneck == "units"
    played = play_units(units_line(metrology=False), wafers_b(25, STAGES["one"], metrology=False))
    assert bound.makespan_s <= played.makespan_s <= 1.05 * bound.makespan_s


def test_a_bound_without_wafers_is_none() -> None:
    with pytest.raises(ValueError, match="needs a wafer"):
        units_bound(units_line(), ())


# -- plans --------------------------------------------------------------------------------------------------------

LINE = units_line(metrology=False)
LONG, SHORT = wafers_b(6, (170.0,), metrology=False), second_lot(6, (40.0,), metrology=False)


def test_a_plan_lets_short_wafers_use_what_long_ones_leave_of_the_dryer() -> None:
    board = PlanBoard(plan_by_play)
    played = play_units(LINE, (*LONG, *SHORT), board=board)
    assert check_units(LINE, (*LONG, *SHORT), played.operations) == ()
    assert board.seen > 0
    assert played.makespan_s < 0.95 * play_units(LINE, (*LONG, *SHORT)).makespan_s


def test_a_plan_of_units_is_judged_by_their_checker_and_bound() -> None:
    problem = PlanProblem(LINE, (*LONG, *SHORT), fixed_count=1, head_free_s=(0.0, 40.0))
    plan = plan_by_cp_sat(problem)
    assert plan is not None
    assert plan.order[0] == LONG[0].wafer_id
    judged = judge(problem, plan)
    assert judged.verdict in {Verdict.ACCEPTED, Verdict.NO_BETTER}
    assert 0.5 < judged.bound_ratio <= 1.0
    tight = tuple(replace(w, limits=replace(w.limits, polish_to_clean_s=1.0)) for w in (*LONG, *SHORT))
    assert judge(replace(problem, waiting=tight), plan).verdict is Verdict.REFUSED


# -- what the checker sees -------------------------------------------------------------------------------------------

SOME = wafers_b(4, STAGES["two"], metrology=False)
PLAYED = play_units(LINE, SOME).operations
Change = Callable[[Operation], Operation | None]


def changed(what: What, resource: str, change: Change) -> Sequence[Operation]:
    """Return the played run with the first such operation changed or taken out."""
    first = next(o for o in PLAYED if o.what is what and o.resource == resource)
    new = change(first)
    return [o for o in PLAYED if o is not first] + ([new] if new is not None else [])


def earlier(seconds: float) -> Change:
    return lambda o: replace(o, start_s=o.start_s - seconds, end_s=o.end_s - seconds)


def shorter(seconds: float) -> Change:
    return lambda o: replace(o, end_s=o.end_s - seconds)


def to(resource: str) -> Change:
    return lambda o: replace(o, resource=resource)


def onto(arm: str) -> Change:
    return lambda o: replace(o, destination=arm)


def off(arm: str) -> Change:
    return lambda o: replace(o, source=arm)


def nothing(_operation: Operation) -> None:
    return None


@pytest.mark.parametrize(
    ("what", "resource", "change", "fault"),
    [
        (What.VISIT, "platen1", shorter(5.0), Fault.TOO_SHORT),
        (What.WORK, "srd", shorter(5.0), Fault.TOO_SHORT),
        (What.SWING, "swing1", shorter(1.0), Fault.TOO_SHORT),
        (What.PICK, "wet_robot", shorter(1.0), Fault.TOO_SHORT),
        (What.LOAD, "exchange1", earlier(3.0), Fault.OVERLAP),
        (What.VISIT, "platen2", nothing, Fault.ROUTE),
        (What.SWING, "swing2", nothing, Fault.ROUTE),
        (What.VISIT, "platen1", to("platen3"), Fault.ROUTE),
        (What.PICK, "wet_robot", onto("wet_robot_c"), Fault.ARM),
        (What.PLACE, "wet_robot", off("wet_robot_b"), Fault.ARM),
        (What.WORK, "brush1", earlier(8.0), Fault.PRECEDENCE),
    ],
)
def test_the_checker_finds_each_fault(what: What, resource: str, change: Change, fault: Fault) -> None:
    assert check_units(LINE, SOME, PLAYED) == ()
    assert fault in {v.fault for v in check_units(LINE, SOME, changed(what, resource, change))}


@pytest.mark.parametrize("limit", ["polish_to_clean_s", "between_stations_s"])
def test_the_checker_finds_a_wet_limit_that_is_passed(limit: str) -> None:
    tight = tuple(replace(w, limits=replace(w.limits, **{limit: 5.0})) for w in SOME)
    assert {v.fault for v in check_units(LINE, tight, PLAYED)} == {Fault.RESIDENCY}
