"""Work under way: what is busy, ready, due or down, and what became of each piece."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from planaris.clock import now_s
from planaris.modules import ClosedError
from planaris.tool.alarms import AlarmBook
from planaris.tool.failures import EXPECTED, alarm_of, sources_of
from planaris.tool.interlocks import InterlockError
from planaris.tool.work import FailedWork, Piece, WorkKind


class Workshop:
    """Runs pieces of work as tasks and keeps what the dispatch rule must know of them.

    A failure takes the piece's module out (``failed``) and keeps what the piece still holds; everything else goes on.
    A module that a person works by hand (``manual``: module to person) takes no work either.
    An interlock that refuses holds its module back (``refused``) until the condition is gone. What is no failure of
    the machine goes to ``on_fatal``.
    """

    def __init__(self, alarms: AlarmBook, on_fatal: Callable[[Exception], None]) -> None:
        self._alarms, self._on_fatal = alarms, on_fatal
        self.manual: dict[str, str] = {}
        self.ready: dict[str, float] = {}
        self.due: dict[str, float] = {}
        self.busy: set[str] = set()
        self.failed: dict[str, FailedWork] = {}
        self.refused: dict[str, tuple[Piece, InterlockError]] = {}
        self.changed = asyncio.Event()
        self.idle, self.stirring = asyncio.Event(), asyncio.Event()
        self.on_failure: Callable[[FailedWork], None] = lambda _failed: None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def running_count(self) -> int:
        """Pieces under way."""
        return len(self._tasks)

    @property
    def down(self) -> frozenset[str]:
        """Modules that take no work now."""
        return self.out | frozenset(self.refused)

    @property
    def out(self) -> frozenset[str]:
        """Modules that failed or that a person works by hand."""
        return frozenset(self.failed) | frozenset(self.manual)

    def look(self) -> None:
        """Have the engine look at the floor again before anybody calls it idle."""
        self.idle.clear()
        self.changed.set()

    def tell_idle(self) -> None:
        """Say that nothing is under way, if so."""
        if not self._tasks:
            self.stirring.clear()
            self.idle.set()

    # -- places -----------------------------------------------------------------------------------------------
    def set_ready(self, location: str) -> None:
        """Note that a location's wafer waits to leave."""
        self.ready[location] = now_s()
        self.changed.set()

    def expect(self, location: str, end_s: float) -> None:
        """Note when a location's wafer will be ready."""
        self.due[location] = end_s
        self.changed.set()

    def leave(self, location: str) -> float:
        """Note that a location's wafer leaves; return how long it had waited."""
        since_s = self.ready.pop(location, None)
        return 0.0 if since_s is None else now_s() - since_s

    def hold(self, piece: Piece, *names: str) -> None:
        """Let a piece hold further modules and places."""
        piece.holds.update(names)
        self.busy.update(names)

    def free(self, piece: Piece, *names: str) -> None:
        """Give up what a piece holds before it is over."""
        piece.holds.difference_update(names)
        self.busy.difference_update(names)
        self.changed.set()

    # -- running ----------------------------------------------------------------------------------------------
    def start(self, piece: Piece) -> None:
        """Run a piece as a task."""
        self.idle.clear()
        self.stirring.set()
        self.busy |= piece.holds
        task = asyncio.get_running_loop().create_task(self._guard(piece), name=f"{piece.kind.value}.{piece.resource}")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        """Forget a piece that is over; what it changed on the floor it has told by itself."""
        self._tasks.discard(task)
        if not self._tasks:  # the engine is to say that nothing is under way
            self.changed.set()

    async def _guard(self, piece: Piece) -> None:
        """Run a piece; set the alarm of what goes wrong and take the module out."""
        try:
            await piece.do()
        except InterlockError as error:
            if piece.kind is WorkKind.VISIT:
                self._failed(piece, error)  # the platen had begun: it is on its safe state now
                return
            self.refused[piece.resource] = piece, error
            self._set_alarm(error.alarm, (piece.resource, "tool"), str(error), piece.wafer_id)
            if not piece.begun:
                self.free(piece, *piece.holds)
        except EXPECTED as error:
            self._failed(piece, error)
        except Exception as error:
            self._on_fatal(error)
        else:
            self.free(piece, *piece.holds)
        finally:
            self.changed.set()

    def _failed(self, piece: Piece, error: Exception) -> None:
        alarm, source = alarm_of(error), ""
        if alarm:
            alarm, source = self._set_alarm(alarm, sources_of(error, piece.resource), str(error), piece.wafer_id)
        failed = FailedWork(piece, error, alarm, source)
        self.failed[piece.resource] = failed
        if not isinstance(error, ClosedError):
            self.on_failure(failed)

    def _set_alarm(self, alarm: str, sources: tuple[str, ...], detail: str, wafer_id: str) -> tuple[str, str]:
        """Set an alarm at the first place where the catalogue has it; return alarm and place.

        Where it has it at none of them, the tool says that an action was refused.
        """
        source = next((s for s in (*sources, "tool") if self._alarms.knows(alarm, s)), "")
        if not source:
            alarm, source = "interlock_refused", "tool"
        self._alarms.set(alarm, source, self._alarms.severity_of(alarm), detail, wafer_id)
        return alarm, source

    def lock(self, piece: Piece, error: Exception) -> None:
        """Take a module out although no work of its own failed; ``piece`` is what clearing it does."""
        if piece.resource not in self.failed:
            self._failed(piece, error)

    def drop(self, resource: str) -> None:
        """Forget a failed piece of work: clear its alarm, free what it held."""
        failed = self.failed.pop(resource)
        if failed.alarm:
            self._alarms.clear(failed.alarm, failed.alarm_source, f"the failed work of {resource} was answered")
        self.free(failed.piece, *failed.piece.holds)

    def again(self, resource: str) -> None:
        """Start a failed piece of work again, from where it stands."""
        failed = self.failed.pop(resource)
        if failed.alarm:
            self._alarms.clear(failed.alarm, failed.alarm_source, f"the failed work of {resource} is tried again")
        self.start(failed.piece)

    def release_refused(self, still: Callable[[InterlockError], bool]) -> None:
        """Give back modules whose interlock would not refuse any more; work that had begun goes on."""
        for resource, (piece, error) in tuple(self.refused.items()):
            if not still(error):
                del self.refused[resource]
                for alarm in (error.alarm, "interlock_refused"):
                    for source in (resource, "tool"):
                        self._alarms.clear(alarm, source, f"the condition is met: {error.action}")
                if piece.begun:
                    self.start(piece)
                self.changed.set()

    async def drained(self) -> None:
        """Wait until no piece is under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def cancel(self) -> None:
        """Cancel every piece and wait for its end."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
