"""What is wrong with a message of the host is told with S9 or SxF0, never with silence, and never as the reply."""

from __future__ import annotations

import logging

import pytest
from gem_bench import BenchLine, GemBench

from planaris.factory import GemSettings
from planaris.factory.hsms import FailureReason, NotSelectedError, Undecodable, WrongDevice
from planaris.factory.hsms.states import LinkState
from planaris.factory.secs2 import Item, Message, SecsDecodeError
from planaris.factory.secs2.items import F4, I8, U2, U4, A, B, L


def s9(bench: GemBench) -> list[tuple[str, bytes]]:
    return [(m.title, m.body.value) for m in bench.line.take() if m.stream == 9 and m.body is not None]


def header(stream: int, function: int, number: int, *, wait: bool = True, device: int = 0) -> bytes:
    return (
        device.to_bytes(2, "big") + bytes(((0x80 if wait else 0) | stream, function, 0, 0)) + number.to_bytes(4, "big")
    )


@pytest.fixture
def bench() -> GemBench:
    bench = GemBench()
    bench.communicate()
    return bench


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize(
    ("stream", "function", "told"),
    [(3, 17, "S9F3"), (64, 1, "S9F3"), (127, 255, "S9F3"), (1, 99, "S9F5"), (6, 1, "S9F5")],
)
def test_an_unknown_stream_or_function_is_told_with_the_header(
    bench: GemBench, wait: bool, stream: int, function: int, told: str
) -> None:
    number = bench.raw(stream, function, L(), wait=wait)
    assert s9(bench) == [(told, header(stream, function, number, wait=wait))]
    assert bench.line.replies == {}


@pytest.mark.parametrize(
    ("stream", "function", "body"),
    [
        (1, 1, A("x")),
        (1, 3, A("x")),
        (1, 3, L(A("no number"))),
        (1, 3, L(F4(1.0))),
        (1, 13, L(A("only one"))),
        (1, 13, A("x")),
        (2, 15, L(U4(1))),
        (2, 31, U4(5)),
        (2, 33, None),
        (2, 33, L(U4(1))),
        (2, 33, L(U4(1), L(L(U4(1))))),
        (2, 35, L(U4(1), L(U4(1)))),
        (2, 37, L(L(), L())),
        (2, 41, A("START")),
        (2, 41, L(A("START"), L(A("LOTID")))),
        (2, 49, L(A(""), A(""), A("START"))),
        (2, 43, L(B(6))),
        (2, 43, L(L(B(6), A(":")))),
        (2, 45, L(U4(1), L(L(U4(1), L(L(B(1), L(U4(1)))))))),
        (5, 3, L(B(128))),
        (6, 15, L()),
        (6, 23, B(2)),
        (6, 23, None),
        (7, 3, A("R")),
        (7, 17, A("R")),
        (7, 23, L(A("R"), A(""), A(""), L(L(A("recipe"), L(A("name")))))),
        (10, 3, A("hello")),
        (10, 5, L(B(0), A("hello"))),
        # More digits than any number has, and than Python makes one of.
        (1, 3, L(A("9" * 5000))),
        (5, 5, A("9" * 5000)),
        (6, 15, A("9" * 5000)),
        (7, 1, L(A("R"), A("9" * 5000))),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_body_of_another_structure_is_told_with_s9f7(
    bench: GemBench, stream: int, function: int, body: Item | None
) -> None:
    number = bench.raw(stream, function, body)
    bench.work()
    assert s9(bench) == [("S9F7", header(stream, function, number))]
    assert bench.line.replies == {}
    assert bench.ports.failures == []


def undecodable(stream: int, function: int, number: int = 77) -> Undecodable:
    error = SecsDecodeError(3, "declared length beyond the end")
    return Undecodable(0, number, header(stream, function, number), error, f"S{stream}F{function}: {error}")


@pytest.mark.parametrize(("stream", "function", "told"), [(1, 3, "S9F7"), (3, 17, "S9F3"), (1, 99, "S9F5")])
def test_bytes_that_are_no_body_are_told_after_stream_and_function(
    bench: GemBench, stream: int, function: int, told: str
) -> None:
    bench.equipment.take(bench.line, undecodable(stream, function))
    assert s9(bench) == [(told, header(stream, function, 77))]


def test_a_wrong_device_id_is_told_before_everything_else(bench: GemBench) -> None:
    bench.equipment.take(bench.line, WrongDevice(5, 9, header(3, 17, 9, device=5), "device 5 is not ours"))
    assert s9(bench) == [("S9F1", header(3, 17, 9, device=5))]


def test_errors_are_told_also_before_communication_is_established() -> None:
    bench = GemBench()
    bench.select()
    number = bench.raw(3, 17)
    assert s9(bench) == [("S9F3", header(3, 17, number))]


@pytest.mark.parametrize(("stream", "function"), [(9, 1), (9, 3), (9, 7), (9, 99)])
def test_nothing_is_said_about_an_s9(bench: GemBench, stream: int, function: int) -> None:
    bench.raw(stream, function, B(bytes(10)), wait=False)
    assert bench.line.take() == []


def test_an_unanswered_primary_of_ours_is_told_with_its_own_header(bench: GemBench) -> None:
    bench.enable("lot_ended")
    from planaris.stream import LotEnded

    bench.happens(LotEnded("L", "completed", 25))
    number, _ = bench.line.sent[-1]
    bench.fail(6, 11)
    assert s9(bench) == [("S9F9", header(6, 11, number))]


@pytest.mark.parametrize("why", [FailureReason.ABORTED, FailureReason.REJECTED, FailureReason.UNDECODABLE])
def test_other_failures_are_no_time_out(bench: GemBench, why: FailureReason) -> None:
    from planaris.stream import LotEnded

    bench.enable("lot_ended")
    bench.happens(LotEnded("L", "completed", 25), LotEnded("M", "completed", 25))
    bench.fail(6, 11, why)
    assert s9(bench) == []
    # the next event went out when this one had failed
    assert bench.equipment.communication.communicating


def test_no_reply_where_none_is_wanted(bench: GemBench) -> None:
    for stream, function in ((1, 1), (1, 3), (2, 17), (7, 19)):
        bench.raw(stream, function, wait=False)
    bench.work()
    assert bench.line.replies == {}
    assert bench.line.take() == []


def test_a_handler_that_fails_inside_aborts_and_raises_the_alarm(bench: GemBench) -> None:
    def broken(_: object) -> Item:
        raise ZeroDivisionError("inside")

    from planaris.factory.gem.core import served

    bench.equipment.table[2, 17] = served(lambda body: body, broken)
    reply = bench.ask(2, 17)
    assert reply == Message(2, 0)
    assert bench.ports.failures == ["S2F17 W failed inside: ZeroDivisionError: inside"]
    assert bench.body(1, 1) is not None


def test_a_link_that_ends_in_the_same_breath_raises_no_alarm(bench: GemBench) -> None:
    """Its events are told when it has ended already: Select and Deselect, or garbage and Separate, in one segment."""

    class Ended(BenchLine):
        def send(self, message: Message) -> int:
            raise NotSelectedError(LinkState.NOT_SELECTED, message.title)

    bench.lose()
    bench.select_on(Ended())  # S1F13 cannot go out
    bench.raw(99, 1)  # nor can S9F3
    assert bench.ports.failures == []
    bench.lose()
    bench.communicate()
    assert bench.body(1, 1) is not None


def test_slow_work_that_fails_inside_aborts_too(bench: GemBench) -> None:
    async def broken(name: str | None = None) -> list[object]:
        raise OSError("the library is gone")

    bench.ports.recipes = broken  # type: ignore[method-assign, assignment]
    assert bench.ask(7, 19) == Message(7, 0)
    assert bench.ports.failures == ["S7F19 W failed inside: OSError: the library is gone"]


def test_the_reply_of_slow_work_does_not_go_to_the_next_link(bench: GemBench) -> None:
    number = bench.raw(7, 19)
    bench.lose()
    bench.communicate()
    bench.work()
    assert number not in bench.line.replies


def test_ids_may_be_of_any_integer_format_or_digits(bench: GemBench) -> None:
    vid = bench.vid("tool.port_kind")
    for item in (U4(vid), U2(vid), I8(vid), A(str(vid))):
        assert bench.body(1, 3, L(item)) == L(A("twin")), item
    assert bench.body(1, 3, U4(vid, vid)) == L(A("twin"), A("twin"))


def test_refusals_explain_themselves_in_the_log(bench: GemBench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "planaris.factory.gem"):
        bench.body(2, 35, L(U4(0), L(L(U4(70001), L(U4(5))))))
        bench.body(2, 35, L(U4(0), L(L(U4(69999), L()))))
        bench.body(2, 33, L(U4(0), L(L(U4(1), L(U4(999))))))
        bench.raw(2, 99)
    told = [r.getMessage() for r in caplog.records]
    assert told[0] == "S2F35 refused: CEID 70001: RPTID 5 unknown, none is known"
    assert told[1].startswith("S2F35 refused: CEID 69999 unknown, nearest 70000 70001")
    assert told[2].startswith("S2F33 refused: VID 999 of RPTID 1 unknown, nearest 1000")
    assert told[3].startswith("S2F99 refused: known are F13 F15 F17 F23")


def test_multi_block_inquiries_stay_answerable(bench: GemBench) -> None:
    assert bench.body(2, 39, L(U4(1), U4(1000))) == B(0)
    assert bench.body(6, 5, L(U4(1), U4(1000))) == B(0)


def test_a_body_that_is_too_long_is_told_and_not_looked_at() -> None:
    bench = GemBench(GemSettings(body_limit_bytes=1000))
    bench.communicate()
    number = bench.raw(1, 3, A("no list"), body_bytes=1001)
    assert s9(bench) == [("S9F11", header(1, 3, number))]
    assert bench.raw(1, 3, L(), body_bytes=1000) in bench.line.replies


def test_an_announced_recipe_that_does_not_come_is_missed(bench: GemBench) -> None:
    assert bench.body(7, 1, L(A("ild"), U4(10))) == B(0)
    assert bench.equipment.deadline_s == bench.now_s + 45.0
    bench.wait(44.0)
    assert bench.line.take() == []
    bench.wait(1.0)
    assert [(m.title, m.body) for m in bench.line.take()] == [("S9F13", L(A("S07F03"), A("ild")))]
    assert bench.equipment.deadline_s == float("inf")


@pytest.mark.parametrize("function", [3, 23])
def test_one_that_comes_or_whose_link_is_lost_is_not(bench: GemBench, function: int) -> None:
    for _ in range(2):
        assert bench.body(7, 1, L(A("ild"), U4(10))) == B(0)
    bench.body(7, function, L(A("ild"), A("")) if function == 3 else L(A("ild"), A(""), A(""), L()))
    assert bench.equipment.deadline_s == float("inf")
    bench.body(7, 1, L(A("ild"), U4(10)))
    bench.lose()
    assert bench.equipment.deadline_s == float("inf")
