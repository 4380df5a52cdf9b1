"""Shewhart chart: a single point beyond mean ± L sigma (Shewhart 1931), with run rules on top if wanted."""

from __future__ import annotations

from dataclasses import dataclass

from planaris.control.charts.run_rules import RunRule, broken, longest_run
from planaris.control.charts.signal import ChartSignal


@dataclass(frozen=True, slots=True)
class ShewhartChart:
    """Points in units of sigma about the mean. With L = 3 and normal points a false alarm comes every 370.4 points.

    ``rules`` are looked at beside the limit; each adds false alarms of its own.
    """

    limit_sigma: float = 3.0
    rules: tuple[RunRule, ...] = ()

    def start(self) -> tuple[float, ...]:
        """Return the state before the first point: the last points that a rule looks back at."""
        return ()

    def step(self, state: tuple[float, ...], z: float) -> tuple[tuple[float, ...], ChartSignal]:
        """Take a point, in sigma from the mean; return (state, what the chart says)."""
        points = (*state, z)
        found = ("beyond_limit",) if abs(z) > self.limit_sigma else ()
        found += tuple(rule.name for rule in self.rules if broken(rule, points))
        keep = longest_run(self.rules) - 1
        said = ChartSignal(z, self.limit_sigma if z >= 0 else -self.limit_sigma, found)
        return points[-keep:] if keep > 0 else (), said
