"""Items check what they are given, cannot be changed, and compare by format and value."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from planaris.factory.secs2 import Format, Item, Message, SecsValueError, item_of, same
from planaris.factory.secs2.items import BOOLEAN, C2, F4, F8, I1, I2, I4, I8, U1, U2, U4, U8, A, B, J, L

RANGES: list[tuple[Callable[..., Item], int, int]] = [
    (I1, -128, 127),
    (I2, -32_768, 32_767),
    (I4, -(2**31), 2**31 - 1),
    (I8, -(2**63), 2**63 - 1),
    (U1, 0, 255),
    (U2, 0, 65_535),
    (U4, 0, 2**32 - 1),
    (U8, 0, 2**64 - 1),
]


@pytest.mark.parametrize(("make", "low", "high"), RANGES)
def test_whole_numbers_keep_to_their_range(make: Callable[..., Item], low: int, high: int) -> None:
    assert make(low, high).value == (low, high)
    for value in (low - 1, high + 1, 1.0, "1", True, None):
        with pytest.raises(SecsValueError, match=f"from {low} to {high}") as caught:
            make(0, value)
        assert caught.value.value is value or caught.value.value == value


@pytest.mark.parametrize(
    ("make", "value", "limit"),
    [
        (A, "µ", "7-bit ASCII"),
        (A, 5, "7-bit ASCII"),
        (J, "片", "JIS-8"),
        (J, "\\", "JIS-8"),
        (C2, "\ud800", "utf-8"),
        (partial(C2, encoding=1), "\U0001f600", "beyond U"),
        (partial(C2, encoding=3), "µ", "ascii"),
        (partial(C2, encoding=99), "x", "encodings are 1, 2, 3"),
        (B, 256, "0 to 255"),
        (BOOLEAN, 1, "True or False"),
        (F4, 1e39, "3.4028235e38"),
        (F8, "1", "308"),
        (F8, 10**400, "308"),
    ],
)
def test_values_that_do_not_fit_are_told_with_the_limit(make: Callable[..., Item], value: object, limit: str) -> None:
    with pytest.raises(SecsValueError, match=limit):
        make(value)


def test_an_item_is_at_most_as_long_as_three_bytes_say() -> None:
    assert len(B(bytes(0xFFFFFF))) == 0xFFFFFF
    too_long = (
        lambda: B(bytes(0x1000000)),
        lambda: A("a" * 0x1000000),
        lambda: F8(*[0.0] * 0x200000),
        lambda: U8(*[0] * 0x200000),
    )
    for make in too_long:
        with pytest.raises(SecsValueError, match="at most 16777215"):
            make()


def test_numbers_of_other_kinds_become_plain_ones() -> None:
    class Code(enum.IntEnum):
        DONE = 4

    assert type(U1(Code.DONE).value[0]) is int
    assert U4(np.uint32(7)) == U4(7)
    assert type(F8(np.float64(1.5)).value[0]) is float
    assert F8(1) == F8(1.0)


def test_a_single_precision_number_is_what_comes_back() -> None:
    assert F4(0.1).scalar == np.float32(0.1)
    assert F4(0.1) != F4(0.2)


def test_items_cannot_be_changed() -> None:
    item = L(U1(1))
    for name in ("format", "value", "encoding", "more"):
        with pytest.raises(AttributeError):
            setattr(item, name, 1)


def test_items_compare_by_format_and_value() -> None:
    assert U1(1) != U2(1)
    assert A("x") != J("x")
    assert U1(1) != BOOLEAN(True)
    assert C2("x", 2) != C2("x", 4)
    assert A("x") != "x"
    assert len({U1(1), U1(1), U4(1), L(U1(1)), L(U1(1))}) == 3


def test_a_nan_is_the_same_as_a_nan() -> None:
    one, other = L(F8(math.nan, 1.0), F4(math.nan)), L(F8(float("nan"), 1.0), F4(float("nan")))
    assert one != other
    assert same(one, other)
    assert not same(one, L(F8(math.nan, 2.0), F4(math.nan)))
    assert not same(one, None)
    assert same(None, None)
    assert not same(L(A("x")), L(A("y")))
    assert not same(L(A("x")), L(A("x"), A("y")))


def test_items_are_looked_into() -> None:
    item = L(U4(7), A("text"), B(1, 2))
    assert (len(item), item[0].scalar, item[1].scalar, list(item[2])) == (3, 7, "text", [1, 2])
    assert [inner.format for inner in item.items] == [Format.U4, Format.A, Format.B]
    assert bool(L())
    for wrong in (L(U1(1)), U1(), U1(1, 2)):
        with pytest.raises(TypeError, match="one value is wanted"):
            _ = wrong.scalar
    with pytest.raises(TypeError, match="a list is wanted, this is U1"):
        _ = U1(1).items
    assert repr(item) == "L(U4(7), A('text'), B(b'\\x01\\x02'))"
    assert repr(C2("x")) == "C2('x', 2)"


@pytest.mark.parametrize(
    ("fmt", "value", "item"),
    [
        (Format.U4, 7, U4(7)),
        (Format.U4, [7, 8], U4(7, 8)),
        (Format.A, "x", A("x")),
        (Format.B, b"12", B(b"12")),
        (Format.B, 5, B(5)),
        (Format.L, [U1(1)], L(U1(1))),
        (Format.BOOLEAN, True, BOOLEAN(True)),
        (Format.C2, "µ", C2("µ")),
        (Format.F8, np.array([1.0, 2.0]), F8(1.0, 2.0)),
    ],
)
def test_a_format_known_at_run_time_makes_the_item(fmt: Format, value: object, item: Item) -> None:
    assert item_of(fmt, value) == item


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (lambda: Message(128, 1), "stream cannot hold 128: 0 to 127"),
        (lambda: Message(1, 256), "function cannot hold 256: 0 to 255"),
        (lambda: Message(1, 1, name="Are You There"), "name cannot hold"),
    ],
)
def test_messages_keep_to_their_ranges(wrong: Callable[[], Message], what: str) -> None:
    with pytest.raises(SecsValueError, match=what):
        wrong()
