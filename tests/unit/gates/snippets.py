"""Code blocks of the documentation, page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gate_sources import ROOT

# A fence with its info string: ```python or ```python no-run.
_FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Snippet:
    """One code block; ``line`` is that of its first line in the page."""

    page: Path
    line: int
    language: str
    mark: str
    text: str


def pages() -> list[Path]:
    """Return the hand-written pages: README and everything under docs."""
    docs = [page for page in sorted((ROOT / "docs").rglob("*.md")) if not {"_build", "_generated"} & set(page.parts)]
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *docs]


def snippets(page: Path, language: str) -> Iterator[Snippet]:
    """Yield the blocks of one language in a page."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        if found.group(1) == language:
            line = text.count("\n", 0, found.start(3)) + 1
            yield Snippet(page, line, language, found.group(2).strip(), found.group(3))
