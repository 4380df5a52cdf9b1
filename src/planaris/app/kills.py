"""Kill campaigns: the controller, or it and its twin, die at random instants of a lot and the run is taken up again.

Everything runs in one process on virtual time, so that a seed replays exactly. A death is what SIGKILL is: what was
staged and not committed is gone, what SQLite committed is kept, and nothing of the dead runs any more.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from planaris.app.jobs import Script, order_of
from planaris.app.profiles import PROFILES
from planaris.app.request import RunProfile
from planaris.app.traces import no_trace
from planaris.app.world_access import LocalWorld
from planaris.app.world_commands import register_world
from planaris.clock import KilledError, Life, now_s, run_mortal
from planaris.dictionary import Dictionary, build
from planaris.formats import JobFiles
from planaris.historian import Home, SqliteJournal, journal_events
from planaris.model import Face, SlotState
from planaris.processes import load_package
from planaris.stream import Committed, EventStream, RunEnded, RunStarted
from planaris.tool import Engine, JobState, Story, TakenUp, Tool, Verbs, known_orders, take_up
from planaris.twin import Machine, MemoryFile, Truth, TwinPort, World, make_truth

# Deaths in one run, and the time from one life's start within which it dies.
KILLS_COUNT = 5
LIFE_LIMIT_S = 240.0
# How long nobody starts the controller again; some are longer than a polish may be interrupted.
AWAY_LIMIT_S = 75.0
# After this tool time a lot that is not over hangs.
RUN_LIMIT_S = 4 * 3600.0


class Campaign(StrEnum):
    """What dies."""

    CONTROLLER = "controller"
    BOTH = "both"


class At(StrEnum):
    """Where in the controller's work it dies."""

    CALLBACK = "callback"
    BEFORE_COMMIT = "before_commit"
    AFTER_COMMIT = "after_commit"


@dataclass(frozen=True, slots=True)
class Kill:
    """One death: when, after how many further callbacks or commits, and how long until the next life."""

    at: At
    after_s: float
    more_count: int
    away_s: float


@dataclass(frozen=True, slots=True)
class Death:
    """What one death left and what was found after it."""

    kill: Kill
    died_s: float
    moves_count: int
    questions_count: int
    differences: tuple[str, ...]


@dataclass(slots=True)
class KillRun:
    """How one seed went. ``failures`` is empty if nothing was lost and the lot came to its end."""

    seed: int
    campaign: Campaign
    deaths: list[Death] = field(default_factory=list[Death])
    outcome: str = ""
    answers_count: int = 0
    reworked_count: int = 0
    wafers_count: int = 0
    failures: list[str] = field(default_factory=list[str])


def plan(seed: int, campaign: Campaign, kills_count: int = KILLS_COUNT) -> tuple[Kill, ...]:
    """Draw the deaths of a seed."""
    chance = np.random.default_rng([seed, list(Campaign).index(campaign)])
    kinds = list(At)
    return tuple(
        Kill(
            kinds[int(chance.integers(len(kinds)))],
            float(chance.uniform(0.5, LIFE_LIMIT_S)),
            int(chance.integers(40)),
            float(chance.uniform(0.1, AWAY_LIMIT_S)),
        )
        for _ in range(kills_count)
    )


def with_slots(job: JobFiles, slots: Sequence[int]) -> JobFiles:
    """Return a job with only some of its lot's wafers."""
    lot = job.lot
    wafers = tuple(w for w in lot.wafers if w.slot in slots)
    ids = {w.wafer_id for w in wafers}
    states = tuple(s if n in slots else SlotState.EMPTY for n, s in enumerate(lot.carrier.slots, start=1))
    return replace(
        job,
        lot=replace(
            lot,
            wafers=wafers,
            incoming=tuple(m for m in lot.incoming if m.wafer_id in ids),
            carrier=replace(lot.carrier, slots=states),
        ),
    )


def run_kills(job: JobFiles, seed: int, campaign: Campaign, kills_count: int = KILLS_COUNT) -> KillRun:
    """Run a lot through its deaths to its end; what went wrong is in the answer's ``failures``."""
    result = KillRun(seed, campaign, wafers_count=len(job.lot.wafers))
    shm = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(dir=shm if shm.is_dir() else None) as folder,
        Home.open(Path(folder) / "home", label="kills") as home,
    ):
        run_id = home.new_run(job.lot.lot_id).run_id
        scene = _Scene(job, seed, campaign, home.database, run_id, result)
        try:
            run_mortal(scene.play(plan(seed, campaign, kills_count)))
        except Exception as error:
            result.failures.append(f"{type(error).__name__}: {error}")
    return result


class _Scene:
    """One run with its lives."""

    def __init__(
        self, job: JobFiles, seed: int, campaign: Campaign, database: Path, run_id: str, result: KillRun
    ) -> None:
        self._job, self._seed, self._campaign = job, seed, campaign
        self._database, self._run_id, self._result = database, run_id, result
        self._dictionary: Dictionary = build(job.tool)
        package = load_package(job.recipe.process_package)
        self._truth: Truth = make_truth(package, job.recipe.film, job.tool, seed)
        self._memory = MemoryFile(None)
        self._remains: list[object] = []

    def _machine(self) -> World:
        profile = PROFILES[RunProfile.CAMPAIGN].twin
        machine = Machine(self._job.tool, self._dictionary, self._truth, self._seed, profile=profile)
        world = World(machine)
        world.remember(self._memory)
        return world

    async def play(self, kills: Sequence[Kill]) -> None:
        """Live and die as drawn, then to the end; check what is left."""
        world = self._machine() if self._campaign is Campaign.CONTROLLER else None
        before: tuple[Kill, float] | None = None
        for kill in (*kills, None):
            one = _Controller(self, kill, world)
            async with asyncio.timeout(RUN_LIMIT_S):
                died = await one.live()
            self._remains.append(one)
            if before is not None:
                found = one.moves_count, one.questions_count, tuple(one.differences)
                self._result.deaths.append(Death(*before, *found))
            if not died:
                assert one.world is not None
                self._check_end(one.world)
                return
            assert kill is not None
            before = kill, now_s()
            await asyncio.sleep(kill.away_s)

    def _check_end(self, world: World) -> None:
        failures, lot = self._result.failures, self._job.lot
        truth = world.where()
        for wafer in lot.wafers:
            home = f"loadport{lot.load_port}.{wafer.slot:02d}"
            if truth.get(wafer.wafer_id) != home:
                failures.append(f"{wafer.wafer_id} ended at {truth.get(wafer.wafer_id)}, not {home}")
        if len(truth) != len(lot.wafers):
            failures.append(f"{len(truth)} wafers at the end, {len(lot.wafers)} at the start")
        if self._result.outcome != JobState.COMPLETED.value:
            failures.append(f"the lot ended {self._result.outcome!r}")
        told = Story("", journal_events(self._database, self._run_id))
        self._result.reworked_count = sum("rework" in w.marks for w in told.wafers.values())
        failures += [f"{w.wafer_id} not finished by the journal" for w in told.wafers.values() if not w.finished]


class _Controller:
    """One life of the controller, in the campaign that kills both with its own machine."""

    def __init__(self, scene: _Scene, kill: Kill | None, world: World | None) -> None:
        self._scene, self._kill, self.world = scene, kill, world
        self.moves_count = self.questions_count = 0
        self.differences: list[str] = []
        self._commits_left = math.inf
        self._port: TwinPort | None = None
        at_s = now_s() + kill.after_s if kill is not None else math.inf
        self._commit_from_s = at_s
        if kill is not None and kill.at is At.CALLBACK:
            self._life = Life(kill_at_s=at_s, more_count=kill.more_count)
        else:
            self._life = Life()
            if kill is not None:
                self._commits_left = kill.more_count % 12

    async def live(self) -> bool:
        """Work until the lot's end or this life's; return whether it died."""
        task = self._life.begin(self._work())
        died = await self._life.over(task)
        if not died:
            task.result()
        elif self._port is not None and self._scene._campaign is Campaign.CONTROLLER:
            self._port.drop()
        return died

    def _commit(self, journal: SqliteJournal) -> Callable[[Sequence[Committed], bool], None]:
        def commit(batch: Sequence[Committed], durable: bool) -> None:
            if self._life.dead:
                raise KilledError
            last = now_s() >= self._commit_from_s and self._commits_left <= 0
            self._commits_left -= now_s() >= self._commit_from_s
            if last and self._kill is not None and self._kill.at is At.BEFORE_COMMIT:
                self._die()
            journal.append(batch, durable)
            if last:
                self._die()

        return commit

    def _die(self) -> None:
        self._life.kill()
        raise KilledError

    async def _work(self) -> None:
        scene, job = self._scene, self._scene._job
        if self.world is None:
            self.world = scene._machine()
        lot = job.lot
        events = journal_events(scene._database, scene._run_id)
        story = Story(job.tool.cleaner.stations[-1], events)
        self.moves_count = sum(bool(w.going) for w in story.wafers.values())
        with SqliteJournal(scene._database, scene._run_id) as journal:
            stream = EventStream(now_s, self._commit(journal), story.last_sequence + 1)
            self._port, parts = TwinPort(self.world.machine), PROFILES[RunProfile.CAMPAIGN]
            tool = Tool(job.tool, scene._dictionary, self._port, stream, no_trace, constants=parts.constants)
            engine = Engine(tool)
            orders = {lot.lot_id: order_of(job)}
            Verbs(engine, known_orders(orders))
            register_world(tool.commands, LocalWorld(self.world), {lot.lot_id: lot}.get)
            if not events:
                stream.publish(RunStarted(job.tool.name, "twin", scene._seed, "kills"))
            async with tool.running(), engine.running():
                if story.jobs or story.wafers:
                    taken = await take_up(engine, story, orders, story.last_s)
                    self._compare(engine, story, taken)
                    await self._answer(tool, taken)
                await self._begin(engine, story)
                await engine.still(patience_s=0.0)
                ended = engine.jobs.get(lot.lot_id)
                if ended is None:  # it was over before this life began
                    scene._result.outcome = story.jobs[lot.lot_id].state
                else:
                    scene._result.outcome = ended.outcome or ended.state.value
                scene._result.failures += [f"engine: {f}" for j in engine.jobs for f in j.failures]
                stream.publish(RunEnded(scene._result.outcome, ""))

    def _compare(self, engine: Engine, story: Story, taken: TakenUp) -> None:
        """Hold the controller's map to the twin's truth; only what a person is asked may differ."""
        assert self.world is not None
        truth = self.world.where()
        asked = {q.wafer_id for q in taken.questions}
        self.questions_count = len(taken.questions)
        for wafer_id in story.wafers:
            believed, true = engine.tool.material.where(wafer_id), truth.get(wafer_id)
            if believed != true and wafer_id not in asked:
                self.differences.append(f"{wafer_id} is at {true}, believed at {believed}")
        material = engine.tool.material
        for place, wafer in self.world.machine.places.items():
            wafer_id = wafer.wafer_id
            if wafer_id not in story.wafers or wafer_id in asked or wafer_id in material.turning():
                continue
            if wafer.face_down is not (material.face(wafer_id) is Face.DOWN):
                self.differences.append(f"{wafer_id} at {place} does not face {material.face(wafer_id)}, as believed")
        self._scene._result.failures += self.differences

    async def _answer(self, tool: Tool, taken: TakenUp) -> None:
        """Answer as a person who went to look."""
        assert self.world is not None
        for question in taken.questions:
            if not question.wafer_id:
                continue
            where = self.world.where()[question.wafer_id]
            person = Script(tool, f"person after {now_s():.3f}", question.why)
            await person.give("wafer.confirm_place", "operator", wafer_id=question.wafer_id, location=where)
            self._scene._result.answers_count += 1

    async def _begin(self, engine: Engine, story: Story) -> None:
        """Give what the script had not given yet."""
        scene, lot, job = self._scene, self._scene._job.lot, self._scene._job
        assert self.world is not None
        script = Script(engine.tool, f"kills {now_s():.3f}", f"lot {lot.lot_id}")
        if lot.load_port not in self.world.machine.handling.carriers:
            await script.give("world.place_cassette", "script", load_port=lot.load_port, lot_id=lot.lot_id)
        told = story.jobs.get(lot.lot_id)
        if told is not None and told.begun:
            return
        del scene
        await script.give("job.create", "operator", lot_id=lot.lot_id, load_port=lot.load_port,
                          recipe=job.recipe.name, cleaner_recipe=job.cleaner.name)  # fmt: skip
        await script.give("job.start", "operator", lot_id=lot.lot_id)
