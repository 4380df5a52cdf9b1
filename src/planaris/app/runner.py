"""Composition root of `planaris run`: wires a tool on a twin, runs one lot on tool time, keeps its records."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import planaris
from planaris import clock
from planaris.app.consumable_keeper import ConsumableKeeper
from planaris.app.endpoints import Endpoints, check_endpoints
from planaris.app.far_side import FarSide, PortChoice, choose_port, open_far_side
from planaris.app.fault_limits import keep_fault_limits
from planaris.app.jobs import JobFailedError, Script, order_of
from planaris.app.office import recipe_finder, recipe_finder_at
from planaris.app.profiles import PROFILES
from planaris.app.removal_estimates import fetch_learners, fetch_solver
from planaris.app.request import EstimateSummary, Progress, QuestionSummary, RunRequest, RunSummary, WaferSummary
from planaris.app.resume import ENTRIES, Past, interruptions, last_run
from planaris.app.run_facts import LotClock, bound_facts, description_facts, taken_from_library
from planaris.app.run_to_run import check_run_to_run, controls
from planaris.app.run_to_run_keeper import RunToRunKeeper
from planaris.app.traces import RunTraces, no_trace
from planaris.app.twin_memory import check_empty, open_twin_memory
from planaris.app.world_access import WorldAccess, WorldError
from planaris.app.world_commands import register_world
from planaris.dictionary import Dictionary, build
from planaris.formats import JobFiles, load_job
from planaris.hardware.replay import RECORD_FILE, PortRecording
from planaris.historian import (
    Home,
    HomeError,
    RecordError,
    RunDatabase,
    RunFolder,
    SqliteJournal,
    TraceWriter,
    check_run_folder,
)
from planaris.processes import ProcessPackage, load_package
from planaris.scheduling import throughput_bound, throughput_bound_units
from planaris.stream import (
    AlarmSet,
    Batched,
    Committed,
    EventStream,
    LotStarted,
    ModuleStateChanged,
    RemovalEstimated,
    RunEnded,
    RunStarted,
    StepStarted,
    StreamHash,
    WaferFinished,
    WaferMoved,
)
from planaris.tool import (
    Engine,
    RecipeLibrary,
    Story,
    TakenUp,
    Tool,
    Verbs,
    known_orders,
    shares_pct,
    take_up,
    unanswered,
)
from planaris.twin import MemoryFile

# Hurried runs record events in batches: the journal has them already.
RECORD_BATCH_COUNT = 250

OnProgress = Callable[[Progress], None]


@dataclass(slots=True)
class _Observed:
    """What listeners gathered for the summary."""

    wafers: list[WaferFinished]
    alarms: list[AlarmSet]
    estimates: dict[str, RemovalEstimated] = field(default_factory=dict[str, RemovalEstimated])


class _Reporter:
    """Listener that turns events into progress and gathers results. Its failures are its own."""

    def __init__(self, on_progress: OnProgress, wafers_count: int, started_s: float) -> None:
        self._on_progress, self._wafers_count, self._started_s = on_progress, wafers_count, started_s
        self.seen = _Observed([], [])

    def __call__(self, batch: Sequence[Committed]) -> None:
        for item in batch:
            event = item.event
            if isinstance(event, WaferFinished):
                self.seen.wafers.append(event)
                self._tell(item.time_s, event.wafer_id, "loadport", f"removal {event.removal_nm:.0f} nm")
            elif isinstance(event, RemovalEstimated):
                self.seen.estimates[event.wafer_id] = event
            elif isinstance(event, AlarmSet):
                self.seen.alarms.append(event)
                self._tell(item.time_s, event.wafer_id, event.source, f"alarm {event.alarm}: {event.detail}")
            elif isinstance(event, StepStarted):
                self._tell(item.time_s, event.wafer_id, f"platen{event.platen}", event.step_name)
            elif isinstance(event, WaferMoved):
                self._tell(item.time_s, event.wafer_id, event.destination, "")
            elif isinstance(event, LotStarted):
                self._tell(item.time_s, "", f"loadport{event.load_port}", "lot started")
            elif isinstance(event, ModuleStateChanged) and event.state == "mapping":
                self._tell(item.time_s, "", event.module, "mapping the carrier")

    def _tell(self, time_s: float, wafer_id: str, module: str, text: str) -> None:
        wall_s = clock.monotonic_s() - self._started_s
        done = len(self.seen.wafers)
        self._on_progress(Progress(time_s, wall_s, wafer_id, module, text, done, self._wafers_count))


def run_lot(request: RunRequest, on_progress: OnProgress) -> RunSummary:
    """Run one lot on the twin and write its records. Nothing is written before all input is known to be good.

    Raises InputError, HomeError and RecordError of the historian. A failing process does not raise: the summary's
    outcome names it.
    """
    started_s = clock.monotonic_s()
    if request.resume:
        return _resume(request, on_progress, started_s)
    instead = {key: entry for key in ENTRIES if (entry := str(getattr(request, key)))}
    job = load_job(request.lot_path, request.tool, recipe_finder_at(request.home), instead)
    package = load_package(job.recipe.process_package)
    check_endpoints(job, package)
    check_run_to_run(job, package)
    choice = choose_port(request.port, request.speed)
    if request.out is not None:
        check_run_folder(request.out)
    with Home.open(request.home, label="planaris run") as home:
        memory = open_twin_memory(home)
        try:
            if choice.in_process and not request.clear:
                check_empty(home, memory)
            folder = home.new_run(job.lot.lot_id, request.out)
            return _run(request, on_progress, job, package, home, folder, memory, started_s, choice)
        finally:
            memory.close()


def _resume(request: RunRequest, on_progress: OnProgress, started_s: float) -> RunSummary:
    """Go on with the home's last run. Raises as `run_lot`."""
    choice = choose_port(request.port, request.speed)
    with Home.open(request.home, label="planaris run --resume") as home:
        memory = open_twin_memory(home)
        try:
            past = last_run(home)
            if choice.in_process and not memory.kept.named("wafer."):
                raise HomeError(past.folder.path, "has no wafer in the machine", "start a new run without --resume")
            request = replace(request, lot_path=past.lot_path, tool=past.tool, seed=past.seed)
            instead = past.library_entries
            job = load_job(request.lot_path, request.tool, recipe_finder(home), instead)
            package = load_package(job.recipe.process_package)
            if changed := past.changed(description_facts(job, package)):
                problem = f"was started with another {', '.join(changed)} than {request.lot_path} has now"
                raise HomeError(past.folder.path, problem, "put the files back as they were, or --clear")
            return _run(request, on_progress, job, package, home, past.folder, memory, started_s, choice, past)
        finally:
            memory.close()


def _run(
    request: RunRequest,
    on_progress: OnProgress,
    job: JobFiles,
    package: ProcessPackage,
    home: Home,
    folder: RunFolder,
    memory: MemoryFile,
    started_s: float,
    choice: PortChoice,
    past: Past | None = None,
) -> RunSummary:
    reporter = _Reporter(on_progress, len(job.lot.wafers), started_s)
    digest, lot_clock = StreamHash(), LotClock()
    # In virtual time a full queue may make the run wait: nothing else is waiting for it.
    writer = TraceWriter(folder.traces, submit_limit_s=60.0 if choice.speed == float("inf") else 0.05)
    # A machine in this process is gone with the power itself, and what it remembers is not forced to the disk either.
    disk_behind = choice.in_process and choice.speed == float("inf")
    with (
        SqliteJournal(home.database, folder.run_id, disk_behind=disk_behind) as journal,
        RunDatabase(folder.database, go_on=past is not None) as records,
        writer,
    ):
        if past is None:
            records.set_metas(
                {
                    "run_id": folder.run_id,
                    "created_utc": f"{clock.utc_now():%Y-%m-%dT%H:%M:%SZ}",
                    "software": planaris.__version__,
                    "tool": job.tool.name,
                    "port_kind": choice.kind.value,
                    "seed": str(request.seed),
                    "profile": request.profile.value,
                    "speed": str(choice.speed),
                    "lot_path": str(request.lot_path.absolute()),
                    "tool_asked": str(request.tool or ""),
                    **taken_from_library(job),
                    **description_facts(job, package),
                }
            )
        session = _Session(request, job, package, home, folder, memory, writer, journal.append, choice, past)
        session.on_interruption = records.set_metas
        batched = Batched(records, RECORD_BATCH_COUNT if choice.speed == float("inf") else 1)
        listeners = [batched, digest, lot_clock, reporter, session.consumables]
        if job.recipe.run_to_run is not None:  # within the control loop to load them would make it pause
            fetch_solver()
            if job.recipe.run_to_run.estimates:
                fetch_learners(wait=True)
        start_s = 0.0
        if past is not None:
            _tell_again(past, records, [digest, lot_clock, reporter])
            start_s = past.died_s + request.away_s
        outcome, time_s = clock.run(session.run(listeners), speed=choice.speed, start_s=start_s)
        batched.flush()
        if session.lost_records is not None:  # the wafers are safe and known, but the run's records are not whole
            raise session.lost_records
        writer.drain()
        slots = tuple(sorted(w.slot for w in job.lot.wafers))
        bound_of = throughput_bound if job.tool.units is None else throughput_bound_units
        bound = bound_of(job.tool, job.recipe, job.cleaner, job.lot.sampling, slots)
        facts = bound_facts(bound, lot_clock, job.tool.carrier_map_s)
        wall_s = clock.monotonic_s() - started_s
        records.set_metas(
            {
                "outcome": outcome,
                "tool_time_s": repr(time_s),
                "wall_s": f"{wall_s:.3f}",
                "longest_pause_s": f"{session.longest_pause_s:.4f}",
                "e10_shares_pct": json.dumps(session.e10_shares_pct),
                "stream_hash": digest.hexdigest(),
                "bound": json.dumps(facts),
                "model_flags": json.dumps(session.flags),
                "consumable_parts": json.dumps(session.consumables.parts()),
                "divergences": json.dumps(session.divergences),
            }
        )
    report: Path | None = None
    if request.report and PROFILES[request.profile].traces:
        from planaris.report import write_report

        report = write_report(folder.path)
    summary = _summary(
        job,
        folder,
        reporter.seen,
        facts,
        outcome,
        time_s,
        wall_s,
        digest.hexdigest(),
        report,
        choice.kind.value,
        session.divergences,
        session.longest_pause_s,
    )
    refused = tuple(session.refused_answers)
    return replace(summary, questions=session.questions, refused_answers=refused, detail=session.detail)


def _tell_again(past: Past, records: RunDatabase, listeners: Sequence[Callable[[Sequence[Committed]], None]]) -> None:
    """Let the listeners of this life know the run's earlier one; run.db gets what it had not got."""
    known = records.last_sequence()
    records([item for item in past.events if item.sequence > known])
    for listener in listeners:
        listener(past.events)


class _Session:
    """The part of a run that lives on tool time."""

    def __init__(
        self,
        request: RunRequest,
        job: JobFiles,
        package: ProcessPackage,
        home: Home,
        folder: RunFolder,
        memory: MemoryFile,
        writer: TraceWriter,
        commit: Callable[[Sequence[Committed], bool], None],
        choice: PortChoice,
        past: Past | None = None,
    ) -> None:
        self._choice = choice
        self._request, self._job, self._package = request, job, package
        self._home, self._folder, self._memory, self._commit = home, folder, memory, commit
        self._parts = PROFILES[request.profile]
        self._traces = RunTraces(writer, folder.run_id, choice.kind.value, folder.traces)
        self._past = past
        self.questions: tuple[QuestionSummary, ...] = ()
        self.refused_answers: list[str] = []
        self.on_interruption: Callable[[dict[str, str]], None] = lambda _metas: None
        self.consumables = ConsumableKeeper(home)
        self.flags: list[str] = []
        self.divergences: tuple[str, ...] = ()
        self.lost_records: RecordError | None = None
        self.detail = ""
        self.longest_pause_s = 0.0
        self.e10_shares_pct: dict[str, float] = {}

    async def run(self, listeners: Sequence[Callable[[Sequence[Committed]], None]]) -> tuple[str, float]:
        """Wire tool and twin, run the lot, and return (outcome, tool time at its end)."""
        job, request = self._job, self._request
        dictionary = build(job.tool)
        choice, memory = self._choice, self._memory
        opened = open_far_side(
            choice, job.tool, job.recipe.film, self._package, dictionary, request.seed, memory, self._parts
        )
        async with opened as far:
            return await self._run(far, dictionary, listeners)

    async def _run(
        self, far: FarSide, dictionary: Dictionary, listeners: Sequence[Callable[[Sequence[Committed]], None]]
    ) -> tuple[str, float]:
        job, request, past = self._job, self._request, self._past
        if request.clear and far.world is not None:
            await far.world.ask("empty")
        keeper = RunToRunKeeper(self._home)
        stream = EventStream(clock.now_s, keeper.before(self._commit), 1 if past is None else past.last_sequence + 1)
        for listener in listeners:
            stream.listen(listener)
        story = Story(job.tool.cleaner.stations[-1], past.events if past is not None else ())
        self.consumables.catch_up(story)
        traces, port, record = no_trace, far.port, None
        if self._parts.traces:
            traces = self._traces
        if self._parts.traces and request.record:  # without its traces a record could not be replayed
            port = record = PortRecording(far.port, self._folder.path / RECORD_FILE, self._choice.speed)
        endpoint_of = Endpoints(self._package, job.tool, [job])
        tool = Tool(
            job.tool, dictionary, port, stream, traces, self.consumables.counters(), far.constants, endpoint_of,
            controls(self._package, job.tool), keeper.load(),
        )  # fmt: skip
        keeper.follow(tool.run_to_run)
        if past is not None:
            tool.quarantine.restore(item.event for item in past.events)
            tool.idle_pads.restore(past.events)
            tool.use.restore(past.events)
            tool.fault_watch.restore(item.event for item in past.events)
        keep_fault_limits(self._home, tool.fault_watch)
        engine = Engine(tool)
        if past is not None:
            engine.manual.restore(item.event for item in past.events)
            tool.maintenance.restore(item.event for item in past.events)
        orders = {job.lot.lot_id: order_of(job)}
        Verbs(engine, known_orders(orders))
        RecipeLibrary(self._home.recipes, job.tool, stream, engine.jobs.recipes_in_use).offer(tool.commands)
        if far.world is not None:
            register_world(tool.commands, far.world, {job.lot.lot_id: job.lot}.get)
        if past is None:
            stream.publish(RunStarted(job.tool.name, self._choice.kind.value, request.seed, planaris.__version__))
        script = Script(tool, "planaris run", f"lot {job.lot.lot_id}")
        outcome, detail = "completed", ""
        async with tool.running(), engine.running():
            clock.watch_pauses()  # setting up is no control
            try:
                lot_id, taken = job.lot.lot_id, None
                if past is not None:
                    taken = await take_up(engine, story, orders, past.died_s)
                    await self._answer(tool, taken)
                if lot_id not in story.jobs or not story.jobs[lot_id].begun:
                    await self._begin(script, far.world)
                await engine.still(request.patience_s)
                left = unanswered(engine, taken) if taken is not None else ()
                self.questions = tuple(QuestionSummary(q.wafer_id, q.candidates, q.why, q.look_at) for q in left)
                if not left:
                    engine.fail_jobs("")
                    await engine.still()
                ended = engine.jobs.get(lot_id)
                if left:
                    outcome = "questions"
                elif ended is None:  # it was over when the controller died
                    outcome = story.jobs[lot_id].state
                else:
                    outcome, detail = ended.outcome, "; ".join(ended.failures)
            except JobFailedError as error:
                outcome, detail = "refused", str(error)
            time_s, self.longest_pause_s = clock.now_s(), clock.longest_pause_s()
            if not self.questions:  # else the run goes on when somebody has answered
                stream.publish(RunEnded(outcome, detail))
        keeper.close()
        self.detail = detail
        self.e10_shares_pct = {state.value: round(pct, 3) for state, pct in shares_pct(tool.use.spent_s).items()}
        for _, failure in stream.failed_listeners:
            if isinstance(failure, RecordError):
                self.lost_records = failure
        if record is not None:
            record.end()
        if far.world is not None:
            await self._keep_truth(far.world)
        self.divergences = tuple(str(d) for d in far.divergences)
        return ("diverged" if self.divergences and outcome == "completed" else outcome), time_s

    async def _keep_truth(self, world: WorldAccess) -> None:
        """Put the twin's truth beside the run's records, and leave the twin as a person would."""
        try:
            self.flags = list(await world.ask("flags"))
            truth = base64.b64decode(await world.ask("truth"))
            if all(place.startswith("loadport") for place in (await world.ask("where")).values()):
                await world.ask("empty")  # a person takes the cassettes away
            if not self.questions:
                await world.ask("leave_in_order")
        except WorldError as error:
            self.flags.append(f"no truth: {error}")
            return
        (self._folder.path / "twin_truth.npz").write_bytes(truth)

    async def _begin(self, script: Script, world: WorldAccess | None) -> None:
        """Give the commands of a lot that nobody has begun yet."""
        job, lot_id, port = self._job, self._job.lot.lot_id, self._job.lot.load_port
        if world is not None and port not in await world.ask("carriers"):
            await script.give("world.place_cassette", "script", load_port=port, lot_id=lot_id)
        await script.give("job.create", "operator", lot_id=lot_id, load_port=port,
                          recipe=job.recipe.name, cleaner_recipe=job.cleaner.name)  # fmt: skip
        await script.give("job.start", "operator", lot_id=lot_id)

    async def _answer(self, tool: Tool, taken: TakenUp) -> None:
        """Give a person's answers through the door; keep what was refused, and note the interruption."""
        request, past = self._request, self._past
        assert past is not None
        resumed_s = clock.now_s()
        whys = [q.why for q in taken.questions]
        self.on_interruption({"interruptions": interruptions(past.metas, past.died_s, resumed_s, whys)})
        reason = request.reason or "found after the controller's death"
        for wafer_id, place in request.answers.items():
            person = Script(tool, f"{request.principal}", f"{reason} ({wafer_id})")
            try:
                await person.give("wafer.confirm_place", "operator", wafer_id=wafer_id, location=place)
            except JobFailedError as error:
                self.refused_answers.append(f"{wafer_id}: {error}")


def _summary(
    job: JobFiles,
    folder: RunFolder,
    seen: _Observed,
    facts: dict[str, float],
    outcome: str,
    time_s: float,
    wall_s: float,
    stream_hash: str,
    report: Path | None,
    port_kind: str,
    divergences: tuple[str, ...],
    longest_pause_s: float,
) -> RunSummary:
    by_id = {e.wafer_id: e for e in seen.wafers}
    nan = float("nan")
    wafers: list[WaferSummary] = []
    for wafer in sorted(job.lot.wafers, key=lambda w: w.slot):
        e = by_id.get(wafer.wafer_id)
        alarms = tuple(a.alarm for a in seen.alarms if a.wafer_id == wafer.wafer_id)
        if e is None:
            wafers.append(
                WaferSummary(wafer.slot, wafer.wafer_id, None, wafer.kind.value, nan, nan, nan, nan, nan, alarms)
            )
            continue
        head = e.head or None
        wafers.append(
            WaferSummary(
                e.slot,
                e.wafer_id,
                head,
                e.kind.value,
                e.removal_nm,
                e.wiwnu_pct,
                e.polish_s,
                e.wait_s,
                e.wet_s,
                alarms,
                _estimate(seen.estimates.get(e.wafer_id)),
            )
        )
    return RunSummary(
        run_id=folder.run_id,
        outcome=outcome,
        folder=folder.path,
        report=report,
        tool_time_s=time_s,
        wall_s=wall_s,
        wafers=tuple(wafers),
        alarms=tuple(f"{a.alarm} ({a.source}): {a.detail}" for a in seen.alarms),
        wafers_per_h=facts["wafers_per_h"],
        bound_wafers_per_h=facts["bound_wafers_per_h"],
        stream_hash=stream_hash,
        target_removal_nm=job.recipe.target_removal_nm,
        port_kind=port_kind,
        divergences=divergences,
        longest_pause_s=longest_pause_s,
    )


def _estimate(said: RemovalEstimated | None) -> EstimateSummary | None:
    if said is None:
        return None
    return EstimateSummary(
        said.estimate_nm, said.low_nm, said.high_nm, said.reliance_ratio, said.labels_count, said.model,
        said.stand_in_sigma_pct > 0.0, said.why,
    )  # fmt: skip
