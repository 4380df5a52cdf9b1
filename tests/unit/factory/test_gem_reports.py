"""Reports: all or nothing, kept across restarts, values frozen at the event, events one after another."""

from __future__ import annotations

import pytest
from gem_bench import DictStore, GemBench

from planaris.factory import GemSettings
from planaris.factory.gem.tables import Control
from planaris.factory.secs2 import Item
from planaris.factory.secs2.items import BOOLEAN, F4, I8, U1, U4, U8, A, B, L
from planaris.stream import LotEnded, StepEnded, WaferMoved

STEP = StepEnded("L.01", 2, 3, 1, "bulk", 55.5, "time", 180.0, 0.0)


@pytest.fixture
def bench() -> GemBench:
    bench = GemBench()
    bench.communicate()
    return bench


def define(*reports: tuple[int, tuple[int, ...]]) -> Item:
    return L(U4(0), L(*(L(U4(r), L(*map(U4, vids))) for r, vids in reports)))


link = define


def definitions(bench: GemBench) -> tuple[object, ...]:
    reports = bench.equipment.reports
    return dict(reports.reports), dict(reports.links), reports.enabled, dict(bench.store.kept)


def test_a_report_carries_its_variables_in_order_with_their_fixed_types(bench: GemBench) -> None:
    bench.subscribe("step_ended", "wafer_id", "duration_s", "platen", "tool.port_kind", "platen1.speed_rpm", report=77)
    bench.happens(STEP)
    sent = bench.answer(6, 11)
    assert sent.wait
    values = L(A("L.01"), F4(55.5), U1(2), A("twin"), F4())
    assert sent.body == L(U4(1), U4(bench.ceid("step_ended")), L(L(U4(77), values)))


def test_data_ids_differ_from_event_to_event(bench: GemBench) -> None:
    bench.enable("lot_ended")
    seen: list[int] = []
    for n in range(5):
        bench.happens(LotEnded(f"L{n}", "completed", 1))
        body = bench.answer(6, 11).body
        assert body is not None
        seen.append(body[0].scalar)
    assert seen == [1, 2, 3, 4, 5]


def test_data_ids_do_not_come_again_after_a_restart(bench: GemBench) -> None:
    bench.enable("lot_ended")
    bench.happens(LotEnded("L", "completed", 1))
    first = bench.answer(6, 11).body
    after = GemBench(store=bench.store)
    after.communicate()
    after.happens(LotEnded("L", "completed", 1))
    second = after.answer(6, 11).body
    assert first is not None
    assert second is not None
    assert first[0] == U4(1)
    assert second[0] == U4(1001)


def test_an_event_without_a_report_is_sent_empty_and_one_not_enabled_not_at_all(bench: GemBench) -> None:
    bench.happens(STEP)
    assert bench.line.sent == []
    bench.enable("step_ended")
    bench.happens(STEP)
    body = bench.answer(6, 11).body
    assert body is not None
    assert body[2] == L()


def test_values_are_those_at_the_event_also_when_it_waits(bench: GemBench) -> None:
    bench.subscribe("wafer_moved", "wafer_id", "tool.wafers_in_tool_count")
    for n, place in enumerate(("dry_robot", "aligner", "loadport1.01")):
        bench.happens(WaferMoved(f"W{n}", "x", place))
    told = [bench.answer(6, 11).body for _ in range(3)]
    assert [b[2][0][1] for b in told if b is not None] == [
        L(A("W0"), U4(1)),
        L(A("W1"), U4(2)),
        L(A("W2"), U4(2)),
    ]


def test_the_next_event_goes_when_the_one_before_is_answered(bench: GemBench) -> None:
    bench.enable("lot_ended")
    bench.happens(*(LotEnded(f"L{n}", "completed", 1) for n in range(3)))
    for left in (3, 2, 1):
        assert len(bench.line.sent) == 1, left
        bench.answer(6, 11)
    assert bench.line.sent == []


def test_several_may_be_under_way_if_so_set() -> None:
    bench = GemBench(GemSettings(in_flight_count=2))
    bench.communicate()
    bench.enable("lot_ended")
    bench.happens(*(LotEnded(f"L{n}", "completed", 1) for n in range(3)))
    assert len(bench.line.sent) == 2
    bench.answer(6, 11)
    assert len(bench.line.sent) == 2


def test_annotated_reports_name_their_variables(bench: GemBench) -> None:
    bench.subscribe("lot_ended", "lot_id")
    assert bench.body(2, 15, L(L(U4(bench.ecid("annotated_reports")), BOOLEAN(True)))) == B(0)
    bench.happens(LotEnded("L9", "completed", 1))
    sent = bench.answer(6, 13)
    assert sent.body is not None
    assert sent.body[2] == L(L(U4(1), L(L(U4(bench.vid("lot_id")), A("L9")))))


# -- S2F33, S2F35, S2F37 -----------------------------------------------------------------------------------------


def test_a_known_report_is_not_defined_again_but_may_be_replaced_in_one_message(bench: GemBench) -> None:
    vid = bench.vid("lot_id")
    assert bench.body(2, 33, define((1, (vid,)))) == B(0)
    before = definitions(bench)
    assert bench.body(2, 33, define((2, (vid,)), (1, (vid,)))) == B(3)
    assert definitions(bench) == before
    assert bench.body(2, 33, define((2, (vid,)), (2, (vid,)))) == B(3)
    assert definitions(bench) == before
    assert bench.body(2, 33, define((1, ()), (1, (vid, vid)))) == B(0)
    assert bench.equipment.reports.reports == {1: (vid, vid)}


def test_an_unknown_variable_denies_the_whole_definition(bench: GemBench) -> None:
    before = definitions(bench)
    assert bench.body(2, 33, define((1, (bench.vid("lot_id"),)), (2, (999,)))) == B(4)
    assert definitions(bench) == before


def test_too_many_reports_are_denied() -> None:
    bench = GemBench(GemSettings(reports_count=2))
    bench.communicate()
    vid = bench.vid("lot_id")
    assert bench.body(2, 33, define((1, (vid,)), (2, (vid,)), (3, (vid,)))) == B(1)
    assert bench.equipment.reports.reports == {}
    assert bench.body(2, 33, define((1, (vid,)), (2, (vid,)))) == B(0)


def test_constants_and_status_variables_may_be_reported(bench: GemBench) -> None:
    vids = (bench.ecid("time_format"), bench.vid("tool.control_state"))
    assert bench.body(2, 33, define((5, vids))) == B(0)
    assert bench.body(6, 19, U4(5)) == L(U4(1), U1(5))


def test_deleting_a_report_deletes_its_links_and_nothing_else(bench: GemBench) -> None:
    vid, event, other = bench.vid("lot_id"), bench.ceid("lot_ended"), bench.ceid("lot_started")
    bench.body(2, 33, define((1, (vid,)), (2, (vid,))))
    bench.body(2, 35, link((event, (1, 2)), (other, (1,))))
    bench.enable("lot_ended")
    assert bench.body(2, 33, define((1, ()))) == B(0)
    assert bench.equipment.reports.links == {event: (2,)}
    assert bench.equipment.reports.enabled == {event}
    assert bench.body(2, 33, L(U4(0), L())) == B(0)
    assert (bench.equipment.reports.reports, bench.equipment.reports.links) == ({}, {})


def test_a_report_that_is_not_there_may_be_deleted(bench: GemBench) -> None:
    assert bench.body(2, 33, define((9, ()))) == B(0)


@pytest.mark.parametrize(
    ("links", "code"),
    [
        ([(1, (1,))], 4),
        ([("lot_ended", (9,))], 5),
        ([("lot_ended", (1,)), ("lot_ended", (2,))], 3),
        ([("lot_started", (1,)), ("lot_ended", (9,))], 5),
        ([("lot_started", (1,)), (1, ())], 4),
    ],
)
def test_links_are_denied_whole(bench: GemBench, links: list[tuple[str | int, tuple[int, ...]]], code: int) -> None:
    vid = bench.vid("lot_id")
    bench.body(2, 33, define((1, (vid,)), (2, (vid,))))
    before = definitions(bench)
    named = [(bench.ceid(e) if isinstance(e, str) else e, reports) for e, reports in links]
    assert bench.body(2, 35, link(*named)) == B(code)
    assert definitions(bench) == before


def test_a_linked_event_is_linked_anew_after_it_was_unlinked(bench: GemBench) -> None:
    vid, event = bench.vid("lot_id"), bench.ceid("lot_ended")
    bench.body(2, 33, define((1, (vid,)), (2, (vid,))))
    assert bench.body(2, 35, link((event, (1,)))) == B(0)
    assert bench.body(2, 35, link((event, (2,)))) == B(3)
    assert bench.body(2, 35, link((event, ()), (event, (2,)))) == B(0)
    assert bench.equipment.reports.links == {event: (2,)}


def test_enabling_and_disabling(bench: GemBench) -> None:
    lot, step = bench.ceid("lot_ended"), bench.ceid("step_ended")
    before = definitions(bench)
    assert bench.body(2, 37, L(BOOLEAN(True), L(U4(lot), U4(1)))) == B(1)
    assert definitions(bench) == before
    assert bench.body(2, 37, L(BOOLEAN(True), L(U4(lot), U4(step)))) == B(0)
    assert bench.body(2, 37, L(BOOLEAN(False), L(U4(lot)))) == B(0)
    assert bench.equipment.reports.enabled == {step}
    assert bench.body(2, 37, L(BOOLEAN(True), L())) == B(0)
    assert bench.equipment.reports.enabled == set(bench.equipment.core.declared.events)
    assert bench.body(2, 37, L(B(0), L())) == B(0)
    assert bench.equipment.reports.enabled == frozenset()


def test_a_restart_keeps_reports_links_and_enabled_events(bench: GemBench) -> None:
    bench.subscribe("lot_ended", "lot_id", "tool.control_state", report=4)
    before = definitions(bench)[:3]
    after = GemBench(store=bench.store)
    assert definitions(after)[:3] == before
    after.communicate()
    after.happens(LotEnded("L9", "completed", 1))
    sent = after.answer(6, 11).body
    assert sent is not None
    assert sent[2][0][1][0] == A("L9")


def test_a_definition_that_cannot_be_kept_is_no_definition(bench: GemBench) -> None:
    class Full(DictStore):
        def save(self, settings: object) -> None:
            raise OSError("disk full")

    full = GemBench(store=Full())
    full.communicate()
    reply = full.ask(2, 33, define((1, (full.vid("lot_id"),))))
    assert reply is not None
    assert reply.function == 0
    assert full.equipment.reports.reports == {}
    assert full.ports.failures


# -- S6F15, S6F19, S6F21 -----------------------------------------------------------------------------------------


def test_reports_may_be_asked_for(bench: GemBench) -> None:
    bench.subscribe("lot_ended", "lot_id", "tool.control_state", report=4)
    bench.happens(LotEnded("L9", "completed", 1))
    bench.answer(6, 11)
    event, control = bench.ceid("lot_ended"), bench.body(1, 3, L(U4(bench.vid("tool.control_state"))))[0]
    answer = bench.body(6, 15, U4(event))
    assert answer[1] == U4(event)
    assert answer[2] == L(L(U4(4), L(A("L9"), control)))
    assert bench.body(6, 19, U4(4)) == L(A("L9"), control)
    vids = (bench.vid("lot_id"), bench.vid("tool.control_state"))
    assert bench.body(6, 21, U4(4)) == L(L(U4(vids[0]), A("L9")), L(U4(vids[1]), control))


def test_what_is_not_defined_answers_with_empty_lists(bench: GemBench) -> None:
    assert bench.body(6, 19, U4(4)) == L()
    assert bench.body(6, 21, U4(4)) == L()
    answer = bench.body(6, 15, U4(4))
    assert answer[2] == L()


def test_a_local_equipment_reports_too() -> None:
    bench = GemBench(GemSettings(starts_in=Control.ONLINE_LOCAL))
    bench.communicate()
    bench.enable("lot_ended")
    bench.happens(LotEnded("L9", "completed", 1))
    assert bench.events() == ["lot_ended"]


def test_ids_that_no_id_can_have_are_unknown_and_come_back_as_they_are(bench: GemBench) -> None:
    vid = bench.vid("lot_id")
    assert bench.body(2, 33, L(U4(0), L(L(I8(-1), L(U4(vid)))))) == B(2)
    assert bench.body(2, 33, L(U4(0), L(L(U8(2**40), L(U4(vid)))))) == B(2)
    assert bench.equipment.reports.reports == {}
    assert bench.body(1, 11, L(I8(-5), U8(2**63))) == L(L(I8(-5), A(""), A("")), L(U8(2**63), A(""), A("")))
    assert bench.body(6, 15, I8(-5))[1] == I8(-5)
