"""Show how far an evaluation is: a bar on a terminal, a line every tenth anywhere else."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from planaris.cli.output import log

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


class Told:
    """Called with how much is done, of how much, while it is open."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._tenth = -1
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(bar_width=40), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True))
            self._task = self._bar.add_task(self._title, total=None)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, of: int) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=of)
        elif (tenth := 10 * done // of) > self._tenth:
            self._tenth = tenth
            log(f"{self._title}: {10 * tenth} %")
