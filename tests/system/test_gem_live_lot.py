"""secsgem 0.3.0 as the host of `planaris serve`: recipe, lot, step and wafer events with removal and WIWNU, a trace."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gem_bench import dictionary
from spine_lots import COMMAND, small_lot

SCRIPT = Path(__file__).with_name("gem_secsgem_lot.py")
LOT, RECIPE, SLOTS = "ILD001", "oxide_ild", (1, 2)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("live")
    lot = small_lot(folder / "lot", SLOTS)
    declared = dictionary()
    ids = {e: declared.event(e).event_id for e in ("step_ended", "wafer_finished", "lot_ended", "wafer_moved")}
    variables = ("wafer_id", "duration_s", "removal_nm", "wiwnu_pct", "destination", "lot_id", "outcome",
                 "platen1.speed_rpm", "tool.state", "tool.port_kind")  # fmt: skip
    ids |= {v: declared.variable(v).variable_id for v in variables}
    text = "".join(line for line in (folder / "lot" / "recipe.toml").read_text(encoding="utf-8").splitlines(True)
                   if line.isascii())  # fmt: skip
    serve = subprocess.Popen(
        [COMMAND, "serve", "--lot", lot, "--speed", "60", "--hsms", "127.0.0.1:0", "--http", "",
         "--home", folder / "home"],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert serve.stderr is not None
        address = ""
        for line in serve.stderr:
            if "a factory host may connect to" in line:
                address = line.split()[-1]
                break
        request = {"port": int(address.rpartition(":")[2]), "ids": ids, "lot": LOT, "recipe": RECIPE, "text": text}
        host = subprocess.run(
            [sys.executable, str(SCRIPT), json.dumps(request)], capture_output=True, text=True, timeout=280, check=False
        )
        assert host.returncode == 0, host.stderr
        return json.loads(host.stdout)
    finally:
        serve.send_signal(signal.SIGTERM)
        serve.communicate(timeout=60)


@pytest.mark.timeout(400)
def test_the_host_brings_a_recipe_and_starts_the_lot(lived: dict[str, Any]) -> None:
    assert lived["communicating"]
    assert lived["recipe"] == 0
    assert lived["recipes"] == [RECIPE]
    assert lived["create"] in {0, 4}
    assert lived["start"] in {0, 4}
    assert lived["again"] == 5, "it runs already"
    assert lived["stranger"]["HCACK"] == 3
    assert [(p["CPNAME"], p["CPACK"]) for p in lived["stranger"]["PARAMS"]] == [("LOTID", 2)]


@pytest.mark.timeout(400)
def test_it_follows_every_wafer_to_the_end_of_the_lot(lived: dict[str, Any]) -> None:
    assert lived["ended"]
    finished = {values[0]: values[1:] for name, values in lived["events"] if name == "wafer_finished"}
    assert sorted(finished) == [f"{LOT}-{slot:02d}" for slot in SLOTS]
    for removal_nm, wiwnu_pct in finished.values():
        assert 500.0 < removal_nm < 700.0  # the recipe's target is 600 nm
        assert 0.0 < wiwnu_pct < 10.0
    steps = [values for name, values in lived["events"] if name == "step_ended"]
    assert {wafer for wafer, _ in steps} == set(finished)
    assert all(duration_s > 0.0 for _, duration_s in steps)
    homes = [values for name, values in lived["events"] if name == "wafer_moved" and values[1].startswith("loadport")]
    assert {wafer for wafer, _ in homes} == set(finished)
    assert lived["events"][-1] == ["lot_ended", [LOT, "completed"]]
    assert lived["state"] == ["idle", "twin"]


@pytest.mark.timeout(400)
def test_its_trace_is_that_of_the_platen(lived: dict[str, Any]) -> None:
    assert lived["trace"] == 0
    assert [t["SMPLN"] for t in lived["traces"]] == [5, 10, 15, 20]
    speeds = [float(v) for t in lived["traces"] for v in t["SV"]]
    assert len(speeds) == 20
    assert max(speeds) > 50.0, "the platen turned while the trace ran"
