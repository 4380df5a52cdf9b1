"""What a control chart says of a point."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChartSignal:
    """The point's statistic and its limit, and the rules it breaks; none in control.

    Of two-sided charts both are signed: ``limit`` is on the statistic's side. ``contributions`` (n,) are what each
    variable adds to a multivariate statistic.
    """

    value: float
    limit: float
    rules: tuple[str, ...] = ()
    contributions: tuple[float, ...] = ()

    @property
    def is_violated(self) -> bool:
        """Whether a rule is broken."""
        return bool(self.rules)
