"""The events of a real lot on the twin, told to the factory interface: all reach the host, and values follow."""

from __future__ import annotations

from collections import Counter

import pytest
from gem_bench import GemBench
from spine_lots import Run

from planaris.factory.secs2.items import BOOLEAN, U4, B, L
from planaris.historian import journal_events
from planaris.stream import Committed, LotStarted, WaferFinished


@pytest.mark.timeout(300)
def test_a_lot_reaches_the_host_event_by_event_with_values_that_follow(example_run: Run) -> None:
    events: list[Committed] = journal_events(example_run.home / "tool.db", example_run.document["run_id"])
    bench = GemBench()
    bench.communicate()
    assert bench.body(2, 37, L(BOOLEAN(True), L())) == B(0)
    declared = bench.equipment.core.declared
    names = {e.event_id: e.name for e in declared.events.values()}
    # Every event of the tool carries everything that it can carry.
    for n, entry in enumerate(bench.dictionary.events, start=1):
        vids = [bench.vid(v) for v in entry.variables] or [bench.vid("tool.time_s")]
        assert bench.body(2, 33, L(U4(0), L(L(U4(n), L(*map(U4, vids)))))) == B(0)
        assert bench.body(2, 35, L(U4(0), L(L(U4(entry.event_id), L(U4(n)))))) == B(0)
    got: Counter[str] = Counter()
    alarms = 0
    processing: list[str] = []
    for item in events:
        bench.equipment.told([item])
        while bench.line.sent:
            stream, function = bench.line.sent[0][1].stream, bench.line.sent[0][1].function
            message = bench.answer(stream, function)
            alarms += (stream, function) == (5, 1)
            if (stream, function) == (6, 11):
                assert message.body is not None
                name = names[message.body[1].scalar]
                got[name] += 1
                if name in {e.name for e in bench.dictionary.events}:
                    carried = message.body[2][0][1]
                    assert all(len(v) or v.format.name == "A" for v in carried if name != "endpoint_decided"), name
        state = str(bench.equipment.core.latest.value("tool.state"))
        if not processing or processing[-1] != state:
            processing.append(state)
    told = Counter(item.event.name for item in events)
    assert {name: count for name, count in got.items() if name in told} == dict(told)
    assert alarms == told["alarm_set"] + told["alarm_cleared"]
    assert processing == ["idle", "executing", "idle"]
    latest = bench.equipment.core.latest
    started = next(i.event for i in events if isinstance(i.event, LotStarted))
    finished = sum(isinstance(i.event, WaferFinished) for i in events)
    assert latest.value("tool.wafers_finished_count") == finished == started.wafers_count
    assert latest.value("tool.wafers_in_tool_count") == 0
    assert latest.value("tool.lot_id") == ""
    assert latest.value("tool.port_kind") == "twin"
    assert bench.ports.failures == []
