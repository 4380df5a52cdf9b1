"""Takes an unfinished run up again: the machine is brought to rest, looked at, and the work goes on from there.

First nothing new is begun: heads that are down come up, and motions that the machine still makes end. Then carriers are
scanned, the journal's map is held to what is seen, and what is certain is believed. Wet wafers go first because the
dispatch rule always lets them. What is not certain holds its places until a person says where the wafer is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from planaris.clock import now_s
from planaris.model import EndKind, Recipe, SlotState, Wafer
from planaris.modules import Visit, WaferNotSeenError, face_shown, rest_of_end
from planaris.stream import CarrierMapped, RunResumed, StepEnded, WaferMoved
from planaris.tool.carrier_check import SLOT_LETTERS
from planaris.tool.engine import Engine
from planaris.tool.failures import FAILURE_ALARMS
from planaris.tool.jobs import ENDED, Job, JobState
from planaris.tool.progress import WaferProgress
from planaris.tool.recovery import Question, Reconciled, reconcile
from planaris.tool.run_to_run import adjusted
from planaris.tool.story import Story, WaferStory
from planaris.tool.verbs import JobOrder
from planaris.tool.work import Piece, WorkKind

# A motion that was under way when the controller died ends within this, or a person must look [design].
AT_REST_LIMIT_S = 180.0
# A polish that was interrupted for longer than this is not gone on with: the wafer is marked rework [design].
POLISH_GAP_LIMIT_S = 60.0
# How long the PLC goes on with a polish when the controller's beats stay away (design value of the PLC).
HEARTBEAT_LIMIT_S = 2.0


@dataclass(frozen=True, slots=True)
class TakenUp:
    """What taking a run up found: seconds the controller was away, and what a person must look at."""

    away_s: float
    reconciled: Reconciled

    @property
    def questions(self) -> tuple[Question, ...]:
        """What a person must look at."""
        return self.reconciled.questions


async def take_up(engine: Engine, story: Story, orders: Mapping[str, JobOrder], died_s: float) -> TakenUp:
    """Go on with an unfinished run inside the running engine, before any other command.

    ``story`` is what the journal told; it goes on with what is found. ``died_s`` is the last tool time at which the
    controller is known to have lived. Raises WaitTimeoutError if a motion of the machine does not end.
    """
    tool = engine.tool
    away_s = max(0.0, now_s() - died_s)
    polished_on_s = await _bring_to_rest(engine, died_s)
    jobs = _jobs(engine, story, orders)
    seen = await _look(engine, jobs)
    # From here on without a pause: nobody may see a map that is half believed.
    known = {i: w for i, w in story.wafers.items() if not w.place.startswith("removed.")}
    places = {i: w.place for i, w in known.items()}
    in_motion = {i: w.going for i, w in known.items() if w.going}
    found = reconcile(places, in_motion, seen)
    tool.stream.publish(RunResumed(round(away_s, 6), len(found.moves), len(found.questions)))
    tool.commands.go_on_from(story.commands_count)
    tool.alarms.restore(story.alarms)
    for alarm, source in {key[:2] for key in story.alarms if key[0] in FAILURE_ALARMS}:
        tool.alarms.clear(alarm, source, "the controller restarted; what is still wrong sets it again")
    _believe(engine, story, orders, found)
    _settle_turns(engine, story)
    _end_open_steps(engine, story, polished_on_s)
    for job in jobs:
        _progress(job, story)
        engine.jobs.adopt(job)
    _go_on(engine, story, found, jobs, away_s, polished_on_s)
    tool.stream.flush(durable=True)
    engine.shop.changed.set()
    return TakenUp(away_s, found)


# -- bringing the machine to rest -----------------------------------------------------------------------------------
async def _bring_to_rest(engine: Engine, died_s: float) -> float:
    """Bring heads up and wait until nothing moves; return until when polishing went on at the latest."""
    tool, watch = engine.tool, engine.tool.watch
    down = [n for n in range(1, tool.description.heads + 1) if not watch.is_on(f"head{n}.up")]
    polished_on_s = now_s() if down else died_s + HEARTBEAT_LIMIT_S
    for head in down:
        platen = engine.transport.platen_under(head)
        if platen is not None:
            await tool.platens[platen].secure(head)
    movers = [tag for tag in tool.port.tags if tag.endswith(".sts.busy") and not _is_station(engine, tag)]
    ups = tuple(f"head{n}.up" for n in range(1, tool.description.heads + 1))

    def at_rest() -> bool:
        return not any(watch.is_on(tag) for tag in movers) and all(watch.is_on(tag) for tag in ups)

    await watch.until(at_rest, (*movers, *ups), AT_REST_LIMIT_S, "the machine at rest")
    for robot in (tool.dry_robot, tool.wet_robot):
        arms = [tag for tag in tool.port.tags if tag.startswith(robot.name) and tag.endswith(".wafer_present")]
        if any(watch.is_on(tag) for tag in arms):
            robot.fire("fail")
            robot.recover()
    return min(polished_on_s, now_s())


def _is_station(engine: Engine, tag: str) -> bool:
    """Whether a device ends its own work without moving anything: its wafer is waited for alone."""
    device = tag.partition(".")[0]
    return device in engine.tool.cleaners or device == "metrology"


# -- looking --------------------------------------------------------------------------------------------------------
async def _look(engine: Engine, jobs: list[Job]) -> dict[str, bool]:
    """Return what sensors and scans of the jobs' carriers show."""
    tool = engine.tool
    seen: dict[str, bool] = {}
    for number in sorted({job.lot.load_port for job in jobs}):
        port = tool.load_ports[number]
        if not tool.watch.is_on(f"{port.name}.carrier_present"):
            continue
        states = await port.ask(port.map)
        lot = next(job.lot for job in jobs if job.lot.load_port == number)
        letters = "".join(SLOT_LETTERS[state] for state in states)
        tool.stream.publish(CarrierMapped(number, lot.carrier.carrier_id, letters))
        for slot, state in enumerate(states, start=1):
            seen[f"{port.name}.{slot:02d}"] = state is not SlotState.EMPTY
    for tag in tool.port.tags:
        if tag.endswith(".wafer_present"):
            seen[tag.removesuffix(".wafer_present")] = tool.watch.is_on(tag)
    return seen


# -- believing ------------------------------------------------------------------------------------------------------
def _believe(engine: Engine, story: Story, orders: Mapping[str, JobOrder], found: Reconciled) -> None:
    """Bring the map to where the journal left it, then commit what became of the moves that were under way."""
    material = engine.tool.material
    wafers = {w.wafer_id: w for order in orders.values() for w in order.lot.wafers}
    for wafer_id, told in story.wafers.items():
        face_at = engine.tool.description.face_at
        lay = told.face or face_at(told.place) or (face_at(told.came_from) if told.came_from else None)
        material.restore(wafers[wafer_id], told.place, told.going, lay, told.turning)
    for move in found.moves:
        wafer = wafers[move.wafer_id]
        if move.made:
            material.confirm(wafer)
            story.apply(WaferMoved(move.wafer_id, move.source, move.destination), now_s())
        else:
            material.cancel(wafer, "the controller restarted; the wafer is seen where it was")
            story.wafers[move.wafer_id].going = ""


def _settle_turns(engine: Engine, story: Story) -> None:
    """Believe the wrists about wafers that were being turned over; one between its stops turns on before it places."""
    material = engine.tool.material
    for wafer_id in tuple(material.turning()):
        wafer = material.find(wafer_id)
        if wafer is None:
            continue
        shown = face_shown(engine.tool.watch, material.where(wafer_id))
        if shown is not None:
            material.confirm_flip(wafer, shown)
            story.wafers[wafer_id].face, story.wafers[wafer_id].turning = shown, None


def _end_open_steps(engine: Engine, story: Story, polished_on_s: float) -> None:
    """Tell the end of steps that nobody saw, so that later lives do not count what came after it."""
    for told in story.wafers.values():
        for step in told.steps.values():
            if step.open:
                duration_s = round(max(0.0, polished_on_s - step.started_s), 6)
                ended = StepEnded(
                    told.wafer_id, step.platen, step.head, step.step, step.step_name, duration_s, "abort", 0.0, 0.0
                )
                engine.tool.stream.publish(ended)
                story.apply(ended, polished_on_s)


def _jobs(engine: Engine, story: Story, orders: Mapping[str, JobOrder]) -> list[Job]:
    """Return the jobs that were not over, in the state the journal tells."""
    jobs: list[Job] = []
    for lot_id, told in story.jobs.items():
        state = JobState(told.state)
        if state in ENDED or state is JobState.QUEUED or not told.begun:
            continue
        order = orders[lot_id]
        job = engine.jobs.make(order.lot, order.recipe, order.cleaner)
        job.state, job.begun = state, True
        jobs.append(job)
    return jobs


def _progress(job: Job, story: Story) -> None:
    for wafer_id, progress in job.progress.items():
        told = story.wafers[wafer_id]
        restore_progress(progress, told)
    if job.state in {JobState.RUNNING, JobState.PAUSED}:
        job.queue = [p.home for p in job.progress.values() if not p.finished and not p.left_carrier]


def restore_progress(progress: WaferProgress, told: WaferStory) -> None:
    """Set what the tool remembers of a wafer to what the journal tells of it."""
    progress.aligned, progress.head, progress.finished = told.aligned, told.head, told.finished
    progress.left_carrier_s, progress.chucked_s = told.left_carrier_s, told.chucked_s
    progress.polish_start_s, progress.polish_end_s = told.polish_start_s, told.polish_end_s
    progress.clean_start_s, progress.dried_s = told.clean_start_s, told.dried_s
    progress.polish_s, progress.slurry_ml, progress.di_water_ml = told.polish_s, told.slurry_ml, told.di_water_ml
    progress.plan, progress.post_nm, progress.marks = told.plan, told.post_nm, list(told.marks)
    progress.cut_short = told.turned_away or "rework" in told.marks or "scrap" in told.marks
    progress.visits_done = visits_done(progress.recipe, told)
    progress.interrupted = told.interrupted
    if told.adjusted is not None:
        progress.adjusted = adjusted(progress.recipe, told.adjusted)


def visits_done(recipe: Recipe, told: WaferStory) -> int:
    """Return how many of a recipe's visits to platens were polished to their end."""
    done = 0
    for platen in recipe.platens:
        numbers = [n for n, step in enumerate(recipe.steps) if step.platen == platen]
        if not all(n in told.steps and told.steps[n].whole for n in numbers):
            break
        done += 1
    return done


# -- going on -------------------------------------------------------------------------------------------------------
def _go_on(
    engine: Engine, story: Story, found: Reconciled, jobs: list[Job], away_s: float, polished_on_s: float
) -> None:
    for question in found.questions:
        _hold(engine, question)
    asked = {q.wafer_id for q in found.questions}
    for job in jobs:
        for wafer_id, progress in job.progress.items():
            if wafer_id in asked or wafer_id not in found.places or progress.finished:
                continue
            place, told = found.places[wafer_id], story.wafers[wafer_id]
            if told.held:  # decided before its visit's end, where it is marked
                engine.marks.mark(wafer_id, "hold", told.held)
            if place.startswith("head"):
                _interrupted(engine, told, progress, place, away_s, polished_on_s)
            elif place != progress.home or progress.left_carrier:
                _placed(engine, progress.wafer, place)
            waiting = progress.wet and progress.polished and math.isnan(progress.clean_start_s)
            if waiting and not math.isnan(progress.polish_end_s):
                engine.wet.polished(wafer_id)
    engine.transport.take_up(frozenset(asked))


def _placed(engine: Engine, wafer: Wafer, place: str) -> None:
    """Go on with a wafer from where it is, once the station there is done with what it was doing."""
    busy = f"{place}.sts.busy"
    if busy not in engine.tool.port.tags or not engine.tool.watch.is_on(busy):
        engine.placed(wafer, place)
        return

    async def wait() -> None:
        watch = engine.tool.watch
        await watch.until(lambda: not watch.is_on(busy), (busy,), AT_REST_LIMIT_S, f"{place} at rest")
        engine.shop.free(piece, place)
        engine.placed(wafer, place)

    piece = Piece(WorkKind.CLEAN, place, wait, {place}, wafer.wafer_id, begun=True)
    engine.shop.start(piece)


def _interrupted(
    engine: Engine, told: WaferStory, progress: WaferProgress, place: str, away_s: float, polished_on_s: float
) -> None:
    """Let a polish that was cut off go on for the time that is left, or bring its wafer to safety, marked."""
    stage = progress.next_platen
    if stage is None:
        return
    steps = progress.polish_recipe.steps
    if not any(steps[number].platen == stage for number in told.steps):
        return  # not begun there: the visit begins when the head stands over its platen
    head = int(place.removeprefix("head"))
    visit = _rest_of(progress, told, stage, head)
    if visit is None:
        progress.visits_done += 1
        progress.polish_end_s = polished_on_s
        return
    platen = engine.transport.platen_under(head)
    why = ""
    if away_s > POLISH_GAP_LIMIT_S:
        why = f"the controller was away for {away_s:.0f} s, limit {POLISH_GAP_LIMIT_S:g} s"
    elif platen is None or platen not in engine.tool.description.platens_for(stage):
        why = f"{place} is not over its platen any more"
    elif not engine.tool.watch.is_on(f"platen{platen}.pad_wet"):
        why = f"the pad of platen{platen} is not wet"
    if why:
        progress.cut_short, progress.polish_end_s = True, polished_on_s
        engine.marks.mark(progress.wafer.wafer_id, "rework", f"polish was interrupted: {why}")
        return
    assert platen is not None
    engine.tool.platens[platen].take_up(visit)


def _rest_of(progress: WaferProgress, told: WaferStory, stage: int, head: int) -> Visit | None:
    """Return what is left of a visit; None if nothing is."""
    recipe = progress.polish_recipe
    left: list[tuple[int, float]] = []
    for number, step in enumerate(recipe.steps):
        if step.platen != stage:
            continue
        story = told.steps.get(number)
        if story is not None and story.whole:
            continue
        done_s = story.done_s if story is not None else 0.0
        # A step that does not go by time may go on until its latest time.
        by_time = step.end.kind is EndKind.TIME
        left_s = (step.end.time_s + step.end.over_polish_s if by_time else step.end.max_s) - done_s
        if left_s > 0:
            left.append((number, left_s))
    if not left:
        return None
    first, left_s = left[0]
    step = recipe.steps[first]
    if told.steps.get(first) is not None:
        step = replace(step, end=rest_of_end(step.end, told.steps[first].done_s))
    steps = (step, *(recipe.steps[n] for n, _ in left[1:]))
    return Visit(told.wafer_id, told.slot, head, recipe, first, steps)


def unanswered(engine: Engine, taken: TakenUp) -> tuple[Question, ...]:
    """Return the questions that nobody has answered yet."""
    return tuple(q for q in taken.questions if _held_as(q) in engine.shop.failed)


def _held_as(question: Question) -> str:
    return f"place of {question.wafer_id or question.look_at[0]}"


def _hold(engine: Engine, question: Question) -> None:
    """Keep what is uncertain out of use until a person says where the wafer is; the alarm says what to look at."""

    async def nothing() -> None:
        """Nothing is to be done again: the places are free."""

    sensor = f"{question.look_at[-1]}.wafer_present"
    expected = bool(question.wafer_id)
    piece = Piece(WorkKind.TRANSFER, _held_as(question), nothing, set(question.look_at), question.wafer_id, begun=True)
    engine.shop.busy |= piece.holds
    engine.shop.lock(piece, WaferNotSeenError("tool", "take_up", sensor, expected))
