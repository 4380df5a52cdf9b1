"""What is written is read back the same, and bytes that are not ours raise the codec's own error."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st
from secs_items import ITEMS, MESSAGES, unhurried

from planaris.factory.secs2 import (
    BodyEncoder,
    Format,
    Item,
    Message,
    SecsDecodeError,
    Shape,
    SmlError,
    decode,
    encode,
    parse_item,
    parse_sml,
    same,
    to_sml,
)


@unhurried
@given(ITEMS)
def test_bytes_give_the_item_back(item: Item) -> None:
    data = encode(item)
    assert same(decode(data), item)
    again = decode(data)
    assert encode(again) == data


@unhurried
@given(ITEMS, st.booleans())
def test_sml_gives_the_item_back(item: Item, one_line: bool) -> None:
    assert same(parse_item(to_sml(item, one_line=one_line)), item)


@unhurried
@given(st.lists(MESSAGES, max_size=3))
def test_sml_gives_messages_back(messages: list[Message]) -> None:
    found = parse_sml("\n".join(map(to_sml, messages)))
    assert [(m.stream, m.function, m.wait, m.name) for m in found] == [
        (m.stream, m.function, m.wait, m.name) for m in messages
    ]
    assert all(same(one.body, other.body) for one, other in zip(found, messages, strict=True))


@unhurried
@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_else(data: bytes) -> None:
    with contextlib.suppress(SecsDecodeError):
        item = decode(data)
        # What was read can be written, and means the same.
        assert same(decode(encode(item)), item)


@unhurried
@given(ITEMS, st.data())
def test_damaged_bytes_raise_nothing_else(item: Item, data: st.DataObject) -> None:
    whole = bytearray(encode(item))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    for damaged in (bytes(whole), bytes(cut)):
        offset = 0
        try:
            decode(damaged)
        except SecsDecodeError as error:
            offset = error.offset
        assert 0 <= offset <= len(damaged)


@unhurried
@given(st.text(alphabet="SF<>[]\"'WLABUIC24810xTn./* \n-", max_size=60))
def test_random_text_raises_nothing_else(text: str) -> None:
    with contextlib.suppress(SmlError):
        parse_sml(text)


def shape_of(item: Item) -> Shape:
    """Return a shape that an item has: lists as lists, single numbers as numbers, all else as it is."""
    if item.format is Format.L:
        return tuple(map(shape_of, item.value))
    return item.format if item.format in {Format.F8, Format.U1} and len(item) == 1 else Format.L


def values_of(item: Item) -> list[object]:
    if item.format is Format.L:
        return [value for inner in item.value for value in values_of(inner)]
    return [item.scalar if item.format in {Format.F8, Format.U1} and len(item) == 1 else item]


@unhurried
@given(ITEMS)
def test_compiled_bodies_have_the_bytes_of_their_items(item: Item) -> None:
    assert BodyEncoder(shape_of(item)).encode(values_of(item)) == encode(item)
