"""Show how a run goes: a live line on a terminal, sparse plain lines anywhere else."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from planaris.cli.output import log

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from planaris.app.request import Progress

# A person reads no faster; the run must not wait for its display.
_LIVE_EVERY_S = 0.05
_LINE_EVERY_S = 2.0


class Display(Protocol):
    """Something that shows the progress of one run while it is open."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def show(self, progress: Progress) -> None:
        """Show where the run is."""
        ...


def clock_text(time_s: float) -> str:
    """Return seconds as h:mm:ss."""
    whole = int(time_s)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def speed_text(time_s: float, wall_s: float) -> str:
    """Return tool time over wall time, '' before there is any to speak of."""
    speed_ratio = time_s / wall_s if wall_s > 0 else 0.0
    return f"{speed_ratio:,.0f}×" if speed_ratio >= 0.5 else ""


def line_text(progress: Progress) -> str:
    """Return one plain line: wafers done, tool time, speed, what happens where."""
    parts = [
        f"{progress.finished_count}/{progress.wafers_count} wafers",
        f"tool time {clock_text(progress.time_s)}",
        speed_text(progress.time_s, progress.wall_s),
        " ".join(part for part in (progress.wafer_id, progress.module, progress.text) if part),
    ]
    return " · ".join(part for part in parts if part)


class PlainDisplay:
    """Lines on stderr: the first at once, then at most one in two seconds, and the last."""

    def __init__(self) -> None:
        self._last_wall_s = -_LINE_EVERY_S
        self._unshown: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._unshown is not None:
            log(line_text(self._unshown))

    def show(self, progress: Progress) -> None:
        """Show where the run is, if the last line is old enough."""
        if progress.wall_s - self._last_wall_s < _LINE_EVERY_S:
            self._unshown = progress
            return
        self._last_wall_s = progress.wall_s
        self._unshown = None
        log(line_text(progress))


class LiveDisplay:
    """A bar on a terminal with wafer, module, tool time and speed."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._bar: Bar = Progress(
            TextColumn("[yellow]TWIN"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("wafers  {task.fields[clock]}  {task.fields[speed]:>7}  {task.fields[doing]}"),
            console=Console(stderr=True),
            refresh_per_second=10,
        )
        self._task: TaskID = self._bar.add_task("lot", total=None, clock="", speed="", doing="")
        self._last_wall_s = -_LIVE_EVERY_S
        self._latest: Progress | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._latest is not None:
            self._put(self._latest)
        self._bar.stop()

    def show(self, progress: Progress) -> None:
        """Show where the run is."""
        self._latest = progress
        if progress.wall_s - self._last_wall_s >= _LIVE_EVERY_S:
            self._last_wall_s = progress.wall_s
            self._put(progress)

    def _put(self, progress: Progress) -> None:
        self._bar.update(
            self._task,
            completed=progress.finished_count,
            total=progress.wafers_count,
            clock=clock_text(progress.time_s),
            speed=speed_text(progress.time_s, progress.wall_s),
            doing=" ".join(part for part in (progress.wafer_id, progress.module, progress.text) if part),
        )


def display_for(terminal: bool) -> Display:
    """Return the display for a terminal or for anything else."""
    return LiveDisplay() if terminal else PlainDisplay()
