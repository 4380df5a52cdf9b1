"""The person of a fault campaign: sees what a screen shows, mends what is broken, answers through the one door."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from planaris.clock import now_s
from planaris.tool import AnswerStatus, CommandRequest, Engine, JobState, QuarantineState
from planaris.twin import World

LOOK_S = 5.0
# A person tries again so often before he leaves work out, and leaves it out before he gives it up.
TRIES_COUNT = 3


class Operator:
    """Acts on alarms after a reaction time, once what was broken is mended. ``actions`` counts what was done."""

    def __init__(self, engine: Engine, world: World, reaction_s: float, taken: Callable[[str], None]) -> None:
        self._engine, self._world, self._reaction_s, self._taken = engine, world, reaction_s, taken
        self.mended = True
        self.actions: Counter[str] = Counter()
        self.refused: list[str] = []
        self._tries: Counter[str] = Counter()
        self._count = 0
        self._since_s: float | None = None

    async def watch(self) -> None:
        """Look every few seconds until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._needed() and self.mended:
                if self._since_s is None:
                    self._since_s = now_s()
                if now_s() - self._since_s >= self._reaction_s:
                    await self.act()
            else:
                self._since_s = None

    def _needed(self) -> bool:
        engine = self._engine
        paused = any(job.state is JobState.PAUSED for job in engine.jobs.active)
        return bool(engine.shop.failed or engine.halted or paused or self._loose())

    def _loose(self) -> list[tuple[str, str]]:
        """Return (place, wafer) of what lies on a pad or is broken: a person at the machine sees it."""
        return [
            (place, wafer.wafer_id)
            for place, wafer in self._world.machine.places.items()
            if place.startswith("platen") or wafer.broken
        ]

    async def give(self, verb: str, who: str = "eva", role: str = "operator", **arguments: str | int | float) -> bool:
        """Give a command; return whether it was done."""
        self._count += 1
        request = CommandRequest(verb, arguments, who, role, "answer to an alarm", f"{who}-{self._count}")
        answer = await self._engine.tool.commands.submit(request)
        done = answer.status is AnswerStatus.DONE
        if done:
            self.actions[verb] += 1
        else:
            self.refused.append(f"{verb} {arguments}: {answer.why}")
        return done

    async def act(self) -> None:
        """Do one round: wafers out of the way first, then modules, then the tool and its jobs."""
        engine = self._engine
        for place, wafer_id in self._loose():
            if place.startswith("platen") and not self._given_up(place):
                continue  # the head is still trying to take it up
            self._world.take_wafer(place)
            self._taken(wafer_id)
            await self.give("wafer.confirm_place", wafer_id=wafer_id, location="removed")
        for module in tuple(engine.shop.failed):
            if module not in engine.shop.failed:
                continue
            self._tries[module] += 1
            tries = self._tries[module]
            if tries <= TRIES_COUNT:
                await self.give("work.retry", module=module)
            elif tries <= 2 * TRIES_COUNT:
                if not await self.give("work.skip", module=module):
                    await self.give("work.abort", module=module)
            else:
                await self.give("module.clear", module=module)
        if engine.halted:
            await self.give("tool.resume", role="maintenance")
        for job in engine.jobs.active:
            if job.state is JobState.PAUSED:
                await self.give("job.resume", lot_id=job.lot_id)
        await self._quarantines()

    def _given_up(self, place: str) -> bool:
        """Whether the machine says that a wafer on a pad needs a person: its platen has failed work, or is closed."""
        platen = self._engine.shop.failed.get(place)
        return platen is not None or place in self._closed()

    def _closed(self) -> list[str]:
        quarantine = self._engine.tool.quarantine
        platens = (p.name for p in self._engine.tool.platens.values())
        return [p for p in platens if quarantine.state_of(p) is not QuarantineState.RELEASED]

    async def _quarantines(self) -> None:
        """Inspect a closed platen; qualification wafers are another lot's matter."""
        for platen in self._closed():
            if self._engine.tool.quarantine.state_of(platen) is QuarantineState.OPEN:
                await self.give("quarantine.inspect", "ann", "maintenance", platen=platen)
