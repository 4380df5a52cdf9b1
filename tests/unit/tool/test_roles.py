"""Who may give what: every verb of the dictionary against every role, through the door itself."""

from __future__ import annotations

import asyncio

import pytest
from tool_bench import dictionary_a

from planaris.dictionary import Command, Parameter
from planaris.stream import CommandAnswered, CommandReceived, EventStream
from planaris.tool import AnswerStatus, CommandDoor, CommandRequest

ROLES = ("operator", "process", "maintenance", "host", "administrator", "script")
COMMANDS = {command.name: command for command in dictionary_a().commands}
# What nobody but these may ever give, whatever else the dictionary says: a host moves no part and answers no
# failure, brings recipes and approves none; recipes are the process engineer's; who operates does not release, change
# faults or clear them.
NEVER = {
    "host": (
        *("recipe.approve", "recipe.release", "world.", "work.", "module.", "alarm."),
        *("consumable.", "quarantine.", "maintenance."),
    ),
    "operator": ("recipe.", "consumable.", "maintenance.", "world.inject", "world.clear_fault", "world.reset"),
    "maintenance": ("recipe.", "job."),
    "script": ("recipe.", "job.", "work.", "wafer.", "consumable.", "tool."),
}


def _value(parameter: Parameter) -> str | int | float | bool:
    return {"str": "x", "int": 1, "float": 1.0, "bool": True}[parameter.dtype]


def _request(command: Command, role: str) -> CommandRequest:
    arguments = {p.name: _value(p) for p in command.parameters}
    return CommandRequest(command.name, arguments, f"a {role}", role, "test", "k")


@pytest.mark.parametrize("role", [*ROLES, "nobody", ""])
@pytest.mark.parametrize("verb", COMMANDS)
def test_a_verb_runs_for_the_roles_that_the_dictionary_names_and_for_no_other(verb: str, role: str) -> None:
    stream = EventStream(lambda: 0.0, lambda batch, _durable: told.extend(c.event for c in batch))
    told: list[object] = []
    door, ran = CommandDoor(stream, dictionary_a(), lambda: 0.0), []

    async def handler(request: CommandRequest) -> str:
        ran.append(request.role)
        return "did"

    door.register(verb, handler)
    answer = asyncio.run(door.submit(_request(COMMANDS[verb], role)))
    stream.flush()
    may = role in COMMANDS[verb].roles
    assert answer.status is (AnswerStatus.DONE if may else AnswerStatus.REFUSED)
    assert ran == ([role] if may else [])
    if not may:
        assert all(named in answer.why for named in COMMANDS[verb].roles)
    received, answered = told
    assert isinstance(received, CommandReceived)
    assert isinstance(answered, CommandAnswered)
    assert (received.role, answered.status) == (role, answer.status.value)


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_verb_names_known_roles_once_and_the_administrator_may_give_it(verb: str) -> None:
    roles = COMMANDS[verb].roles
    # A person's word alone releases nothing: what a fab has released comes from its host only.
    assert ("administrator" in roles) is (verb != "recipe.receive")
    assert len(set(roles)) == len(roles)
    assert set(roles) <= set(ROLES)


@pytest.mark.parametrize("role", NEVER)
def test_no_role_may_give_what_is_not_its_business(role: str) -> None:
    given = [verb for verb, command in COMMANDS.items() if role in command.roles]
    assert [verb for verb in given if verb.startswith(NEVER[role])] == []


def test_only_the_worlds_verbs_exist_on_a_twin_alone() -> None:
    assert {v for v, c in COMMANDS.items() if c.twin_only} == {v for v in COMMANDS if v.startswith("world.")}
