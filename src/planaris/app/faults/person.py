"""A scripted operator: sees alarms, sensors and failed work as a screen shows them, acts through the one door."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import numpy as np

from planaris.app.faults.breaking import Breaking
from planaris.app.faults.scenario import Scenario
from planaris.stream import AlarmSet, Committed, JobStateChanged
from planaris.tool import AnswerStatus, CommandRequest, Engine, JobState, QuarantineState
from planaris.twin import World

# After so many answers to one module that did not help the person gives the work up, then the lot [design].
GIVE_UP_COUNT, ABORT_COUNT = 4, 7
# How often somebody names a wrong place first [design].
MISTAKEN_FRACTION = 0.3
# How often somebody at the machine looks again whether there is something to do [design].
LOOK_S = 5.0
# How often before a person acts again while the machine is still at it [design].
LOOKS_COUNT = 12
# Within this time a screen shows what was just done [design].
NEWS_S = 1.0


class Person:
    """One operator. ``actions_count`` counts commands and repairs, ``given`` says each."""

    def __init__(self, engine: Engine, world: World, scenario: Scenario, broken: Sequence[Breaking]) -> None:
        self._engine, self._world, self._scenario, self._broken = engine, world, scenario, broken
        self._chance = np.random.default_rng([7, scenario.seed])
        self._called = asyncio.Event()
        self._answers: dict[str, int] = {}
        self._count = 0
        self._tried_all = False
        self.actions_count = 0
        self.given: list[str] = []
        self.on_mend: Callable[[], None] = lambda: None

    def hear(self, batch: Sequence[Committed]) -> None:
        """Listener: an alarm, or a job that came to rest, calls the person."""
        if any(isinstance(item.event, AlarmSet | JobStateChanged) for item in batch):
            self._called.set()

    async def work(self) -> None:
        """Come when called and act until nothing is left to do."""
        while True:
            await self._called.wait()
            await asyncio.sleep(self._scenario.reaction_s)
            self._called.clear()
            while self._something():
                await self._round()
                await self._see()

    async def _see(self) -> None:
        """Wait a while to see what comes of what was done."""
        for _ in range(LOOKS_COUNT):
            await asyncio.sleep(LOOK_S)
            if not self._engine.shop.running_count:
                return

    def _something(self) -> bool:
        engine = self._engine
        if not engine.jobs.active:
            return False
        waiting = engine.halted or any(j.state is JobState.PAUSED for j in engine.jobs.active)
        opened = any(engine.tool.quarantine.state_of(p) is QuarantineState.OPEN for p in self._closed())
        wrong = bool(engine.shop.failed) or bool(engine.shop.refused) or bool(waiting) or opened
        return wrong or bool(engine.tool.alarms.active and self._causes())

    def _causes(self) -> list[Breaking]:
        """Return what is broken and does not mend itself: whoever is called finds it."""
        return [b for b in self._broken if b.active and b.lasting]

    async def order(self, broken: Breaking) -> None:
        """Give an order that nothing called for."""
        fault = broken.fault
        jobs = self._engine.jobs.active
        if not jobs:
            return
        arguments: dict[str, str] = {}
        if fault.target.startswith("job."):
            arguments = {"lot_id": jobs[0].lot_id}
        elif fault.target.startswith("wafer."):
            out = sorted(i for i, p in jobs[0].progress.items() if p.left_carrier and not p.finished)
            if not out:
                return
            arguments = {"wafer_id": out[int(self._chance.integers(len(out)))]}
            broken.touched.add(arguments["wafer_id"])
        broken.reached = True
        await self._give(fault.target, **arguments)

    # -- a round ----------------------------------------------------------------------------------------------
    async def _round(self) -> None:
        for cause in self._causes():
            cause.mend()
            self._did(f"mend {cause.fault.kind.value} {cause.fault.target}")
        if not self._engine.tool.linked or self._world.machine.safety.tripped:
            return
        engine = self._engine
        await self._take_out()
        for failed in tuple(engine.shop.failed.values()):
            if failed.piece.wafer_id:
                await self._find(failed.piece.wafer_id)
        if len(engine.shop.failed) > 1 and not self._tried_all:
            self._tried_all = True
            await self._give("work.retry", module="all")
            return
        for name in tuple(engine.shop.failed):
            if name in engine.shop.failed:
                await self._answer(name)
        if engine.halted:
            await self._give("tool.resume")
        for job in engine.jobs.active:
            if job.state is JobState.PAUSED and not engine.shop.failed and not engine.halted:
                await self._give("job.resume", lot_id=job.lot_id)
        for platen in self._closed():
            if engine.tool.quarantine.state_of(platen) is QuarantineState.OPEN:
                await self._give("quarantine.inspect", module=platen, finding="pad clean, nothing lies on it")

    async def _find(self, wafer_id: str) -> bool:
        """Look for the wafer of failed work; say where it is if that is not where the tool believes it."""
        material, truth = self._engine.tool.material, self._world.where()
        believed, true = material.where(wafer_id), truth.get(wafer_id)
        if true is None:
            return await self._give("wafer.confirm_place", wafer_id=wafer_id, location="removed")
        if true == believed:
            return False
        # Where a sensor sees it arrived, trying again goes on from there; a slot of a carrier has none.
        if material.in_motion().get(wafer_id) == true and f"{true}.wafer_present" in self._engine.tool.port.tags:
            return False
        await self._mistaken(wafer_id)
        return await self._give("wafer.confirm_place", wafer_id=wafer_id, location=true)

    async def _mistaken(self, wafer_id: str) -> None:
        """Now and then name a wrong place first: people are mistaken, and the door must know better."""
        wrong = self._empty_place()
        if self._chance.random() < MISTAKEN_FRACTION and wrong:
            await self._give("wafer.confirm_place", wafer_id=wafer_id, location=wrong)

    def _empty_place(self) -> str:
        """Return a place with a sensor where no wafer is, '' if there is none."""
        taken = {place for place, _ in self._world.machine.places.items()}
        return next((p for p in ("aligner", "stage", "loadcup", "metrology") if p not in taken), "")

    async def _take_out(self) -> None:
        """Take what lies on a pad, or is broken, out of the machine once the machine calls for it."""
        failed = self._engine.shop.failed
        for place, wafer in self._world.machine.places.items():
            if not (place.startswith("platen") or wafer.broken):
                continue
            if place.startswith("platen") and place not in failed and place not in self._closed():
                continue
            slid_out = place.startswith("platen") and self._world.machine.process.mishaps.loose(wafer.wafer_id)
            self._world.take_wafer(place)
            self._did(f"take {wafer.wafer_id} out of {place}")
            # Whoever takes it out sees how it lay, and says so where no alarm did.
            if slid_out and all(alarm.alarm != "wafer_slip" for alarm in self._engine.tool.alarms.active):
                await self._give("wafer.scrap", wafer_id=wafer.wafer_id, broken=True)
            await self._mistaken(wafer.wafer_id)
            await self._give("wafer.confirm_place", wafer_id=wafer.wafer_id, location="removed")
            await asyncio.sleep(NEWS_S)

    def _closed(self) -> list[str]:
        quarantine = self._engine.tool.quarantine
        platens = (p.name for p in self._engine.tool.platens.values())
        return [p for p in platens if quarantine.state_of(p) is not QuarantineState.RELEASED]

    async def _answer(self, module: str) -> None:
        count = self._answers[module] = self._answers.get(module, 0) + 1
        if count > ABORT_COUNT:
            for job in self._engine.jobs.active:
                if job.state is not JobState.ABORTING:
                    await self._give("job.abort", lot_id=job.lot_id)
        draw = float(self._chance.random())
        if count > GIVE_UP_COUNT or draw < 0.1:
            if await self._give("work.abort", module=module):
                return
        elif draw < 0.15 and await self._give("work.skip", module=module):
            return
        await self._give("work.retry", module=module)

    def _did(self, what: str) -> None:
        self.actions_count += 1
        self.given.append(f"{asyncio.get_running_loop().time():.1f} {what}")

    @staticmethod
    def _role(verb: str) -> str:
        return "maintenance" if verb.startswith(("quarantine.", "tool.")) else "operator"

    async def _give(self, verb: str, **arguments: str | bool) -> bool:
        self._count += 1
        request = CommandRequest(verb, arguments, "person", self._role(verb), "fault campaign", f"person-{self._count}")
        answer = await self._engine.tool.commands.submit(request)
        said = " ".join(name if value is True else str(value) for name, value in arguments.items())
        done = answer.status is AnswerStatus.DONE
        self._did(f"{verb} {said}: {answer.status.value}{'' if done else ' ' + answer.why}")
        return done
