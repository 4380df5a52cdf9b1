"""A twin in its own process behind OPC UA: a lot through real sockets, and what happens when either side dies."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from spine_lots import COMMAND, Run, run_command, small_lot

from planaris.app.world_access import RemoteWorld

# Fast enough for a test, slow enough that a loaded machine's pauses are no lost heartbeats.
SPEED = 20.0
START_LIMIT_S = 120.0
# The PLC's patience (design values) and what a head takes to come up, peer time; the rest is for a loaded machine.
PATIENCE_S, HEAD_UP_S = 2.0, 1.5
SHORT: dict[str, dict[str, str]] = {
    "recipe.toml": {"time_s = 40, min_s = 30": "time_s = 20, min_s = 15"},
    "cleaner.toml": {"time_s = 40": "time_s = 10", "time_s = 50": "time_s = 10"},
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class TwinProcess:
    """A running `planaris twin`."""

    process: subprocess.Popen[str]
    endpoint: str
    world: str

    def ask(self, verb: str) -> Any:
        """Ask the twin's world."""
        return asyncio.run(RemoteWorld(self.world).ask(verb))

    def wait_for(self, what: Callable[[dict[str, bool]], bool], limit_s: float) -> tuple[dict[str, bool], float]:
        """Wait until the PLC's outputs are so; return them and how long it took."""
        begun = time.monotonic()
        while True:
            outputs = self.ask("outputs")
            took_s = time.monotonic() - begun
            if what(outputs) or took_s > limit_s:
                return outputs, took_s
            time.sleep(0.02)


@contextmanager
def twin(home: Path, port: int | None = None) -> Generator[TwinProcess]:
    endpoint = f"127.0.0.1:{port or free_port()}"
    command = [str(COMMAND), "twin", "--opcua", endpoint, "--speed", f"{SPEED:g}", "--home", str(home), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        text = ""
        while not text.rstrip().endswith("}"):
            line = process.stdout.readline()
            assert line, "the twin ended before it was ready"
            text += line
        yield TwinProcess(process, endpoint, json.loads(text)["world"])
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@contextmanager
def controller(lot: Path, twin_process: TwinProcess, home: Path) -> Generator[subprocess.Popen[str]]:
    command = [str(COMMAND), "run", str(lot), "--port", f"opcua://{twin_process.endpoint}", "--home", str(home)]
    process = subprocess.Popen([*command, "--no-report"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def polishing(outputs: dict[str, bool]) -> bool:
    return outputs["platen1.slurry_valve_open"] and not outputs["head1.up"]


def safe(outputs: dict[str, bool]) -> bool:
    heads = all(up for name, up in outputs.items() if name.startswith("head"))
    return heads and outputs["platen1.rinse_valve_open"] and not outputs["platen1.slurry_valve_open"]


def test_a_lot_runs_through_real_sockets(tmp_path: Path) -> None:
    lot = small_lot(tmp_path / "lot", [1], SHORT)
    with twin(tmp_path / "twin") as far:
        done = run_command("run", lot, "--port", f"opcua://{far.endpoint}", "--home", tmp_path / "home",
                           "--no-report", "--json", cwd=tmp_path)  # fmt: skip
        assert done.returncode == 0, done.stderr
        where = far.ask("where")
    document = json.loads(done.stdout)
    run = Run(Path(document["folder"]), tmp_path / "home", document)
    assert document["outcome"] == "completed"
    # A twin behind a wire is a twin wherever people look.
    assert document["port_kind"] == run.meta["port_kind"] == "twin"
    assert float(run.meta["speed"]) == SPEED
    assert run.named("run_started")[0].payload["port_kind"] == "twin"
    # The lot is back in its cassette, and a person has taken that away.
    assert where == {}
    assert len(run.named("wafer_finished")) == 1
    assert not run.named("link_changed")[1:], "the link was up all the time"
    # What people did around the twin is audited as every command.
    assert "world.place_cassette" in {told.payload["verb"] for told in run.named("command_received")}
    removed_nm = run.removed_nm()[1]
    assert removed_nm == pytest.approx(document["wafers"][0]["removal_nm"], abs=20.0)


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGSTOP])
def test_a_plc_without_its_controller_brings_the_machine_to_safety(tmp_path: Path, death: signal.Signals) -> None:
    lot = small_lot(tmp_path / "lot", [1])
    with twin(tmp_path / "twin") as far, controller(lot, far, tmp_path / "home") as process:
        outputs, _ = far.wait_for(polishing, START_LIMIT_S)
        assert polishing(outputs)
        process.send_signal(death)
        outputs, took_s = far.wait_for(safe, 60.0)
        assert safe(outputs)
        assert outputs["plc.heartbeat_lost"]
        # The twin's own clock says how long it waited; the test's bound leaves room for a loaded machine alone.
        assert took_s < PATIENCE_S + HEAD_UP_S + 3.0


def test_a_controller_without_its_plc_says_so_and_starts_nothing_more(tmp_path: Path) -> None:
    lot, port = small_lot(tmp_path / "lot", [1, 2]), free_port()
    home = tmp_path / "home"
    with twin(tmp_path / "twin", port) as far, controller(lot, far, home) as process:
        outputs, _ = far.wait_for(polishing, START_LIMIT_S)
        assert polishing(outputs)
        far.process.kill()
        far.process.wait()
        with twin(tmp_path / "twin2", port):
            # The PLC is back, with nothing in it. The controller ends in a named failure and does not go on blindly.
            output, _ = process.communicate(timeout=START_LIMIT_S)
        assert process.returncode == 1, output
    (folder,) = (home / "runs").iterdir()
    run = Run(folder, home, {"run_id": folder.name})
    alarms = [told for told in run.named("alarm_set") if told.payload["alarm"] == "link_lost"]
    assert len(alarms) >= 1
    lost_s = alarms[0].time_s
    assert [told.payload["state"] for told in run.named("link_changed")][:2] == ["connected", "connecting"]
    later = [told for told in run.named("move_intended", "step_started") if told.time_s > lost_s]
    assert later == []
    assert run.named("run_ended")[-1].payload["outcome"] != "completed"
