"""Difference constraints with a period: a schedule exists exactly if the graph has no positive cycle. Pure.

Start times s of events, a cycle's length T: s_j >= s_i + a - k T. An order of operations gives such constraints, an
upper limit on a wait gives one pointing back (a < 0). Bellman-Ford finds a positive cycle if there is one; with
k > 0 around it the cycle bounds T from below by (sum a)/(sum k), with k < 0 from above, with k = 0 there is no T at
all (docs/reference/design-values.md, throughput and schedule).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

# Sums of some hundred times in seconds agree to far better than this; a positive cycle below it is rounding.
TOLERANCE_S = 1e-6


@dataclass(frozen=True, slots=True)
class Constraint:
    """``later`` >= ``earlier`` + ``least_s`` - ``periods`` x T; ``why`` names it for people."""

    earlier: Hashable
    later: Hashable
    least_s: float
    periods: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class PositiveCycle:
    """Constraints around a cycle that cannot all hold: their sum is positive."""

    constraints: tuple[Constraint, ...]

    @property
    def least_s(self) -> float:
        """Sum of the least distances around the cycle."""
        return sum(c.least_s for c in self.constraints)

    @property
    def periods(self) -> int:
        """Periods around the cycle."""
        return sum(c.periods for c in self.constraints)


@dataclass(slots=True)
class DifferenceSystem:
    """A set of difference constraints."""

    constraints: list[Constraint] = field(default_factory=list[Constraint])

    def at_least(self, earlier: Hashable, later: Hashable, least_s: float, *, periods: int = 0, why: str = "") -> None:
        """Demand later >= earlier + least_s - periods T."""
        self.constraints.append(Constraint(earlier, later, least_s, periods, why))

    def at_most(self, earlier: Hashable, later: Hashable, most_s: float, *, periods: int = 0, why: str = "") -> None:
        """Demand later <= earlier + most_s - periods T: a residency limit."""
        self.constraints.append(Constraint(later, earlier, -most_s, -periods, why))

    def broken(self, times_s: Mapping[Hashable, float], *, tolerance_s: float = TOLERANCE_S) -> tuple[Constraint, ...]:
        """Return the constraints that given times break (without period, T = 0)."""
        return tuple(c for c in self.constraints if times_s[c.later] < times_s[c.earlier] + c.least_s - tolerance_s)

    def solve(self, period_s: float = 0.0) -> dict[Hashable, float] | PositiveCycle:
        """Return the earliest times, all >= 0, or a positive cycle."""
        nodes = list(dict.fromkeys(n for c in self.constraints for n in (c.earlier, c.later)))
        number = {node: i for i, node in enumerate(nodes)}
        edges = [(number[c.earlier], number[c.later], c.least_s - c.periods * period_s) for c in self.constraints]
        times_s = [0.0] * len(nodes)
        before: list[int] = [-1] * len(nodes)
        changed = -1
        for _ in range(len(nodes) + 1):
            changed = -1
            for index, (i, j, least_s) in enumerate(edges):
                if times_s[i] + least_s > times_s[j] + TOLERANCE_S / max(1, len(nodes)):
                    times_s[j] = times_s[i] + least_s
                    before[j] = index
                    changed = j
            if changed < 0:
                return dict(zip(nodes, times_s, strict=True))
        return self._cycle(before, changed, edges, len(nodes))

    def _cycle(
        self, before: Sequence[int], node: int, edges: Sequence[tuple[int, int, float]], count: int
    ) -> PositiveCycle:
        for _ in range(count):  # after as many steps back one stands on the cycle
            node = edges[before[node]][0]
        found: list[Constraint] = []
        at = node
        while True:
            index = before[at]
            found.append(self.constraints[index])
            at = edges[index][0]
            if at == node:
                return PositiveCycle(tuple(reversed(found)))

    def period_s(self) -> tuple[float, float] | None:
        """Return the shortest and longest feasible period (inf without upper limit), None if there is none.

        Each positive cycle found at a trial period moves it to the cycle's own ratio, from below and then from above,
        so both ends are exact after finitely many steps.
        """
        shortest_s = self._end(0.0, upward=True)
        if shortest_s is None:
            return None
        horizon_s = 1.0 + sum(abs(c.least_s) for c in self.constraints)
        longest_s = self._end(max(horizon_s, shortest_s), upward=False)
        if longest_s is None or longest_s < shortest_s - TOLERANCE_S:
            return None
        return shortest_s, (math.inf if longest_s >= horizon_s else longest_s)

    def _end(self, period_s: float, *, upward: bool) -> float | None:
        while True:
            solution = self.solve(period_s)
            if not isinstance(solution, PositiveCycle):
                return period_s
            least_s, periods = solution.least_s, solution.periods
            if periods == 0 or (periods > 0) is not upward:
                return None
            period_s = least_s / periods
