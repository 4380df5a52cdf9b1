"""`planaris host` and `planaris factory` as a person uses them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from gem_face import Playing, playing
from gem_library import Library

from planaris.stream import JobStateChanged, LotEnded, StepEnded

RECIPE = "examples/oxide_ild/recipe.toml"


def planaris(*words: object) -> subprocess.CompletedProcess[str]:
    code = "from planaris.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, timeout=120, check=False
    )


def answer(*words: object) -> dict[str, Any]:
    done = planaris(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Generator[Playing]:
    folder = tmp_path_factory.mktemp("home")
    with playing(folder, ports=Library(), log=folder / "host.sml") as running:
        yield running


def host(tool: Playing, *words: object) -> dict[str, Any]:
    return answer("host", f"127.0.0.1:{tool.port}", *words)


def test_it_says_who_is_there(tool: Playing) -> None:
    result = host(tool, "who")["result"]
    assert (result["model"], result["tool.port_kind"], result["tool.control_state"]) == ("PLANARIS", "twin", 5)
    done = planaris("host", f"127.0.0.1:{tool.port}", "who")
    assert "tool.port_kind  twin" in done.stdout


def test_names_and_values(tool: Playing) -> None:
    assert "platen1.speed_rpm" in host(tool, "names")["result"]
    assert {"lot_ended", "safety.emo.set"} <= set(host(tool, "events")["result"])
    assert host(tool, "values", "tool.alarms_count")["result"] == {"tool.alarms_count": 0}


def test_recipes_go_there_and_back(tool: Playing) -> None:
    assert host(tool, "send", RECIPE)["result"] == {"oxide_ild": "sent"}
    assert host(tool, "recipes")["result"] == ["oxide_ild"]
    assert host(tool, "fetch", "oxide_ild")["result"] == Path(RECIPE).read_text(encoding="utf-8")
    assert host(tool, "delete", "oxide_ild")["result"] == {"oxide_ild": "deleted"}
    assert host(tool, "recipes")["result"] == []


def test_a_lot_is_started_and_followed_to_its_end(tool: Playing) -> None:
    assert isinstance(tool.ports, Library)
    tool.ports.on_start = lambda: tool.happens(
        JobStateChanged("L1", "queued", "running", "start", ""),
        StepEnded("L1.01", 1, 2, 1, "bulk", 55.0, "time", 180.0, 0.0),
        LotEnded("L1", "completed", 1),
    )
    found = host(tool, "lot", "L1", "load_port=1", "recipe=oxide_ild", "--limit", 60)
    assert found["result"] == "ended with lot_ended"
    assert [line.split(" ")[1] for line in found["told"]] == ["job_state_changed", "step_ended", "lot_ended"]
    assert found["told"][-1] == "event lot_ended lot_id=L1 outcome=completed processed_count=1"
    created = [r.arguments for r in tool.ports.requests if r.verb == "job.create"]
    assert created == [{"lot_id": "L1", "load_port": 1, "recipe": "oxide_ild"}]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("dance",), 2, "actions are who, values"),
        (("values",), 2, "name at least one variable"),
        (("values", "tool.colour"), 1, "the equipment names nothing tool.colour"),
        (("command", "DANCE"), 1, "S2F41 DANCE was answered with code 1"),
        (("command", "START", "LOTID"), 2, "LOTID: a parameter is KEY=VALUE"),
        (("fetch", "nothing"), 1, "the equipment has no recipe nothing"),
        (("replay", "pyproject.toml"), 2, "line 1 is no line of a message log"),
    ],
)
def test_what_goes_wrong_is_told(tool: Playing, words: tuple[str, ...], status: int, told: str) -> None:
    done = planaris("host", f"127.0.0.1:{tool.port}", *words)
    assert done.returncode == status, done.stderr
    assert told in done.stderr


def test_nobody_there_is_told() -> None:
    done = planaris("host", "127.0.0.1:1", "who", "--limit", 1)
    assert done.returncode == 1
    assert planaris("host", "nowhere", "who").returncode == 2


def test_the_message_log_is_sml_and_its_host_can_be_played_again(tool: Playing, tmp_path: Path) -> None:
    host(tool, "values", "tool.alarms_count")
    log = tool.flush_log()
    counted = answer("factory", "log", log)
    assert counted["messages"]["S1F3 W"] >= 1
    assert counted["messages"]["S1F4"] >= 1
    assert counted["messages"]["Select.req"] >= 1
    primaries = answer("factory", "log", log, "--host")["primaries"]
    assert primaries[0] == "S1F13 W <L [0]> ."
    part = tmp_path / "part.sml"
    asking = [line for line in log.read_text(encoding="utf-8").splitlines(True) if " received " in line]
    part.write_text("".join(line for line in asking if "S1F" in line)[:100_000].rpartition("\n")[0] + "\n")
    replayed = host(tool, "replay", part)
    assert replayed["result"].endswith("messages sent")
    assert len(replayed["told"]) == int(replayed["result"].split(" ")[0]) > 1


def test_the_manual_names_everything(tmp_path: Path) -> None:
    file = tmp_path / "manual.md"
    assert answer("factory", "manual", "--out", file)["file"] == str(file)
    text = file.read_text(encoding="utf-8")
    assert "| S2F41 | host | Remote command |" in text
    assert planaris("factory", "manual").stdout == text
    assert "## GEM compliance statement" in planaris("factory", "manual", "--compliance").stdout
    assert planaris("factory", "manual", "--tool", "nothing").returncode == 2
