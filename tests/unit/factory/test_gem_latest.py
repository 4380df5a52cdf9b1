"""Current values are a fold of the event stream and the sample blocks."""

from __future__ import annotations

import numpy as np
import pytest
from gem_bench import GemBench, dictionary

from planaris.dictionary import UnknownNameError
from planaris.factory import Known, Lost
from planaris.factory.gem.latest import Latest, data_of
from planaris.factory.secs2.items import U2, U4, A, L
from planaris.model import Block, Severity, WaferKind
from planaris.stream import (
    ALL_EVENTS,
    AlarmCleared,
    AlarmSet,
    CarrierMapped,
    CleanEnded,
    Committed,
    ConsumableUsed,
    Event,
    JobStateChanged,
    LinkChanged,
    LotEnded,
    LotStarted,
    ModuleStateChanged,
    PlaceConfirmed,
    RunEnded,
    RunStarted,
    StepEnded,
    StepStarted,
    WaferFinished,
    WaferMoved,
    WaferRegistered,
)

LOT = LotStarted("L1", "p", "ild", "oxide", "C1", 2, 25, 600.0, 5.0, 5.0)


def after(*events: Event) -> Latest:
    latest = Latest(dictionary())
    for n, event in enumerate(events, start=1):
        latest.event(Committed(n, 10.0 * n, event))
    return latest


@pytest.mark.parametrize(
    ("events", "name", "value"),
    [
        ((), "tool.state", "init"),
        ((), "tool.wafers_in_tool_count", 0),
        ((), "stage.wafer_present", None),
        ((RunStarted("t", "twin", 1, "0.1"),), "tool.port_kind", "twin"),
        ((RunStarted("t", "twin", 1, "0.1"),), "tool.state", "idle"),
        ((RunStarted("t", "twin", 1, "0.1"), RunEnded("completed", "")), "tool.time_s", 20.0),
        ((LinkChanged("lost", ""),), "tool.link_state", "lost"),
        ((LinkChanged("connected", ""),), "tool.state", "idle"),
        ((ModuleStateChanged("platen1", "idle", "polishing", "x"),), "platen1.state", "polishing"),
        ((AlarmSet("emo", "safety", Severity.FATAL, "", ""),), "tool.alarms_count", 1),
        ((AlarmSet("emo", "safety", Severity.FATAL, "", ""), AlarmCleared("emo", "safety")), "tool.alarms_count", 0),
        ((CarrierMapped(2, "C9", "OO"),), "loadport2.carrier_id", "C9"),
        ((LOT,), "tool.lot_id", "L1"),
        ((LOT,), "loadport2.lot_id", "L1"),
        ((LOT, LotEnded("L1", "completed", 1)), "tool.lot_id", ""),
        ((LOT, LotEnded("L1", "completed", 1)), "loadport2.lot_id", ""),
        ((JobStateChanged("L1", "", "running", "", ""),), "tool.state", "executing"),
        ((JobStateChanged("L1", "", "paused", "", ""),), "tool.state", "paused"),
        ((JobStateChanged("L1", "", "aborting", "", ""),), "tool.state", "aborting"),
        ((JobStateChanged("L1", "", "running", "", ""),), "tool.previous_state", "init"),
        (
            (JobStateChanged("L1", "", "running", "", ""), JobStateChanged("L1", "", "completed", "", "")),
            "tool.state",
            "idle",
        ),
        ((StepStarted("W", 2, 1, 1, "bulk", "polish"),), "platen2.step_name", "bulk"),
        ((StepStarted("W", 2, 1, 1, "bulk", "polish"), LOT), "platen2.step_time_s", 10.0),
        ((StepStarted("W", 2, 1, 1, "bulk", "polish"), StepEnded("W", 2, 1, 1, "bulk", 5.0, "time", 7.0, 3.0)),
         "platen2.step_time_s", 0.0),
        ((LOT, StepEnded("W", 2, 1, 1, "bulk", 5.0, "time", 7.0, 3.0)), "platen2.slurry_used_ml", 7.0),
        ((LOT, StepEnded("W", 2, 1, 1, "b", 5.0, "time", 7.0, 3.0), CleanEnded("W", "srd", 4.0)),
         "tool.di_water_used_ml", 7.0),
        ((WaferRegistered("W", "L1", 1, WaferKind.PRODUCT, "loadport1.01"), WaferMoved("W", "x", "dry_robot")),
         "dry_robot.wafer_id", "W"),
        ((WaferMoved("W", "x", "dry_robot"), WaferMoved("W", "dry_robot", "aligner")), "dry_robot.wafer_id", ""),
        ((WaferMoved("W", "x", "dry_robot"), PlaceConfirmed("W", "dry_robot", "removed", "ann")),
         "tool.wafers_in_tool_count", 0),
        ((ConsumableUsed("pad", "platen1", 12, 1.5, 20.0),), "platen1.pad_life_pct", 20.0),
        ((ConsumableUsed("disk", "platen1", 12, 1.5, 20.0),), "conditioner1.disk_use_h", 1.5),
        ((ConsumableUsed("membrane", "head3", 12, 1.5, 20.0),), "head3.membrane_wafers_count", 12),
        ((ConsumableUsed("filter", "slurry1", 12, 1.5, 20.0),), "platen3.slurry_filter_life_pct", 20.0),
    ],
)  # fmt: skip
def test_events_tell_values(events: tuple[Event, ...], name: str, value: object) -> None:
    assert after(*events).value(name) == value


def test_throughput_counts_finished_wafers() -> None:
    done = WaferFinished("W", 1, 1, WaferKind.PRODUCT, 9, *(0.0,) * 11)
    latest = after(LOT, done, done)
    assert latest.value("tool.wafers_finished_count") == 2
    assert latest.value("tool.wafers_per_h") == pytest.approx(2 * 3600 / 20)


def test_blocks_tell_tags_with_their_types() -> None:
    latest = Latest(dictionary())
    tags = ("platen1.speed_rpm", "head1.up", "loadport1.sts.id", "loadport1.slot_state")
    values = np.array([[1.0, 0.0, 5.0, *[0.0] * 25], [93.0, 1.0, 7.0, *[1.0] * 25]], np.float32)
    latest.block(Block("state", tags, np.array([1.0, 2.0]), values, np.full(2, 2, np.uint8), 1, False, (1, 1, 1, 25)))
    assert [latest.value(t) for t in tags] == [93.0, True, 7, (1.0,) * 25]
    latest.block(Block("state", tags[:1], np.array([]), np.zeros((0, 1), np.float32), np.array([], np.uint8), 2))
    assert latest.value("platen1.speed_rpm") == 93.0


def test_an_unknown_variable_is_named() -> None:
    with pytest.raises(UnknownNameError, match="nearest"):
        Latest(dictionary()).value("tool.lotid")


def test_nothing_is_told_of_what_the_tool_does_not_have() -> None:
    latest = after(ModuleStateChanged("platen9", "a", "b", "c"), CarrierMapped(9, "C", ""))
    assert not [name for name in latest.values if name.startswith(("platen9", "loadport9"))]


@pytest.mark.parametrize("kind", ALL_EVENTS, ids=lambda kind: kind.name)
def test_data_of_an_event_are_its_data_variables(kind: type[Event]) -> None:
    import dataclasses

    samples = {"str": "x", "int": 1, "float": 1.5, "bool": True, "tuple[float, ...]": (1.0, 2.0),
               "WaferKind": WaferKind.PRODUCT, "Severity": Severity.FATAL}  # fmt: skip
    made = kind(**{f.name: samples.get(str(f.type), "x") for f in dataclasses.fields(kind)})
    assert tuple(data_of(made)) == dictionary().event(kind.name).variables
    bench = GemBench()
    bench.communicate()
    bench.subscribe(kind.name, *dictionary().event(kind.name).variables)
    bench.happens(made)
    sent = bench.answer(6, 11).body
    assert sent is not None
    assert len(sent[2][0][1]) == len(dataclasses.fields(kind))


def test_the_tool_may_say_values_outright_and_losses_are_told() -> None:
    bench = GemBench()
    bench.communicate()
    bench.equipment.told([Known({"tool.recipe": "ild", "heartbeat_period_s": 0.5}), Lost(3, 1), Lost(0, 2)])
    assert bench.body(1, 3, L(U4(bench.vid("tool.recipe")))) == L(A("ild"))
    assert bench.body(2, 13, L(U4(bench.ecid("heartbeat_period_s"))))[0].scalar == 0.5
    assert bench.ports.failures == ["3 events did not reach the factory interface"]


def test_a_value_that_its_type_cannot_hold_is_sent_empty(caplog: pytest.LogCaptureFixture) -> None:
    bench = GemBench()
    bench.communicate()
    bench.subscribe("lot_ended", "tool.wafers_in_tool_count", "platen1.speed_rpm", "lot_id", "step")
    bench.equipment.told(
        [Known({"tool.wafers_in_tool_count": -1, "platen1.speed_rpm": 1e300, "lot_id": "Größe", "step": 3})]
    )
    from planaris.stream import LotEnded

    bench.happens(LotEnded("Größe", "completed", 1))
    body = bench.answer(6, 11).body
    assert body is not None
    values = body[2][0][1]
    assert values.items[0] == U4()
    assert len(values.items[1]) == 0
    assert values.items[2] == A("Gr??e")
    assert values.items[3] == U2(3)
    assert "tool.wafers_in_tool_count is sent empty" in caplog.text
