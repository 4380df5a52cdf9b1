"""Definitions of reports, links and limits: whole or not at all, and a restart finds what was answered with 0."""

from __future__ import annotations

from gem_bench import DictStore, GemBench
from hypothesis import given, settings
from hypothesis import strategies as st

from planaris.factory.gem.reports import Reports
from planaris.factory.secs2 import Item
from planaris.factory.secs2.items import BOOLEAN, U4, B, L

BENCH = GemBench()
VIDS = [BENCH.vid(n) for n in ("lot_id", "wafer_id", "tool.port_kind")] + [BENCH.ecid("time_format"), 999]
EVENTS = [BENCH.ceid(n) for n in ("lot_ended", "lot_started", "control_local")] + [1]
REPORTS = [1, 2, 3, 4_000_000_000]


def pairs(numbers: list[int], members: list[int]) -> st.SearchStrategy[list[tuple[int, list[int]]]]:
    return st.lists(st.tuples(st.sampled_from(numbers), st.lists(st.sampled_from(members), max_size=3)), max_size=4)


DEFINE = st.tuples(st.just(33), pairs(REPORTS, VIDS))
LINK = st.tuples(st.just(35), pairs(EVENTS, REPORTS))
ENABLE = st.tuples(st.just(37), st.tuples(st.booleans(), st.lists(st.sampled_from(EVENTS), max_size=3)))


def body_of(function: int, content: object) -> Item:
    if function == 37:
        on, events = content  # type: ignore[misc]
        return L(BOOLEAN(on), L(*map(U4, events)))  # type: ignore[has-type]
    return L(U4(0), L(*(L(U4(n), L(*map(U4, members))) for n, members in content)))  # type: ignore[attr-defined]


def state(reports: Reports) -> tuple[object, ...]:
    return dict(reports.reports), dict(reports.links), reports.enabled


@given(st.lists(st.one_of(DEFINE, LINK, ENABLE), max_size=12))
@settings(max_examples=100, deadline=None)
def test_a_definition_counts_whole_or_not_at_all_and_survives_a_restart(asked: list[tuple[int, object]]) -> None:
    store = DictStore()
    bench = GemBench(store=store)
    bench.communicate()
    for function, content in asked:
        before, kept = state(bench.equipment.reports), dict(store.kept)
        answer = bench.body(2, function, body_of(function, content))
        if answer != B(0):
            assert (state(bench.equipment.reports), dict(store.kept)) == (before, kept)
        after = state(bench.equipment.reports)
        assert state(GemBench(store=store).equipment.reports) == after
        reports, links, _ = after
        assert isinstance(reports, dict)
        assert isinstance(links, dict)
        assert {r for linked in links.values() for r in linked} <= set(reports)
        assert 999 not in {v for vids in reports.values() for v in vids}
        assert 1 not in links
