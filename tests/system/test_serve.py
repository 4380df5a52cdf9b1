"""`planaris serve`: lots come and go by commands, a described one too; a death and a restart; wrong input."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from served import ServedTool, serving_tool
from spine_lots import Run, run_command, small_lot

LOT_LIMIT_S = 240.0
SPEED = 40.0
SHORT: dict[str, dict[str, str]] = {
    "recipe.toml": {"time_s = 40, min_s = 30": "time_s = 20, min_s = 15"},
    "cleaner.toml": {"time_s = 40": "time_s = 10", "time_s = 50": "time_s = 10"},
}


class Served(ServedTool):
    """A live tool in its own process and the commands a person gives it."""

    def __init__(self, process: subprocess.Popen[str], home: Path, ready: dict[str, Any]) -> None:
        super().__init__(process, home, ready)
        self.hsms = str(ready["hsms"])

    def state(self) -> dict[str, Any]:
        """Return what it says of itself."""
        found = run_command("tool", "state", "--home", self.home, "--json", cwd=self.home.parent)
        assert found.returncode == 0, found.stdout + found.stderr
        return json.loads(found.stdout)

    def do(self, verb: str, *arguments: str, role: str = "operator", principal: str = "ada") -> dict[str, Any]:
        """Give a command and return the answer."""
        given = ("--role", role, "--principal", principal, "--reason", "a test", "--home", self.home, "--json")
        found = run_command("tool", "do", verb, *arguments, *given, cwd=self.home.parent)
        return {"code": found.returncode, **json.loads(found.stdout)}

    def wait_for(self, what: Callable[[dict[str, Any]], bool], limit_s: float = LOT_LIMIT_S) -> dict[str, Any]:
        """Wait until its state is so."""
        end = time.monotonic() + limit_s
        while not what(state := self.state()):
            assert time.monotonic() < end, state
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.3)
        return state


@contextmanager
def serving(home: Path, *options: object) -> Generator[Served]:
    with serving_tool(home, "--speed", SPEED, "--http", "", *options) as (process, ready):
        yield Served(process, home, ready)


def job_of(state: dict[str, Any], lot_id: str) -> dict[str, Any]:
    return next(job for job in state["jobs"] if job["lot_id"] == lot_id)


def test_two_lots_one_known_and_one_described(tmp_path: Path) -> None:
    lot = small_lot(tmp_path / "example", (1, 2), SHORT)
    with serving(tmp_path / "home", "--lot", lot) as tool:
        known = ("lot_id=ILD001", "load_port=1", "recipe=oxide_ild")
        assert tool.do("job.create", *known)["status"] == "done"
        refused = tool.do("job.create", *known)
        assert (refused["status"], refused["code"]) == ("refused", 1)
        assert "there is a job for lot ILD001" in refused["why"]
        for name in ("recipe.toml", "cleaner.toml"):
            release(tool, (tmp_path / "example" / name).read_text(encoding="utf-8"))
        described = ("lot_id=H7", "load_port=2", "recipe=oxide_ild")
        told = tool.do("job.create", *described)
        assert "no lot H7 is known, and its job does not say slots and film_thickness_nm" in told["why"]
        wrong = tool.do("job.create", *described, "slots=0, 3, 3, 26", "film_thickness_nm=-4", "priority=x")
        assert "priority: 'x' is not of type int" in wrong["why"]
        wrong = tool.do("job.create", *described, "slots=0, 3, 3, 26", "film_thickness_nm=-4")
        assert all(text in wrong["why"] for text in ("0: no such slot", "26: no such slot", "twice", "no film"))
        made = tool.do("job.create", *described, "slots=3, 5", "film_thickness_nm=1500")
        assert made["status"] == "done", made
        for lot_id in ("ILD001", "H7"):
            assert tool.do("job.start", f"lot_id={lot_id}")["status"] == "done"
        state = tool.wait_for(lambda s: all(job["state"] == "completed" for job in s["jobs"]))
        assert [job["finished_count"] for job in state["jobs"]] == [2, 2]
        reports = tool.folder / "lot-ILD001" / "report.html", tool.folder / "lot-H7" / "report.html"
        tool.wait_for(lambda _state: all(path.is_file() for path in reports), 60)
        told = tool.end()
    assert "report:" in told
    assert "jobs are left" not in told
    session = Run(tool.folder, tool.home, {})
    assert session.meta["outcome"] == "completed"
    finished = [e.payload["wafer_id"] for e in session.named("wafer_finished")]
    assert sorted(finished) == ["H7-03", "H7-05", "ILD001-01", "ILD001-02"]
    for path in reports:
        page = path.read_text(encoding="utf-8")
        other = "H7-0" if "ILD001" in path.parent.name else "ILD001-0"
        assert other not in page  # each lot has its own report, whatever else the tool did
        assert "TWIN" in page
        assert "http://" not in page.replace("http://www.w3.org", "")
    assert not (tool.home / "door.sock").exists()


def release(tool: Served, text: str) -> None:
    saved = tool.do("recipe.save", f"text={text}", role="process", principal="bob")
    assert saved["status"] == "done", saved
    name, _, digits = saved["why"].split()[0].partition("@")
    for verb, role, principal in (("approve", "process", "eve"), ("release", "administrator", "root")):
        done = tool.do(f"recipe.{verb}", f"recipe={name}", f"content_hash={digits}", role=role, principal=principal)
        assert done["status"] == "done", done


def test_a_killed_tool_goes_on_with_its_lots(tmp_path: Path) -> None:
    lot, home = small_lot(tmp_path / "example", (1, 2, 3), SHORT), tmp_path / "home"
    with serving(home, "--lot", lot) as tool:
        tool.do("job.create", "lot_id=ILD001", "load_port=1", "recipe=oxide_ild")
        tool.do("job.start", "lot_id=ILD001")
        tool.wait_for(lambda s: any(place.startswith(("head", "loadcup")) for place in s["wafers"].values()))
        tool.process.kill()
        tool.process.communicate()
    refused = run_command("serve", "--home", home, cwd=tmp_path)
    assert refused.returncode == 2
    assert "--resume" in refused.stderr
    with serving(home, "--resume") as tool:
        tool.wait_for(lambda s: job_of(s, "ILD001")["state"] in ("completed", "failed"))
        state = tool.state()
        assert state["questions"] == []
        assert job_of(state, "ILD001")["finished_count"] == 3
        tool.end()
    names = [e.name for e in Run(tool.folder, tool.home, {}).events]
    assert names.count("run_started") == names.count("run_resumed") == names.count("run_ended") == 1
    assert names.count("wafer_finished") == 3


def test_a_host_brings_its_recipe_and_runs_a_described_lot(tmp_path: Path) -> None:
    example = tmp_path / "example"
    small_lot(example, (1, 2), SHORT)

    def host(*words: object) -> str:
        told = run_command("host", tool.hsms, *words, cwd=tmp_path)
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout

    with serving(tmp_path / "home", "--hsms", "127.0.0.1:0", "--host-may-release") as tool:
        host("send", example / "recipe.toml", example / "cleaner.toml")
        assert set(host("recipes").split()) == {"oxide_ild", "oxide_clean"}
        assert "twin" in host("values", "tool.port_kind")
        refused = run_command("host", tool.hsms, "lot", "H1", "load_port=1", "recipe=nowhere", cwd=tmp_path)
        assert refused.returncode == 1
        told = host(
            "lot", "H1", "load_port=1", "recipe=oxide_ild", "cleaner_recipe=oxide_clean", "slots=2,4",
            "film_thickness_nm=1500",
        )  # fmt: skip
        finished = [line for line in told.splitlines() if line.startswith("event wafer_finished")]
        assert [line.split()[2] for line in finished] == ["wafer_id=H1-02", "wafer_id=H1-04"]
        removed_nm = [float(line.split("removal_nm=")[1].split()[0]) for line in finished]
        assert all(100.0 < one < 1000.0 for one in removed_nm)
        assert "event lot_ended lot_id=H1 outcome=completed processed_count=2" in told
        tool.end()
    assert "S6F11" in (tmp_path / "home" / "factory" / "messages.sml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--speed", "0"), "is no speed to live at"),
        (("--speed", "inf"), "is no speed to live at"),
        (("--lot", "nowhere.toml"), "nowhere.toml"),
        (("--resume",), "holds no run"),
        (("--hsms", "nowhere"), "is no HOST:PORT"),
        (("--port", "opcua://127.0.0.1:9"), "127.0.0.1:9"),
    ],
)
def test_wrong_input_is_refused_before_anything_lives(tmp_path: Path, options: tuple[str, ...], text: str) -> None:
    found = run_command("serve", "--home", tmp_path / "home", *options, cwd=tmp_path)
    assert found.returncode == 2
    assert text in found.stderr


def test_a_home_without_a_live_tool_says_so(tmp_path: Path) -> None:
    found = run_command("tool", "state", "--home", tmp_path / "home", cwd=tmp_path)
    assert found.returncode == 2
    assert "no live tool answers" in found.stderr


def test_what_is_in_the_way_of_listening_is_named(tmp_path: Path) -> None:
    """A port that another program has, for the page and for the host; a home too deep for a socket."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        for kind, rest in (("http", ()), ("hsms", ("--http", ""))):
            found = run_command("serve", "--home", tmp_path / kind, f"--{kind}", taken, *rest, "--json", cwd=tmp_path)
            assert found.returncode == 2, found.stderr
            error = json.loads(found.stdout)
            assert (error["kind"], error["source"]) == (kind, taken)
            assert f"port {taken.rpartition(':')[2]} is in use by another program" in error["message"]
            assert f"--{kind} 127.0.0.1:PORT" in found.stderr
    deep = tmp_path / ("h" * 110)
    found = run_command("serve", "--home", deep, "--http", "", "--json", cwd=tmp_path)
    assert found.returncode == 2, found.stderr
    assert json.loads(found.stdout)["kind"] == "home"
    assert "take a shorter --home" in found.stderr
