"""secsgem 0.3.0 (LGPL, unmodified, tests only) as the host of the factory interface."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gem_bench import dictionary
from gem_face import playing
from gem_library import Library

from planaris.model import Severity
from planaris.stream import AlarmSet, LotEnded, StepEnded

SCRIPT = Path(__file__).with_name("gem_secsgem_host.py")
RECIPE = "".join(
    line for line in Path("examples/oxide_ild/recipe.toml").read_text(encoding="utf-8").splitlines(True)
    if line.isascii()
)  # fmt: skip


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Library]:
    declared = dictionary()
    names = {n: declared.variable(n).variable_id for n in ("tool.port_kind", "wafer_id", "duration_s", "lot_id")}
    names |= {e: declared.event(e).event_id for e in ("step_ended", "lot_ended")}
    names |= {"time_format": declared.constant("time_format").constant_id}
    names |= {"emo": declared.alarm("emo", "safety").alarm_id}
    with playing(tmp_path_factory.mktemp("home"), ports=Library()) as tool:
        arguments = json.dumps({"port": tool.port, "names": names, "recipe": RECIPE})
        with subprocess.Popen(
            [sys.executable, str(SCRIPT), arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as host:
            assert host.stdout is not None
            lines = [host.stdout.readline()]
            assert lines[0] == "ready\n", host.communicate()[1]
            tool.happens(
                StepEnded("L.01", 1, 2, 1, "bulk", 55.5, "time", 180.0, 0.0),
                AlarmSet("emo", "safety", Severity.FATAL, "", ""),
                LotEnded("L1", "completed", 25),
            )
            out, err = host.communicate(timeout=60)
            assert host.returncode == 0, err
        assert isinstance(tool.ports, Library)
        return json.loads(out), tool.ports


@pytest.mark.timeout(120)
def test_it_establishes_communication_and_asks(answered: tuple[dict[str, Any], Library]) -> None:
    got, _ = answered
    assert got["communicating"]
    assert got["online"] == 2
    assert got["are_you_there"] == {"MDLN": "PLANARIS", "SOFTREV": "0.1.0"} or got["are_you_there"] == [
        "PLANARIS",
        "0.1.0",
    ]
    assert got["port_kind"] == ["twin"]
    assert got["names"] == sum(1 for v in dictionary().variables if v.kind == "sv")
    assert got["constants"] == [1]
    assert got["set_constant"] == 0
    assert got["clock"].endswith("Z")
    assert got["unknown_sv"] == [[]]
    assert got["offline"] == 0


def test_it_gets_events_with_values_and_the_alarm(answered: tuple[dict[str, Any], Library]) -> None:
    got, _ = answered
    assert got["all"]
    assert [e["rptid"] for e in got["events"]] == [7, 8]
    assert got["events"][0]["values"] == ["L.01", 55.5, "twin"]
    assert got["events"][1]["values"] == ["L1"]
    alarm = dictionary().alarm("emo", "safety")
    assert got["alarms"] == [[0x81, alarm.alarm_id, alarm.text_en]]


def test_it_gives_commands(answered: tuple[dict[str, Any], Library]) -> None:
    got, tool = answered
    assert got["start"]["HCACK"] == 0
    assert got["dance"]["HCACK"] == 1
    start = [r for r in tool.requests if r.verb == "job.start"]
    assert [r.arguments for r in start] == [{"lot_id": "L1"}]


def test_it_moves_recipes_and_texts(answered: tuple[dict[str, Any], Library]) -> None:
    got, tool = answered
    assert got["send_recipe"] == 0
    assert got["recipes"] == ["oxide_ild"]
    assert got["fetched"]
    assert got["delete_recipe"] == 0
    assert tool.shown == [("well done",)]
