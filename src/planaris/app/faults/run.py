"""One seed of a fault campaign: a lot on the twin, its fault, the operator, and what the watch found."""

from __future__ import annotations

import asyncio
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from planaris.app.faults.draw import FaultKind, Scenario, draw
from planaris.app.faults.operator import Operator
from planaris.app.faults.watch import LOOK_S, WET_SAFE_LIMIT_S, Watch
from planaris.app.jobs import JobFailedError, Script, order_of
from planaris.app.profiles import PROFILES
from planaris.app.request import RunProfile
from planaris.app.traces import no_trace
from planaris.app.world_access import LocalWorld
from planaris.app.world_commands import register_world
from planaris.clock import now_s, run
from planaris.dictionary import build
from planaris.formats import JobFiles
from planaris.historian import Home, SqliteJournal
from planaris.processes import load_package
from planaris.stream import AlarmSet, Committed, EventStream, WaferMarked
from planaris.tool import Engine, Tool, Verbs
from planaris.twin import LinkModel, Machine, TwinPort, World, make_truth

# A lot that is not over by then hangs.
RUN_LIMIT_S = 4 * 3600.0
PATIENCE_S = 1800.0
_NOTHING_TO_MEND = frozenset(
    {
        FaultKind.PAUSE, FaultKind.STOP, FaultKind.ABORT, FaultKind.HALT, FaultKind.FLOW,
        FaultKind.SLIP, FaultKind.BREAK, FaultKind.WRONG_CASSETTE,
    }
)  # fmt: skip


@dataclass(slots=True)
class FaultRun:
    """How one seed went. ``broken`` is empty if every invariant held."""

    seed: int
    kind: str
    target: str
    time_s: float
    wafers_count: int
    took_effect: bool = False
    outcome: str = ""
    broken: list[str] = field(default_factory=list[str])
    wet_unsafe_s: float = 0.0
    actions_count: int = 0
    actions: dict[str, int] = field(default_factory=dict[str, int])
    scrapped: list[str] = field(default_factory=list[str])
    collateral: list[str] = field(default_factory=list[str])
    alarms: list[str] = field(default_factory=list[str])
    finished_count: int = 0
    tool_time_s: float = 0.0
    tail: list[str] = field(default_factory=list[str])


def run_fault(job: JobFiles, seed: int) -> FaultRun:
    """Run a seed to its end; an exception of the controller counts as broken."""
    scenario = draw(seed, job.tool)
    result = FaultRun(seed, scenario.kind.value, scenario.target, scenario.time_s, len(job.lot.wafers))
    shm = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(dir=shm if shm.is_dir() else None) as folder,
        Home.open(Path(folder) / "home", label="faults") as home,
        SqliteJournal(home.database, home.new_run(job.lot.lot_id).run_id) as journal,
    ):
        scene = _Scene(job, scenario, journal, result)
        try:
            run(scene.play())
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
            result.broken.append(f"{type(error).__name__}: {error} ({place})")
            result.tail = traceback.format_tb(error.__traceback__)[-8:]
            result.tail += [f"{i.time_s:.2f} {i.event}" for i in scene.told[-30:]]
    return result


class _Scene:
    def __init__(self, job: JobFiles, scenario: Scenario, journal: SqliteJournal, result: FaultRun) -> None:
        self._job, self._scenario, self._journal, self._result = job, scenario, journal, result
        self.told: list[Committed] = []

    def _commit(self, batch: Sequence[Committed], durable: bool) -> None:
        self._journal.append(batch, durable)
        self.told += batch

    async def play(self) -> None:
        """Wire tool and twin, run the lot with its fault, and judge."""
        job, parts, seed = self._job, PROFILES[RunProfile.CAMPAIGN], self._scenario.seed
        dictionary = build(job.tool)
        truth = make_truth(load_package(job.recipe.process_package), job.recipe.film, job.tool, seed)
        machine = Machine(job.tool, dictionary, truth, seed, LinkModel(), profile=parts.twin)
        world = World(machine)
        stream = EventStream(now_s, self._commit)
        tool = Tool(job.tool, dictionary, TwinPort(machine), stream, no_trace, constants=parts.constants)
        engine = Engine(tool)
        Verbs(engine, {job.lot.lot_id: order_of(job)}.get)
        register_world(tool.commands, LocalWorld(world), {job.lot.lot_id: job.lot})
        watch = Watch(machine, engine, frozenset(w.wafer_id for w in job.lot.wafers))
        person = Operator(engine, world, self._scenario.reaction_s, watch.taken)
        fault = _Fault(self._scenario, world, engine, person, self._result)
        async with tool.running(), engine.running():
            async with asyncio.timeout(RUN_LIMIT_S):
                await self._lot(engine, watch, person, fault)
            watch.finish(self.told)
        machine.close()
        self._judge(engine, watch, person, fault)

    async def _lot(self, engine: Engine, watch: Watch, person: Operator, fault: _Fault) -> None:
        lot, job = self._job.lot, self._job
        script = Script(engine.tool, "fault campaign", f"lot {lot.lot_id}")
        await script.give("world.place_cassette", "script", load_port=lot.load_port, lot_id=lot.lot_id)
        if self._scenario.kind is FaultKind.WRONG_CASSETTE:
            fault.strike()
        await script.give("job.create", "operator", lot_id=lot.lot_id, load_port=lot.load_port,
                          recipe=job.recipe.name, cleaner_recipe=job.cleaner.name)  # fmt: skip
        tasks = [asyncio.create_task(work) for work in (self._looking(watch), person.watch(), fault.run())]
        try:
            try:
                await script.give("job.start", "operator", lot_id=lot.lot_id)
            except JobFailedError as error:
                self._result.outcome = str(error)
            await engine.still(patience_s=PATIENCE_S)
            engine.fail_jobs("nobody could bring it to its end")
            await engine.still()
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            errors = [e for e in ended if isinstance(e, Exception)]
            if errors:
                raise errors[0]

    async def _looking(self, watch: Watch) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            watch.look()

    def _judge(self, engine: Engine, watch: Watch, person: Operator, fault: _Fault) -> None:
        result = self._result
        job = engine.jobs.get(self._job.lot.lot_id)
        result.outcome = job.outcome if job is not None else result.outcome or "refused"
        if job is not None and not job.outcome:
            watch.broken.append(f"the lot ended without a name: {job.state.value}")
        result.broken += watch.broken
        result.wet_unsafe_s = round(watch.wet_unsafe_s, 2)
        if watch.wet_unsafe_s > WET_SAFE_LIMIT_S:
            result.broken.append(f"a wet wafer was without water for {watch.wet_unsafe_s:.1f} s")
        result.actions = dict(person.actions)
        result.actions_count = sum(person.actions.values())
        marked = [i.event for i in self.told if isinstance(i.event, WaferMarked)]
        result.scrapped = sorted({e.wafer_id for e in marked if e.mark == "scrap"})
        result.collateral = [w for w in result.scrapped if w not in fault.touched]
        result.alarms = sorted({i.event.alarm for i in self.told if isinstance(i.event, AlarmSet)})
        result.took_effect = fault.struck and (bool(result.alarms) or bool(result.actions) or fault.quiet)
        result.finished_count = job.finished_count if job is not None else 0
        result.tool_time_s = round(self.told[-1].time_s, 1)
        if result.broken:
            result.tail = [f"{i.time_s:.2f} {i.event}" for i in self.told[-40:]] + person.refused[-10:]


class _Fault:
    """The scenario's fault: strikes at its time, and is mended by a person some time after he saw it."""

    def __init__(self, scenario: Scenario, world: World, engine: Engine, person: Operator, result: FaultRun) -> None:
        self._scenario, self._world, self._engine, self._person, self._result = scenario, world, engine, person, result
        self.struck = False
        # Faults that a good tool rides out without a word.
        self.quiet = scenario.kind in {FaultKind.SLOW, FaultKind.LOST_NOTICES, FaultKind.PAUSE}
        self.touched: set[str] = set()

    async def run(self) -> None:
        """Wait, strike, wait, mend."""
        s = self._scenario
        if s.kind is not FaultKind.WRONG_CASSETTE:
            await asyncio.sleep(max(0.0, s.time_s - now_s()))
            while not self._can_strike():  # noqa: ASYNC110 (the campaign looks, as a person does)
                await asyncio.sleep(1.0)
            self._person.mended = s.kind in _NOTHING_TO_MEND
            await self._act()
        await asyncio.sleep(s.reaction_s + s.mending_s)
        self._mend()
        self._person.mended = True

    def strike(self) -> None:
        """Let the fault happen now."""
        s = self._scenario
        self.struck = True
        self._world.inject_fault(s.target, "slots", s.magnitude)

    def _can_strike(self) -> bool:
        """Some mishaps need a wafer in the right place."""
        s, machine = self._scenario, self._world.machine
        if s.kind in {FaultKind.SLIP, FaultKind.BREAK}:
            return machine.process.heads[int(s.target.removeprefix("head"))].in_contact
        if s.kind is FaultKind.FLOW:
            return machine.process.platens[int(s.target.removeprefix("platen"))].valve_open
        return True

    async def _act(self) -> None:
        s, machine, world = self._scenario, self._world.machine, self._world
        self.struck = True
        self._touch()
        lot_id = next(iter(self._engine.jobs)).lot_id
        device_fault = {FaultKind.JAMMED: "jammed", FaultKind.SILENT: "silent", FaultKind.SLOW: "slow"}.get(s.kind)
        mishap = {
            FaultKind.SLIP: "slip", FaultKind.LEFT_ON_PAD: "left_on_pad", FaultKind.WEAK_VACUUM: "weak_vacuum",
            FaultKind.BREAK: "break", FaultKind.DI_LOSS: "supply", FaultKind.EMO: "trip", FaultKind.DOOR: "trip",
            FaultKind.LEAK: "trip", FaultKind.AIR_LOSS: "loss", FaultKind.POWER_LOSS: "loss",
            FaultKind.LINK_LOSS: "loss",
        }.get(s.kind)  # fmt: skip
        verb = {
            FaultKind.PAUSE: "job.pause", FaultKind.STOP: "job.stop", FaultKind.ABORT: "job.abort"
        }.get(s.kind)  # fmt: skip
        if device_fault or mishap:
            world.inject_fault(s.target, device_fault or mishap or "", s.magnitude)
        elif verb:
            await self._person.give(verb, lot_id=lot_id)
            self._person.actions.clear()
        elif s.kind is FaultKind.HALT:
            await self._person.give("tool.halt")
            self._person.actions.clear()
        elif s.kind is FaultKind.LOST_NOTICES:
            machine.plc.link = LinkModel(machine.plc.link.latency_s, machine.plc.link.jitter_s, s.magnitude)
        elif s.kind is FaultKind.FLOW:
            wanted = float(machine.plc.values[f"{s.target}.sp_slurry_flow_ml_min"])  # type: ignore[arg-type]
            machine.plc.write({f"{s.target}.sp_slurry_flow_ml_min": wanted * s.magnitude})
        elif s.kind is FaultKind.SENSOR_STUCK:
            machine.plc.force(f"{s.target}.wafer_present", bool(s.magnitude))

    def _touch(self) -> None:
        """Note which wafers the fault touches: those at its place, or all out of their carrier if it is the tool's."""
        s = self._scenario
        whole = s.kind in {
            FaultKind.EMO, FaultKind.DOOR, FaultKind.LEAK, FaultKind.AIR_LOSS, FaultKind.POWER_LOSS,
            FaultKind.LINK_LOSS, FaultKind.HALT, FaultKind.ABORT, FaultKind.DI_LOSS,
        }  # fmt: skip
        for place, wafer in self._world.machine.places.items():
            if (whole and not place.startswith("loadport")) or place == s.target:
                self.touched.add(wafer.wafer_id)

    def _mend(self) -> None:
        s, machine = self._scenario, self._world.machine
        if s.kind is FaultKind.LOST_NOTICES:
            machine.plc.link = LinkModel(machine.plc.link.latency_s, machine.plc.link.jitter_s, 0.0)
        elif s.kind is FaultKind.SENSOR_STUCK:
            machine.plc.force(f"{s.target}.wafer_present", None)
            machine.handling.sensor(s.target)
        elif s.kind not in _NOTHING_TO_MEND:
            self._world.clear_fault(s.target)
