"""What the documentation shows is true: its Python runs, its files load, its commands exist."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gate_sources import ROOT
from snippets import Snippet, pages, snippets

from planaris.formats import load_cleaner_recipe, load_lot, load_recipe, load_tool

LOADERS: dict[str, Callable[[Path], Any]] = {
    "planaris/recipe/1": lambda path: load_recipe(path, load_tool()),
    "planaris/cleaner-recipe/1": lambda path: load_cleaner_recipe(path, load_tool()),
    "planaris/lot/1": load_lot,
    "planaris/tool/1": load_tool,
}


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def schema_of(snippet: Snippet) -> str | None:
    line = next((row for row in snippet.text.splitlines() if row.startswith("schema = ")), None)
    return line.split('"')[1] if line else None


@pytest.fixture
def beside_the_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder that holds a copy of the examples, as a reader does in his clone."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [p for p in pages() if any(snippets(p, "python"))], ids=name_of)
def test_python_runs(page: Path, beside_the_examples: Path) -> None:
    """Blocks of a page run in order and share their names, as one reads them."""
    names: dict[str, Any] = {"__name__": "snippet"}
    for snippet in snippets(page, "python"):
        if snippet.mark != "no-run":
            code = "\n" * (snippet.line - 1) + snippet.text  # so that a traceback points into the page
            exec(compile(code, str(page), "exec", dont_inherit=True), names)


FILES = [s for page in pages() for s in snippets(page, "toml") if schema_of(s)]


@pytest.mark.parametrize("snippet", FILES, ids=lambda s: f"{name_of(s.page)}:{s.line}")
def test_files_load(snippet: Snippet, beside_the_examples: Path) -> None:
    schema = schema_of(snippet)
    assert schema in LOADERS
    path = beside_the_examples / "examples" / "oxide_ild" / "from_the_page.toml"
    path.write_text(snippet.text, encoding="utf-8")
    LOADERS[schema](path)
