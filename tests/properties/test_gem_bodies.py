"""Whatever body a served primary has, it is answered, told with S9F7 or aborted offline; nothing fails inside."""

from __future__ import annotations

from gem_bench import GemBench
from hypothesis import given, settings
from hypothesis import strategies as st
from secs_items import ITEMS

from planaris.factory.secs2 import Item
from planaris.factory.secs2.items import BOOLEAN, F4, I1, U1, U4, U8, A, B, L

BENCH = GemBench()
SERVED = sorted(set(BENCH.equipment.table) - {(1, 15), (1, 17)})
NUMBERS = [0, 1, 7, 64, 255, BENCH.vid("tool.port_kind"), BENCH.vid("platen1.speed_rpm"), BENCH.vid("lot_id"),
           BENCH.ceid("lot_ended"), BENCH.ecid("time_format")]  # fmt: skip
WORDS = [
    "",
    "START",
    "LOTID",
    "tool.halt",
    "job.create",
    "000001",
    "00000010",
    "recipe",
    "steps[1]",
    "ild",
    "12",
    "x" * 200,
]
LEAVES = st.one_of(
    st.sampled_from(NUMBERS).map(U4),
    st.sampled_from(NUMBERS).map(U8),
    st.sampled_from(WORDS).map(A),
    st.integers(0, 255).map(B),
    st.integers(0, 255).map(U1),
    st.integers(-128, 127).map(I1),
    st.booleans().map(BOOLEAN),
    st.floats(width=32).map(F4),
    st.just(U4()),
    st.just(A("")),
)
# Lists of the lengths that messages have, of leaves that mean something: these get far into the handlers.
LIKELY: st.SearchStrategy[Item] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=5).map(lambda items: L(*items)), max_leaves=12
)


def check(asked: list[tuple[tuple[int, int], Item | None]]) -> None:
    """Send bodies one after another; each has one outcome, and none fails inside."""
    bench = GemBench()
    bench.communicate()
    for (stream, function), body in asked:
        bench.line.sent.clear()
        number = bench.raw(stream, function, body)
        bench.work()
        reply = bench.line.replies.get(number)
        told = [m.function for _, m in bench.line.sent if m.stream == 9]
        assert bench.ports.failures == [], (stream, function, body)
        if reply is None:
            assert told == [7], (stream, function, body)
        else:
            assert (reply.stream, reply.function) == (stream, function + 1)
            assert told == []
        bench.wait(1.0)


@given(st.lists(st.tuples(st.sampled_from(SERVED), st.one_of(st.none(), ITEMS, LIKELY)), min_size=1, max_size=8))
@settings(max_examples=300, deadline=None)
def test_every_body_has_one_outcome(asked: list[tuple[tuple[int, int], Item | None]]) -> None:
    check(asked)


Items = st.SearchStrategy[Item]


def fixed(*parts: Items) -> Items:
    return st.tuples(*parts).map(lambda items: L(*items))


def many(inner: Items, most: int = 3) -> Items:
    return st.lists(inner, max_size=most).map(lambda items: L(*items))


SHAPES: dict[tuple[int, int], Items] = {
    (2, 15): many(fixed(LEAVES, LIKELY)),
    (2, 23): fixed(LIKELY, LEAVES, LEAVES, LEAVES, many(LEAVES)),
    (2, 41): fixed(LEAVES, many(fixed(LEAVES, LIKELY))),
    (2, 43): many(fixed(LEAVES, many(LEAVES))),
    (2, 45): fixed(LEAVES, many(fixed(LEAVES, many(fixed(LEAVES, many(LEAVES, 2)))))),
    (2, 49): fixed(LEAVES, LEAVES, LEAVES, many(fixed(LEAVES, LIKELY))),
    (7, 23): fixed(LEAVES, LEAVES, LEAVES, many(fixed(LEAVES, many(LIKELY, 4)))),
}


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_bodies_of_the_right_shape_with_odd_contents_too(data: st.DataObject) -> None:
    keys = data.draw(st.lists(st.sampled_from(sorted(SHAPES)), min_size=1, max_size=4))
    check([(key, data.draw(SHAPES[key])) for key in keys])
