"""Bytes that are no body raise the codec's error, at the right byte, and cost nothing."""

from __future__ import annotations

import tracemalloc

import pytest

from planaris.factory.secs2 import Item, Limits, SecsDecodeError, SecsValueError, decode, encode
from planaris.factory.secs2.items import U1, L

BAD = [
    ("41", 0, "ends where"),
    ("40 01 78", 0, "without length bytes"),
    ("43 00 00", 0, "within the length bytes"),
    ("FD 01 00", 0, "no format has the code 0o77"),
    ("0D 00", 0, "no format has the code 0o3"),
    ("41 05 78", 0, "announces 5 bytes, 1 are left"),
    ("43 FF FF FF 78", 0, "announces 16777215 bytes, 1 are left"),
    ("03 FF FF FF 01 00", 0, "a list of 16777215 items in 2 bytes"),
    ("01 02 41 01 78", 0, "a list of 2 items in 3 bytes"),
    ("01 02 41 02 78 79", 6, "ends where"),
    ("B1 03 00 00 00", 0, "no multiple of 4"),
    ("01 01 A9 01 00", 2, "no multiple of 2"),
    ("41 01 78 00", 3, "1 bytes after the end"),
    ("41 03 61 62 80", 4, "not ASCII"),
    ("45 02 61 80", 3, "no text"),
    ("49 01 00", 2, "half of its two bytes"),
    ("49 02 00 63", 2, "encoding 99"),
    ("49 04 00 02 61 FF", 5, "no text"),
    ("49 06 00 01 D8 3D DE 00", 4, "surrogate"),
    ("49 03 00 01 61", 4, "no text"),
]


@pytest.mark.parametrize(("text", "offset", "reason"), BAD, ids=[text for text, _, _ in BAD])
def test_bad_bytes_are_refused_at_their_place(text: str, offset: int, reason: str) -> None:
    with pytest.raises(SecsDecodeError, match=reason) as caught:
        decode(bytes.fromhex(text))
    assert caught.value.offset == offset


def test_every_cut_of_a_body_is_refused() -> None:
    data = bytes.fromhex("01 03 B1 04 00000001 41 02 5733 01 05 A501FF A501FF A501FF A501FF A501FF")
    assert decode(data) is not None
    for end in range(1, len(data)):
        with pytest.raises(SecsDecodeError):
            decode(data[:end])


def nested(depth: int) -> bytes:
    return b"\x01\x01" * (depth - 1) + b"\x01\x00"


def test_lists_nest_as_deep_as_the_limit_and_no_deeper() -> None:
    assert encode(decode(nested(64))) == nested(64)
    with pytest.raises(SecsDecodeError, match="64 lists within lists"):
        decode(nested(65))
    with pytest.raises(SecsDecodeError, match="64 lists within lists"):
        decode(nested(1_000_000))


def test_lists_that_nest_too_deep_are_not_sent() -> None:
    item = L()
    for _ in range(5_000):
        item = L(item)
    with pytest.raises(SecsValueError, match="fewer lists"):
        encode(item)


def test_items_and_bytes_are_limited() -> None:
    data = encode(L(*[U1(1)] * 10))
    assert decode(data, Limits(items=11)) is not None
    with pytest.raises(SecsDecodeError, match="more than 10 items"):
        decode(data, Limits(items=10))
    with pytest.raises(SecsDecodeError, match="at most 31 are taken"):
        decode(data, Limits(message_bytes=len(data) - 1))


def test_announced_lengths_are_never_allocated() -> None:
    lies = [bytes.fromhex(text) for text in ("03 FF FF FF", "43 FF FF FF 00", "83 FF FF F8 00", "03 7F FF FF 01 00")]
    tracemalloc.start()
    for lie in lies * 100:
        with pytest.raises(SecsDecodeError):
            decode(lie)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The smallest of the lengths announced is 8 MB; errors and frames take some kilobytes.
    assert peak_bytes < 100_000


def test_only_items_are_in_lists() -> None:
    with pytest.raises(SecsValueError, match="items only"):
        L(U1(1), 2)  # pyright: ignore[reportArgumentType]
    assert isinstance(L(U1(1))[0], Item)
