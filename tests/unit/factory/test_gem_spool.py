"""The spool keeps what the host chose while it is away, in order, across restarts, and gives it back on request."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import pytest
from gem_bench import DictStore, GemBench

from planaris.factory.gem import Spool
from planaris.factory.hsms import FailureReason
from planaris.factory.secs2 import Item
from planaris.factory.secs2.items import BOOLEAN, U1, U4, A, B, L
from planaris.historian import Home, HostStore, HostStoreError
from planaris.model import Severity
from planaris.stream import AlarmSet, Event, LotEnded


def choose(bench: GemBench, *chosen: tuple[int, tuple[int, ...]]) -> Item:
    return bench.body(2, 43, L(*(L(U1(s), L(*map(U1, f))) for s, f in chosen)))


def ready(store: DictStore | HostStore | None = None) -> GemBench:
    """Return a bench whose host wants lots by events, and spools stream 6."""
    bench = GemBench(store=store)  # type: ignore[arg-type]
    bench.communicate()
    bench.subscribe("lot_ended", "lot_id")
    assert choose(bench, (6, ())) == L(B(0), L())
    return bench


def lots(*numbers: int) -> list[LotEnded]:
    return [LotEnded(f"L{n}", "completed", n) for n in numbers]


def lot_of(message_body: Item | None) -> str:
    assert message_body is not None
    return message_body[2][0][1][0].value


def take(bench: GemBench) -> list[str]:
    """Answer what the equipment sends until it is silent; return the lots."""
    found: list[str] = []
    while any((m.stream, m.function) == (6, 11) for _, m in bench.line.sent):
        found.append(lot_of(bench.answer(6, 11).body))
    return found


def spool(bench: GemBench) -> Spool:
    return bench.equipment.outgoing.spool.state


def constant(bench: GemBench, name: str, value: Item) -> None:
    assert bench.body(2, 15, L(L(U4(bench.ecid(name)), value))) == B(0)


def test_nothing_is_kept_that_the_host_did_not_choose() -> None:
    bench = GemBench()
    bench.communicate()
    bench.enable("lot_ended")
    bench.lose()
    bench.happens(*lots(1, 2))
    assert bench.store.spool_count == 0
    assert spool(bench) is Spool.INACTIVE
    bench.communicate()
    assert bench.line.sent == []


def test_what_happens_while_the_host_is_away_is_kept_and_sent_on_request_in_order() -> None:
    bench = ready()
    bench.happens(*lots(1))
    bench.answer(6, 11)
    bench.lose()
    bench.happens(*lots(2, 3, 4))
    assert spool(bench) is Spool.NO_OUTPUT
    assert bench.store.spool_count == 3
    bench.communicate()
    bench.happens(*lots(5))
    assert bench.line.sent == [], "what comes later goes behind what waits"
    assert bench.body(6, 23, U1(0)) == B(0)
    assert spool(bench) is Spool.TRANSMIT
    bench.happens(*lots(6))
    assert take(bench) == ["L2", "L3", "L4", "L5", "L6"]
    assert spool(bench) is Spool.INACTIVE
    bench.happens(*lots(7))
    assert take(bench) == ["L7"]


def test_what_the_host_did_not_confirm_comes_again_before_what_waited() -> None:
    bench = ready()
    bench.happens(*lots(1, 2, 3))
    (under_way,) = bench.line.take()
    bench.lose()
    assert bench.store.spool_count == 3
    bench.communicate()
    bench.body(6, 23, B(0))
    first = bench.line.sent[0][1]
    assert first.body == under_way.body, "the same message with the same DATAID"
    assert take(bench) == ["L1", "L2", "L3"]


def test_purging_empties_the_spool() -> None:
    bench = ready()
    bench.enable("spool_activated", "spool_deactivated")
    bench.lose()
    bench.happens(*lots(1, 2))
    bench.communicate()
    assert bench.body(6, 23, U1(1)) == B(0)
    assert bench.store.spool_count == 0
    assert spool(bench) is Spool.INACTIVE
    assert bench.events() == ["spool_deactivated"]


def test_requests_that_make_no_sense_now_are_answered_so() -> None:
    bench = ready()
    assert bench.body(6, 23, U1(0)) == B(2)
    assert bench.body(6, 23, U1(1)) == B(2)
    bench.lose()
    bench.happens(*lots(1))
    bench.communicate()
    assert bench.body(6, 23, U1(0)) == B(0)
    assert bench.body(6, 23, U1(0)) == B(1)
    assert bench.body(6, 23, U1(1)) == B(1)


@pytest.mark.parametrize("how", ["lost", "t3", "aborted"])
def test_an_interrupted_transmission_loses_nothing(how: str) -> None:
    bench = ready()
    bench.enable("spool_transmit_failed")
    bench.lose()
    bench.happens(*lots(1, 2, 3))
    bench.communicate()
    bench.body(6, 23, U1(0))
    bench.answer(6, 11)
    if how == "lost":
        bench.lose()
    else:
        bench.fail(6, 11, FailureReason.T3 if how == "t3" else FailureReason.ABORTED)
    assert spool(bench) is Spool.NO_OUTPUT
    if how == "lost":
        bench.communicate()
    assert bench.store.spool_count == 3, "two lots and the failure itself"
    bench.body(6, 23, U1(0))
    bodies: list[Item] = []
    while any(m.function == 11 for _, m in bench.line.sent):
        body = bench.answer(6, 11).body
        assert body is not None
        bodies.append(body)
    assert [lot_of(b) for b in bodies[:2]] == ["L2", "L3"]
    assert bodies[2][1] == U4(bench.ceid("spool_transmit_failed"))


def test_no_more_is_sent_for_one_request_than_the_constant_says() -> None:
    bench = ready()
    constant(bench, "max_spool_transmit_count", U4(2))
    bench.lose()
    bench.happens(*lots(1, 2, 3, 4, 5))
    bench.communicate()
    for expected in (["L1", "L2"], ["L3", "L4"], ["L5"]):
        assert bench.body(6, 23, U1(0)) == B(0)
        assert take(bench) == expected
    assert spool(bench) is Spool.INACTIVE
    assert bench.body(6, 23, U1(0)) == B(2)


@pytest.mark.parametrize(("overwrite", "kept"), [(True, ["L3", "L4"]), (False, ["L1", "L2"])])
def test_a_full_spool_drops_the_oldest_or_the_newest_and_counts_all(overwrite: bool, kept: list[str]) -> None:
    bench = ready()
    constant(bench, "spool_capacity_count", U4(2))
    constant(bench, "overwrite_spool", BOOLEAN(overwrite))
    bench.lose()
    bench.happens(*lots(1, 2, 3, 4))
    bench.communicate()
    names = ("spool_count_actual", "spool_count_total", "spool_state", "spool_start_time", "spool_full_time")
    values = bench.body(1, 3, L(*(U4(bench.vid(f"tool.{n}")) for n in names)))
    assert [v.scalar for v in values] == [2, 4, 2, "2026030112000000", "2026030112000000"]
    bench.body(6, 23, U1(0))
    assert take(bench) == kept


def test_disabled_spooling_keeps_nothing() -> None:
    bench = ready()
    constant(bench, "enable_spooling", BOOLEAN(False))
    bench.lose()
    bench.happens(*lots(1))
    assert bench.store.spool_count == 0


def test_alarms_are_kept_with_events_in_one_order() -> None:
    bench = ready()
    assert choose(bench, (5, (1,)), (6, (11,))) == L(B(0), L())
    bench.lose()
    bench.happens(*lots(1), AlarmSet("emo", "safety", Severity.FATAL, "", ""), *lots(2))
    assert [(m.stream, m.function) for m in bench.store.messages] == [(6, 11), (5, 1), (6, 11)]


def test_what_is_not_chosen_is_sent_directly_past_the_spool() -> None:
    bench = ready()
    bench.lose()
    bench.happens(*lots(1))
    bench.communicate()
    bench.happens(AlarmSet("emo", "safety", Severity.FATAL, "", ""))
    assert [m.title for _, m in bench.line.sent] == ["S5F1 W"]


def test_spooling_starts_as_an_event() -> None:
    bench = ready()
    bench.enable("spool_activated")
    bench.lose()
    bench.happens(*lots(1))
    assert spool(bench) is Spool.NO_OUTPUT
    assert bench.store.spool_count == 2


@pytest.mark.parametrize(
    ("chosen", "fault"),
    [
        ((1, ()), (1, 1, ())),
        ((9, (1,)), (9, 1, (1,))),
        ((77, ()), (77, 2, ())),
        ((6, (12,)), (6, 4, (12,))),
        ((6, (11, 99)), (6, 3, (99,))),
    ],
)
def test_what_cannot_be_kept_is_refused_whole(
    chosen: tuple[int, tuple[int, ...]], fault: tuple[int, int, tuple[int, ...]]
) -> None:
    bench = ready()
    stream, code, functions = fault
    assert choose(bench, (5, ()), chosen) == L(B(1), L(L(U1(stream), B(code), L(*map(U1, functions)))))
    assert bench.equipment.outgoing.chosen == {(6, 1), (6, 11), (6, 13)}


def test_no_stream_means_none_is_kept() -> None:
    bench = ready()
    assert choose(bench) == L(B(0), L())
    bench.lose()
    bench.happens(*lots(1))
    assert bench.store.spool_count == 0


def test_a_restart_finds_the_spool_as_it_was_and_stays_active(tmp_path: Path) -> None:
    with Home.open(tmp_path, label="test") as home:
        with HostStore(home.database) as store:
            bench = ready(store)
            bench.lose()
            bench.happens(*lots(1, 2))
        with HostStore(home.database) as store:
            after = GemBench(store=store)  # type: ignore[arg-type]
            assert spool(after) is Spool.NO_OUTPUT
            after.communicate()
            after.happens(*lots(3))
            assert after.line.sent == []
            total = after.body(1, 3, L(U4(after.vid("tool.spool_count_total"))))
            assert total == L(U4(3))
            assert after.body(6, 23, U1(0)) == B(0)
            assert take(after) == ["L1", "L2", "L3"]


def test_a_spool_that_cannot_be_written_is_told_and_the_equipment_lives(caplog: pytest.LogCaptureFixture) -> None:
    class Full(DictStore):
        def spool(self, stream: int, function: int, body: bytes, stored_utc: str, settings: Mapping[str, str]) -> None:
            raise HostStoreError(Path("tool.db"), "cannot commit: disk is full")

    bench = ready(Full())
    bench.lose()
    with caplog.at_level(logging.ERROR):
        bench.happens(*lots(1))
    assert "S6F11 is lost: the spool cannot be written" in caplog.text
    assert bench.ports.failures == ["S6F11 is lost: the spool cannot be written"]
    bench.communicate()
    bench.happens(*lots(2))
    assert take(bench) == ["L2"]


def test_a_request_without_a_reply_is_served_too() -> None:
    bench = ready()
    bench.lose()
    bench.happens(*lots(1))
    bench.communicate()
    bench.raw(6, 23, U1(0), wait=False)
    assert take(bench) == ["L1"]


def test_while_offline_nothing_is_kept() -> None:
    bench = ready()
    bench.equipment.control.go_offline()
    bench.lose()
    bench.happens(*lots(1))
    assert bench.store.spool_count == 0


def test_texts_of_the_operator_go_the_same_way() -> None:
    bench = ready()
    assert choose(bench, (10, ())) == L(B(0), L())
    bench.lose()
    bench.equipment.terminal.say("slurry is low")
    bench.communicate()
    bench.body(6, 23, U1(0))
    assert bench.answer(10, 1).body == L(B(0), A("slurry is low"))


def test_a_message_that_cannot_be_taken_out_of_the_spool_comes_again(caplog: pytest.LogCaptureFixture) -> None:
    class Stuck(DictStore):
        stuck = True

        def drop(self, number: int) -> None:
            if self.stuck:
                raise HostStoreError(Path("tool.db"), "cannot commit: disk is full")
            super().drop(number)

    store = Stuck()
    bench = ready(store)
    bench.lose()
    bench.happens(*lots(1, 2))
    bench.communicate()
    bench.body(6, 23, U1(0))
    assert lot_of(bench.answer(6, 11).body) == "L1"
    assert spool(bench) is Spool.NO_OUTPUT
    assert bench.ports.failures == ["the spool cannot be written"]
    store.stuck = False
    bench.body(6, 23, U1(0))
    assert take(bench) == ["L1", "L2"]


def test_events_go_out_while_the_home_cannot_be_written() -> None:
    class Full(DictStore):
        full = False

        def save(self, settings: Mapping[str, str]) -> None:
            if self.full:
                raise HostStoreError(Path("tool.db"), "cannot commit: disk is full")
            super().save(settings)

    store = Full()
    bench = ready(store)
    store.full = True
    bench.happens(*lots(1, 2))
    assert bench.ports.failures == ["the DATAID 1 cannot be kept: the home cannot be written"]
    assert take(bench) == ["L1", "L2"]


def test_an_event_that_fails_inside_is_told_and_the_next_is_sent() -> None:
    class Undeclared(Event):
        name = "never_declared"

    bench = ready()
    bench.happens(Undeclared())
    assert bench.ports.failures == ["what the tool told failed inside: KeyError: 'never_declared'"]
    bench.happens(*lots(2))
    assert take(bench) == ["L2"]
