"""Commands of the pages: through the one door, each key done once, also when it is sent again after a death."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Literal

from planaris.clock import later, utc_now
from planaris.historian import GivenKey, PageStore
from planaris.hmi.accounts import Session
from planaris.hmi.protocol import AnswerMessage, GivenCommand
from planaris.hmi.verbs import VerbCatalogue
from planaris.tool import Answer, AnswerStatus, CommandRequest

# Nobody gives so many commands at once by hand [design].
UNDER_WAY_LIMIT = 16
EXPIRES_LIMIT_S = 600.0
# Keys are kept so long: no page sends a command again after that [design].
KEYS_KEPT_S = 7 * 86400.0

Status = Literal["accepted", "done", "refused", "failed", "expired", "unknown"]
Say = Callable[[AnswerMessage], None]


def answer(key: str, status: Status, why: str, command_id: str = "") -> AnswerMessage:
    """Return an answer as the page gets it."""
    return {"t": "answer", "key": key, "status": status, "why": why, "command_id": command_id}


_STATUS: dict[AnswerStatus, Status] = {
    AnswerStatus.DONE: "done",
    AnswerStatus.REFUSED: "refused",
    AnswerStatus.FAILED: "failed",
    AnswerStatus.ACCEPTED: "unknown",
}


class CommandDesk:
    """Gives commands to ``submit`` as the person of a session. ``tool_time_s`` is tool time now."""

    def __init__(
        self,
        store: PageStore,
        verbs: VerbCatalogue,
        submit: Callable[[CommandRequest], Awaitable[Answer]],
        tool_time_s: Callable[[], float],
        speed: float,
    ) -> None:
        self._store, self._verbs, self._submit = store, verbs, submit
        self._tool_time_s, self._speed = tool_time_s, speed
        self._under_way: dict[tuple[str, str], asyncio.Task[AnswerMessage]] = {}
        self._commands: dict[tuple[str, str], str] = {}
        self.forget()

    def forget(self) -> None:
        """Forget keys that no page sends any more."""
        self._store.forget_keys(later(utc_now(), -KEYS_KEPT_S).isoformat())

    async def give(self, session: Session, given: GivenCommand, say: Say) -> None:
        """Give a command once and say how it went; first that it is taken up, where it is."""
        key, user = given["key"], session.user
        command = _command_of(given)
        running = self._under_way.get((user, key))
        if running is not None:
            if self._commands[user, key] != command:
                say(answer(key, "refused", "this key was used for another command; take a new one"))
                return
            say(answer(key, "accepted", ""))
            say(await asyncio.shield(running))
            return
        before = self._store.given(user, key)
        if before is not None:
            say(_again(before, command))
            return
        if refusal := self._refusal(session, given):
            say(answer(key, refusal[0], refusal[1]))
            return
        # On the disk before it is given: after a death in between nobody gives it a second time.
        kept = GivenKey(user, key, command, given_utc=utc_now().isoformat())
        self._store.keep_key(kept)
        task = asyncio.get_running_loop().create_task(self._do(session, given, kept), name=f"command {given['verb']}")
        self._under_way[user, key], self._commands[user, key] = task, command
        task.add_done_callback(lambda _: (self._under_way.pop((user, key)), self._commands.pop((user, key))))
        say(answer(key, "accepted", ""))
        say(await asyncio.shield(task))

    def _refusal(self, session: Session, given: GivenCommand) -> tuple[Status, str] | None:
        if sum(user == session.user for user, _ in self._under_way) >= UNDER_WAY_LIMIT:
            return "refused", f"{UNDER_WAY_LIMIT} commands of {session.user} are under way; wait for one"
        if given["expires_s"] <= 0:
            return "expired", "it expired before it came"
        if self._verbs.needs_reason(given["verb"]) and not given["reason"].strip():
            return "refused", f"{given['verb']} takes a reason"
        return None

    async def _do(self, session: Session, given: GivenCommand, kept: GivenKey) -> AnswerMessage:
        expires_s = min(given["expires_s"], EXPIRES_LIMIT_S)
        request = CommandRequest(
            given["verb"],
            given["args"],
            session.user,
            session.role,
            given["reason"],
            given["key"],
            self._tool_time_s() + expires_s * self._speed,
        )
        try:
            told = await self._submit(request)
        except asyncio.CancelledError:
            return answer(kept.key, "unknown", "the server stops; look whether it was done")
        except Exception as error:  # the door says failed and raises what its owner must see
            result = answer(kept.key, "failed", f"{type(error).__name__}: {error}")
        else:
            status = _STATUS[told.status]
            if told.status is AnswerStatus.REFUSED and told.why.startswith("expired"):
                status = "expired"
            result = answer(kept.key, status, told.why, told.command_id)
        self._store.keep_key(replace(kept, status=result["status"], why=result["why"], command_id=result["command_id"]))
        return result


def _command_of(given: GivenCommand) -> str:
    text = json.dumps([given["verb"], given["args"]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _again(before: GivenKey, command: str) -> AnswerMessage:
    if before.command != command:
        return answer(before.key, "refused", "this key was used for another command; take a new one")
    if before.status in {"done", "refused", "failed", "expired"}:
        status: Status = before.status  # pyright: ignore[reportAssignmentType]
        return answer(before.key, status, before.why, before.command_id)
    return answer(before.key, "unknown", "given before the server ended, and not answered; look whether it was done")
