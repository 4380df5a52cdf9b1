"""The one door: every command of operator, host, script and test comes in here, and every one is an event."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from planaris.dictionary import Command, Dictionary
from planaris.stream import CommandAnswered, CommandReceived, EventStream, storable_text

Argument = str | int | float | bool
# Answers that the door remembers, so that a command that is sent again is not done again; a tool that lives for months
# must forget the oldest [design].
KEPT_ANSWERS_COUNT = 10_000


class AnswerStatus(StrEnum):
    """How a command was answered."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """A command: what, who in which role, why; the key makes a repeated sending harmless, ``expires_at_s`` is
    tool time after which nobody wants it any more."""

    verb: str
    arguments: Mapping[str, Argument]
    principal: str
    role: str
    reason: str
    key: str
    expires_at_s: float = float("inf")


@dataclass(frozen=True, slots=True)
class Answer:
    """The door's answer, with why; ``at_fault`` names the arguments that no other moment would make good."""

    command_id: str
    status: AnswerStatus
    why: str = ""
    at_fault: tuple[str, ...] = ()


class RefusedError(Exception):
    """A handler refuses a command; the text says why, ``at_fault`` which arguments can never be right."""

    def __init__(self, why: str, at_fault: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.at_fault = at_fault


class CommandFailedError(Exception):
    """A handler took a command up and the machine did not carry it out; the text says what failed."""


Handler = Callable[[CommandRequest], Awaitable[str]]


class CommandDoor:
    """Registered verbs behind one door. Owners register their verbs; the dictionary says who may give them.

    ``given_count`` is the number of commands given before, where a journal goes on.
    """

    def __init__(
        self, stream: EventStream, dictionary: Dictionary, clock: Callable[[], float], given_count: int = 0
    ) -> None:
        self._stream = stream
        self._dictionary = dictionary
        self._clock = clock
        self._handlers: dict[str, tuple[Command, Handler]] = {}
        self._answers: dict[tuple[str, str], tuple[CommandRequest, Answer]] = {}
        self._count = given_count

    def register(self, verb: str, handler: Handler) -> None:
        """Offer a verb that the dictionary declares."""
        self._handlers[verb] = (self._dictionary.command(verb), handler)

    def go_on_from(self, count: int) -> None:
        """Number commands after those of an earlier life of this run."""
        self._count = max(self._count, count)

    @property
    def verbs(self) -> tuple[str, ...]:
        """Verbs that are offered now."""
        return tuple(self._handlers)

    async def submit(self, request: CommandRequest) -> Answer:
        """Check a command, run its handler to its end and answer.

        What of its text no file can hold (lone surrogates) counts as ``?``. The same command with the same key again
        gets the same answer, as long as `KEPT_ANSWERS_COUNT` others have not come since; another command with that key
        is refused.
        """
        request = _storable(request)
        earlier = self._answers.get((request.principal, request.key))
        if earlier is not None and _same(earlier[0], request):
            return earlier[1]
        self._count += 1
        command_id = f"C{self._count:06d}"
        arguments = json.dumps(dict(request.arguments), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        arguments = storable_text(arguments)
        self._stream.commit(
            CommandReceived(command_id, request.verb, request.principal, request.role, request.reason, arguments)
        )
        if earlier is not None:
            why = f"key {request.key} was used for {earlier[0].verb} ({earlier[1].command_id}); take a new one"
            self._stream.commit(CommandAnswered(command_id, request.verb, AnswerStatus.REFUSED.value, why))
            return Answer(command_id, AnswerStatus.REFUSED, why)
        refusal = self._refusal(request)
        if refusal:
            return self._answer(command_id, request, AnswerStatus.REFUSED, refusal)
        _, handler = self._handlers[request.verb]
        self._answers[request.principal, request.key] = request, Answer(command_id, AnswerStatus.ACCEPTED)
        try:
            outcome = await handler(request)
        except RefusedError as error:
            return self._answer(command_id, request, AnswerStatus.REFUSED, str(error), error.at_fault)
        except CommandFailedError as error:
            return self._answer(command_id, request, AnswerStatus.FAILED, str(error))
        except Exception as error:
            self._answer(command_id, request, AnswerStatus.FAILED, f"{type(error).__name__}: {error}")
            raise
        return self._answer(command_id, request, AnswerStatus.DONE, outcome)

    def _refusal(self, request: CommandRequest) -> str:
        entry = self._handlers.get(request.verb)
        if entry is None:
            return f"unknown command {request.verb}; offered: {', '.join(self._handlers) or 'none'}"
        command, _ = entry
        if request.role not in command.roles:
            return f"role {request.role} may not {request.verb}; it takes {' or '.join(command.roles)}"
        if self._clock() > request.expires_at_s:
            return f"expired at {request.expires_at_s:g} s"
        parameters = {p.name: p for p in command.parameters}
        problems = [f"{name}: unknown argument" for name in request.arguments if name not in parameters]
        for name, parameter in parameters.items():
            if name not in request.arguments:
                if parameter.required:
                    problems.append(f"{name}: missing")
                continue
            value = request.arguments[name]
            if not _fits(value, parameter.dtype):
                problems.append(f"{name}: {value!r} is not of type {parameter.dtype}")
        return "; ".join(problems)

    def _answer(
        self, command_id: str, request: CommandRequest, status: AnswerStatus, why: str, at_fault: tuple[str, ...] = ()
    ) -> Answer:
        answer = Answer(command_id, status, why, at_fault)
        self._answers[request.principal, request.key] = request, answer
        while len(self._answers) > KEPT_ANSWERS_COUNT:
            oldest = next(iter(self._answers))
            if self._answers[oldest][1].status is AnswerStatus.ACCEPTED:  # it is still at work
                break
            del self._answers[oldest]
        self._stream.commit(CommandAnswered(command_id, request.verb, status.value, why))
        return answer


def _storable(request: CommandRequest) -> CommandRequest:
    """Return a request whose text can be journalled: a command that cannot would end the tool with the journal."""
    return replace(
        request,
        verb=storable_text(request.verb),
        principal=storable_text(request.principal),
        role=storable_text(request.role),
        reason=storable_text(request.reason),
        key=storable_text(request.key),
        arguments={
            storable_text(name): storable_text(value) if isinstance(value, str) else value
            for name, value in request.arguments.items()
        },
    )


def _same(one: CommandRequest, other: CommandRequest) -> bool:
    return one.verb == other.verb and dict(one.arguments) == dict(other.arguments)


def _fits(value: Argument, dtype: str) -> bool:
    if dtype == "bool":
        return isinstance(value, bool)
    if dtype == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if dtype == "float":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str)
