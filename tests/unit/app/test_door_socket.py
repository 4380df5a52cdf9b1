"""The door of a live tool on its socket: whatever a line holds, whoever sent it gets an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from planaris.app.door_socket import SOCKET_FILE, DoorSocket, ask_door
from planaris.tool import Answer, AnswerStatus, CommandRequest

COMMAND = {"verb": "job.start", "arguments": {}, "principal": "eva", "role": "operator", "reason": "", "key": "k1"}


async def submit(request: CommandRequest) -> Answer:
    if request.reason == "fail":
        raise OSError("the journal is gone")
    return Answer("C000001", AnswerStatus.DONE, request.verb)


async def state() -> Mapping[str, Any]:
    return {"halted": ""}


async def answer_to(folder: Path, line: bytes) -> bytes:
    door = DoorSocket(folder / SOCKET_FILE, submit, state)
    await door.start()
    try:
        reader, writer = await asyncio.open_unix_connection(folder / SOCKET_FILE)
        writer.write(line + b"\n")
        answer = await asyncio.wait_for(reader.readline(), 60)
        writer.close()
        return answer
    finally:
        await door.stop()


@pytest.mark.parametrize("line", [b"[" * 100_000, b"1" * 5000, b"{}", b"[]", b"\xff", b'{"ask": 1}'])
def test_what_is_no_command_is_answered(tmp_path: Path, line: bytes) -> None:
    assert b"not a command" in asyncio.run(answer_to(tmp_path, line))


def test_a_command_and_one_that_fails_inside_are_answered(tmp_path: Path) -> None:
    async def ask(question: Mapping[str, Any]) -> dict[str, Any]:
        door = DoorSocket(tmp_path / SOCKET_FILE, submit, state)
        await door.start()
        try:
            return await ask_door(tmp_path, question)
        finally:
            await door.stop()

    assert asyncio.run(ask(COMMAND)) == {"ok": True, "command_id": "C000001", "status": "done", "why": "job.start"}
    failed = asyncio.run(ask({**COMMAND, "reason": "fail"}))
    assert failed == {"ok": False, "error": "job.start failed inside: OSError: the journal is gone"}
