"""Commands that the documentation shows exist, with the options it gives them; so do the files it links to."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from gate_sources import ROOT
from snippets import pages, snippets

from planaris.cli.main import app

TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def shown() -> Iterator[tuple[str, str]]:
    """Yield (place, command line) of what a reader would type at a prompt."""
    for page in pages():
        for snippet in snippets(page, "console"):
            for offset, line in enumerate(snippet.text.splitlines()):
                if line.startswith(("$ ", "# ")):
                    yield f"{page.relative_to(ROOT)}:{snippet.line + offset}", line[2:]


COMMANDS = list(shown())
OURS = [(place, line) for place, line in COMMANDS if line.split()[0].removeprefix(".venv/bin/") == "planaris"]


def test_the_documentation_shows_commands() -> None:
    assert len(OURS) >= 5


@pytest.mark.parametrize(("place", "line"), OURS, ids=[place for place, _ in OURS])
def test_planaris_commands_exist(place: str, line: str) -> None:
    command = typer.main.get_command(app)
    words = shlex.split(line)[1:]
    while words and (found := getattr(command, "commands", {}).get(words[0])):
        command, words = found, words[1:]
    assert not getattr(command, "commands", None), f"{line}: no such command"
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert not [word for word in words if word.startswith("--") and word not in options]


@pytest.mark.parametrize(("place", "line"), COMMANDS, ids=[place for place, _ in COMMANDS])
def test_make_targets_exist(place: str, line: str) -> None:
    words = line.split()
    if words[0] == "make":
        assert words[1] in TARGETS


@pytest.mark.parametrize("page", pages(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_linked_files_exist(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8"))
    files = [link for link in links if "://" not in link and "_generated/" not in link]
    assert not [link for link in files if not (page.parent / link).exists()]
