"""Remote commands go through the door, and HCACK says what became of them."""

from __future__ import annotations

import asyncio

import pytest
from gem_bench import GemBench

from planaris.factory import GemSettings
from planaris.factory.gem.tables import Control
from planaris.factory.secs2 import Item, Message
from planaris.factory.secs2.items import BOOLEAN, F4, U1, U4, A, B, L
from planaris.stream import CommandAnswered, JobStateChanged
from planaris.tool import Answer, AnswerStatus, CommandRequest


@pytest.fixture
def bench() -> GemBench:
    bench = GemBench()
    bench.communicate()
    return bench


def order(name: str, **parameters: Item) -> Item:
    return L(A(name), L(*(L(A(key), value) for key, value in parameters.items())))


def enhanced(name: str, objspec: str = "", **parameters: Item) -> Item:
    return L(U4(1), A(objspec), A(name), L(*(L(A(key), value) for key, value in parameters.items())))


def answers(bench: GemBench, status: AnswerStatus, why: str = "", at_fault: tuple[str, ...] = ()) -> None:
    async def answer(_: CommandRequest) -> Answer:
        return Answer("C1", status, why, at_fault)

    bench.ports.answer = answer


@pytest.mark.parametrize("name", ["job.start", "JOB.START", "START", "start"])
@pytest.mark.parametrize("key", ["lot_id", "LOT_ID", "LOTID"])
def test_a_command_is_given_to_the_door_in_the_host_s_name(bench: GemBench, name: str, key: str) -> None:
    assert bench.body(2, 41, order(name, **{key: A("L1")})) == L(B(0), L())
    (request,) = bench.ports.requests
    assert (request.verb, request.arguments, request.role) == ("job.start", {"lot_id": "L1"}, "host")


def test_every_command_has_a_key_of_its_own(bench: GemBench) -> None:
    for _ in range(3):
        bench.body(2, 41, order("START", LOTID=A("L1")))
    assert len({r.key for r in bench.ports.requests}) == 3


def test_parameters_have_their_types(bench: GemBench) -> None:
    body = order("job.create", LOTID=A("L1"), PORTID=U1(1), PPID=A("ild"), priority=U4(3))
    assert bench.body(2, 41, body) == L(B(0), L())
    arguments = {"lot_id": "L1", "load_port": 1, "recipe": "ild", "priority": 3}
    assert bench.ports.requests[0].arguments == arguments
    assert bench.body(2, 49, enhanced("job.create", LOTID=A("L1"), PTN=B(1), recipe=A("ild"))) == L(B(0), L())


def test_an_unknown_command_is_no_command(bench: GemBench) -> None:
    for name in ("DANCE", "world.press_emo", "recipe.approve", "alarm.acknowledge"):
        assert bench.body(2, 41, order(name)) == L(B(1), L())
    assert bench.ports.requests == []


def test_a_command_that_the_tool_does_not_offer_is_no_command(bench: GemBench) -> None:
    bench.ports.door_verbs = ()
    assert bench.body(2, 41, order("START", LOTID=A("L1"))) == L(B(1), L())


def test_each_parameter_at_fault_is_named_with_its_code(bench: GemBench) -> None:
    body = order("job.create", LOTID=U4(5), colour=A("red"), PORTID=A("one"))
    assert bench.body(2, 41, body) == L(
        B(3),
        L(L(A("LOTID"), B(3)), L(A("colour"), B(1)), L(A("PORTID"), B(3)), L(A("recipe"), B(1))),
    )
    assert bench.ports.requests == []


def test_a_list_is_no_value(bench: GemBench) -> None:
    assert bench.body(2, 49, enhanced("START", LOTID=L(A("L1")))) == L(B(3), L(L(A("LOTID"), B(3))))
    assert bench.body(2, 41, order("START", LOTID=F4(1.0)))[0] == B(3)
    assert bench.body(2, 41, order("START", LOTID=BOOLEAN(True)))[0] == B(3)


def test_a_value_that_can_never_be_right_is_named(bench: GemBench) -> None:
    answers(bench, AnswerStatus.REFUSED, "no job for lot L1", ("lot_id",))
    assert bench.body(2, 41, order("START", LOTID=A("L1"))) == L(B(3), L(L(A("LOTID"), B(2))))


@pytest.mark.parametrize("status", [AnswerStatus.REFUSED, AnswerStatus.FAILED])
def test_what_cannot_be_done_now_is_cannot_now(bench: GemBench, status: AnswerStatus) -> None:
    answers(bench, status, "the door is open")
    assert bench.body(2, 41, order("START", LOTID=A("L1"))) == L(B(2), L())


def test_accepted_promises_an_event(bench: GemBench) -> None:
    answers(bench, AnswerStatus.ACCEPTED)
    assert bench.body(2, 41, order("START", LOTID=A("L1"))) == L(B(4), L())


@pytest.mark.parametrize(
    ("command", "state"),
    [("START", "running"), ("RESUME", "running"), ("PAUSE", "paused"), ("STOP", "stopping"), ("ABORT", "aborting")],
)
def test_what_is_so_already_is_already_so(bench: GemBench, command: str, state: str) -> None:
    answers(bench, AnswerStatus.REFUSED, f"the job is {state}")
    assert bench.body(2, 41, order(command, LOTID=A("L1"))) == L(B(2), L())
    bench.happens(JobStateChanged("L1", "queued", state, "x", ""))
    assert bench.body(2, 41, order(command, LOTID=A("L1"))) == L(B(5), L())
    assert bench.body(2, 41, order(command, LOTID=A("L2"))) == L(B(2), L())


@pytest.mark.parametrize(("objspec", "code"), [("", 0), ("PLANARIS", 0), ("platen 9", 6)])
def test_another_object_is_no_object(bench: GemBench, objspec: str, code: int) -> None:
    assert bench.body(2, 49, enhanced("START", objspec, LOTID=A("L1"))) == L(B(code), L())
    assert bench.body(2, 49, enhanced("START", bench.dictionary.tool_name, LOTID=A("L1"))) == L(B(0), L())


@pytest.mark.parametrize("name", ["START", "STOP", "PAUSE", "RESUME", "ABORT", "job.create", "tool.halt"])
def test_local_refuses_every_command_and_answers_queries(name: str) -> None:
    bench = GemBench(GemSettings(starts_in=Control.ONLINE_LOCAL))
    bench.communicate()
    assert bench.body(2, 41, order(name))[0] == B(2)
    assert bench.body(2, 49, enhanced(name))[0] == B(2)
    assert bench.ports.requests == []
    assert bench.body(1, 3, L(U4(bench.vid("tool.control_state")))) == L(U1(4))
    assert bench.body(2, 41, order("DANCE"))[0] == B(1)
    bench.equipment.switch_to_remote()
    assert bench.body(2, 41, order("START", LOTID=A("L1")))[0] == B(0)


def test_a_slow_command_is_answered_in_time_and_an_event_follows() -> None:
    bench = GemBench(GemSettings(reply_limit_s=0.02))
    bench.communicate()
    bench.enable("command_answered")

    async def scenario() -> None:
        release = asyncio.Event()

        async def slow(_: CommandRequest) -> Answer:
            await release.wait()
            return Answer("C1", AnswerStatus.DONE)

        bench.ports.answer = slow
        number = bench.raw(2, 41, order("START", LOTID=A("L1")))
        query = bench.raw(1, 1)
        assert query in bench.line.replies, "a query is answered while the command runs"
        await bench.works.pop()
        assert bench.line.replies[number] == Message(2, 42, body=L(B(4), L()))
        release.set()
        await asyncio.sleep(0.01)

    asyncio.run(scenario())
    assert bench.events() == []
    bench.happens(CommandAnswered("C1", "job.start", "done", ""))
    assert bench.events() == ["command_answered"]


def test_a_command_whose_link_is_lost_goes_on() -> None:
    bench = GemBench(GemSettings(reply_limit_s=0.02))
    bench.communicate()
    done: list[str] = []

    async def scenario() -> None:
        async def slow(request: CommandRequest) -> Answer:
            await asyncio.sleep(0.05)
            done.append(request.verb)
            return Answer("C1", AnswerStatus.DONE)

        bench.ports.answer = slow
        bench.raw(2, 41, order("START", LOTID=A("L1")))
        bench.lose()
        await bench.works.pop()
        await asyncio.sleep(0.1)

    asyncio.run(scenario())
    assert done == ["job.start"]
