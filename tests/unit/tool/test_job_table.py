"""The tables of jobs and quarantines: every move is made and told, every other refused, every state leads to an end."""

from __future__ import annotations

import itertools

import pytest
from engine_bench import order
from tool_bench import Bench

from planaris.stream import JobStateChanged, QuarantineChanged
from planaris.tool import (
    JOB_TABLE,
    KEPT_ENDED_COUNT,
    MEANINGS,
    QUARANTINE_TABLE,
    AlarmBook,
    Job,
    JobBook,
    JobState,
    JobStateError,
    JobTrigger,
    Quarantine,
    QuarantineError,
    QuarantineState,
    WorkKind,
)

ENDED = {JobState.COMPLETED, JobState.STOPPED, JobState.ABORTED, JobState.FAILED}


def job(bench: Bench, state: JobState) -> Job:
    one = order()
    made = JobBook(bench.stream).create(one.lot, one.recipe, one.cleaner)
    made.state = state
    return made


@pytest.mark.parametrize(("state", "trigger"), tuple(itertools.product(JobState, JobTrigger)))
def test_a_job_takes_what_its_table_has_and_nothing_else(bench: Bench, state: JobState, trigger: JobTrigger) -> None:
    made = job(bench, state)
    after = JOB_TABLE.get((state, trigger))
    if after is None:
        with pytest.raises(JobStateError, match=f"{state.value}: it does not take '{trigger.value}'"):
            made.fire(trigger)
        assert (made.state, bench.of(JobStateChanged)) == (state, [])
        return
    made.fire(trigger, "why")
    assert bench.of(JobStateChanged) == [JobStateChanged("L1", state.value, after.value, trigger.value, "why")]
    assert made.ended is (after in ENDED)


def test_a_tool_of_many_lots_keeps_the_last_jobs_alone_and_those_whose_wafers_are_here(bench: Bench) -> None:
    here = {"L0-01"}
    book, forgotten = JobBook(bench.stream, here.__contains__), list[str]()
    book.on_forgotten = lambda gone: forgotten.append(gone.lot_id)
    numbers: list[int] = []
    for number in range(3 * KEPT_ENDED_COUNT):
        one = order(f"L{number}")
        made = book.create(one.lot, one.recipe, one.cleaner)
        numbers.append(made.number)
        if number != 1:  # a job that waits is never forgotten
            made.fire(JobTrigger.STOP)
    kept = [job.lot_id for job in book]
    assert kept == ["L0", "L1", *(f"L{n}" for n in range(2 * KEPT_ENDED_COUNT - 1, 3 * KEPT_ENDED_COUNT))]
    assert forgotten == [f"L{n}" for n in range(2, 2 * KEPT_ENDED_COUNT - 1)]
    assert numbers == sorted(set(numbers))  # equal priorities go as they came, however many were forgotten
    assert len(book.progress()) == 2 * len(kept)
    here.clear()
    one = order("LAST")
    book.create(one.lot, one.recipe, one.cleaner)
    assert "L0" in forgotten


def test_every_job_can_end_and_an_end_is_for_good() -> None:
    leads = set(ENDED)
    for _ in JobState:
        leads |= {state for (state, _), after in JOB_TABLE.items() if after in leads}
    assert leads == set(JobState)
    assert not {state for state, _ in JOB_TABLE} & ENDED


def test_every_kind_of_work_says_what_each_answer_does() -> None:
    assert set(MEANINGS) == set(WorkKind)
    assert all(all((m.abort, m.retry, m.skip, m.resume)) for m in MEANINGS.values())


@pytest.mark.parametrize("platen", ["platen1"])
def test_a_quarantine_survives_a_restart_by_its_events(bench: Bench, platen: str) -> None:
    alarms = AlarmBook(bench.stream, bench.dictionary, lambda: bench.now_s)
    closed = Quarantine(bench.stream, alarms)
    closed.open(platen, "W1 broke")
    closed.inspect(platen, "eva", "pad changed")
    again = Quarantine(bench.stream, AlarmBook(bench.stream, bench.dictionary, lambda: bench.now_s))
    again.restore(bench.of(QuarantineChanged))
    assert again.state_of(platen) is QuarantineState.INSPECTED
    with pytest.raises(QuarantineError, match="another person"):
        again.release(platen, "eva", "")
    assert {state for state, _ in QUARANTINE_TABLE} == set(QuarantineState)
