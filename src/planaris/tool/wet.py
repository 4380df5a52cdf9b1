"""Wet wafers: limits on how long they may wait, and water for those that wait over a platen."""

from __future__ import annotations

import asyncio

from planaris.modules import Platen
from planaris.tool.failures import EXPECTED
from planaris.tool.jobs import JobBook
from planaris.tool.marks import Marks
from planaris.tool.tool import Tool

# A wafer that waits over a platen gets water after this share of its limit there: a turn and another wait may follow
# before the next water, and all of it is to stay within the limit [design].
RINSE_AFTER_FRACTION = 0.4
ALARM = "wet_limit_exceeded"


class WetWatch:
    """One timer a waiting wafer. A limit that is passed sets its alarm and marks the wafer at that moment.

    The mark is ``hold`` where the wafer was kept wet (over a rinsed pad, in the load cup, in a cleaner station) and
    ``scrap`` where it may have dried.
    """

    def __init__(self, tool: Tool, jobs: JobBook, marks: Marks) -> None:
        self._tool, self._jobs, self._marks = tool, jobs, marks
        self._limits: dict[str, asyncio.TimerHandle] = {}
        self._rinses: dict[int, asyncio.TimerHandle] = {}
        self._rinsed: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def polished(self, wafer_id: str, waited_s: float = 0.0) -> None:
        """Begin the wait from the end of the last polish to the cleaner, of which some may be over already."""
        limit_s = self._jobs.of(wafer_id).recipe.wet_limits.polish_to_clean_s
        self._begin(wafer_id, limit_s, f"not in the cleaner {limit_s:g} s after its polish", waited_s)

    def cleaned(self, wafer_id: str, station: str) -> None:
        """Begin the wait between cleaner stations; after the last one there is none."""
        self.over(wafer_id)
        if station != self._tool.description.cleaner.stations[-1]:
            limit_s = self._jobs.of(wafer_id).recipe.wet_limits.between_stations_s
            self._begin(wafer_id, limit_s, f"not in the next station {limit_s:g} s after {station}")

    def over(self, wafer_id: str) -> None:
        """End a wafer's wait."""
        timer = self._limits.pop(wafer_id, None)
        if timer is not None:
            timer.cancel()

    def _begin(self, wafer_id: str, limit_s: float, what: str, waited_s: float = 0.0) -> None:
        if wafer_id not in self._limits:
            loop = asyncio.get_running_loop()
            self._limits[wafer_id] = loop.call_later(max(0.0, limit_s - waited_s), self._passed, wafer_id, what)

    def _passed(self, wafer_id: str, what: str) -> None:
        place = self._tool.material.where(wafer_id)
        alarms = self._tool.alarms
        source = place if alarms.knows(ALARM, place) else "tool"
        alarms.set(ALARM, source, alarms.severity_of(ALARM), f"{wafer_id} at {place}: {what}", wafer_id)
        self._marks.mark(wafer_id, "hold" if self._kept_wet(place) else "scrap", what)

    def _kept_wet(self, place: str) -> bool:
        """Whether a wafer was wet a moment ago: moves are short, the wet arm sprays what it holds at rest, and a wafer
        over a platen gets its water before `RINSE_AFTER_FRACTION` of the limit there has passed since the turn."""
        if place.startswith("head"):
            station = next((n for n in self._tool.platens if f"head{self._tool.head_over(n)}" == place), 0)
            return not station or self._tool.watch.is_on(f"platen{station}.pad_wet") or station in self._rinses
        return place.startswith(("loadcup", "exchange", "wet_robot")) or place in self._tool.cleaners

    # -- water ------------------------------------------------------------------------------------------------
    def waits_over(self, wafer_id: str, platen: Platen) -> None:
        """Give water to a wafer that waits over a platen, before its limit there is over."""
        limit_s = self._jobs.of(wafer_id).recipe.wet_limits.stopped_platen_s
        loop = asyncio.get_running_loop()
        self._forget_rinse(platen.number)
        wait_s = limit_s * RINSE_AFTER_FRACTION
        self._rinses[platen.number] = loop.call_later(wait_s, self._rinse, platen, True)

    def turned(self) -> None:
        """End the water over all platens: every head has left the one it stood over."""
        for number in self._tool.platens:
            self.left(number)

    def left(self, number: int) -> None:
        """End the water over one platen, whose head has left it or begins a visit."""
        self._forget_rinse(number)
        if number in self._rinsed:
            self._rinsed.discard(number)
            self._rinse(self._tool.platens[number], False)

    def _forget_rinse(self, number: int) -> None:
        timer = self._rinses.pop(number, None)
        if timer is not None:
            timer.cancel()

    def _rinse(self, platen: Platen, on: bool) -> None:
        if platen.state != platen.INITIAL:
            return  # it works, or it has made itself safe with the rinse on
        if on:
            self._rinsed.add(platen.number)

        async def if_at_rest() -> None:
            if platen.state == platen.INITIAL:  # it may have begun and failed while this waited its turn
                await platen.rinse(on=on)

        async def switch() -> None:
            try:
                await platen.ask(if_at_rest)
            except EXPECTED as error:
                self._tool.alarms.set(
                    "make_safe_failed", platen.name, self._tool.alarms.severity_of("make_safe_failed"), str(error)
                )

        task = asyncio.get_running_loop().create_task(switch(), name=f"{platen.name}.rinse")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Forget all timers."""
        for timer in (*self._limits.values(), *self._rinses.values()):
            timer.cancel()
        for task in self._tasks:
            task.cancel()
