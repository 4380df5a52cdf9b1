"""Difference constraints: Bellman-Ford and the feasible period, against enumeration of every simple cycle."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planaris.scheduling import Constraint, DifferenceSystem, PositiveCycle

NODES = 4
CONSTRAINTS = st.lists(
    st.builds(
        Constraint,
        st.integers(0, NODES - 1),
        st.integers(0, NODES - 1),
        st.integers(-20, 20).map(float),
        st.integers(-2, 2),
    ),
    max_size=9,
)


def simple_cycles(constraints: list[Constraint]) -> list[tuple[float, int]]:
    """Return (sum of a, sum of k) of every simple cycle, by trying every order of every set of nodes."""
    found: list[tuple[float, int]] = []
    for size in range(1, NODES + 1):
        for nodes in itertools.permutations(range(NODES), size):
            if nodes[0] != min(nodes):
                continue
            arcs = [
                [c for c in constraints if c.earlier == a and c.later == b]
                for a, b in zip(nodes, (*nodes[1:], nodes[0]), strict=True)
            ]
            found += [
                (sum(c.least_s for c in chosen), sum(c.periods for c in chosen)) for chosen in itertools.product(*arcs)
            ]
    return found


@given(CONSTRAINTS, st.integers(-10, 30))
@settings(deadline=None)
def test_times_exist_exactly_if_no_simple_cycle_is_positive(constraints: list[Constraint], period: int) -> None:
    solution = DifferenceSystem(constraints).solve(float(period))
    positive = any(a - k * period > 0 for a, k in simple_cycles(constraints))
    assert isinstance(solution, PositiveCycle) is positive
    if isinstance(solution, PositiveCycle):
        assert solution.least_s - solution.periods * period > 0
        ends = [(c.earlier, c.later) for c in solution.constraints]
        assert all(one[1] == other[0] for one, other in zip(ends, [*ends[1:], ends[0]], strict=True))
    else:
        for c in constraints:
            assert solution[c.later] >= solution[c.earlier] + c.least_s - c.periods * period - 1e-5


@given(CONSTRAINTS)
@settings(deadline=None)
def test_the_feasible_periods_are_what_the_cycles_allow(constraints: list[Constraint]) -> None:
    cycles = simple_cycles(constraints)
    lowest = max([0.0, *(a / k for a, k in cycles if k > 0)])
    highest = min((a / k for a, k in cycles if k < 0), default=math.inf)
    never = any(a > 0 for a, k in cycles if k == 0)
    found = DifferenceSystem(constraints).period_s()
    if never or highest < lowest:
        assert found is None
    else:
        assert found is not None
        assert found[0] == pytest.approx(lowest, abs=1e-5)
        assert found[1] == pytest.approx(highest, abs=1e-5)


def test_a_residency_limit_can_forbid_a_slower_cycle() -> None:
    """A place of 10 s of work; the wafer after next begins at least 5 s after one is done, and at most 30 s - T."""
    system = DifferenceSystem()
    system.at_least("work", "done", 10.0)
    system.at_least("done", "work", 0.0, periods=1)
    system.at_least("done", "next", 5.0)
    assert system.period_s() == pytest.approx((10.0, math.inf))
    system.at_most("done", "next", 30.0, periods=1)
    assert system.period_s() == pytest.approx((10.0, 25.0))
    system.at_least("work", "done", 26.0)
    assert system.period_s() is None


def test_broken_constraints_are_named() -> None:
    system = DifferenceSystem()
    system.at_most("polished", "cleaned", 60.0, why="from polish to clean")
    assert system.broken({"polished": 100.0, "cleaned": 160.0}) == ()
    assert [c.why for c in system.broken({"polished": 100.0, "cleaned": 160.1})] == ["from polish to clean"]
