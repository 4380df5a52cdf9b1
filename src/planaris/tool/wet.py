"""Wet wafers: limits on how long they may wait, and water for those that wait over a platen."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine

from planaris.clock import now_s
from planaris.modules import Platen
from planaris.tool.failures import EXPECTED
from planaris.tool.jobs import JobBook
from planaris.tool.marks import Marks
from planaris.tool.tool import Tool

# A wafer that waits over a platen gets water after this share of its limit there: a turn and another wait may follow
# before the next water, and all of it is to stay within the limit [design].
RINSE_AFTER_FRACTION = 0.4
# How soon a platen that gave no water is asked again [design].
AGAIN_S = 2.0
ALARM = "wet_limit_exceeded"
NO_WATER = "make_safe_failed"


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
        # Platens that gave no water when asked, and whether the alarm that says so is ours to clear.
        self._refusing: dict[int, bool] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def polished(self, wafer_id: str) -> None:
        """Begin the wait to the cleaner. It counts from the end of the last polish, which may be some time ago.

        A wafer that no slurry ever touched may dry.
        """
        progress = self._jobs.progress_of(wafer_id)
        if math.isnan(progress.polish_start_s):
            return
        ended_s = progress.polish_end_s
        waited_s = 0.0 if math.isnan(ended_s) else now_s() - ended_s
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
            return not station or self._tool.watch.is_on(f"platen{station}.pad_wet") or self._water_is_due(station)
        return place.startswith(("loadcup", "exchange", "wet_robot")) or place in self._tool.cleaners

    def _water_is_due(self, station: int) -> bool:
        """Whether a wafer over a platen is within the time that it may wait there without water."""
        timer = self._rinses.get(station)
        return timer is not None and timer.when() > now_s() and station not in self._refusing

    # -- water ------------------------------------------------------------------------------------------------
    def waits_over(self, wafer_id: str, platen: Platen) -> None:
        """Give water to a wafer that waits over a platen, before its limit there is over; see that it comes."""
        limit_s = self._jobs.of(wafer_id).recipe.wet_limits.stopped_platen_s
        self._refusing.pop(platen.number, None)
        self._look_after(platen, limit_s * RINSE_AFTER_FRACTION)

    def _look_after(self, platen: Platen, wait_s: float) -> None:
        self._cancel_look(platen.number)
        loop = asyncio.get_running_loop()
        self._rinses[platen.number] = loop.call_later(wait_s, self._water, platen)

    def _cancel_look(self, number: int) -> None:
        timer = self._rinses.pop(number, None)
        if timer is not None:
            timer.cancel()

    def turned(self) -> None:
        """End the water over all platens: every head has left the one it stood over."""
        for number in self._tool.platens:
            self.left(number)

    def left(self, number: int) -> None:
        """End the water over one platen, whose head has left it or begins a visit."""
        self._cancel_look(number)
        self._refusing.pop(number, None)
        platen = self._tool.platens[number]
        if number in self._rinsed:
            self._rinsed.discard(number)
            if platen.state == platen.INITIAL:
                self._start(self._end_water(platen), number)

    def _water(self, platen: Platen) -> None:
        """Give water, unless the platen works or has made itself safe with the rinse on."""
        if platen.state == platen.INITIAL:
            self._rinsed.add(platen.number)
            self._start(self._give(platen), platen.number)

    async def _give(self, platen: Platen) -> None:
        """Switch the rinse on; a platen that does not is asked again for as long as the wafer is over it."""
        number = platen.number

        async def rinse() -> Exception | None:
            if platen.state == platen.INITIAL:  # it may have begun and failed while this waited its turn
                try:
                    await platen.give_water()
                except EXPECTED as error:
                    return error
            return None

        failure = await platen.ask(rinse)
        if number not in self._rinses:
            return
        if failure is not None:
            if number not in self._refusing:
                self._refusing[number] = self._alarm(platen, failure)
            self._look_after(platen, AGAIN_S)
        elif self._refusing.pop(number, False):
            self._tool.alarms.clear(NO_WATER, platen.name, f"{platen.name} gives water")

    async def _end_water(self, platen: Platen) -> None:
        """Switch the rinse off again."""

        async def if_at_rest() -> None:
            if platen.state == platen.INITIAL:
                await platen.rinse(on=False)

        try:
            await platen.ask(if_at_rest)
        except EXPECTED as error:
            self._alarm(platen, error)

    def _alarm(self, platen: Platen, error: Exception) -> bool:
        """Set the alarm that a platen gives no water; return whether it was not set before."""
        alarms = self._tool.alarms
        new = (NO_WATER, platen.name) not in {(a.alarm, a.source) for a in alarms.active}
        alarms.set(NO_WATER, platen.name, alarms.severity_of(NO_WATER), str(error))
        return new

    def _start(self, work: Coroutine[None, None, None], number: int) -> None:
        task = asyncio.get_running_loop().create_task(work, name=f"platen{number}.rinse")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Forget all timers."""
        for timer in (*self._limits.values(), *self._rinses.values()):
            timer.cancel()
        for task in self._tasks:
            task.cancel()
