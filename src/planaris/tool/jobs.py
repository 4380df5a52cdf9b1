"""Jobs: what is to be done with a lot, its state, and the book that keeps all of them in order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

from planaris.formats import recipe_hash
from planaris.model import CleanerRecipe, Lot, Recipe, Wafer
from planaris.stream import EventStream, JobStateChanged
from planaris.tool.progress import WaferProgress


class JobState(StrEnum):
    """State of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    ABORTING = "aborting"
    COMPLETED = "completed"
    STOPPED = "stopped"
    ABORTED = "aborted"
    FAILED = "failed"


class JobTrigger(StrEnum):
    """What moves a job from state to state. The first five are verbs of the door, the others come from the engine."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    ABORT = "abort"
    FINISHED = "finished"
    OUT = "out"
    FAIL = "fail"


_Q, _R, _P = JobState.QUEUED, JobState.RUNNING, JobState.PAUSED
_S, _A = JobState.STOPPING, JobState.ABORTING
# ``finished``: every wafer of the lot is back; ``out``: none of it is in the tool, some were never begun.
JOB_TABLE: Mapping[tuple[JobState, JobTrigger], JobState] = {
    (_Q, JobTrigger.START): _R,
    (_Q, JobTrigger.STOP): JobState.STOPPED,
    (_Q, JobTrigger.ABORT): JobState.ABORTED,
    (_R, JobTrigger.PAUSE): _P,
    (_P, JobTrigger.RESUME): _R,
    (_R, JobTrigger.STOP): _S,
    (_P, JobTrigger.STOP): _S,
    (_R, JobTrigger.ABORT): _A,
    (_P, JobTrigger.ABORT): _A,
    (_S, JobTrigger.ABORT): _A,
    (_R, JobTrigger.FINISHED): JobState.COMPLETED,
    (_P, JobTrigger.FINISHED): JobState.COMPLETED,
    (_S, JobTrigger.FINISHED): JobState.COMPLETED,
    (_S, JobTrigger.OUT): JobState.STOPPED,
    (_A, JobTrigger.FINISHED): JobState.ABORTED,
    (_A, JobTrigger.OUT): JobState.ABORTED,
    (_R, JobTrigger.FAIL): JobState.FAILED,
    (_P, JobTrigger.FAIL): JobState.FAILED,
    (_S, JobTrigger.FAIL): JobState.FAILED,
    (_A, JobTrigger.FAIL): JobState.FAILED,
}
ACTIVE: frozenset[JobState] = frozenset({_R, _P, _S, _A})
_POLISHING: frozenset[JobState] = frozenset({_R, _S})
ENDED: frozenset[JobState] = frozenset(
    {JobState.COMPLETED, JobState.STOPPED, JobState.ABORTED, JobState.FAILED},
)
# Jobs that are over stay in memory, where pages list them, until so many younger ones are over too: a tool lives for
# months [design].
KEPT_ENDED_COUNT = 20


class JobStateError(Exception):
    """A job does not take a trigger in its state."""

    def __init__(self, lot_id: str, state: JobState, trigger: JobTrigger) -> None:
        self.lot_id, self.state, self.trigger = lot_id, state, trigger
        super().__init__(f"job {lot_id} is {state.value}: it does not take '{trigger.value}'")


class Job:
    """One lot with its recipes, on its load port. Higher ``priority`` goes first, equal ones as they came."""

    def __init__(
        self, stream: EventStream, lot: Lot, recipe: Recipe, cleaner: CleanerRecipe, priority: int, number: int
    ) -> None:
        self._stream = stream
        self.lot, self.recipe, self.cleaner = lot, recipe, cleaner
        self.priority, self.number = priority, number
        self.state = JobState.QUEUED
        self.outcome = ""
        self.begun = False
        port = f"loadport{lot.load_port}"
        self.progress = {
            w.wafer_id: WaferProgress(w, f"{port}.{w.slot:02d}", recipe)
            for w in sorted(lot.wafers, key=lambda w: w.slot)
        }
        self.queue: list[str] = []
        self.incoming = {m.wafer_id: m for m in lot.incoming}
        self.cleaning = {s.station: s for s in cleaner.stations}
        self.failures: list[str] = []

    @property
    def lot_id(self) -> str:
        """The lot's id, which is the job's too."""
        return self.lot.lot_id

    @property
    def active(self) -> bool:
        """Whether the engine works for it."""
        return self.state in ACTIVE

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.state in ENDED

    @property
    def finished_count(self) -> int:
        """Wafers back in their slots."""
        return sum(p.finished for p in self.progress.values())

    @property
    def polishes(self) -> bool:
        """Whether its wafers may go on towards the platens."""
        return self.state in _POLISHING

    def fire(self, trigger: JobTrigger, why: str = "") -> None:
        """Take a trigger; raise `JobStateError` if the table has no such move."""
        new = JOB_TABLE.get((self.state, trigger))
        if new is None:
            raise JobStateError(self.lot_id, self.state, trigger)
        old, self.state = self.state, new
        if new in ENDED and not self.outcome:
            self.outcome = new.value
        self._stream.publish(JobStateChanged(self.lot_id, old.value, new.value, trigger.value, why))


class JobBook:
    """The jobs of a tool, by lot: those that are not over, and the last `KEPT_ENDED_COUNT` of the others.

    ``here`` says whether a wafer is in the machine or in a carrier that stands there: a job stays as long as one of its
    wafers is. ``on_forgotten`` is told of the jobs that are forgotten; records and journal keep what they were.
    """

    def __init__(self, stream: EventStream, here: Callable[[str], bool] = lambda _wafer_id: False) -> None:
        self._stream, self._here = stream, here
        self._jobs: dict[str, Job] = {}
        self._numbers = itertools.count(1)
        self.on_forgotten: Callable[[Job], None] = lambda _job: None

    def create(self, lot: Lot, recipe: Recipe, cleaner: CleanerRecipe, priority: int = 0) -> Job:
        """Make a job for a lot; raise ValueError while one for it is not over, or shares wafers with it."""
        job = self.make(lot, recipe, cleaner, priority)
        self.adopt(job)
        return job

    def make(self, lot: Lot, recipe: Recipe, cleaner: CleanerRecipe, priority: int = 0) -> Job:
        """Make a job that nobody works for until it is adopted; raises as `create`."""
        known = self._jobs.get(lot.lot_id)
        if known is not None and not known.ended:
            raise ValueError(f"there is a job for lot {lot.lot_id}; it is {known.state.value}")
        others = {i: j.lot_id for j in self._jobs.values() if not j.ended for i in j.progress}
        shared = [f"{w.wafer_id} ({others[w.wafer_id]})" for w in lot.wafers if w.wafer_id in others]
        if shared:
            raise ValueError(f"wafers of lot {lot.lot_id} belong to other jobs: {', '.join(shared)}")
        return Job(self._stream, lot, recipe, cleaner, priority, next(self._numbers))

    def adopt(self, job: Job) -> None:
        """Take a job into the book, and forget old ones that are over."""
        self._jobs.pop(job.lot_id, None)
        self._jobs[job.lot_id] = job
        over = [old for old in self._jobs.values() if old.ended and not any(map(self._here, old.progress))]
        for old in over[:-KEPT_ENDED_COUNT]:
            del self._jobs[old.lot_id]
            self.on_forgotten(old)

    def get(self, lot_id: str) -> Job | None:
        """Return a lot's job."""
        return self._jobs.get(lot_id)

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    @property
    def active(self) -> tuple[Job, ...]:
        """Jobs that are worked for, the one that goes first in front."""
        jobs = [job for job in self._jobs.values() if job.active]
        return tuple(sorted(jobs, key=lambda job: (-job.priority, job.number)))

    def recipes_in_use(self) -> Mapping[str, str]:
        """Return content hash -> lot of the recipes of jobs that are not over: nobody may change their state."""
        jobs = [job for job in self._jobs.values() if not job.ended]
        return {recipe_hash(recipe): job.lot_id for job in jobs for recipe in (job.recipe, job.cleaner)}

    def on_port(self, load_port: int) -> Job | None:
        """Return the active job of a load port."""
        return next((job for job in self.active if job.lot.load_port == load_port), None)

    def of(self, wafer: Wafer | str) -> Job:
        """Return the job of a wafer; raise KeyError if no job knows it."""
        wafer_id = wafer if isinstance(wafer, str) else wafer.wafer_id
        for job in reversed(self._jobs.values()):
            if wafer_id in job.progress:
                return job
        raise KeyError(wafer_id)

    def progress_of(self, wafer: Wafer | str) -> WaferProgress:
        """Return what is known of a wafer's way."""
        wafer_id = wafer if isinstance(wafer, str) else wafer.wafer_id
        return self.of(wafer_id).progress[wafer_id]

    def unfinished(self) -> Iterator[tuple[Job, str, WaferProgress]]:
        """Yield each wafer, with its job and identity, that is not finished."""
        for job in self._jobs.values():
            for wafer_id, progress in job.progress.items():
                if not progress.finished:
                    yield job, wafer_id, progress

    def progress(self) -> Mapping[str, WaferProgress]:
        """Return what is known of every wafer of the jobs that are not over or have wafers out."""
        return {i: p for job in self._jobs.values() for i, p in job.progress.items()}
