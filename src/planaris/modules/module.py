"""A module: one task owns its state, takes commands from a queue, moves through a table of states."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, TypeVar

from planaris.modules.context import ModuleContext
from planaris.stream import ModuleStateChanged

T = TypeVar("T")
StateTable = Mapping[tuple[str, str], str]

# Triggers every module knows.
FAIL = "fail"
CLEAR = "clear"
FAILED = "failed"


class IllegalTransitionError(Exception):
    """A trigger came that the present state does not take."""

    def __init__(self, module: str, state: str, trigger: str) -> None:
        self.module, self.state, self.trigger = module, state, trigger
        super().__init__(f"{module} is {state}: it does not take '{trigger}'")


class ActionRefusedError(Exception):
    """An action may not start now. Nothing was done and nothing is broken."""


class Module:
    """Base of all modules. Sub-classes declare ``TABLE`` and their verbs."""

    TABLE: ClassVar[StateTable] = {}
    # Trigger -> state: ways out of the failed state beside ``clear``, which leads to rest.
    RECOVERIES: ClassVar[Mapping[str, str]] = {}
    INITIAL = "idle"

    def __init__(self, name: str, context: ModuleContext) -> None:
        self.name = name
        self.context = context
        self._state = self.INITIAL
        self._queue: asyncio.Queue[tuple[Callable[[], Awaitable[Any]], asyncio.Future[Any]]] = asyncio.Queue()

    @property
    def state(self) -> str:
        """The state's name."""
        return self._state

    def fire(self, trigger: str) -> None:
        """Take a trigger; raise `IllegalTransitionError` if the table has no such move."""
        new = FAILED if trigger == FAIL else self.TABLE.get((self._state, trigger))
        if self._state == FAILED:
            new = self.INITIAL if trigger == CLEAR else self.RECOVERIES.get(trigger, new)
        if new is None:
            raise IllegalTransitionError(self.name, self._state, trigger)
        old, self._state = self._state, new
        self.context.announce(ModuleStateChanged(self.name, old, new, trigger))

    def recover(self) -> None:
        """Leave the failed state for the one that the sensors bear out; nothing if the module has not failed."""
        if self._state == FAILED:
            self.fire(self.recovery())

    def recovery(self) -> str:
        """Return the trigger that leads out of the failed state as sensors stand now."""
        return CLEAR

    async def serve(self) -> None:
        """Run commands one after another until cancelled.

        A command that raises leaves the module failed; one that was refused before it changed anything does not.
        """
        while True:
            command, future = await self._queue.get()
            if future.cancelled():
                continue
            before = self._state
            try:
                result = await command()
            except asyncio.CancelledError:
                future.cancel()
                raise
            except Exception as error:
                untouched = isinstance(error, ActionRefusedError) and self._state == before
                if self._state != FAILED and not untouched:
                    self.fire(FAIL)
                if not future.cancelled():
                    future.set_exception(error)
            else:
                if not future.cancelled():
                    future.set_result(result)

    async def ask(self, command: Callable[[], Awaitable[T]]) -> T:
        """Queue a command and wait for its result."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((command, future))
        return await future
