"""States of use are a fold over events: what each event makes of the tool and its modules."""

from __future__ import annotations

import pytest
from tool_bench import Bench

from planaris.model import Severity, WaferKind
from planaris.stream import (
    AlarmCleared,
    AlarmSet,
    EquipmentStateChanged,
    Event,
    JobStateChanged,
    ModuleStateChanged,
    RunEnded,
    RunStarted,
    WaferFinished,
    WaferMoved,
    WaferRegistered,
)
from planaris.tool import E10State, ModuleUse, Use, shares_pct, step
from planaris.tool.use_keeper import UseKeeper

RUN = RunStarted("A", "twin", 1, "0")
JOB = JobStateChanged("L1", "queued", "running", "start", "")
OVER = JobStateChanged("L1", "running", "completed", "finished", "")
KNOWN = WaferRegistered("W1", "L1", 1, WaferKind.PRODUCT, "loadport1.01")
TEST = WaferRegistered("W2", "L1", 2, WaferKind.MONITOR, "loadport1.02")
EMO = AlarmSet("emo", "safety", Severity.FATAL, "", "pressed")
WARNED = AlarmSet("flow_deviation", "platen1", Severity.WARNING, "", "low")
BUSY = ModuleStateChanged("srd", "idle", "processing", "process")
FAILED = ModuleStateChanged("srd", "processing", "failed", "fail")


def folded(*events: Event) -> Use:
    use = Use()
    for event in events:
        use = step(use, event)
    return use


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ((), E10State.NST),
        ((RUN,), E10State.SBY),
        ((RUN, JOB), E10State.PRD),
        ((RUN, JOB, OVER), E10State.SBY),
        ((RUN, JOB, WARNED), E10State.PRD),
        ((RUN, JOB, EMO), E10State.UDT),
        ((RUN, JOB, EMO, AlarmCleared("emo", "safety")), E10State.PRD),
        ((RUN, JOB, TEST, WaferMoved("W2", "loadport1.02", "dry_robot")), E10State.ENG),
        ((RUN, JOB, TEST, KNOWN, *(WaferMoved(w, "a", "b") for w in ("W1", "W2"))), E10State.PRD),
        ((RUN, JOB, FAILED), E10State.UDT),
        ((RUN, JOB, FAILED, ModuleStateChanged("platen1", "idle", "polishing", "polish")), E10State.PRD),
        ((RUN, JOB, FAILED, ModuleStateChanged("srd", "failed", "idle", "clear")), E10State.PRD),
        ((RUN, RunEnded("completed", "")), E10State.NST),
    ],
)
def test_the_tools_state_follows_from_events(events: tuple[Event, ...], state: E10State) -> None:
    assert folded(*events).tool[0] is state


def test_a_module_is_idle_busy_or_blocked_with_its_reason() -> None:
    assert folded(RUN, BUSY).modules["srd"] == (ModuleUse.BUSY, "processing")
    assert folded(RUN, BUSY, FAILED).modules["srd"] == (ModuleUse.BLOCKED, "srd failed while processing")
    waits = folded(RUN, BUSY, ModuleStateChanged("srd", "processing", "finished", "done"))
    assert waits.modules["srd"] == (ModuleUse.BLOCKED, "srd waits for its wafer to be taken")
    assert folded(ModuleStateChanged("srd", "finished", "idle", "removed")).modules["srd"] == (ModuleUse.IDLE, "")


def test_changes_are_told_once_and_shares_add_up(bench: Bench) -> None:
    keeper = UseKeeper(bench.stream)
    bench.stream.listen(keeper)
    for time_s, event in ((0.0, RUN), (10.0, JOB), (70.0, EMO), (100.0, AlarmCleared("emo", "safety")), (110.0, OVER)):
        bench.now_s = time_s
        bench.stream.commit(event)
    bench.stream.flush()
    told = [(e.previous, e.state) for e in bench.of(EquipmentStateChanged)]
    assert told == [("NST", "SBY"), ("SBY", "PRD"), ("PRD", "UDT"), ("UDT", "PRD"), ("PRD", "SBY")]
    assert shares_pct(keeper.spent_s) == pytest.approx(
        {E10State.PRD: 100 * 70 / 110, E10State.SBY: 100 * 10 / 110, E10State.UDT: 100 * 30 / 110}
        | dict.fromkeys((E10State.ENG, E10State.SDT, E10State.NST), 0.0)
    )
    # A wafer that ends is no wafer out.
    done = WaferFinished("W1", 1, 1, WaferKind.PRODUCT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert folded(RUN, JOB, KNOWN, WaferMoved("W1", "a", "b"), done).out == frozenset()
