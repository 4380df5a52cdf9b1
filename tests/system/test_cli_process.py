"""The installed command as a person or a script runs it: statuses, streams, and what is loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "oxide_ild"
COMMAND = Path(sys.executable).with_name("planaris")


def planaris(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(COMMAND), *(str(argument) for argument in arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        env={**os.environ, "COLUMNS": "100"},
        check=False,
    )


def test_the_command_starts_without_the_heavy_libraries(tmp_path: Path) -> None:
    heavy = ["numpy", "scipy", "pydantic", "pyarrow", "duckdb", "matplotlib", "rich", "tomlkit", "asyncio", "sqlite3"]
    code = f"import sys, planaris.cli; print(*[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == []


def test_help_names_every_command_and_the_statuses(tmp_path: Path) -> None:
    done = planaris("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("run", "recipe", "doctor", "1 process", "2 wrong"))


def test_version_is_the_packages(tmp_path: Path) -> None:
    from planaris import __version__

    assert planaris("--version", cwd=tmp_path).stdout == f"planaris {__version__}\n"


def test_json_alone_stands_on_stdout_and_faults_on_stderr(tmp_path: Path) -> None:
    recipe = tmp_path / "r.toml"
    text = (EXAMPLE / "recipe.toml").read_text(encoding="utf-8")
    recipe.write_text(text.replace("ring_pressure_psi = 5.2", "ring_pressure_psi = 12", 1), encoding="utf-8")
    done = planaris("recipe", "check", recipe, "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert json.loads(done.stdout)["files"][0]["faults"][0]["limit"] == "0-10"
    assert "steps[0].ring_pressure_psi = 12 psi" in done.stderr


def test_a_reader_that_stops_early_gets_no_traceback(tmp_path: Path) -> None:
    shell = f"'{COMMAND}' recipe show '{EXAMPLE / 'recipe.toml'}' | head -n 1"
    done = subprocess.run(["sh", "-c", shell], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip().endswith("recipe.toml")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [("run", "--speed-up"), ("rum",), ("recipe", "check")])
def test_a_wrong_call_ends_with_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = planaris(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
