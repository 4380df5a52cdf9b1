"""Every transition of the tables: those that are there happen as they say, all others raise and change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import product

import pytest
from gem_bench import GemBench

from planaris.factory import GemSettings
from planaris.factory.gem import (
    COMMUNICATION,
    CONTROL,
    SPOOL,
    Communication,
    Control,
    IllegalTransitionError,
    Spool,
    Step,
)
from planaris.factory.gem.tables import Machine
from planaris.factory.hsms import FailureReason
from planaris.factory.secs2.items import A, B, L

TABLES: list[tuple[type[StrEnum], Mapping[tuple[str, str], Step]]] = [
    (Communication, COMMUNICATION),
    (Control, CONTROL),
    (Spool, SPOOL),
]


@pytest.mark.parametrize(("states", "table"), TABLES, ids=["communication", "control", "spool"])
def test_a_machine_moves_as_its_table_says_and_refuses_the_rest(
    states: type[StrEnum], table: Mapping[tuple[str, str], Step]
) -> None:
    triggers = {trigger for _, trigger in table}
    for state, trigger in product(states, triggers):
        moves: list[tuple[str, str]] = []
        machine = Machine("m", states, table, state, lambda before, _step, after, m=moves: m.append((before, after)))
        step = table.get((state.value, trigger))
        assert machine.can(trigger) is (step is not None)
        if step is None:
            with pytest.raises(IllegalTransitionError, match=f"m is {state.value}: it takes .*not {trigger}"):
                machine.move(trigger)
            assert (machine.state, moves) == (state, [])
        else:
            assert machine.move(trigger) == step.target
            assert moves == [(state.value, step.target)]


@pytest.mark.parametrize(("states", "table"), TABLES, ids=["communication", "control", "spool"])
def test_every_state_is_reached_and_left(states: type[StrEnum], table: Mapping[tuple[str, str], Step]) -> None:
    assert {step.target for step in table.values()} | {state for state, _ in table} == {s.value for s in states}
    assert {state for state, _ in table} == {s.value for s in states}


# -- communication -----------------------------------------------------------------------------------------------

C = Communication


def state(bench: GemBench) -> Communication:
    return bench.equipment.communication.machine.state


def test_a_selected_link_makes_the_equipment_ask() -> None:
    bench = GemBench()
    assert state(bench) is C.NO_LINK
    bench.select()
    assert state(bench) is C.WAIT_CRA
    (asked,) = bench.line.take()
    assert asked.title == "S1F13 W"
    assert asked.body == L(A("PLANARIS"), A("0.1.0"))


def test_an_accepted_s1f13_establishes_communication() -> None:
    bench = GemBench()
    bench.select()
    bench.answer(1, 13, L(B(0), L()))
    assert state(bench) is C.COMMUNICATING


@pytest.mark.parametrize("how", ["refused", "t3", "aborted"])
def test_a_failed_s1f13_is_tried_again_after_the_delay_until_it_is_accepted(how: str) -> None:
    bench = GemBench()
    bench.select()
    for _ in range(3):
        if how == "refused":
            bench.answer(1, 13, L(B(1), L()))
        else:
            bench.fail(1, 13, FailureReason.T3 if how == "t3" else FailureReason.ABORTED)
        assert state(bench) is C.WAIT_DELAY
        s9 = [m.title for m in bench.line.take()]
        assert s9 == (["S9F9"] if how == "t3" else [])
        assert bench.equipment.deadline_s == bench.now_s + 10.0
        bench.wait(9.9)
        assert bench.line.sent == []
        bench.wait(0.2)
        assert state(bench) is C.WAIT_CRA
    bench.answer(1, 13, L(B(0), L()))
    assert state(bench) is C.COMMUNICATING
    assert bench.equipment.deadline_s == float("inf")


def test_an_s1f14_of_another_structure_fails_the_attempt_and_is_told() -> None:
    bench = GemBench()
    bench.select()
    bench.answer(1, 13, B(0))
    assert state(bench) is C.WAIT_DELAY
    assert [m.title for m in bench.line.take()] == ["S9F7"]


def test_another_message_ends_the_delay_and_is_aborted() -> None:
    bench = GemBench()
    bench.select()
    bench.answer(1, 13, L(B(1), L()))
    reply = bench.ask(1, 3, L())
    assert reply is not None
    assert (reply.stream, reply.function) == (1, 0)
    assert state(bench) is C.WAIT_CRA
    assert [m.title for m in bench.line.take()] == ["S1F13 W"]


@pytest.mark.parametrize("waiting", [False, True], ids=["WAIT CRA", "WAIT DELAY"])
@pytest.mark.parametrize("body", [None, L(), L(A("HOST"), A("1"))], ids=["nothing", "empty", "named"])
def test_the_host_s_s1f13_establishes_communication_and_abandons_ours(waiting: bool, body: object) -> None:
    bench = GemBench()
    bench.select()
    ours = bench.line.sent[0][0]
    if waiting:
        bench.answer(1, 13, L(B(1), L()))
    assert bench.body(1, 13, body) == L(B(0), L(A("PLANARIS"), A("0.1.0")))  # type: ignore[arg-type]
    assert state(bench) is C.COMMUNICATING
    assert bench.line.abandoned == ([] if waiting else [ours])
    bench.wait(60.0)
    assert [m for m in bench.line.take() if m.function == 13 and m.stream == 1 and waiting] == []


def test_communication_may_be_established_again_without_a_new_link() -> None:
    bench = GemBench()
    bench.communicate()
    assert bench.body(1, 13, L())[0] == B(0)
    assert state(bench) is C.COMMUNICATING


@pytest.mark.parametrize("before", ["wait_cra", "wait_delay", "communicating"])
def test_a_lost_link_always_leads_to_not_communicating_and_the_next_select_works(before: str) -> None:
    bench = GemBench()
    for _ in range(3):
        bench.select()
        if before == "wait_delay":
            bench.answer(1, 13, L(B(1), L()))
        elif before == "communicating":
            bench.body(1, 13, L())
        assert state(bench).value == before
        bench.lose()
        assert state(bench) is C.NO_LINK
        assert bench.equipment.deadline_s == float("inf")
    bench.communicate()
    assert state(bench) is C.COMMUNICATING


@pytest.mark.parametrize("before", ["no_link", "wait_cra", "wait_delay", "communicating"])
def test_the_operator_disables_and_enables(before: str) -> None:
    bench = GemBench()
    if before != "no_link":
        bench.select()
    if before == "wait_delay":
        bench.answer(1, 13, L(B(1), L()))
    if before == "communicating":
        bench.body(1, 13, L())
    bench.equipment.communication.disable()
    assert state(bench) is C.DISABLED
    assert bench.line.separated is (before != "no_link")
    bench.select()
    assert bench.line.separated, "a disabled equipment takes no link"
    assert state(bench) is C.DISABLED
    bench.equipment.communication.enable()
    assert state(bench) is C.NO_LINK
    bench.communicate()
    assert state(bench) is C.COMMUNICATING


def test_it_may_start_disabled() -> None:
    bench = GemBench(GemSettings(starts_enabled=False))
    assert not bench.equipment.enabled
    with pytest.raises(IllegalTransitionError):
        bench.equipment.communication.disable()


def test_events_of_an_old_link_change_nothing() -> None:
    bench = GemBench()
    bench.communicate()
    old = bench.line
    bench.lose()
    bench.communicate()
    new, bench.line = bench.line, old
    bench.lose()
    bench.line = new
    assert state(bench) is C.COMMUNICATING
    assert bench.body(1, 1) == L(A("PLANARIS"), A("0.1.0"))


# -- control -----------------------------------------------------------------------------------------------------


def control(bench: GemBench) -> Control:
    return bench.equipment.control.state


def started(start: Control, **others: Control) -> GemBench:
    bench = GemBench(GemSettings(software="0.1.0", starts_in=start, **others))  # type: ignore[arg-type]
    bench.communicate()
    assert control(bench) is start
    return bench


@pytest.mark.parametrize("sub", [Control.ONLINE_LOCAL, Control.ONLINE_REMOTE])
def test_an_answered_s1f1_goes_online_in_the_chosen_sub_state(sub: Control) -> None:
    bench = started(Control.EQUIPMENT_OFFLINE, online_as=sub)
    bench.equipment.control.go_online()
    assert control(bench) is Control.ATTEMPT_ONLINE
    bench.answer(1, 1, L())
    assert control(bench) is sub


@pytest.mark.parametrize("fails_to", [Control.EQUIPMENT_OFFLINE, Control.HOST_OFFLINE])
@pytest.mark.parametrize("how", ["t3", "aborted", "link", "no link"])
def test_a_failed_attempt_leads_where_the_settings_say(fails_to: Control, how: str) -> None:
    bench = started(Control.EQUIPMENT_OFFLINE, fails_to=fails_to)
    if how == "no link":
        bench.lose()
    bench.equipment.control.go_online()
    if how in {"t3", "aborted"}:
        bench.fail(1, 1, FailureReason.T3 if how == "t3" else FailureReason.ABORTED)
    elif how == "link":
        bench.lose()
    assert control(bench) is fails_to


def test_the_operator_may_break_an_attempt_off_and_a_late_answer_changes_nothing() -> None:
    bench = started(Control.EQUIPMENT_OFFLINE)
    bench.equipment.control.go_online()
    bench.equipment.control.go_offline()
    bench.answer(1, 1, L())
    assert control(bench) is Control.EQUIPMENT_OFFLINE


@pytest.mark.parametrize("start", [Control.ONLINE_LOCAL, Control.ONLINE_REMOTE, Control.HOST_OFFLINE])
def test_the_operator_goes_offline(start: Control) -> None:
    bench = started(start)
    bench.equipment.control.go_offline()
    assert control(bench) is Control.EQUIPMENT_OFFLINE


def test_the_switch_works_online_and_is_remembered_offline() -> None:
    bench = started(Control.ONLINE_LOCAL)
    bench.equipment.switch_to_remote()
    assert control(bench) is Control.ONLINE_REMOTE
    bench.equipment.switch_to_remote()
    bench.equipment.switch_to_local()
    assert control(bench) is Control.ONLINE_LOCAL
    assert bench.body(1, 15) == B(0)
    bench.equipment.switch_to_remote()
    assert control(bench) is Control.HOST_OFFLINE
    assert bench.body(1, 17) == B(0)
    assert control(bench) is Control.ONLINE_REMOTE


@pytest.mark.parametrize("start", [Control.ONLINE_LOCAL, Control.ONLINE_REMOTE])
def test_the_host_takes_it_offline_and_back(start: Control) -> None:
    bench = started(start)
    assert bench.body(1, 17) == B(2)
    assert bench.body(1, 15) == B(0)
    assert control(bench) is Control.HOST_OFFLINE
    assert bench.body(1, 17) == B(0)
    assert control(bench) is start


def test_the_host_cannot_take_an_equipment_online_that_its_operator_took_off() -> None:
    bench = started(Control.EQUIPMENT_OFFLINE)
    assert bench.body(1, 17) == B(1)
    assert control(bench) is Control.EQUIPMENT_OFFLINE


OFFLINE = [Control.EQUIPMENT_OFFLINE, Control.HOST_OFFLINE, Control.ATTEMPT_ONLINE]


@pytest.mark.parametrize("offline", OFFLINE)
def test_offline_every_primary_is_aborted_but_s1f13_and_s1f17(offline: Control) -> None:
    start = Control.EQUIPMENT_OFFLINE if offline is Control.ATTEMPT_ONLINE else offline
    for stream, function in sorted(GemBench().equipment.table):
        bench = started(start)
        if offline is Control.ATTEMPT_ONLINE:
            bench.equipment.control.go_online()
        body = BODIES.get((stream, function))
        reply = bench.ask(stream, function, body)
        assert reply is not None, (stream, function)
        allowed = (stream, function) in {(1, 13), (1, 17)}
        assert reply.function == (function + 1 if allowed else 0), (stream, function)
        assert bench.ports.requests == []


# A well-formed body for each primary that needs one.
BODIES = {
    (2, 15): L(),
    (2, 23): L(A("T"), A("000001"), B(1), B(1), L()),
    (2, 31): A("2026010203040506"),
    (2, 33): L(B(0), L()),
    (2, 35): L(B(0), L()),
    (2, 37): L(B(1), L()),
    (2, 39): L(B(0), B(1)),
    (2, 41): L(A("START"), L()),
    (2, 43): L(),
    (2, 45): L(B(0), L()),
    (2, 49): L(B(0), A(""), A("START"), L()),
    (5, 3): L(B(128), L()),
    (6, 5): L(B(0), B(1)),
    (6, 15): A("1"),
    (6, 19): A("1"),
    (6, 21): A("1"),
    (6, 23): B(0),
    (7, 1): L(A("R"), B(1)),
    (7, 3): L(A("R"), A("")),
    (7, 5): A("R"),
    (7, 17): L(),
    (7, 23): L(A("R"), A(""), A(""), L()),
    (7, 25): A("R"),
    (10, 3): L(B(0), A("hello")),
    (10, 5): L(B(0), L(A("hello"))),
}


def test_control_changes_are_events_and_their_reports_show_the_new_state() -> None:
    bench = started(Control.ONLINE_REMOTE)
    for n, name in enumerate(("control_local", "control_remote", "control_offline"), start=1):
        bench.subscribe(name, "tool.control_state", report=n)
    bench.line.take()
    bench.equipment.switch_to_local()
    bench.equipment.switch_to_remote()
    bench.equipment.control.go_offline()
    told: list[tuple[str, int]] = []
    for _ in range(3):
        names = bench.events()
        sent = bench.answer(6, 11)
        assert sent.body is not None
        told.append((names[0], sent.body[2][0][1][0].scalar))
    assert told == [("control_local", 4), ("control_remote", 5), ("control_offline", 1)]


def test_offline_no_event_and_no_alarm_is_sent_or_kept() -> None:
    from planaris.model import Severity
    from planaris.stream import AlarmSet

    bench = started(Control.ONLINE_REMOTE)
    bench.enable("alarm_set")
    assert bench.body(2, 43, L(L(B(6), L()), L(B(5), L()))) == L(B(0), L())
    bench.equipment.control.go_offline()
    bench.happens(AlarmSet("emo", "safety", Severity.FATAL, "", ""))
    assert bench.line.take() == []
    assert bench.store.spool_count == 0
