"""The bytes are those of another implementation: secsgem 0.3.0, imported unmodified, where it has the format."""

from __future__ import annotations

import math
from typing import Any

import pytest
import secsgem.secs.functions as peer_functions
import secsgem.secs.variables as peer
from hypothesis import given
from hypothesis import strategies as st
from secs_items import ITEMS, unhurried

from planaris.factory.secs2 import Format, Item, decode, encode
from planaris.factory.secs2.format import INTEGER_RANGES, INTEGERS
from planaris.factory.secs2.items import BOOLEAN, F4, F8, U4, A, B, L, item_of

# secsgem has no C2; its J is another table than JIS X 0201, and so is left out.
PEERS: dict[Format, Any] = {
    **{fmt: getattr(peer, fmt.name) for fmt in INTEGERS | {Format.F4, Format.F8}},
    Format.A: peer.String,
    Format.B: peer.Binary,
    Format.BOOLEAN: peer.Boolean,
}
# It refuses the largest numbers, and writes neither infinity nor NaN.
LARGE_F8, LARGE_F4 = 2.0**1000, 2.0**126


def known(item: Item) -> bool:
    """Say whether the peer takes all of an item."""
    if item.format is Format.L:
        return all(map(known, item.value))
    if item.format in {Format.F4, Format.F8}:
        large = LARGE_F8 if item.format is Format.F8 else LARGE_F4
        return all(abs(number) <= large for number in item.value)
    return item.format in PEERS


def values(item: Item) -> Any:
    """Return an item's values the way the peer gives them: one value for an array of one."""
    if item.format is Format.L:
        return [values(inner) for inner in item.value]
    if item.format is Format.A:
        return item.value
    if item.format is Format.B:
        return item.value if len(item.value) != 1 else item.value[0]
    return item.value[0] if len(item) == 1 else list(item.value)


@unhurried
@given(st.sampled_from(sorted(INTEGERS)), st.data())
def test_whole_numbers_have_the_same_bytes(fmt: Format, data: st.DataObject) -> None:
    low, high = INTEGER_RANGES[fmt]
    numbers = data.draw(st.lists(st.integers(low, high), max_size=300))
    assert encode(item_of(fmt, numbers)) == PEERS[fmt](numbers).encode()


@unhurried
@given(st.lists(st.floats(-LARGE_F8, LARGE_F8), max_size=40))
def test_double_precision_numbers_have_the_same_bytes(numbers: list[float]) -> None:
    assert encode(F8(*numbers)) == peer.F8(numbers).encode()


@unhurried
@given(st.lists(st.floats(-LARGE_F4, LARGE_F4, width=32), max_size=40))
def test_single_precision_numbers_have_the_same_bytes(numbers: list[float]) -> None:
    assert encode(F4(*numbers)) == peer.F4(numbers).encode()


@unhurried
@given(st.text(st.characters(codec="ascii"), max_size=400))
def test_texts_have_the_same_bytes(text: str) -> None:
    assert encode(A(text)) == peer.String(text).encode()


@unhurried
@given(st.binary(min_size=1, max_size=400))
def test_bytes_are_the_same(data: bytes) -> None:
    assert encode(B(data)) == peer.Binary(data).encode()


@unhurried
@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_truth_values_have_the_same_bytes(truths: list[bool]) -> None:
    assert encode(BOOLEAN(*truths)) == peer.Boolean(truths).encode()


@unhurried
@given(ITEMS.filter(known))
def test_the_peer_reads_what_we_write(item: Item) -> None:
    read = peer.Dynamic([])
    data = encode(L(item, U4(7)))
    assert read.decode(data) == len(data)
    assert read.get() == [values(item), 7]


@pytest.mark.parametrize("wafers", [0, 1, 300])
def test_an_event_report_has_the_bytes_of_the_peer(wafers: int) -> None:
    numbers = [math.sqrt(k) for k in range(wafers)]
    theirs = peer_functions.SecsS06F11(
        {
            "DATAID": peer.U4(1),
            "CEID": peer.U4(4102),
            "RPT": [{"RPTID": peer.U4(7), "V": [peer.F8(number) for number in numbers]}],
        }
    )
    ours = L(U4(1), U4(4102), L(L(U4(7), L(*map(F8, numbers)))))
    assert encode(ours) == theirs.encode()
    assert decode(theirs.encode()) == ours
