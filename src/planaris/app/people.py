"""What people do around a live twin: they bring the cassette of a lot that has a job, and take it away after."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence

from planaris.app.jobs import JobFailedError, Script
from planaris.app.world_access import WorldAccess, WorldError
from planaris.model import Lot
from planaris.stream import CommandAnswered, CommandReceived, Committed, JobStateChanged
from planaris.tool import AnswerStatus, Tool

# How long they let a cassette stand after its job, tool time, so that the port has let it go [design].
TAKE_AWAY_S = 30.0
_OVER = frozenset({"completed", "stopped", "aborted", "failed"})


class People:
    """Listener that sees to cassettes through the door, as the script ``people``. Make it inside the running loop.

    ``tell`` gets what could not be done. A cassette with a wafer out stays where it is.
    """

    def __init__(
        self, tool: Tool, world: WorldAccess, lot_of: Callable[[str], Lot | None], tell: Callable[[str], None]
    ) -> None:
        self._tool, self._world, self._lot_of, self._tell = tool, world, lot_of, tell
        self._script = Script(tool, "people", "a lot came or went")
        self._asked: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, batch: Sequence[Committed]) -> None:
        for item in batch:
            event = item.event
            if isinstance(event, CommandReceived) and event.verb == "job.create":
                self._asked[event.command_id] = str(json.loads(event.arguments).get("lot_id", ""))
            elif isinstance(event, CommandAnswered) and event.verb == "job.create":
                lot_id = self._asked.pop(event.command_id, "")
                if event.status == AnswerStatus.DONE.value:
                    self._do(self._bring(lot_id))
            elif isinstance(event, JobStateChanged) and event.state in _OVER:
                self._do(self._take_away(event.lot_id))

    def stop(self) -> None:
        """Let everything be."""
        for task in self._tasks:
            task.cancel()

    def _do(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="people")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _bring(self, lot_id: str) -> None:
        lot = self._lot_of(lot_id)
        if lot is None:
            return
        try:
            if lot.load_port not in await self._world.ask("carriers"):
                await self._script.give("world.place_cassette", "script", load_port=lot.load_port, lot_id=lot_id)
        except (JobFailedError, WorldError) as error:
            self._tell(f"the cassette of lot {lot_id} is not on load port {lot.load_port}: {error}")

    async def _take_away(self, lot_id: str) -> None:
        await asyncio.sleep(TAKE_AWAY_S)
        lot = self._lot_of(lot_id)
        if lot is None or any(w.wafer_id in self._out() for w in lot.wafers):
            return
        try:
            await self._script.give("world.remove_cassette", "script", load_port=lot.load_port)
        except (JobFailedError, WorldError) as error:
            self._tell(f"the cassette of lot {lot_id} stays on load port {lot.load_port}: {error}")

    def _out(self) -> frozenset[str]:
        at = self._tool.material.at
        return frozenset(w.wafer_id for place, w in at.items() if not place.startswith("loadport"))
