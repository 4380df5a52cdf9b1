"""The door of a live tool for programs on the same machine: lines of JSON on a socket in the home.

Whoever may open the socket file may give commands; it belongs to the user who runs the tool, and nobody else may.
"""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from planaris.tool import Answer, CommandRequest

SOCKET_FILE = "door.sock"
LINE_LIMIT_BYTES = 1 << 22
# The path of a Unix socket may be this long on Linux.
PATH_LIMIT_BYTES = 107
Submit = Callable[[CommandRequest], Awaitable[Answer]]
Ask = Callable[[], Awaitable[Mapping[str, Any]]]


class DoorSocket:
    """Serves a door until `stop`. It lives on the faces' loop; ``submit`` and ``state`` carry over to the tool's."""

    def __init__(self, path: Path, submit: Submit, state: Ask) -> None:
        self._path, self._submit, self._state = path, submit, state
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises OSError where the socket cannot be made."""
        if len(bytes(self._path)) > PATH_LIMIT_BYTES:
            problem = (
                f"{self._path} is longer than the {PATH_LIMIT_BYTES} bytes of a socket's path; take a shorter --home"
            )
            raise OSError(errno.ENAMETOOLONG, problem)
        self._path.unlink(missing_ok=True)  # the home's lock says that no other tool lives here
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LINE_LIMIT_BYTES)
        self._path.chmod(0o600)

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):  # gone, or a line beyond the limit
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(line)
            if asked.get("ask") == "state":
                return {"ok": True, "state": dict(await self._state())}
            request = CommandRequest(
                str(asked["verb"]),
                dict(asked["arguments"]),
                str(asked["principal"]),
                str(asked["role"]),
                str(asked["reason"]),
                str(asked["key"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            return {"ok": False, "error": f"not a command: {type(error).__name__}: {error}"}
        try:
            answer = await self._submit(request)
        except Exception as error:  # whoever asked must not be left without an answer
            return {"ok": False, "error": f"{request.verb} failed inside: {type(error).__name__}: {error}"}
        return {"ok": True, "command_id": answer.command_id, "status": answer.status.value, "why": answer.why}


async def ask_door(home: Path, question: Mapping[str, Any], limit_s: float = 60.0) -> dict[str, Any]:
    """Give a live tool's door a question and return its answer.

    Raises FileNotFoundError or ConnectionError where no tool lives in the home, TimeoutError, ValueError for an answer
    that is none.
    """
    async with asyncio.timeout(limit_s):
        reader, writer = await asyncio.open_unix_connection(home / SOCKET_FILE, limit=LINE_LIMIT_BYTES)
        try:
            writer.write(json.dumps(question).encode() + b"\n")
            await writer.drain()
            return json.loads(await reader.readline())
        finally:
            writer.close()
