"""Plays one seed of the fault campaign: a lot on the twin, its faults, a scripted operator, and what must hold."""

from __future__ import annotations

import asyncio
import json
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from planaris import clock
from planaris.app.faults.breaking import Breaking
from planaris.app.faults.invariants import WET_SAFE_LIMIT_S, Invariants, unattended, without_water
from planaris.app.faults.person import Person
from planaris.app.faults.scenario import FaultKind, Scenario
from planaris.app.jobs import Script, order_of
from planaris.app.kills import Campaign, run_kills
from planaris.app.profiles import PROFILES
from planaris.app.request import RunProfile
from planaris.app.traces import no_trace
from planaris.app.world_access import LocalWorld
from planaris.app.world_commands import register_world
from planaris.dictionary import build
from planaris.formats import JobFiles
from planaris.historian import Home, SqliteJournal
from planaris.processes import load_package
from planaris.stream import Committed, EventStream, RunEnded, RunStarted, to_json
from planaris.tool import Engine, Tool, Verbs, known_orders
from planaris.twin import Machine, TwinPort, Unreliable, Witness, World, make_truth

# A tool where nothing stirs this long, with a person at it, is stuck [design].
PATIENCE_S = 300.0
# A lot that is not over after this tool time hangs [design].
RUN_LIMIT_S = 3 * 3600.0
# How often wet wafers are looked at [design].
LOOK_S = 0.5


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


def play(job: JobFiles, scenario: Scenario, tell: Callable[[str], None] | None = None) -> SeedResult:
    """Run a scenario to its end. ``tell`` gets a line an event, for a replay."""
    started_s = clock.monotonic_s()
    result = SeedResult(scenario.seed, wafers_count=len(job.lot.wafers))
    if any(fault.kind is FaultKind.KILL for fault in scenario.faults):
        _kill(job, scenario, result)
        result.wall_s = clock.monotonic_s() - started_s
        return result
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
                result.violations += _told_errors(error)
    result.wall_s = clock.monotonic_s() - started_s
    return result


def _told_errors(error: BaseException) -> list[str]:
    """Return what raised, and where, of an error or a group of them."""
    if isinstance(error, BaseExceptionGroup):
        return [text for inner in error.exceptions for text in _told_errors(inner)]
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return [f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"]


def _kill(job: JobFiles, scenario: Scenario, result: SeedResult) -> None:
    """Kill the controller, or it and its twin, once, and take the run up again: one death of a kill campaign."""
    (fault, *_) = scenario.faults
    died = run_kills(job, scenario.seed, Campaign(fault.target), kills_count=1)
    result.outcome, result.actions_count = died.outcome, died.answers_count
    result.finished_count = result.wafers_count - len(died.failures)
    result.violations += died.failures
    result.marks = {"rework": died.reworked_count} if died.reworked_count else {}
    at_s, away_s = next(((d.died_s, d.kill.away_s) for d in died.deaths), (0.0, 0.0))
    result.faults = [_told(fault.kind, fault.target, at_s, away_s, took_effect=bool(died.deaths))]


def _told(kind: FaultKind, target: str, at_s: float, duration_s: float, *, took_effect: bool) -> dict[str, object]:
    return {
        "kind": kind.value,
        "target": target,
        "at_s": round(at_s, 1),
        "duration_s": round(duration_s, 1),
        "took_effect": took_effect,
    }


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
        unreliable = Unreliable(machine)
        self._broken = [Breaking(world, unreliable, fault) for fault in scenario.faults]
        self._invariants = checks = Invariants(job, dictionary, world, self._broken, clock.now_s)
        stream = EventStream(clock.now_s, self._commit)
        if self._tell is not None:
            stream.listen(self._show)
        stream.listen(checks)
        tool = Tool(job.tool, dictionary, TwinPort(machine), stream, no_trace, constants=parts.constants)
        checks.engine = engine = Engine(tool)
        Verbs(engine, known_orders({lot.lot_id: order_of(job)}))
        register_world(tool.commands, LocalWorld(world), {lot.lot_id: lot}.get)
        person = Person(engine, world, scenario, self._broken)
        stream.listen(person.hear)
        stream.publish(RunStarted(job.tool.name, "twin", scenario.seed, "faults"))
        script = Script(tool, "script", f"lot {lot.lot_id}")
        try:
            await self._play(engine, person, machine, script)
            ended = engine.jobs.get(lot.lot_id)
            assert ended is not None
            stream.publish(RunEnded(ended.outcome, ""))
            unreliable.close()
            machine.close()
            self._judge(engine, ended.outcome)
        finally:
            self._note(person, witness)

    async def _play(self, engine: Engine, person: Person, machine: Machine, script: Script) -> None:
        """Run the lot to its end, with faults, person and what watches the wafers beside it."""
        job, lot, tool = self._job, self._job.lot, engine.tool
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

    async def _break(self, broken: Breaking, person: Person) -> None:
        fault = broken.fault
        await asyncio.sleep(fault.at_s)
        while not broken.ready():  # noqa: ASYNC110 (a mishap waits for its wafer)
            await asyncio.sleep(1.0)
        if fault.kind is FaultKind.PERSON:
            broken.begin(clock.now_s())
            await person.order(broken)
            return
        broken.begin(clock.now_s())
        if fault.duration_s:
            await asyncio.sleep(fault.duration_s)
            broken.mend()

    async def _watch_wafers(self, engine: Engine, machine: Machine) -> None:
        """Measure how long a wet wafer is without water or slurry, or pressed with nobody to end it."""
        since_s: dict[str, float] = {}
        while True:
            await asyncio.sleep(LOOK_S)
            now_s = clock.now_s()
            failed = [n for n, platen in engine.tool.platens.items() if platen.state == "failed"]
            dry = without_water(machine, self._invariants.slurried) | unattended(machine, failed)
            for wafer_id in dry:
                since_s.setdefault(wafer_id, now_s)
                self._result.unsafe_s = max(self._result.unsafe_s, round(now_s - since_s[wafer_id], 3))
            for wafer_id in since_s.keys() - dry:
                del since_s[wafer_id]

    def _judge(self, engine: Engine, outcome: str) -> None:
        """Check how the run ended."""
        result = self._result
        removed = [p for p in engine.tool.material.at if p.startswith("removed.")]
        result.outcome, result.removed_count = outcome, len(removed)
        result.finished_count = sum(j.finished_count for j in engine.jobs) - len(removed)
        self._invariants.end(outcome, len(removed))
        if result.unsafe_s > WET_SAFE_LIMIT_S:
            self._invariants.violations.append(
                f"a wafer was wet without water, or pressed unattended, {result.unsafe_s:.1f} s"
            )

    def _note(self, person: Person, witness: Witness) -> None:
        """Note what happened, of a run that ended with an error too."""
        result, checks = self._result, self._invariants
        result.tool_time_s = clock.now_s()
        result.actions_count, result.actions = person.actions_count, person.given
        result.alarms = dict(Counter(alarm for _, alarm, _ in checks.alarms))
        result.marks = dict(Counter(m for marks in checks.marks.values() for m in sorted(set(marks))))
        result.scrapped = sorted(i for i, marks in checks.marks.items() if "scrap" in marks)
        touched = {i for b in self._broken for i in b.touched}
        result.collateral = [i for i in result.scrapped if i not in touched]
        result.faults = [
            _told(b.fault.kind, b.fault.target, b.begun_s or 0.0, b.fault.duration_s, took_effect=b.took_effect())
            for b in self._broken
        ]
        result.violations += checks.violations
        result.violations += [f"{lapse.time_s:.3f} {lapse.rule}: {lapse.detail}" for lapse in witness.lapses]

    def _show(self, batch: Sequence[Committed]) -> None:
        assert self._tell is not None
        for item in batch:
            self._tell(f"{item.time_s:10.3f} {item.event.name} {json.dumps(json.loads(to_json(item.event)))[:240]}")
