"""What people do around a twin and only its truth tells: the same verbs for a twin in this process and one in its own.

A twin in its own process takes them as lines of JSON on a loopback socket. No real PLC has such a socket.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, Protocol

from pydantic import TypeAdapter

from planaris.model import Lot
from planaris.twin import World, save_truth

# The longest line: a lot with a dense incoming map of 25 wafers, or the truth of as many.
LINE_LIMIT_BYTES = 1 << 27
ANSWER_LIMIT_S = 30.0
_LOTS = TypeAdapter(Lot)


class WorldError(Exception):
    """The twin's world refused what was asked, or does not answer."""


class WorldAccess(Protocol):
    """Ask the world for something by its verb; raises `WorldError`."""

    async def ask(self, verb: str, **arguments: Any) -> Any: ...


class LocalWorld:
    """The world of a twin in this process. A ``lasting`` one goes on when a run leaves it."""

    def __init__(self, world: World, *, lasting: bool = False) -> None:
        self._world = world
        self._verbs: Mapping[str, Callable[..., Any]] = {
            "place_cassette": self._place_cassette,
            "remove_cassette": world.remove_cassette,
            "press_emo": world.press_emo,
            "reset_emo": world.reset_emo,
            "inject_fault": world.inject_fault,
            "clear_fault": world.clear_fault,
            "change_part": world.change_part,
            "where": lambda: dict(world.where()),
            "flags": lambda: list(world.flags()),
            "outputs": self._outputs,
            "carriers": lambda: list(world.machine.handling.carriers),
            "empty": world.empty,
            "leave_in_order": (lambda: None) if lasting else world.leave_in_order,
            "truth": self._truth,
        }

    async def ask(self, verb: str, **arguments: Any) -> Any:
        """Do or tell something."""
        found = self._verbs.get(verb)
        if found is None:
            raise WorldError(f"the world knows no {verb}; it knows {', '.join(self._verbs)}")
        try:
            return found(**arguments)
        except (ValueError, KeyError, TypeError) as error:
            raise WorldError(str(error)) from error

    def _place_cassette(self, lot: str) -> None:
        self._world.place_cassette(_LOTS.validate_json(lot))

    def _outputs(self) -> dict[str, bool]:
        """What the PLC's outputs are now, and whether it misses the controller."""
        shown = (".up", ".slurry_valve_open", ".rinse_valve_open", ".heartbeat_lost")
        values = self._world.machine.plc.values
        return {name: bool(value) for name, value in values.items() if name.endswith(shown)}

    def _truth(self, wafer_id: str = "") -> str:
        """Return the truth of all wafers and parts, or of one wafer alone: that is told while the tool works."""
        world, grid = self._world, self._world.machine.process.grid
        out = BytesIO()
        wafers = [w for w in world.wafers() if wafer_id in ("", w.wafer_id)]
        save_truth(out, wafers, () if wafer_id else world.parts(), grid.r_mm, grid.theta_rad)
        return base64.b64encode(out.getvalue()).decode("ascii")


def lot_text(lot: Lot) -> str:
    """Return a lot as the world takes it."""
    return _LOTS.dump_json(lot).decode("utf-8")


class WorldServer:
    """Offers a world on a loopback socket, to whoever may log in on this machine. ``port`` 0 takes any free one."""

    def __init__(self, world: WorldAccess) -> None:
        self._world = world
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> str:
        """Listen and return ``host:port``."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=LINE_LIMIT_BYTES)
        host, number = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{number}"

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(line)
            return {"ok": True, "result": await self._world.ask(str(asked["verb"]), **asked["arguments"])}
        except (WorldError, ValueError, KeyError, TypeError) as error:
            return {"ok": False, "error": str(error)}


class RemoteWorld:
    """The world of a twin in its own process. ``speed`` is tool seconds per second of the loop it is asked on."""

    def __init__(self, address: str, speed: float = 1.0) -> None:
        host, _, port = address.rpartition(":")
        self._host, self._port, self._limit_s = host, int(port), ANSWER_LIMIT_S * speed

    async def ask(self, verb: str, **arguments: Any) -> Any:
        """Ask the twin's process."""
        try:
            async with asyncio.timeout(self._limit_s):
                answer = await self._exchange({"verb": verb, "arguments": arguments})
        except (OSError, TimeoutError, ValueError) as error:
            raise WorldError(f"the world at {self._host}:{self._port} does not answer: {error!r}") from error
        if not answer["ok"]:
            raise WorldError(answer["error"])
        return answer["result"]

    async def _exchange(self, question: Mapping[str, Any]) -> dict[str, Any]:
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=LINE_LIMIT_BYTES)
        try:
            writer.write(json.dumps(question).encode() + b"\n")
            await writer.drain()
            return json.loads(await reader.readline())
        finally:
            writer.close()
