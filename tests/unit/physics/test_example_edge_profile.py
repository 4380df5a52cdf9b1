"""The worked example runs as a newcomer runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[3] / "examples" / "physics_edge_profile.py"
RUN_LIMIT_S = 120.0  # start of Python and matplotlib on a busy machine; takes about 3 s


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLE), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=RUN_LIMIT_S, check=False)


def test_the_story_has_a_best_ring_pressure_and_a_picture(tmp_path: Path) -> None:
    done = run(str(tmp_path / "new"))
    assert done.returncode == 0, done.stderr
    found = {float(psi): float(pct) for psi, pct in re.findall(r"ring ([\d.]+) psi: .* nm, ([\d.]+) %", done.stdout)}
    assert len(found) == 6
    best = min(found, key=lambda psi: found[psi])
    assert 1.0 < best / 3.0 < 1.7
    assert found[6.0] > 1.5 * found[best]
    assert f"best ring pressure {best:.1f} psi" in done.stdout
    assert done.stdout.count("in range") == 6
    picture = (tmp_path / "new" / "edge_profile.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 20_000


def test_without_a_folder_it_says_how_to_run_it() -> None:
    done = run()
    assert done.returncode != 0
    assert "usage" in done.stderr
