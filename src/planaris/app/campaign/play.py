"""Plays one seed of the fault campaign: a lot on the twin, its faults, a scripted operator, and what must hold."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from planaris import clock
from planaris.app.campaign.breaking import Breaking
from planaris.app.campaign.invariants import Invariants
from planaris.app.campaign.person import Person
from planaris.app.campaign.scenario import FaultKind, Scenario
from planaris.app.jobs import Script, order_of
from planaris.app.profiles import PROFILES
from planaris.app.request import RunProfile
from planaris.app.traces import no_trace
from planaris.app.world_commands import register_world
from planaris.dictionary import build
from planaris.formats import JobFiles
from planaris.historian import Home, SqliteJournal
from planaris.model import SlotState
from planaris.processes import load_package
from planaris.stream import Committed, EventStream, RunEnded, RunStarted, to_json
from planaris.tool import Engine, Tool, Verbs
from planaris.twin import Machine, TwinPort, Witness, World, make_truth

# A tool where nothing stirs this long, with a person at it, is stuck [design].
PATIENCE_S = 300.0
# A lot that is not over after this tool time hangs [design].
RUN_LIMIT_S = 3 * 3600.0
WET_SAFE_S = 0.5


@dataclass(slots=True)
class SeedResult:
    """How one seed went. ``violations`` is empty if everything held."""

    seed: int
    faults: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    outcome: str = ""
    tool_time_s: float = 0.0
    wall_s: float = 0.0
    wafers_count: int = 0
    finished_count: int = 0
    removed_count: int = 0
    actions_count: int = 0
    alarms: dict[str, int] = field(default_factory=dict[str, int])
    marks: dict[str, int] = field(default_factory=dict[str, int])
    scrapped: list[str] = field(default_factory=list[str])
    collateral: list[str] = field(default_factory=list[str])
    unsafe_s: float = 0.0
    violations: list[str] = field(default_factory=list[str])
    actions: list[str] = field(default_factory=list[str])


def with_slots(job: JobFiles, slots: Sequence[int]) -> JobFiles:
    """Return a job with only some of its lot's wafers."""
    lot = job.lot
    wafers = tuple(w for w in lot.wafers if w.slot in slots)
    ids = {w.wafer_id for w in wafers}
    states = tuple(s if n in slots else SlotState.EMPTY for n, s in enumerate(lot.carrier.slots, start=1))
    incoming = tuple(m for m in lot.incoming if m.wafer_id in ids)
    return replace(job, lot=replace(lot, wafers=wafers, incoming=incoming, carrier=replace(lot.carrier, slots=states)))


def play(job: JobFiles, scenario: Scenario, tell: Callable[[str], None] | None = None) -> SeedResult:
    """Run a scenario to its end. ``tell`` gets a line an event, for a replay."""
    started_s = clock.monotonic_s()
    result = SeedResult(scenario.seed, wafers_count=len(job.lot.wafers))
    shm = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(dir=shm if shm.is_dir() else None) as folder,
        Home.open(Path(folder) / "home", label="faults") as home,
    ):
        run_id = home.new_run(job.lot.lot_id).run_id
        with SqliteJournal(home.database, run_id) as journal:
            try:
                clock.run(_Play(job, scenario, journal.append, result, tell).run())
            except Exception as error:
                result.violations.append(f"{type(error).__name__}: {error}")
    result.wall_s = clock.monotonic_s() - started_s
    return result


class _Play:
    """One run."""

    def __init__(
        self,
        job: JobFiles,
        scenario: Scenario,
        commit: Callable[[Sequence[Committed], bool], None],
        result: SeedResult,
        tell: Callable[[str], None] | None,
    ) -> None:
        self._job, self._scenario, self._commit, self._result, self._tell = job, scenario, commit, result, tell

    async def run(self) -> None:
        """Wire tool, twin, faults and person; run the lot; judge."""
        job, scenario, parts = self._job, self._scenario, PROFILES[RunProfile.CAMPAIGN]
        lot, dictionary = job.lot, build(job.tool)
        truth = make_truth(load_package(job.recipe.process_package), job.recipe.film, job.tool, scenario.seed)
        machine = Machine(job.tool, dictionary, truth, scenario.seed, profile=parts.twin)
        world, witness = World(machine), Witness(machine)
        self._broken = [Breaking(world, fault) for fault in scenario.faults]
        self._invariants = checks = Invariants(job, dictionary, world, self._broken, clock.now_s)
        stream = EventStream(clock.now_s, self._commit)
        if self._tell is not None:
            stream.listen(self._show)
        stream.listen(checks)
        tool = Tool(job.tool, dictionary, TwinPort(machine), stream, no_trace, constants=parts.constants)
        checks.engine = engine = Engine(tool)
        Verbs(engine, {lot.lot_id: order_of(job)}.get)
        register_world(tool.commands, world, {lot.lot_id: lot})
        person = Person(engine, world, scenario, self._broken)
        stream.listen(person.hear)
        stream.publish(RunStarted(job.tool.name, "twin", scenario.seed, "faults"))
        script = Script(tool, "script", f"lot {lot.lot_id}")
        async with asyncio.timeout(RUN_LIMIT_S), tool.running(), engine.running(), asyncio.TaskGroup() as tasks:
            await script.give("world.place_cassette", "script", load_port=lot.load_port, lot_id=lot.lot_id)
            helpers = [tasks.create_task(self._break(b, person), name="fault") for b in self._broken]
            helpers += [tasks.create_task(person.work(), name="person")]
            helpers += [tasks.create_task(self._watch_wafers(engine, machine), name="wet")]
            await asyncio.sleep(0)
            await script.give("job.create", "operator", lot_id=lot.lot_id, load_port=lot.load_port,
                              recipe=job.recipe.name, cleaner_recipe=job.cleaner.name)  # fmt: skip
            await script.give("job.start", "operator", lot_id=lot.lot_id)
            await engine.still(PATIENCE_S)
            engine.fail_jobs("")
            await engine.still()
            for helper in helpers:
                helper.cancel()
        ended = engine.jobs.get(lot.lot_id)
        assert ended is not None
        stream.publish(RunEnded(ended.outcome, ""))
        machine.close()
        self._judge(engine, person, witness, ended.outcome)

    async def _break(self, broken: Breaking, person: Person) -> None:
        fault = broken.fault
        await asyncio.sleep(fault.at_s)
        if fault.kind is FaultKind.PERSON:
            broken.begin(clock.now_s())
            await person.order(broken)
            return
        broken.begin(clock.now_s())
        if fault.duration_s:
            await asyncio.sleep(fault.duration_s)
            broken.mend()

    async def _watch_wafers(self, engine: Engine, machine: Machine) -> None:
        """Measure how long a wafer that is wet, and no part of a process, is neither up nor under water."""
        since_s: dict[str, float] = {}
        while True:
            await asyncio.sleep(WET_SAFE_S)
            now_s = clock.now_s()
            unsafe = set(self._unsafe(engine, machine))
            for wafer_id in unsafe:
                since_s.setdefault(wafer_id, now_s)
                self._result.unsafe_s = max(self._result.unsafe_s, now_s - since_s[wafer_id])
            for wafer_id in since_s.keys() - unsafe:
                del since_s[wafer_id]

    def _unsafe(self, engine: Engine, machine: Machine) -> list[str]:
        """Return wafers on a pad that is dry, or on one whose platen has failed."""
        found: list[str] = []
        for n, head in machine.process.heads.items():
            wafer, station = machine.places.get(f"head{n}"), machine.handling.station_of(n)
            if wafer is None or not station or not head.in_contact:
                continue
            failed = engine.tool.platens[station].state == "failed" or bool(engine.halted)
            if failed or not machine.plc.true_value(f"platen{station}.pad_wet"):
                found.append(wafer.wafer_id)
        return found

    def _judge(self, engine: Engine, person: Person, witness: Witness, outcome: str) -> None:
        result, checks = self._result, self._invariants
        removed = [p for p in engine.tool.material.at if p.startswith("removed.")]
        result.removed_count = len(removed)
        checks.end(outcome, len(removed))
        result.outcome, result.tool_time_s = outcome, clock.now_s()
        result.finished_count = sum(j.finished_count for j in engine.jobs) - len(removed)
        result.actions_count, result.actions = person.actions_count, person.given
        result.alarms = dict(Counter(alarm for _, alarm, _ in checks.alarms))
        result.marks = dict(Counter(m for marks in checks.marks.values() for m in set(marks)))
        result.scrapped = sorted(i for i, marks in checks.marks.items() if "scrap" in marks)
        touched = {i for b in self._broken for i in b.touched}
        result.collateral = [i for i in result.scrapped if i not in touched]
        result.faults = [
            {"kind": b.fault.kind.value, "target": b.fault.target, "at_s": round(b.fault.at_s, 1),
             "duration_s": round(b.fault.duration_s, 1), "took_effect": b.took_effect()}
            for b in self._broken
        ]  # fmt: skip
        result.violations += checks.violations
        result.violations += [f"{lapse.time_s:.3f} {lapse.rule}: {lapse.detail}" for lapse in witness.lapses]

    def _show(self, batch: Sequence[Committed]) -> None:
        assert self._tell is not None
        for item in batch:
            self._tell(f"{item.time_s:10.3f} {item.event.name} {json.dumps(json.loads(to_json(item.event)))[:240]}")
