"""Feeds the pacing rule: what the line after the polish holds, what the carousel will bring, and how long all takes."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace

from planaris.model import CleanerRecipe, Lot, Recipe, ToolDescription, Wafer
from planaris.modules import Carousel
from planaris.scheduling import CarouselTimes, HeadWafer, LineWafer, turn_times_s, visit_s

# Kept free of the wet limit for what cannot be foreseen: robots in use, device time spread. Where the line leaves less,
# the next smaller serves [design].
MARGINS_S = (15.0, 10.0, 5.0, 0.0)
# Wafers not begun yet that a turn looks ahead to: a line fills up with fewer [design].
_AHEAD_COUNT = 4


class Pacing:
    """Pacing of one lot on a carousel tool."""

    def __init__(
        self, tool: ToolDescription, lot: Lot, recipe: Recipe, cleaner: CleanerRecipe, carousel: Carousel
    ) -> None:
        self._lot, self._tool, self._recipe, self._carousel = lot, tool, recipe, carousel
        self._clean_s = tuple(station.time_s for station in cleaner.stations)
        wet, dry, cup = tool.wet_robot, tool.dry_robot, tool.load_cup
        pick_s, carry_s = dry.empty_move_s + dry.pick_s, dry.move_s + dry.place_s
        exchanges = (tool.cleaner.exchange_s,) * (len(tool.cleaner.stations) - 1)
        self._places: tuple[str, ...] = tool.cleaner.stations
        self._leave_s: tuple[float, ...] = (*exchanges, pick_s)
        if tool.metrology is not None:
            self._places = (*self._places, "metrology")
            # The one arm fetches the dryer's wafer only when it has put metrology's down.
            self._leave_s = (*self._leave_s, pick_s + carry_s)
        self._dry_carry_s = carry_s
        wet_s = wet.empty_move_s + wet.pick_s + wet.move_s + wet.place_s
        visits_s = {platen: visit_s(tool, recipe, platen) for platen in recipe.platens}
        times = CarouselTimes(
            turn_s=tool.carousel_index_s,
            polish_s=max(visits_s.values()),
            last_s=visits_s[recipe.platens[-1]],
            unload_s=cup.unload_s,
            carry_s=wet_s,
            load_s=wet_s + cup.load_s + cup.chuck_s,
            limit_s=recipe.wet_limits.polish_to_clean_s,
        )
        self._times = tuple(replace(times, limit_s=times.limit_s - margin_s) for margin_s in MARGINS_S)

    def hold_s(
        self, at: Mapping[str, Wafer], due: Mapping[str, float], polished: Container[str], now_s: float
    ) -> float:
        """Return how long to hold the carousel now; 0 when no wafer would begin its last polish, or no hold helps."""
        heads = self._heads(at, polished)
        if not any(head.starts_with == 0 for head in heads):
            return 0.0
        line = self._line(at, due, polished, now_s)
        for times in self._times:
            turns_s = turn_times_s(self._leave_s, line, heads, times)
            if turns_s is not None:
                return turns_s[0]
        return 0.0  # waiting would not help

    def _line(
        self, at: Mapping[str, Wafer], due: Mapping[str, float], polished: Container[str], now_s: float
    ) -> list[LineWafer]:
        """Return the polished wafers off the carousel, the one nearest its end first."""
        wafers = [
            LineWafer(place, max(0.0, due.get(name, now_s) - now_s), self._process_s(at[name]))
            for place, name in reversed(list(enumerate(self._places)))
            if name in at
        ]
        carried = at.get("dry_robot")
        if (
            carried is not None
            and carried.wafer_id in polished
            and "metrology" not in at
            and "metrology" in self._places
        ):
            process_s = self._process_s(carried)
            wafers.insert(0, LineWafer(len(self._places) - 1, process_s[-1], process_s))
        wafers += [
            LineWafer(-1, 0.0, self._process_s(at[place]))
            for place in ("wet_robot", "loadcup")
            if place in at and at[place].wafer_id in polished
        ]
        return wafers

    def _heads(self, at: Mapping[str, Wafer], polished: Container[str]) -> list[HeadWafer]:
        """Return what the turns to come bring to the cup: the heads in their order, then wafers not begun yet."""
        heads, last = self._tool.heads, self._recipe.platens[-1]
        behind = heads - last  # turns from the last platen to the cup
        upstream = [at[p] for p in ("loadcup", "wet_robot", "stage", "aligner", "dry_robot") if p in at]
        upstream += [at[p] for p in sorted(p for p in at if p.startswith("loadport"))]
        coming = [wafer for wafer in upstream if wafer.wafer_id not in polished][:_AHEAD_COUNT]
        brought: list[HeadWafer] = []
        for k in range(heads + len(coming)):
            wafer = at.get(f"head{self._carousel.head_at(heads - 1 - k)}") if k < heads else coming[k - heads]
            if wafer is None:
                brought.append(HeadWafer(None, -1, k < len(coming)))
                continue
            starts_with = -1 if wafer.wafer_id in polished else k - behind
            brought.append(HeadWafer(self._process_s(wafer), starts_with, k < len(coming)))
        return brought

    def _process_s(self, wafer: Wafer) -> tuple[float, ...]:
        if self._tool.metrology is None:
            return self._clean_s
        plan = self._lot.sampling.plan_for(wafer.slot)
        return (*self._clean_s, self._dry_carry_s + self._tool.metrology.time_s_by_plan[plan])
