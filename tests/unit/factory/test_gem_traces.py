"""Traces come from the tool's own blocks, on a grid of tool time, and by the clock where no block comes."""

from __future__ import annotations

import numpy as np
import pytest
from gem_bench import GemBench
from numpy.typing import NDArray

from planaris.factory import GemSettings
from planaris.factory.gem.tracing import FIRST_BLOCK_S, parse_period
from planaris.factory.secs2 import Item, Message
from planaris.factory.secs2.items import F4, I4, U4, A, B, L
from planaris.model import Block
from planaris.stream import LotStarted, StepEnded, StepStarted

TAGS = ("platen1.speed_rpm", "platen1.torque_Nm")


@pytest.fixture
def bench() -> GemBench:
    bench = GemBench()
    bench.communicate()
    return bench


def block(start_s: float, count: int = 100, period_s: float = 0.01, sequence: int = 1) -> Block:
    """Return a block whose speed is its time and whose torque is ten times that."""
    time_s: NDArray[np.float64] = start_s + period_s * np.arange(count, dtype=np.float64)
    values = np.column_stack([time_s, 10 * time_s]).astype(np.float32)
    return Block("platen1.fast", TAGS, time_s, values, np.full(count, 2, np.uint8), sequence)


def ask(bench: GemBench, trace: Item, period: str, total: int, group: int, *names: str) -> Item:
    vids = L(*(U4(bench.vid(n)) for n in names))
    return bench.body(2, 23, L(trace, A(period), U4(total), U4(group), vids))


def samples(bench: GemBench) -> list[Message]:
    found: list[Message] = []
    while any(m.stream == 6 and m.function == 1 for _, m in bench.line.sent):
        found.append(bench.answer(6, 1))
    return found


def test_samples_are_taken_from_the_rows_of_blocks(bench: GemBench) -> None:
    bench.equipment.told([block(100.0)])
    assert ask(bench, A("T1"), "00000010", 6, 2, *TAGS) == B(0)
    start_s = 100.99 + 0.1
    for n in range(1, 4):
        bench.equipment.told([block(100.0 + n)])
    sent = samples(bench)
    assert [m.body[1] for m in sent if m.body] == [U4(2), U4(4), U4(6)]
    values = [v.scalar for m in sent if m.body for v in m.body[3]]
    expected: list[float] = []
    for k in range(6):
        newest = np.floor((start_s + 0.1 * k) * 100 + 1e-6) / 100
        expected += [newest, 10 * newest]
    assert values == pytest.approx(expected, abs=0.011 * 10)
    assert len({m.body[0] for m in sent if m.body} | {A("T1")}) == 1
    bench.equipment.told([block(104.0)])
    assert samples(bench) == [], "a trace ends after its last sample"


def test_a_sample_waits_for_the_slowest_of_its_blocks(bench: GemBench) -> None:
    slow = Block("facility", ("facility.di_pressure_kPa",), np.array([101.0]), np.array([[300.0]], np.float32),
                 np.array([2], np.uint8), 1)  # fmt: skip
    bench.equipment.told([block(100.0), slow])
    assert ask(bench, A("T"), "000001", 2, 1, "platen1.speed_rpm", "facility.di_pressure_kPa") == B(0)
    bench.equipment.told([block(101.0), block(102.0)])
    assert samples(bench) == []
    later = Block("facility", slow.tags, np.array([102.0]), np.array([[310.0]], np.float32), slow.quality, 2)
    bench.equipment.told([later])
    (first,) = samples(bench)
    assert first.body is not None
    assert first.body[3] == L(F4(102.0), F4(310.0))


def test_a_class_that_falls_silent_holds_nothing_up(bench: GemBench) -> None:
    slow = Block("facility", ("facility.di_pressure_kPa",), np.array([100.0]), np.array([[300.0]], np.float32),
                 np.array([2], np.uint8), 1)  # fmt: skip
    bench.equipment.told([block(99.0), slow])
    ask(bench, A("T"), "000001", 10, 1, "platen1.speed_rpm", "facility.di_pressure_kPa")
    for n in range(8):
        bench.equipment.told([block(100.0 + n)])
    sent = samples(bench)
    assert len(sent) >= 6
    assert sent[-1].body is not None
    assert sent[-1].body[3][1] == F4(300.0)


def test_a_trace_of_a_tool_that_has_just_begun_to_live_waits_for_the_first_block(bench: GemBench) -> None:
    assert ask(bench, A("T"), "000001", 4, 2, "platen1.speed_rpm") == B(0)
    bench.wait(6.0)
    assert samples(bench) == [], "nothing is known yet: an empty value would be a lie"
    bench.equipment.told([block(103.0, count=400)])
    sent = samples(bench)
    assert [v for m in sent if m.body for v in m.body[3] if v == F4()] == []
    assert sent
    assert sent[0].body is not None
    assert sent[0].body[1] == U4(2)


def test_a_trace_whose_class_never_comes_is_sent_empty_in_the_end(bench: GemBench) -> None:
    assert ask(bench, A("T"), "000001", 2, 1, "platen1.speed_rpm") == B(0)
    assert bench.equipment.deadline_s == bench.now_s + 1.0 + FIRST_BLOCK_S
    bench.wait(FIRST_BLOCK_S)
    assert samples(bench) == []
    bench.wait(2.0)
    assert [m.body[3] for m in samples(bench) if m.body] == [L(F4())] * 2


def test_variables_of_the_controller_are_sampled_by_the_clock(bench: GemBench) -> None:
    assert ask(bench, I4(7), "000002", 3, 1, "tool.lot_id", "tool.control_state") == B(0)
    assert bench.equipment.deadline_s == bench.now_s + 2.0
    bench.wait(2.0)
    lot = LotStarted("L7", "p", "r", "k", "C", 1, 25, 500.0, 5.0, 5.0)
    bench.happens(lot)
    bench.wait(2.0)
    bench.wait(2.0)
    sent = samples(bench)
    lots = [m.body[3][0] for m in sent if m.body]
    assert lots[0] == A("")
    assert lots[-1] == A("L7")
    assert [m.body[0] for m in sent if m.body] == [I4(7)] * 3
    bench.wait(10.0)
    assert samples(bench) == []


def test_the_time_of_a_sample_is_the_equipment_s(bench: GemBench) -> None:
    ask(bench, A("T"), "000001", 1, 1, "tool.lot_id")
    bench.wait(1.0)
    (sent,) = samples(bench)
    assert sent.body is not None
    assert sent.body[2] == A("2026030112000100")


def test_total_zero_stops_a_trace_and_a_trace_of_the_same_name_replaces_it(bench: GemBench) -> None:
    ask(bench, A("T"), "000001", 100, 1, "tool.lot_id")
    assert ask(bench, A("T"), "000005", 100, 1, "tool.lot_id") == B(0)
    bench.wait(4.0)
    assert samples(bench) == []
    assert ask(bench, A("T"), "000001", 0, 0) == B(0)
    bench.wait(60.0)
    assert samples(bench) == []
    assert bench.equipment.deadline_s == float("inf")


def test_the_last_group_may_be_shorter(bench: GemBench) -> None:
    ask(bench, A("T"), "000001", 3, 2, "tool.lot_id")
    for _ in range(5):
        bench.wait(1.0)
    assert [(m.body[1].scalar, len(m.body[3])) for m in samples(bench) if m.body] == [(2, 2), (3, 1)]


@pytest.mark.parametrize(
    ("period", "total", "group", "names", "code"),
    [
        ("000001", 1, 1, (), 1),
        ("000001", 1, 1, ("tool.lot_id",) * 3, 1),
        ("000000", 1, 1, ("tool.lot_id",), 3),
        ("00000004", 1, 1, ("tool.lot_id",), 3),
        ("1", 1, 1, ("tool.lot_id",), 3),
        ("soon00", 1, 1, ("tool.lot_id",), 3),
        ("000001", 1, 1, ("lot_id",), 4),
        ("000001", 2, 3, ("tool.lot_id",), 5),
        ("000001", 2, 0, ("tool.lot_id",), 5),
        ("000001", 50_001, 50_001, ("tool.lot_id",) * 2, 5),
    ],
)
def test_what_cannot_be_traced_is_refused(
    period: str, total: int, group: int, names: tuple[str, ...], code: int
) -> None:
    bench = GemBench(GemSettings(traces_count=1, trace_variables_count=2))
    bench.communicate()
    assert ask(bench, A("T"), period, total, group, *names) == B(code)
    assert bench.equipment.deadline_s == float("inf")


def test_more_traces_than_may_run_are_refused() -> None:
    bench = GemBench(GemSettings(traces_count=1))
    bench.communicate()
    assert ask(bench, A("T"), "000001", 5, 1, "tool.lot_id") == B(0)
    assert ask(bench, A("U"), "000001", 5, 1, "tool.lot_id") == B(2)
    assert ask(bench, A("T"), "000002", 5, 1, "tool.lot_id") == B(0)


def test_a_long_pause_is_skipped_not_filled(bench: GemBench) -> None:
    ask(bench, A("T"), "000001", 1_000_000, 1, "tool.lot_id")
    bench.wait(86_400.0)
    assert len(samples(bench)) == 1


def test_history_is_forgotten_when_no_trace_needs_it(bench: GemBench) -> None:
    ask(bench, A("T"), "00000010", 1_000_000, 10, *TAGS)
    for n in range(50):
        bench.equipment.told([block(100.0 + n)])
    kept = bench.equipment.traces._history["platen1.speed_rpm"]
    assert len(kept.values) < 200
    ask(bench, A("T"), "000001", 0, 0)
    assert bench.equipment.traces._history == {}


def test_step_time_is_traced(bench: GemBench) -> None:
    ask(bench, A("T"), "000001", 2, 1, "platen1.step_time_s", "platen1.step_name")
    bench.happens(StepStarted("L.01", 1, 1, 1, "bulk", "polish"))
    bench.happens(StepEnded("L.01", 1, 1, 1, "bulk", 1.0, "time", 0.0, 0.0))
    bench.wait(10.0)
    assert len(samples(bench)) == 2


@pytest.mark.parametrize(("text", "seconds"), [("000001", 1.0), ("010203", 3723.0), ("00000050", 0.5)])
def test_periods(text: str, seconds: float) -> None:
    assert parse_period(text) == seconds


# -- limits ------------------------------------------------------------------------------------------------------


def limits(bench: GemBench, *entries: tuple[str | int, tuple[tuple[int, float, float] | int, ...]]) -> Item:
    listed: list[Item] = []
    for name, bands in entries:
        vid = bench.vid(name) if isinstance(name, str) else name
        made = [L(B(b), L()) if isinstance(b, int) else L(B(b[0]), L(F4(b[1]), F4(b[2]))) for b in bands]
        listed.append(L(U4(vid), L(*made)))
    return bench.body(2, 45, L(U4(0), L(*listed)))


def speeds(values: list[float], start_s: float = 1.0) -> Block:
    count = len(values)
    rows = np.column_stack([values, np.zeros(count)]).astype(np.float32)
    time_s: NDArray[np.float64] = start_s + 0.01 * np.arange(count, dtype=np.float64)
    return Block("platen1.fast", TAGS, time_s, rows, np.full(count, 2, np.uint8), 1)


def crossings(bench: GemBench) -> list[tuple[int, int, float]]:
    found: list[tuple[int, int, float]] = []
    while bench.line.sent:
        body = bench.answer(6, 11).body
        assert body is not None
        number, direction, value = body[2][0][1]
        found.append((number.scalar, direction.scalar, value.scalar))
    return found


def test_each_crossing_is_an_event_and_the_dead_band_keeps_chatter_away(bench: GemBench) -> None:
    bench.subscribe("limit_crossed", "event_limit", "transition_type", "platen1.speed_rpm")
    assert limits(bench, ("platen1.speed_rpm", ((1, 100.0, 90.0), (2, 50.0, 40.0)))) == L(B(0), L())
    bench.equipment.told([speeds([0.0, 45.0, 50.0, 95.0, 101.0, 95.0, 99.0, 91.0, 100.0, 90.0, 39.0])])
    assert crossings(bench) == [(2, 0, 50.0), (1, 0, 101.0), (1, 1, 90.0), (2, 1, 39.0)]


def test_the_first_value_is_no_crossing(bench: GemBench) -> None:
    bench.enable("limit_crossed")
    limits(bench, ("platen1.speed_rpm", ((1, 100.0, 90.0),)))
    bench.equipment.told([speeds([120.0, 130.0])])
    assert bench.line.sent == []


def test_variables_of_the_controller_have_limits_too(bench: GemBench) -> None:
    from planaris.stream import ConsumableUsed

    bench.subscribe("limit_crossed", "limit_variable", "event_limit", "transition_type")
    assert limits(bench, ("platen1.pad_use_h", ((1, 5.0, 5.0),)))[0] == B(1), "it has no upper range: no limits"
    assert limits(bench, ("platen1.step_time_s", ((1, 5.0, 5.0),)))[0] == B(0)
    bench.happens(StepStarted("L.01", 1, 1, 1, "bulk", "polish"))
    bench.happens(*(ConsumableUsed("ring", "head1", n, 0.0, 0.0) for n in range(6)))
    body = bench.answer(6, 11).body
    assert body is not None
    assert body[2][0][1][0] == U4(bench.vid("platen1.step_time_s"))


@pytest.mark.parametrize(
    ("entries", "code", "limit", "limit_code"),
    [
        ((1, ()), 1, 0, 0),
        (("tool.lot_id", ((1, 1.0, 0.0),)), 2, 0, 0),
        (("platen1.speed_rpm", ((8, 2.0, 1.0),)), 4, 8, 1),
        (("platen1.speed_rpm", ((0, 2.0, 1.0),)), 4, 0, 1),
        (("platen1.speed_rpm", ((1, 151.0, 1.0),)), 4, 1, 2),
        (("platen1.speed_rpm", ((1, 100.0, -1.0),)), 4, 1, 3),
        (("platen1.speed_rpm", ((1, 1.0, 2.0),)), 4, 1, 4),
        (("platen1.speed_rpm", ((1, float("nan"), 2.0),)), 4, 1, 2),
        (("platen1.speed_rpm", ((1, 2.0, 1.0), (1, 3.0, 2.0))), 4, 1, 7),
    ],
)
def test_a_wrong_limit_denies_all(
    bench: GemBench,
    entries: tuple[str | int, tuple[tuple[int, float, float] | int, ...]],
    code: int,
    limit: int,
    limit_code: int,
) -> None:
    limits(bench, ("platen2.speed_rpm", ((1, 100.0, 90.0),)))
    before = dict(bench.store.kept)
    answer = limits(bench, ("platen2.speed_rpm", ((1, 80.0, 70.0),)), entries)
    vid = bench.vid(entries[0]) if isinstance(entries[0], str) else entries[0]
    detail = L(B(limit), B(limit_code)) if limit_code else L()
    assert answer == L(B(1), L(L(U4(vid), B(code), detail)))
    assert bench.store.kept == before


def test_a_variable_named_twice_is_denied(bench: GemBench) -> None:
    entry = ("platen1.speed_rpm", ((1, 100.0, 90.0),))
    assert limits(bench, entry, entry) == L(B(1), L(L(U4(bench.vid("platen1.speed_rpm")), B(3), L())))


def test_limits_are_listed_kept_and_taken_away(bench: GemBench) -> None:
    vid = bench.vid("platen1.speed_rpm")
    limits(bench, ("platen1.speed_rpm", ((1, 100.0, 90.0), (3, 50.0, 40.0))), ("platen2.speed_rpm", ((1, 9.0, 8.0),)))
    listed = bench.body(2, 47, L(U4(vid), U4(bench.vid("tool.lot_id"))))
    bands = [(n[0].scalar, n[1].scalar, n[2].scalar) for n in listed[0][1][3]]
    assert bands == [(1, 100.0, 90.0), (3, 50.0, 40.0)]
    assert listed[0][1].items[:3] == (A("rpm"), F4(0.0), F4(150.0))
    assert listed[1][1] == L()
    after = GemBench(store=bench.store)
    after.communicate()
    assert after.body(2, 47, L(U4(vid)))[0] == listed[0]
    limits(after, ("platen1.speed_rpm", (1,)))
    assert [n[0].scalar for n in after.body(2, 47, L(U4(vid)))[0][1][3]] == [3]
    limits(after, ("platen1.speed_rpm", ()))
    assert after.body(2, 47, L(U4(vid)))[0][1][3] == L()
    assert after.body(2, 45, L(U4(0), L())) == L(B(0), L())
    every = after.body(2, 47)
    assert len(every) > 100
    assert all(entry[1][3] == L() for entry in every)
