"""Profile control during a step: zone pressures move so that all zones reach the target together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from planaris.control.endpoint.decision import Decision, DecisionKind
from planaris.model import PolishStep

# Time constant with which a zone closes in on the pressure that lets it finish with the others: rates are seen with
# noise, and a zone also moves its neighbours [design].
_CLOSING_S = 2.2
# Lag of a rate behind the pressure that made it: what detectors need to see it. After a step of one zone's pressure the
# spectral estimate has 63 % of what it will see after 6 s (inner zone) to 15 s (outer ones), on the bench's wafers.
_SEEN_S = 10.0
# Closer to the end there is nothing left to win, and a small error of thickness asks for a large pressure.
_LAST_S = 4.0
# Smaller moves than this are not worth an order, kPa.
_LEAST_kPa = 0.02
# Estimates below this confidence move nothing.
_CONFIDENCE = 0.3


@dataclass(frozen=True, slots=True)
class ZoneState:
    """Pressures ordered last, when the next move may be made, and the pressures behind the rates seen at ``time_s``."""

    pressure_kPa: tuple[float, ...]
    next_s: float
    seen_kPa: tuple[float, ...]
    time_s: float

    def seen_at(self, time_s: float) -> ZoneState:
        """Return the state at a later time: what rates show follows the pressures with its lag."""
        share = 1.0 - math.exp(-max(0.0, time_s - self.time_s) / _SEEN_S)
        pairs = zip(self.seen_kPa, self.pressure_kPa, strict=True)
        return replace(self, seen_kPa=tuple(old + share * (new - old) for old, new in pairs), time_s=time_s)


@dataclass(frozen=True, slots=True)
class ZoneProfileControl:
    """Move zone pressures about their set-points, each zone between its lowest and highest.

    ``target_nm`` is the endpoint's. No zone moves by more than ``max_step_kPa`` every ``update_s``.
    """

    set_point_kPa: tuple[float, ...]
    lowest_kPa: tuple[float, ...]
    highest_kPa: tuple[float, ...]
    max_step_kPa: float
    update_s: float
    target_nm: float
    settle_s: float = 6.0

    def start(self, start_s: float) -> ZoneState:
        """Return the state at the start of a step."""
        return ZoneState(self.set_point_kPa, start_s + self.settle_s, self.set_point_kPa, start_s)

    def step(self, state: ZoneState, decision: Decision) -> tuple[ZoneState, tuple[float, ...] | None]:
        """Take a detector's decision; return the next state and pressures to order, None where they stay.

        With the time T that the mean needs, zone z should remove at (h_z − target)/T; its rate goes with its pressure
        (Preston). The rate seen is that of the pressures of some seconds ago: against those of now, a zone would be
        moved again for what it was moved for already, and swing.
        """
        state = state.seen_at(decision.time_s)
        if decision.time_s < state.next_s or not self._may_move(decision):
            return state, None
        zones, rates = np.asarray(decision.zones_nm), np.asarray(decision.zone_rates_nm_min)
        assert decision.thickness_nm is not None, "_may_move asks for it"
        assert decision.rate_nm_min is not None, "_may_move asks for it"
        left_min = (decision.thickness_nm - self.target_nm) / decision.rate_nm_min
        if 60.0 * left_min < _LAST_S:
            return state, None
        now = np.asarray(state.pressure_kPa)
        wanted = np.maximum(zones - self.target_nm, 0.0) / left_min
        rate_per_kPa = np.maximum(rates, 0.1 * decision.rate_nm_min) / np.maximum(state.seen_kPa, _LEAST_kPa)
        move = (1.0 - math.exp(-self.update_s / _CLOSING_S)) * (wanted / rate_per_kPa - now)
        after = now + np.clip(move, -self.max_step_kPa, self.max_step_kPa)
        after = np.clip(after, self.lowest_kPa, self.highest_kPa)
        state = replace(state, next_s=decision.time_s + self.update_s)
        if np.abs(after - now).max() < _LEAST_kPa:
            return state, None
        pressures = tuple(after.tolist())
        return replace(state, pressure_kPa=pressures), pressures

    def _may_move(self, decision: Decision) -> bool:
        seen = len(decision.zones_nm) == len(decision.zone_rates_nm_min) == len(self.set_point_kPa)
        removing = decision.thickness_nm is not None and bool(decision.rate_nm_min and decision.rate_nm_min > 0.0)
        sure = decision.kind is DecisionKind.NONE and decision.confidence_fraction >= _CONFIDENCE
        return seen and removing and sure


def zone_control_of(
    step: PolishStep, target_nm: float, tool_range_kPa: Sequence[float] = (0.0, 70.0)
) -> ZoneProfileControl | None:
    """Return the control that a recipe's step asks for, None where it asks for none.

    Limits are the recipe's ratios of each set-point, and the tool's range.
    """
    control = step.zone_control
    if control is None:
        return None
    low, high = tool_range_kPa
    return ZoneProfileControl(
        set_point_kPa=step.zone_pressure_kPa,
        lowest_kPa=tuple(max(low, control.min_ratio * p) for p in step.zone_pressure_kPa),
        highest_kPa=tuple(min(high, control.max_ratio * p) for p in step.zone_pressure_kPa),
        max_step_kPa=control.max_step_kPa,
        update_s=control.update_s,
        target_nm=target_nm,
    )
