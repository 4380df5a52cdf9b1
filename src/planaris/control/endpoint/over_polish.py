"""Over-polish: how long polishing goes on after the endpoint."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OverPolish:
    """By time, by percent of the time until the endpoint, or by what is still to be removed; at most one is not 0."""

    time_s: float = 0.0
    percent_pct: float = 0.0
    removal_nm: float = 0.0

    def longer_s(self, until_endpoint_s: float, rate_nm_min: float | None) -> float:
        """Return the time after the endpoint, which came ``until_endpoint_s`` after the step's start.

        Removal needs a rate; without one, or with none left, it is 0.
        """
        removal_s = 60.0 * self.removal_nm / rate_nm_min if rate_nm_min and rate_nm_min > 0.0 else 0.0
        return self.time_s + 0.01 * self.percent_pct * until_endpoint_s + removal_s
