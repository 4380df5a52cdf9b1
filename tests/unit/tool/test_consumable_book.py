"""Consumables: what a visit uses up, life against the limits, warning before and refusal after the end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest
from tool_bench import Bench

from planaris.model import Severity
from planaris.modules import TraceFile, VisitResult
from planaris.stream import AlarmCleared, AlarmSet, ConsumableChanged, ConsumableUsed
from planaris.tool import AlarmBook, Answer, AnswerStatus, CommandDoor, CommandRequest, ConsumableBook, Counter

# Round limits, so that lives can be told by heart.
LIMITS: Mapping[str, float] = {
    "pad_life_wafers_count": 1000,
    "disk_life_h": 10.0,
    "membrane_life_wafers_count": 5000,
    "brush_life_wafers_count": 200,
    "warn_fraction": 0.9,
}
VISIT = VisitResult(
    platen=2, head=3, start_s=0.0, end_s=60.0, polish_s=36.0, slurry_ml=150.0, di_water_ml=200.0,
    trace=TraceFile("traces/a.parquet", 6000, 48),
)  # fmt: skip


def book_of(bench: Bench, *known: Counter, limits: Mapping[str, float] = LIMITS) -> ConsumableBook:
    alarms = AlarmBook(bench.stream, bench.dictionary, lambda: bench.now_s)
    return ConsumableBook(replace(bench.tool, consumable_limits=limits), bench.stream, alarms, known)


def used(bench: Bench) -> dict[tuple[str, str], ConsumableUsed]:
    return {(e.location, e.part): e for e in bench.of(ConsumableUsed)}


def test_a_visit_counts_on_pad_disk_ring_and_membrane(bench: Bench) -> None:
    book_of(bench).visited(replace(VISIT, conditioned_s=18.0))
    found = used(bench)
    lines = {(f"slurry{n}", part) for n in (1, 2) for part in ("slurry", "filter")}
    assert set(found) == {("platen2", "pad"), ("platen2", "disk"), ("head3", "ring"), ("head3", "membrane")} | lines
    assert all(e.wafers_count == 1 for e in found.values())
    assert {part: e.use_h for (_, part), e in found.items()} == pytest.approx(
        {"pad": 0.01, "disk": 0.005, "ring": 0.01, "membrane": 0.01, "slurry": 0.016667, "filter": 0.01}
    )


def test_a_visit_without_conditioning_spares_the_disk(bench: Bench) -> None:
    book_of(bench).visited(VISIT)
    assert ("platen2", "disk") not in used(bench)


def test_a_wafer_counts_once_on_its_head_and_at_each_visit_on_the_pads(bench: Bench) -> None:
    book = book_of(bench)
    book.visited(replace(VISIT, conditioned_s=18.0), first_visit=True)
    book.visited(replace(VISIT, platen=3, conditioned_s=18.0), first_visit=False)
    counts = {where: (e.wafers_count, e.use_h) for where, e in used(bench).items()}
    assert counts["head3", "membrane"] == counts["head3", "ring"] == (1, 0.02)
    assert counts["platen2", "pad"] == counts["platen3", "pad"] == (1, 0.01)


def test_a_brush_counts_its_wafers(bench: Bench) -> None:
    book = book_of(bench)
    book.brushed("brush1", 36.0)
    book.brushed("brush1", 36.0)
    assert used(bench)["brush1", "brush"] == ConsumableUsed("brush", "brush1", 2, 0.02, 1.0)


def test_counting_goes_on_from_what_is_known(bench: Bench) -> None:
    book = book_of(bench, Counter("platen2", "pad", 499, 5.0), Counter("platen1", "pad", 7, 0.1))
    book.visited(VISIT)
    assert used(bench)["platen2", "pad"] == ConsumableUsed("pad", "platen2", 500, 5.01, 50.0)


@pytest.mark.parametrize(
    ("counter", "life_pct"),
    [
        (Counter("platen1", "pad", 0, 99.0), 0.0),  # a pad's life is told in wafers
        (Counter("platen1", "pad", 250, 0.0), 25.0),
        (Counter("platen1", "disk", 9999, 2.5), 25.0),  # a disk's in hours
        (Counter("head1", "membrane", 5000, 0.0), 100.0),
        (Counter("brush1", "brush", 300, 0.0), 150.0),
    ],
)
def test_life_is_use_over_the_limit(bench: Bench, counter: Counter, life_pct: float) -> None:
    assert book_of(bench).life_pct(counter) == pytest.approx(life_pct)


def test_a_part_without_a_limit_does_not_expire(bench: Bench) -> None:
    book = book_of(bench, Counter("platen1", "pad", 10**9, 1e9), limits={})
    assert book.expired() == ()


def test_a_part_warns_at_the_stated_fraction_and_not_before(bench: Bench) -> None:
    book = book_of(bench, Counter("platen2", "pad", 898, 0.0))
    book.visited(VISIT)  # 899 of 1000
    assert bench.of(AlarmSet) == []
    book.visited(VISIT)
    (alarm,) = bench.of(AlarmSet)
    assert (alarm.alarm, alarm.source, alarm.severity) == ("consumable_warning", "platen2", Severity.WARNING)
    assert "pad" in alarm.detail
    assert "90 %" in alarm.detail
    assert book.expired() == ()


def test_a_part_at_its_limit_has_expired(bench: Bench) -> None:
    book = book_of(bench, Counter("platen2", "pad", 999, 0.0), Counter("platen1", "pad", 999, 0.0))
    assert book.expired() == ()
    book.visited(VISIT)
    assert [(c.location, c.part, c.wafers_count) for c in book.expired()] == [("platen2", "pad", 1000)]
    assert [(a.alarm, a.source) for a in bench.of(AlarmSet)] == [("consumable_expired", "platen2")]


def test_two_worn_parts_of_one_platen_are_both_told(bench: Bench) -> None:
    book = book_of(bench, Counter("platen2", "pad", 899, 0.0), Counter("platen2", "disk", 1, 9.0))
    book.visited(replace(VISIT, conditioned_s=18.0))
    told = " ".join(a.detail for a in bench.of(AlarmSet))
    assert "pad" in told
    assert "disk" in told


def test_the_reference_tools_lives_agree_with_what_equipment_lists(bench: Bench) -> None:
    """Pad 1,000-2,000 wafers, a disk of some tens of hours, warned at 90 % (design values)."""
    limits = bench.tool.consumable_limits
    assert 1000 <= limits["pad_life_wafers_count"] <= 2000
    assert 10 <= limits["disk_life_h"] <= 99
    assert limits["warn_fraction"] == pytest.approx(0.9)


def test_a_batch_ages_by_the_clock_whether_it_is_used_or_not(bench: Bench) -> None:
    limits = {**LIMITS, "slurry_life_h": 2.0}
    book = book_of(bench, Counter("slurry1", "slurry", 40, 1.5, "LOT-7"), limits=limits)
    book.visited(replace(VISIT, end_s=1200.0))
    book.visited(replace(VISIT, end_s=900.0))  # a visit that ended earlier ages nothing twice
    assert used(bench)["slurry1", "slurry"].use_h == pytest.approx(1.5 + 1.0 / 3.0, abs=1e-6)
    assert [a.alarm for a in bench.of(AlarmSet)] == ["consumable_warning"] * len(bench.of(AlarmSet))
    book.visited(replace(VISIT, end_s=1800.0))
    assert [c.location for c in book.expired()] == ["slurry1"]
    assert bench.of(AlarmSet)[-1].source == "facility"


def test_a_filter_warns_and_stops_the_next_job_by_the_wafers_of_its_line(bench: Bench) -> None:
    limits = {**LIMITS, "filter_life_wafers_count": 100}
    book = book_of(bench, Counter("slurry1", "filter", 88), limits=limits)
    for count, expected in ((89, []), (90, ["consumable_warning"]), (99, ["consumable_warning"])):
        while used(bench).get(("slurry1", "filter")) is None or used(bench)["slurry1", "filter"].wafers_count < count:
            book.visited(VISIT)
        assert sorted({a.alarm for a in bench.of(AlarmSet)}) == expected
        assert book.expired() == ()
    book.visited(VISIT, first_visit=False)  # the same wafer on its next platen
    assert book.expired() == ()
    book.visited(VISIT)
    assert [(c.part, c.location) for c in book.expired()] == [("filter", "slurry1")]
    last = bench.of(AlarmSet)[-1]
    assert (last.alarm, last.source, "filter" in last.detail) == ("consumable_expired", "facility", True)


class Changing:
    """A book behind its door."""

    def __init__(self, bench: Bench, *known: Counter) -> None:
        self.book = book_of(bench, *known)
        self.door = CommandDoor(bench.stream, bench.dictionary, lambda: bench.now_s)
        self.book.offer(self.door)
        self._count = 0

    def change(
        self, location: str, part: str, serial: str, *, role: str = "maintenance", reason: str = "worn"
    ) -> Answer:
        self._count += 1
        arguments = {"location": location, "part": part, "serial": serial}
        request = CommandRequest("consumable.change", arguments, "Li", role, reason, f"k{self._count}")
        return asyncio.run(self.door.submit(request))


def test_a_change_starts_the_counter_again_and_tells_what_went(bench: Bench) -> None:
    changing = Changing(bench, Counter("platen2", "pad", 999, 40.0, "PAD-1"))
    changing.book.visited(VISIT)
    assert [c.part for c in changing.book.expired()] == ["pad"]
    answer = changing.change("platen2", "pad", "PAD-2")
    assert answer.status is AnswerStatus.DONE
    assert "PAD-1 after 1000 wafers" in answer.why
    assert changing.book.expired() == ()
    assert bench.of(ConsumableChanged) == [ConsumableChanged("pad", "platen2", "PAD-2", 1000, 40.01, "worn")]
    assert used(bench)["platen2", "pad"] == ConsumableUsed("pad", "platen2", 0, 0.0, 0.0)
    assert {(a.alarm, a.source) for a in bench.of(AlarmCleared)} >= {("consumable_expired", "platen2")}
    changing.book.visited(VISIT)
    assert used(bench)["platen2", "pad"].wafers_count == 1


@pytest.mark.parametrize(
    ("location", "part", "serial", "role", "reason", "why"),
    [
        ("platen2", "pad", "PAD-2", "operator", "worn", "maintenance"),
        ("platen2", "belt", "X", "maintenance", "worn", "slurry"),
        ("platen9", "pad", "PAD-2", "maintenance", "worn", "platen1, platen2, platen3"),
        ("platen2", "pad", " ", "maintenance", "worn", "serial number"),
        ("platen2", "pad", "PAD-1", "maintenance", "worn", "already"),
        ("platen2", "pad", "PAD-2", "maintenance", "", "reason"),
    ],
)
def test_a_wrong_change_is_refused_and_leaves_the_counter(
    bench: Bench, location: str, part: str, serial: str, role: str, reason: str, why: str
) -> None:
    changing = Changing(bench, Counter("platen2", "pad", 12, 1.0, "PAD-1"))
    answer = changing.change(location, part, serial, role=role, reason=reason)
    assert answer.status is AnswerStatus.REFUSED
    assert why in answer.why
    assert bench.of(ConsumableChanged) == []
