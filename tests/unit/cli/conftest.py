"""The command line in this process, and the example's files to break."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from planaris.cli.main import app

EXAMPLE = Path(__file__).parents[3] / "examples" / "oxide_ild"


@pytest.fixture
def planaris(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command in an empty folder; results come on stdout, log on stderr."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "100"})

    return run


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of the example's folder."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "example"))


@pytest.fixture
def document() -> Callable[[Result], dict[str, Any]]:
    """Return stdout as strict JSON: NaN and Infinity are none."""

    def refuse(word: str) -> Any:
        raise AssertionError(f"{word} is no JSON")

    return lambda result: json.loads(result.stdout, parse_constant=refuse)
