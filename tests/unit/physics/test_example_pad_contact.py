"""The worked example of a pad's contact runs as a newcomer runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[3] / "examples" / "pad_contact.py"
RUN_LIMIT_S = 120.0  # start of Python and matplotlib on a busy machine; takes about 4 s


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLE), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=RUN_LIMIT_S, check=False)


def test_the_story_counts_presses_fits_and_draws(tmp_path: Path) -> None:
    done = run(str(tmp_path / "new"))
    assert done.returncode == 0, done.stderr
    summits = re.findall(r"^(.*): (\d+) summits per mm2, radius ([\d.]+) um, sigma ([\d.]+) um", done.stdout, re.M)
    assert [name for name, *_ in summits] == ["counted, 9 points", "counted, 5 points", "fitted to the contact"]
    nine, five, fitted = (tuple(float(v) for v in values) for _, *values in summits)
    assert five[0] > nine[0]
    assert 1.0 < fitted[1] / nine[1] < 3.0
    (misfit,) = re.findall(r"misfit (\d+) %", done.stdout)
    assert int(misfit) < 20
    assert "grid dependent" not in done.stdout
    picture = (tmp_path / "new" / "pad_contact.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 20_000


def test_without_a_folder_it_says_how_to_run_it() -> None:
    done = run()
    assert done.returncode != 0
    assert "usage" in done.stderr
