"""States of use are a fold over events: what each event makes of the tool and its modules."""

from __future__ import annotations

import pytest
from tool_bench import Bench

from planaris.model import Severity, WaferKind
from planaris.stream import (
    AlarmCleared,
    AlarmSet,
    CarrierLifted,
    Committed,
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


def test_after_a_death_the_tool_was_down_and_its_shares_go_on(bench: Bench) -> None:
    past = [
        Committed(number, time_s, event)
        for number, (time_s, event) in enumerate(
            (
                (0.0, RUN),
                (0.0, EquipmentStateChanged("tool", "NST", "SBY", "no job")),
                (10.0, JOB),
                (10.0, EquipmentStateChanged("tool", "SBY", "PRD", "L1")),
                (50.0, BUSY),
            )
        )
    ]
    keeper = UseKeeper(bench.stream)
    keeper.restore(past)
    assert keeper.use.modules == {}
    bench.stream.listen(keeper)
    bench.now_s = 80.0
    bench.stream.commit(WARNED)
    bench.now_s = 100.0
    bench.stream.commit(OVER)
    bench.stream.flush()
    told = [(e.previous, e.state, e.why) for e in bench.of(EquipmentStateChanged)]
    assert told == [("PRD", "UDT", "no controller"), ("UDT", "PRD", "L1"), ("PRD", "SBY", "no job")]
    assert {state: s for state, s in keeper.spent_s.items() if s} == {
        E10State.SBY: 10.0,
        E10State.PRD: 40.0 + 20.0,
        E10State.UDT: 30.0,
    }


def test_wafers_of_lifted_carriers_are_forgotten_all_but_those_that_are_out() -> None:
    use = Use()
    for number in range(30):
        wafers = [f"L{number}-{slot}" for slot in (1, 2)]
        for slot, wafer in enumerate(wafers, 1):
            use = step(use, WaferRegistered(wafer, f"L{number}", slot, WaferKind.PRODUCT, f"loadport1.{slot:02d}"))
        if number == 0:
            use = step(use, WaferRegistered("OTHER", "M", 1, WaferKind.MONITOR, "loadport2.01"))
        for wafer in wafers:
            use = step(use, WaferMoved(wafer, "loadport1.01", "dry_robot"))
        for wafer in wafers[number == 7 :]:  # one stays out
            use = step(use, WaferFinished(wafer, 1, 1, WaferKind.PRODUCT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        use = step(use, CarrierLifted(1, f"L{number}", 2))
    assert set(use.kinds) == set(use.carriers) == {"OTHER", "L7-1"}


def test_a_wafer_that_ends_is_no_wafer_out() -> None:
    done = WaferFinished("W1", 1, 1, WaferKind.PRODUCT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert folded(RUN, JOB, KNOWN, WaferMoved("W1", "a", "b"), done).out == frozenset()
