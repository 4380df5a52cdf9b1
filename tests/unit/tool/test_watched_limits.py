"""Watched limits: each row sets its alarm after its time outside, says tag, value and limit, and clears it after."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tool_bench import Bench

from planaris.model import Block, Quality
from planaris.stream import AlarmCleared, AlarmSet
from planaris.tool import AlarmBook, Limit, LimitWatch, limits


@pytest.fixture
def watch(bench: Bench) -> LimitWatch:
    return LimitWatch(AlarmBook(bench.stream, bench.dictionary, lambda: bench.now_s))


# As a head of three zones is watched.
LIMITS = [
    replace(row, tag=row.tag.replace("*", str(zone)))
    for row in limits()
    for zone in (range(1, 4) if "*" in row.tag else (1,))
]


def test_every_zone_that_a_head_has_is_watched_and_told_by_its_name(watch: LimitWatch) -> None:
    names = tuple(f"head1.zone{zone}_flow_l_min" for zone in range(1, 6))
    values = np.tile(np.array([0.1, 0.1, 0.1, 0.1, 1.5], dtype=np.float32), (1501, 1))
    block = Block("head1.fast", names, np.arange(1501) / 100, values, np.full(1501, Quality.GOOD, dtype=np.uint8), 0)
    (told,) = watch.check(block)
    assert (told.limit.alarm, told.source) == ("membrane_leak", "head1")
    assert told.detail.startswith("head.zone5_flow_l_min is 1.5")


def place_of(limit: Limit) -> str:
    kind = limit.tag.split(".")[0]
    return kind if kind == "facility" else f"{kind}2"


def block_of(bench: Bench, limit: Limit, value: float, seconds: float, quality: Quality = Quality.GOOD) -> Block:
    """Return a block of a limit's rate class in which its tag has one value and all others are sound."""
    place = place_of(limit)
    rate_class = place if place == "facility" else f"{place}.fast"
    names = bench.port.tags.of_class(rate_class)
    rate_Hz = 1 if place == "facility" else 100
    n = int(seconds * rate_Hz) + 1
    row = {f"{place}.{limit_.tag.split('.')[1]}": sound(limit_) for limit_ in LIMITS if place_of(limit_) == place}
    row[f"{place}.height_mm"] = 60.0
    row[f"{place}.{limit.tag.split('.')[1]}"] = value
    values = np.tile(np.array([row.get(name, 0.0) for name in names], dtype=np.float32), (n, 1))
    return Block(rate_class, names, np.arange(n) / rate_Hz, values, np.full(n, quality, dtype=np.uint8), 0)


def sound(limit: Limit) -> float:
    if np.isinf(limit.low):
        return limit.high - 0.1 * abs(limit.high)
    return limit.low + 0.1 * abs(limit.low) if np.isinf(limit.high) else 0.5 * (limit.low + limit.high)


def beyond(limit: Limit) -> list[float]:
    ends = [limit.low - 0.05 * abs(limit.low), limit.high + 0.05 * abs(limit.high)]
    return [v for v in ends if np.isfinite(v)]


CASES = [(limit, value) for limit in LIMITS for value in beyond(limit)]


@pytest.mark.parametrize(("limit", "value"), CASES, ids=lambda v: v.tag if isinstance(v, Limit) else f"{v:g}")
def test_a_limit_sets_its_alarm_after_its_time_and_clears_it(
    bench: Bench, watch: LimitWatch, limit: Limit, value: float
) -> None:
    short = block_of(bench, limit, value, 0.5 * limit.persist_s)
    assert [e for e in watch.check(short) if e.limit == limit] == []
    watch.check(block_of(bench, limit, sound(limit), 5.0))
    (excess,) = [e for e in watch.check(block_of(bench, limit, value, 2.0 * limit.persist_s + 2.0)) if e.limit == limit]
    assert limit.tag in excess.detail
    assert f"{np.float32(value):.4g}" in excess.detail
    told = [e for e in bench.of(AlarmSet) if e.alarm == limit.alarm]
    assert [(e.source, e.detail) for e in told] == [(place_of(limit), excess.detail)]
    again = watch.check(block_of(bench, limit, value, 2.0 * limit.persist_s + 2.0))
    assert again == []
    watch.check(block_of(bench, limit, sound(limit), 5.0))
    assert (limit.alarm, place_of(limit)) in {(e.alarm, e.source) for e in bench.of(AlarmCleared)}


def test_a_value_just_inside_does_not_clear_at_once(bench: Bench, watch: LimitWatch) -> None:
    limit = next(row for row in LIMITS if row.alarm == "n2_pressure_low")
    watch.check(block_of(bench, limit, 300.0, 10.0))
    watch.check(block_of(bench, limit, limit.low + 1.0, 10.0))
    assert bench.of(AlarmCleared) == []


def test_what_was_not_sampled_is_no_reading(bench: Bench, watch: LimitWatch) -> None:
    limit = LIMITS[0]
    assert watch.check(block_of(bench, limit, 0.0, 60.0, Quality.BAD)) == []
    assert bench.of(AlarmSet) == []


def test_weak_vacuum_counts_only_while_the_head_is_off_the_pad(bench: Bench, watch: LimitWatch) -> None:
    limit = next(row for row in LIMITS if row.head_up)
    block = block_of(bench, limit, -20.0, 10.0)
    block.values[:, block.tags.index("head2.height_mm")] = 0.0
    assert watch.check(block) == []


def test_time_outside_goes_on_from_block_to_block(bench: Bench, watch: LimitWatch) -> None:
    limit = next(row for row in LIMITS if row.alarm == "torque_high" and row.tag.startswith("platen"))
    found = [len(watch.check(block_of(bench, limit, 500.0, 0.4 * limit.persist_s))) for _ in range(4)]
    assert sum(found) == 1
    assert found[0] == 0


def test_every_alarm_and_tag_of_the_table_is_declared(bench: Bench) -> None:
    known = {(a.template.name, a.source) for a in bench.dictionary.alarms}
    for limit in LIMITS:
        assert (limit.alarm, place_of(limit)) in known, limit
        assert f"{place_of(limit)}.{limit.tag.split('.')[1]}" in bench.port.tags


@pytest.mark.parametrize("zone", [1, 2, 3])
def test_a_leak_of_any_zone_is_told_and_a_zone_that_fills_over_the_longest_ramp_is_none(
    bench: Bench, watch: LimitWatch, zone: int
) -> None:
    (limit,) = (w for w in LIMITS if w.tag == f"head.zone{zone}_flow_l_min")
    filling_s, full_l_min = 11.0, 0.1  # a ramp of 10 s, the longest, and what the regulator lags behind it
    assert not watch.check(block_of(bench, limit, 5.0, filling_s))
    assert not watch.check(block_of(bench, limit, full_l_min, 5.0))
    (told,) = watch.check(block_of(bench, limit, 1.5, 15.0))
    assert (told.limit.alarm, told.source) == ("membrane_leak", "head2")
