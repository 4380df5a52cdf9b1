"""The example's files, edited one place at a time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from planaris.formats import load_tool
from planaris.model import InputError, InputFault, ToolDescription

EXAMPLE = Path(__file__).parents[3] / "examples" / "oxide_ild"

Edit = Callable[..., Path]


@pytest.fixture
def tool_a() -> ToolDescription:
    return load_tool()


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of the example's folder."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "example"))


@pytest.fixture
def edit(example: Path) -> Edit:
    """Replace texts in one file of the copy, each once where it stands first; return the file's path."""

    def replace(name: str, *changes: tuple[str, str]) -> Path:
        path = example / name
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, f"{name} has no {old!r}"
            text = text.replace(old, new, 1)
        path.write_text(text, encoding="utf-8")
        return path

    return replace


@pytest.fixture
def faults_of() -> Callable[[Callable[[], object]], dict[str, InputFault]]:
    """Return the faults that a call raises, by path; two faults at one path would hide each other."""

    def collect(load: Callable[[], object]) -> dict[str, InputFault]:
        with pytest.raises(InputError) as caught:
            load()
        by_path = {fault.path: fault for fault in caught.value.faults}
        assert len(by_path) == len(caught.value.faults), f"a path is listed twice: {caught.value}"
        return by_path

    return collect
