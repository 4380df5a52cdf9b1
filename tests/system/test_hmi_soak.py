"""The short form of the page's soak: pages come, are cut and are slow, and what they keep is what the server has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SOAK = Path(__file__).parents[2] / "faults" / "hmi_soak.py"


def test_what_pages_keep_is_what_the_server_has() -> None:
    done = subprocess.run(
        [sys.executable, SOAK, "--hours", "0.12", "--short"], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout.splitlines()
    assert int(told[0].split(" stays")[0].rsplit(maxsplit=1)[-1]) >= 5
    compared, differing = (int(part.split()[0]) for part in told[1].split("; "))
    assert compared >= 3
    assert differing == 0
    turns, errors = (int(part.split()[0]) for part in told[4].removeprefix("browser: ").split(", "))
    assert turns >= 10
    assert errors == 0
