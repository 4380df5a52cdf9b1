"""A seed gives the same run on every Python, to the last event."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOT = ROOT / "examples" / "oxide_ild" / "lot.toml"
# A lot takes some seconds; a loaded machine may need many times that.
LONGEST_WAIT_S = 240


def pythons() -> list[Path]:
    """Return this Python and the other that `make test` set up, or this one twice where there is no other.

    PLANARIS_OTHER_PYTHON names one by hand.
    """
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    named = os.environ.get("PLANARIS_OTHER_PYTHON")
    found = [Path(named)] if named else sorted(ROOT.glob(".venv-3.*/bin/python"))
    others = [python for python in found if f"-{here}" not in python.parts[-3]]
    return [Path(sys.executable), *(others or [Path(sys.executable)])]


def test_equal_seeds_give_equal_streams_on_two_pythons(tmp_path: Path) -> None:
    code = "from planaris.cli import main; main()"
    running: list[subprocess.Popen[str]] = []
    for index, python in enumerate(pythons()):
        arguments = ["run", str(LOT), "--seed", "11", "--json", "--no-report", "--home", str(tmp_path / f"home{index}")]
        running.append(
            subprocess.Popen(
                [str(python), "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
    hashes: dict[str, str] = {}
    for index, process in enumerate(running):
        output, log = process.communicate(timeout=LONGEST_WAIT_S)
        assert process.returncode == 0, log
        answer = json.loads(output)
        assert len(answer["wafers"]) == 25
        hashes[f"home{index}"] = answer["stream_hash"]
    assert len(set(hashes.values())) == 1, hashes
    assert len(hashes) >= 2
