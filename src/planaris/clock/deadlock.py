"""Say who waits when a loop can never wake again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

_ASYNCIO = Path(asyncio.__file__).parent


class DeadlockError(RuntimeError):
    """Nothing is scheduled and no socket is open: the loop could never wake again. ``waiting`` lists its tasks."""

    def __init__(self, waiting: tuple[str, ...]) -> None:
        self.waiting = waiting
        listed = "; ".join(waiting) or "no task"
        super().__init__(f"no timer, no socket: nothing can ever wake this loop. Waiting: {listed}")


def waiting_tasks(loop: asyncio.AbstractEventLoop) -> tuple[str, ...]:
    """Return each unfinished task of a loop with where it waits and for what, by name."""
    return tuple(sorted(f"{task.get_name()} {_place_of(task)}" for task in asyncio.all_tasks(loop)))


def _place_of(task: asyncio.Task[Any]) -> str:
    """Return the innermost line outside asyncio, and what asyncio function waits there."""
    place, called = "(no coroutine)", ""
    inner: Any = task.get_coro()
    while (frame := getattr(inner, "cr_frame", None)) is not None:
        file = Path(frame.f_code.co_filename)
        if file.parent == _ASYNCIO:
            called = f" at {frame.f_code.co_qualname}"
        else:
            place, called = f"in {frame.f_code.co_qualname} ({file.name}:{frame.f_lineno})", ""
        inner = inner.cr_await
    return place + called
