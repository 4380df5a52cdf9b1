"""The short form of the soak: lots on the twin, a host that loses its link, every event once and in order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SOAK = Path(__file__).parents[2] / "faults" / "factory_soak.py"


def test_every_event_of_a_lot_arrives_once_and_in_order_whenever_the_link_is_cut() -> None:
    done = subprocess.run(
        [sys.executable, SOAK, "--hours", "0.5"], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout.splitlines()[-2:]
    events = int(told[0].split(", ")[1].split()[0])
    assert events > 3_000
    assert f"{events} heard once and in order" in told[0]
    assert int(told[1].split()[0]) >= 3  # cuts of the link
