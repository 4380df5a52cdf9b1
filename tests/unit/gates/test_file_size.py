"""Files stay small enough to be read in one go."""

from __future__ import annotations

from gate_sources import HAND_WRITTEN, ROOT

LONGEST_LINES = 600  # the house's limit for a file written by hand
CODE = {".py", ".sh", ".js", ".css", ".html"}


def test_no_file_is_too_long() -> None:
    too_long = {
        str(file.relative_to(ROOT)): lines
        for folder in HAND_WRITTEN
        for file in (ROOT / folder).rglob("*")
        if file.suffix in CODE and "_build" not in file.parts
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > LONGEST_LINES
    }
    assert not too_long
