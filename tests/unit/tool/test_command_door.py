"""The one door: what is refused and why, what is done once, and that every command is an event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from tool_bench import Bench

from planaris.dictionary import UnknownNameError
from planaris.stream import CommandAnswered, CommandReceived
from planaris.tool import Answer, AnswerStatus, CommandDoor, CommandRequest, RefusedError

START = CommandRequest("job.start", {"lot_id": "L1"}, "eva", "operator", "first lot", "k1")


class Desk:
    """A door with one verb, whose handler notes what it was asked."""

    def __init__(self, bench: Bench, *verbs: str) -> None:
        self.bench = bench
        self.door = CommandDoor(bench.stream, bench.dictionary, lambda: bench.now_s)
        self.asked: list[CommandRequest] = []
        self.failure: Exception | None = None
        for verb in verbs or ("job.start", "job.create", "world.inject_fault", "world.press_emo"):
            self.door.register(verb, self.handle)

    async def handle(self, request: CommandRequest) -> str:
        self.asked.append(request)
        if self.failure is not None:
            raise self.failure
        return f"done for {request.principal}"

    def give(self, request: CommandRequest) -> Answer:
        return asyncio.run(self.door.submit(request))

    def why_refused(self, request: CommandRequest) -> str:
        """Return the reason of a refusal, which must have left no trace but its two events."""
        answer = self.give(request)
        assert answer.status is AnswerStatus.REFUSED
        assert self.asked == []
        received, answered = self.bench.of(CommandReceived), self.bench.of(CommandAnswered)
        assert [e.command_id for e in received] == [e.command_id for e in answered] == [answer.command_id]
        assert (answered[0].status, answered[0].why) == ("refused", answer.why)
        return answer.why


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


def test_a_command_is_handled_and_answered_with_what_came_of_it(desk: Desk) -> None:
    answer = desk.give(START)
    assert (answer.status, answer.why) == (AnswerStatus.DONE, "done for eva")
    assert desk.asked == [START]


def test_a_command_and_its_answer_are_durable_events_with_who_which_role_and_why(desk: Desk) -> None:
    answer = desk.give(START)
    desk.bench.stream.flush()
    (received, first), (answered, second) = [(item.event, durable) for item, durable in desk.bench.journal]
    assert isinstance(received, CommandReceived)
    assert (received.verb, received.principal, received.role, received.reason) == (
        "job.start", "eva", "operator", "first lot",
    )  # fmt: skip
    assert json.loads(received.arguments) == {"lot_id": "L1"}
    assert answered == CommandAnswered(answer.command_id, "job.start", "done", "done for eva")
    assert first
    assert second


def test_a_command_is_in_the_journal_before_its_handler_runs(bench: Bench) -> None:
    known: list[int] = []

    async def handler(_request: CommandRequest) -> str:
        known.append(len(bench.journal))
        return ""

    door = CommandDoor(bench.stream, bench.dictionary, lambda: 0.0)
    door.register("job.start", handler)
    asyncio.run(door.submit(START))
    assert known == [1]


def test_only_what_the_dictionary_declares_can_be_offered(desk: Desk) -> None:
    with pytest.raises(UnknownNameError):
        desk.door.register("job.sing", desk.handle)


@pytest.mark.parametrize("verb", ["job.sing", "job.abort", ""])
def test_a_verb_that_nobody_offers_is_refused_and_the_offered_ones_named(desk: Desk, verb: str) -> None:
    why = desk.why_refused(replace(START, verb=verb))
    assert "unknown command" in why
    assert all(offered in why for offered in desk.door.verbs)


def test_a_role_that_may_not_is_refused_and_told_who_may(desk: Desk) -> None:
    why = desk.why_refused(replace(START, role="script"))
    assert "script" in why
    assert "operator" in why


def test_a_command_that_came_too_late_is_refused(desk: Desk) -> None:
    desk.bench.now_s = 100.0
    assert "expired" in desk.why_refused(replace(START, expires_at_s=99.9))


def test_a_command_in_time_is_not_refused_for_its_expiry(desk: Desk) -> None:
    desk.bench.now_s = 100.0
    assert desk.give(replace(START, expires_at_s=100.1)).status is AnswerStatus.DONE


CREATE: Mapping[str, str | int] = {"lot_id": "L1", "load_port": 1, "recipe": "r"}
INJECT: Mapping[str, str | float] = {"fault": "slow", "target": "dry_robot"}


@pytest.mark.parametrize(
    ("verb", "arguments", "said"),
    [
        ("job.start", {}, ["lot_id: missing"]),
        ("job.start", {"lot_id": "L1", "speed": 3}, ["speed: unknown"]),
        ("job.start", {"lot": "L1"}, ["lot: unknown", "lot_id: missing"]),
        ("job.start", {"lot_id": 7}, ["lot_id: 7"]),
        ("job.create", {**CREATE, "load_port": "1"}, ["load_port: '1'"]),
        ("job.create", {**CREATE, "load_port": 1.0}, ["load_port: 1.0"]),
        ("job.create", {**CREATE, "load_port": True}, ["load_port: True"]),
        ("job.create", {"recipe": 3, "load_port": "1"}, ["lot_id: missing", "load_port: '1'", "recipe: 3"]),
        ("world.inject_fault", {**INJECT, "magnitude": "big"}, ["magnitude: 'big'"]),
        ("world.inject_fault", {**INJECT, "magnitude": True}, ["magnitude: True"]),
    ],
)
def test_arguments_are_checked_and_all_faults_told_at_once(
    desk: Desk, verb: str, arguments: Mapping[str, str | float], said: list[str]
) -> None:
    why = desk.why_refused(replace(START, verb=verb, arguments=arguments, role="administrator"))
    assert all(words in why for words in said), why


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("job.create", CREATE),
        ("job.create", {**CREATE, "cleaner_recipe": "c"}),
        ("world.inject_fault", INJECT),
        ("world.inject_fault", {**INJECT, "magnitude": 2.5}),
        ("world.inject_fault", {**INJECT, "magnitude": 2}),
        ("world.press_emo", {}),
    ],
)
def test_legal_arguments_pass_with_or_without_the_optional_ones(
    desk: Desk, verb: str, arguments: Mapping[str, str | float]
) -> None:
    answer = desk.give(replace(START, verb=verb, arguments=arguments, role="administrator"))
    assert answer.status is AnswerStatus.DONE, answer.why


def test_the_same_key_again_gets_the_same_answer_and_does_nothing(desk: Desk) -> None:
    first = desk.give(START)
    events = len(desk.bench.events)
    assert desk.give(START) == first
    assert desk.asked == [START]
    assert len(desk.bench.events) == events


def test_a_refusal_is_remembered_too(desk: Desk) -> None:
    late = replace(START, expires_at_s=-1.0)
    assert desk.give(late) == desk.give(late)
    assert desk.asked == []


def test_of_many_answers_the_oldest_are_forgotten(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planaris.tool.commands.KEPT_ANSWERS_COUNT", 3)
    for key in ("a", "b", "c", "d", "b", "a"):
        desk.give(replace(START, key=key))
    assert [r.key for r in desk.asked] == ["a", "b", "c", "d", "a"]


def test_another_persons_same_key_is_another_command(desk: Desk) -> None:
    first, second = desk.give(START), desk.give(replace(START, principal="li"))
    assert first.command_id != second.command_id
    assert [r.principal for r in desk.asked] == ["eva", "li"]


def test_a_key_never_answers_for_another_command(desk: Desk) -> None:
    """Telling `done` for an emergency stop that was never handled would be a lie."""
    desk.give(START)
    for other in (
        replace(START, verb="world.press_emo", arguments={}),
        replace(START, arguments={"lot_id": "L2"}),
    ):
        answer = desk.give(other)
        assert answer.status is AnswerStatus.REFUSED
        assert "k1" in answer.why
    assert desk.asked == [START]
    assert desk.give(START).status is AnswerStatus.DONE
    assert [e.status for e in desk.bench.of(CommandAnswered)] == ["done", "refused", "refused"]


def test_while_a_command_is_worked_on_its_repetition_is_told_so(bench: Bench) -> None:
    gate, handled = asyncio.Event(), 0

    async def slow(_request: CommandRequest) -> str:
        nonlocal handled
        handled += 1
        await gate.wait()
        return "at last"

    async def both() -> tuple[Answer, Answer]:
        door = CommandDoor(bench.stream, bench.dictionary, lambda: 0.0)
        door.register("job.start", slow)
        first = asyncio.create_task(door.submit(START))
        await asyncio.sleep(0)
        repeated = await door.submit(START)
        gate.set()
        return await first, repeated

    first, repeated = asyncio.run(both())
    assert (repeated.command_id, repeated.status) == (first.command_id, AnswerStatus.ACCEPTED)
    assert first.status is AnswerStatus.DONE
    assert handled == 1


def test_what_its_owner_refuses_is_refused_with_the_owners_reason(desk: Desk) -> None:
    desk.failure = RefusedError("the pad is worn")
    answer = desk.give(START)
    assert (answer.status, answer.why) == (AnswerStatus.REFUSED, "the pad is worn")
    assert [(e.status, e.why) for e in desk.bench.of(CommandAnswered)] == [("refused", "the pad is worn")]


def test_a_handler_that_breaks_is_answered_failed_and_its_error_reaches_the_giver(desk: Desk) -> None:
    desk.failure = ValueError("slot 31")
    with pytest.raises(ValueError, match="slot 31"):
        desk.give(START)
    (answered,) = desk.bench.of(CommandAnswered)
    assert answered.status == "failed"
    assert "slot 31" in answered.why
    desk.failure = None
    assert desk.give(START).status is AnswerStatus.FAILED  # the same key: it is not tried again behind one's back
    assert len(desk.asked) == 1


class JournalGoneError(Exception):
    """The journal cannot be written."""


def test_without_a_journal_no_command_is_carried_out(desk: Desk) -> None:
    desk.bench.journal_failure = JournalGoneError()
    with pytest.raises(JournalGoneError):
        desk.give(START)
    assert desk.asked == []


def test_a_refusal_names_arguments_that_can_never_be_right(bench: Bench) -> None:
    async def refuse(request: CommandRequest) -> str:
        raise RefusedError(f"no job for lot {request.arguments['lot_id']}", ("lot_id",))

    door = CommandDoor(bench.stream, bench.dictionary, lambda: bench.now_s)
    door.register("job.start", refuse)
    answer = asyncio.run(door.submit(CommandRequest("job.start", {"lot_id": "L"}, "ann", "operator", "", "k1")))
    assert (answer.status, answer.at_fault) == (AnswerStatus.REFUSED, ("lot_id",))


def test_text_that_no_file_can_hold_is_journalled_and_answered(bench: Bench) -> None:
    """A lone surrogate, as JSON may bring one, could not be committed: the tool would end with its journal."""
    desk = Desk(bench)
    bad = CommandRequest("job.start", {"lot_id": "L\ud800"}, "eva\udcff", "operator", "why\ud800", "k\ud800")
    answer = desk.give(bad)
    assert (answer.status, answer.why) == (AnswerStatus.DONE, "done for eva?")
    assert desk.asked[0].arguments == {"lot_id": "L?"}
    for item, _ in bench.journal:
        item.json.encode("utf-8")
    assert desk.give(bad) == answer
    nested = replace(bad, arguments={"lot_id": ["\ud800"]}, key="k2")  # pyright: ignore[reportArgumentType]
    assert desk.give(nested).status is AnswerStatus.REFUSED
    bench.of(CommandReceived)[-1].arguments.encode("utf-8")
