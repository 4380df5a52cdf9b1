"""A live tool in its own process: what every test of `planaris serve` starts with."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

COMMAND = shutil.which("planaris", path=str(Path(sys.executable).parent)) or "planaris"


class ServedTool:
    """The process, its home, and what it said when it was ready."""

    def __init__(self, process: subprocess.Popen[str], home: Path, ready: Mapping[str, Any]) -> None:
        self.process, self.home, self.folder = process, home, Path(ready["folder"])

    def end(self) -> str:
        """End it as a person does, and return what it wrote for people."""
        self.process.send_signal(signal.SIGTERM)
        _, told = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, told
        return told

    def kill(self) -> None:
        """End it as a power failure does."""
        self.process.kill()
        self.process.communicate()


@contextmanager
def serving_tool(home: Path, *options: object) -> Generator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Have `planaris serve` with these options; it is killed at the end if it still lives."""
    process = subprocess.Popen(
        [str(c) for c in (COMMAND, "serve", "--home", home, "--json", *options)],
        cwd=home.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1].rstrip() != "}":
            line = process.stdout.readline()
            assert line, process.communicate()
            lines.append(line)
        ready = json.loads("".join(lines))
        assert ready["ok"], ready
        yield process, ready
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
