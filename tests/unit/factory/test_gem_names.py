"""Namelists, values, constants and alarms come from the one dictionary."""

from __future__ import annotations

import pytest
from gem_bench import GemBench

from planaris.factory import GemSettings
from planaris.factory.gem.tables import Control
from planaris.factory.secs2 import Format, Item
from planaris.factory.secs2.items import BOOLEAN, F4, F8, U1, U4, A, B, L
from planaris.model import Severity
from planaris.stream import AlarmCleared, AlarmSet


@pytest.fixture
def bench() -> GemBench:
    bench = GemBench()
    bench.communicate()
    return bench


def test_every_status_variable_is_listed_and_has_a_value_of_its_fixed_type(bench: GemBench) -> None:
    named = bench.body(1, 11, L())
    values = bench.body(1, 3, L())
    status = [v for v in bench.dictionary.variables if v.kind == "sv"]
    assert [n[0].scalar for n in named] == sorted(v.variable_id for v in status)
    by_id = {v.variable_id: v for v in status}
    for entry, value in zip(named, values, strict=True):
        variable = by_id[entry[0].scalar]
        assert entry[1] == A(variable.name)
        assert entry[2].value.isascii()
        assert value.format is Format[variable.secs_format], variable.name


def test_an_empty_and_a_missing_list_mean_all(bench: GemBench) -> None:
    for stream, function in ((1, 3), (1, 11), (1, 21), (1, 23), (2, 13), (2, 29)):
        assert len(bench.body(stream, function)) == len(bench.body(stream, function, L())) > 10


def test_the_port_kind_is_a_status_variable(bench: GemBench) -> None:
    assert bench.body(1, 3, L(U4(bench.vid("tool.port_kind")))) == L(A("twin"))


def test_unknown_ids_are_answered_in_their_place(bench: GemBench) -> None:
    vid = bench.vid("tool.port_kind")
    assert bench.body(1, 3, L(U4(1), U4(vid))) == L(L(), A("twin"))
    assert bench.body(1, 11, L(U4(1))) == L(L(U4(1), A(""), A("")))
    assert bench.body(1, 21, L(U4(1))) == L(L(U4(1), A(""), A("")))
    assert bench.body(1, 23, L(U4(1))) == L(L(U4(1), A(""), L()))
    assert bench.body(2, 13, L(U4(1))) == L(L())
    assert bench.body(2, 29, L(U4(1))) == L(L(U4(1), A(""), A(""), A(""), A(""), A("")))


def test_units_are_shown_in_ascii(bench: GemBench) -> None:
    shown = {n[1].value: n[2].value for n in bench.body(1, 11)}
    assert shown["platen1.pad_temperature_C"] == "degC"
    assert shown["platen1.torque_Nm"] == "N.m"
    assert shown["tool.port_kind"] == ""


def test_events_list_what_they_carry_and_every_alarm_has_two(bench: GemBench) -> None:
    events = {e[1].value: e for e in bench.body(1, 23)}
    step = events["step_ended"]
    assert step[2] == L(*(U4(bench.vid(v)) for v in bench.dictionary.event("step_ended").variables))
    alarm = bench.dictionary.alarm("emo", "safety")
    assert events["safety.emo.set"][0] == U4(alarm.set_event_id)
    assert events["safety.emo.cleared"][0] == U4(alarm.cleared_event_id)
    assert {"control_offline", "control_local", "control_remote", "spool_activated", "limit_crossed"} <= set(events)
    assert len(events) == len(bench.dictionary.events) + 2 * len(bench.dictionary.alarms)


def test_constants_are_listed_with_their_limits(bench: GemBench) -> None:
    name = "establish_communications_timeout_s"
    number = bench.ecid(name)
    assert bench.body(2, 29, L(U4(number))) == L(L(U4(number), A(name), F4(1.0), F4(240.0), F4(10.0), A("s")))
    assert bench.body(2, 13, L(U4(number))) == L(F4(10.0))
    for entry, constant in zip(bench.body(2, 29), bench.dictionary.constants, strict=True):
        assert {entry[n].format for n in (2, 3, 4)} == {Format[constant.secs_format]}


def change(*pairs: tuple[int, Item]) -> Item:
    return L(*(L(U4(number), value) for number, value in pairs))


def test_a_constant_is_changed_and_kept(bench: GemBench) -> None:
    number = bench.ecid("establish_communications_timeout_s")
    for value in (F4(20.0), F8(20.0), U4(20), U1(20)):
        assert bench.body(2, 15, change((number, value))) == B(0)
    assert bench.body(2, 13, L(U4(number))) == L(F4(20.0))
    after = GemBench(store=bench.store)
    after.communicate()
    assert after.body(2, 13, L(U4(number))) == L(F4(20.0))


def test_constants_change_all_or_none(bench: GemBench) -> None:
    time_format, timeout = bench.ecid("time_format"), bench.ecid("establish_communications_timeout_s")
    before = dict(bench.store.kept)
    cases: list[tuple[tuple[int, Item], int]] = [
        ((1, U4(1)), 1),
        ((timeout, F4(241.0)), 3),
        ((timeout, F4(float("nan"))), 3),
        ((timeout, F4(float("inf"))), 3),
        ((timeout, A("fast")), 3),
        ((timeout, F4()), 3),
        ((time_format, F4(0.5)), 3),
        ((bench.ecid("heartbeat_period_s"), F4(0.5)), 4),
    ]
    for wrong, code in cases:
        assert bench.body(2, 15, change((time_format, U4(2)), wrong)) == B(code), wrong
        assert bench.store.kept == before
        assert bench.body(2, 13, L(U4(time_format))) == L(U4(1))


def test_an_operator_s_change_is_an_event_and_the_host_s_is_not(bench: GemBench) -> None:
    bench.subscribe("constant_changed", "constant_id")
    number = bench.ecid("time_format")
    bench.body(2, 15, change((number, U4(2))))
    assert bench.events() == []
    assert bench.equipment.variables.change_by_operator("time_format", "0") == ""
    sent = bench.answer(6, 11).body
    assert sent is not None
    assert sent[2][0][1] == L(U4(number))
    assert bench.body(2, 13, L(U4(number))) == L(U4(0))


@pytest.mark.parametrize(
    ("name", "entered", "told"),
    [
        ("time_fromat", "1", "no constant time_fromat of the factory interface; nearest time_format"),
        ("time_format", "3", "time_format takes 0 to 2, not 3"),
        ("time_format", "soon", "time_format takes 0 to 2, not soon"),
        ("enable_spooling", "2", "enable_spooling takes False to True, not 2"),
        ("heartbeat_period_s", "1", "no constant heartbeat_period_s of the factory interface; known are"),
    ],
)
def test_an_operator_hears_why_a_change_is_refused(bench: GemBench, name: str, entered: str, told: str) -> None:
    assert bench.equipment.variables.change_by_operator(name, entered).startswith(told)


def test_ids_may_be_sent_as_text() -> None:
    bench = GemBench(GemSettings(id_format="A"))
    bench.communicate()
    vid = bench.vid("tool.port_kind")
    assert bench.body(1, 11, L(A(str(vid))))[0][0] == A(str(vid))


# -- alarms ------------------------------------------------------------------------------------------------------

EMO = AlarmSet("emo", "safety", Severity.FATAL, "", "button 3")
EMO_OVER = AlarmCleared("emo", "safety", "reset")


def test_an_alarm_is_reported_set_and_cleared_before_its_events(bench: GemBench) -> None:
    bench.subscribe("safety.emo.set", "alarm", "detail")
    bench.enable("alarm_set", "alarm_cleared")
    alarm = bench.dictionary.alarm("emo", "safety")
    bench.happens(EMO)
    sent = bench.answer(5, 1)
    assert sent.wait
    assert sent.body == L(B(0x81), U4(alarm.alarm_id), A("Safety: Emergency off pressed"))
    assert bench.events() == ["alarm_set"]
    bench.answer(6, 11)
    body = bench.answer(6, 11).body
    assert body is not None
    assert body[1] == U4(alarm.set_event_id)
    assert body[2] == L(L(U4(1), L(A("emo"), A("button 3"))))
    assert bench.body(1, 3, L(U4(bench.vid("tool.alarms_set")))) == L(U4(alarm.alarm_id))
    bench.happens(EMO_OVER)
    cleared = bench.answer(5, 1).body
    assert cleared is not None
    assert cleared[0] == B(0x01)
    assert bench.body(1, 3, L(U4(bench.vid("tool.alarms_set")), U4(bench.vid("tool.alarms_count")))) == L(U4(), U4(0))


def test_alarms_are_turned_off_and_on_and_a_restart_remembers(bench: GemBench) -> None:
    alarm = bench.dictionary.alarm("emo", "safety")
    assert bench.body(5, 3, L(B(0), U4(alarm.alarm_id))) == B(0)
    bench.happens(EMO)
    assert bench.line.sent == []
    after = GemBench(store=bench.store)
    after.communicate()
    after.happens(EMO)
    assert after.line.sent == []
    assert alarm.alarm_id not in [line[1].scalar for line in after.body(5, 7)]
    assert after.body(5, 3, L(B(0x80), U4(alarm.alarm_id))) == B(0)
    after.happens(EMO_OVER)
    assert after.answer(5, 1).body is not None


@pytest.mark.parametrize("every", [U4(), L(), A("")])
def test_no_id_means_every_alarm(bench: GemBench, every: Item) -> None:
    assert bench.body(5, 3, L(B(0), every)) == B(0)
    assert bench.body(5, 7) == L()
    assert len(bench.body(5, 5, every)) == len(bench.dictionary.alarms)
    assert bench.body(5, 3, L(B(128), every)) == B(0)
    assert len(bench.body(5, 7)) == len(bench.dictionary.alarms)


def test_an_unknown_alarm_is_refused_and_changes_nothing(bench: GemBench) -> None:
    alarm = bench.dictionary.alarm("emo", "safety")
    assert bench.body(5, 3, L(B(0), U4(alarm.alarm_id, 1))) == B(1)
    assert len(bench.body(5, 7)) == len(bench.dictionary.alarms)


def test_alarms_are_listed_by_id_with_their_state(bench: GemBench) -> None:
    emo, leak = (bench.dictionary.alarm(name, "safety") for name in ("emo", "leak"))
    bench.happens(EMO)
    listed = bench.body(5, 5, U4(leak.alarm_id, emo.alarm_id, 1))
    assert [line[0] for line in listed] == [B(2), B(0x81), B()]
    assert listed[2] == L(B(), U4(1), A(""))
    assert all(len(line[2].value) <= 120 for line in bench.body(5, 5))


def test_offline_alarms_change_their_state_unreported() -> None:
    bench = GemBench(GemSettings(starts_in=Control.HOST_OFFLINE))
    bench.communicate()
    bench.happens(EMO)
    assert bench.line.sent == []
    assert bench.body(1, 17) == B(0)
    assert bench.body(5, 5, U4(bench.dictionary.alarm("emo", "safety").alarm_id))[0][0] == B(0x81)
    assert bench.body(2, 37, L(BOOLEAN(True), L())) == B(0)
