"""A carrier may be lifted when its lot is over and all its wafers are in it; any other time is an alarm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import pytest
from tool_bench import Bench, wafer

from planaris.hardware import TagWatch
from planaris.model import Lot
from planaris.stream import AlarmCleared, AlarmSet, CarrierLifted
from planaris.tool import AlarmBook, Job, MaterialMap
from planaris.tool.carriers import CarrierWatch


@dataclass
class FakeWatch:
    on: dict[str, bool] = field(default_factory=dict[str, bool])

    def is_on(self, tag: str) -> bool:
        return self.on[tag]


@dataclass
class FakeLot:
    load_port: int = 1


@dataclass
class FakeJob:
    active: bool
    progress: Mapping[str, object]
    begun: bool = True
    lot: Lot = field(default_factory=lambda: cast("Lot", FakeLot()))


class Rig:
    def __init__(self, bench: Bench) -> None:
        self.bench, self.watch = bench, FakeWatch()
        self.material = MaterialMap(bench.stream)
        self.job = FakeJob(active=False, progress={"L1-01": None, "L1-02": None})
        self.material.register(wafer(1), "loadport1.01")
        self.material.register(wafer(2), "loadport1.02")
        alarms = AlarmBook(bench.stream, bench.dictionary, lambda: 0.0)
        self.carriers = CarrierWatch(
            cast("TagWatch", self.watch), alarms, self.material, lambda: [cast("Job", self.job)]
        )

    def lift(self, *, present: bool = False) -> None:
        self.watch.on["loadport1.carrier_present"] = present
        self.carriers({"loadport1.carrier_present": float(present), "dry_robot.wafer_present": 0.0})
        self.bench.stream.flush()


@pytest.fixture
def rig(bench: Bench) -> Rig:
    return Rig(bench)


def test_in_good_order_its_wafers_leave_the_map(rig: Rig) -> None:
    rig.lift()
    assert rig.bench.of(CarrierLifted) == [CarrierLifted(1, "L1", 2)]
    assert rig.bench.of(AlarmSet) == []
    assert dict(rig.material.at) == {}


def test_with_a_wafer_out_it_is_an_alarm_until_one_stands_there_again(rig: Rig) -> None:
    rig.material.intend("loadport1.01", "dry_robot")
    rig.material.confirm(wafer(1))
    rig.lift()
    (alarm,) = rig.bench.of(AlarmSet)
    assert (alarm.alarm, alarm.source) == ("carrier_removed", "loadport1")
    assert alarm.detail == "1 wafers were in it, 1 are out in the tool"
    rig.lift(present=True)
    assert [a.alarm for a in rig.bench.of(AlarmCleared)] == ["carrier_removed"]


def test_while_a_job_works_for_it_it_is_an_alarm(rig: Rig) -> None:
    rig.job.active = True
    rig.lift()
    assert [a.alarm for a in rig.bench.of(AlarmSet)] == ["carrier_removed"]
    assert len(rig.material.at) == 2
