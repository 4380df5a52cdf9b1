"""Every format has the bytes of the reference's table; they were written by hand."""

from __future__ import annotations

import pytest

from planaris.factory.secs2 import Format, Item, Limits, Message, SecsDecodeError, decode, encode
from planaris.factory.secs2.codec import _Reader
from planaris.factory.secs2.items import BOOLEAN, C2, F4, F8, I1, I2, I4, I8, U1, U2, U4, U8, A, B, J, L

BY_HAND = [
    (L(), "01 00"),
    (L(A("x"), L()), "01 02 41 01 78 01 00"),
    (B(0x1F), "21 01 1F"),
    (B(b"\x00\xff"), "21 02 00 FF"),
    (B(), "21 00"),
    (BOOLEAN(True, False), "25 02 01 00"),
    (A("MDLN"), "41 04 4D 44 4C 4E"),
    (A(""), "41 00"),
    (J("\uff71\u00a5"), "45 02 B1 5C"),  # half-width katakana A, yen
    (C2("µ"), "49 04 00 02 C2 B5"),  # UTF-8
    (C2("µ", 1), "49 04 00 01 00 B5"),  # UCS-2
    (C2("片", 11), "49 04 00 0B C6 AC"),  # GB 2312
    (I8(-2), "61 08 FF FF FF FF FF FF FF FE"),
    (I1(-1, 127), "65 02 FF 7F"),
    (I2(-32768), "69 02 80 00"),
    (I4(1), "71 04 00 00 00 01"),
    (F8(1.5), "81 08 3F F8 00 00 00 00 00 00"),
    (F8(float("inf")), "81 08 7F F0 00 00 00 00 00 00"),
    (F4(-0.5, 2.0), "91 08 BF 00 00 00 40 00 00 00"),
    (U8(1), "A1 08 00 00 00 00 00 00 00 01"),
    (U1(255), "A5 01 FF"),
    (U2(258), "A9 02 01 02"),
    (U4(4102), "B1 04 00 00 10 06"),
    (U4(), "B1 00"),
]


@pytest.mark.parametrize(("item", "text"), BY_HAND, ids=[repr(item) for item, _ in BY_HAND])
def test_an_item_has_the_bytes_of_the_table(item: Item, text: str) -> None:
    assert encode(item) == bytes.fromhex(text)
    assert decode(bytes.fromhex(text)) == item


def test_every_format_is_in_the_table() -> None:
    assert {item.format for item, _ in BY_HAND} == set(Format)


def test_an_event_report_has_the_bytes_written_by_hand() -> None:
    report = L(U4(1), U4(4102), L(L(U4(7), L(F8(1.0), A("W3"), BOOLEAN(True)))))
    by_hand = (
        "01 03 B1 04 00000001 B1 04 00001006 01 01 01 02 B1 04 00000007"
        " 01 03 81 08 3FF0000000000000 41 02 5733 25 01 01"
    )
    assert encode(report) == bytes.fromhex(by_hand)
    assert decode(bytes.fromhex(by_hand)) == report


def test_nothing_is_an_empty_body() -> None:
    assert encode(None) == b""
    assert decode(b"") is None


@pytest.mark.parametrize(
    ("length", "head"), [(255, "41 FF"), (256, "42 01 00"), (65_535, "42 FF FF"), (65_536, "43 01 00 00")]
)
def test_lengths_take_the_fewest_bytes(length: int, head: str) -> None:
    data = encode(A("a" * length))
    assert data == bytes.fromhex(head) + b"a" * length
    assert decode(data) == A("a" * length)


@pytest.mark.parametrize("text", ["41 01 78", "42 00 01 78", "43 00 00 01 78"])
def test_one_to_three_length_bytes_are_read(text: str) -> None:
    assert decode(bytes.fromhex(text)) == A("x")


@pytest.mark.parametrize("text", ["01 05", "02 00 05", "03 00 00 05"])
def test_equal_numbers_in_a_row_are_read_with_any_length_bytes(text: str) -> None:
    assert decode(bytes.fromhex(text + "A5 01 07" * 5)) == L(*[U1(7)] * 5)


def test_a_row_of_numbers_with_a_stranger_inside_is_read() -> None:
    mixed = L(*[F8(float(k)) for k in range(5)], F8(1.0, 2.0), *[U8(k) for k in range(5)], A("x"))
    assert decode(encode(mixed)) == mixed
    # The same bytes where the headers of a row would stand, but another format.
    twisted = L(F8(0.0), F8(0.0), U8(0), F8(0.0))
    assert decode(encode(twisted)) == twisted


def test_rows_of_numbers_are_read_in_one_go() -> None:
    """The quick way is taken where it can be; what it gives is compared above."""
    row = encode(F8(1.0)) * 5
    assert _Reader(row, Limits())._row(5) == [F8(1.0)] * 5
    assert _Reader(memoryview(row), Limits())._row(5) == [F8(1.0)] * 5
    for other in (encode(A("x")) * 5, encode(F8(1.0, 2.0)) * 5, row[:-1], b"\x01\x00" * 5, b"", b"\x81"):
        assert _Reader(other, Limits())._row(5) is None
    assert _Reader(row, Limits()).items(5, 1) == [F8(1.0)] * 5


def test_two_length_bytes_are_no_row_whatever_follows() -> None:
    # An array of 256 elements, which are what a row of four U1 would look like if its second length byte were a value.
    array = bytes.fromhex("A6 01 00") + bytes.fromhex("A6 01 07") * 85 + b"\x01"
    body = bytes.fromhex("01 04") + array + bytes.fromhex("A5 01 07") * 3
    item = decode(body)
    assert item is not None
    assert [len(inner) for inner in item] == [256, 1, 1, 1]


def test_arrays_of_nothing_are_read_in_every_format() -> None:
    for fmt in Format:
        item = decode(bytes((fmt << 2 | 1, 0)))
        assert item is not None
        assert (item.format, len(item)) == (fmt, 0)
        assert decode(encode(item)) == item


def test_any_byte_but_0_is_true() -> None:
    assert decode(bytes.fromhex("25 04 00 01 02 FF")) == BOOLEAN(False, True, True, True)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_is_read_and_none_is_held(kind: type) -> None:
    data = bytearray(encode(L(B(b"abc"), A("x"), U1(1), U1(2), U1(3), U1(4))))
    item = decode(kind(data))
    data.clear()  # raises BufferError if something still looked into it
    assert item == L(B(b"abc"), A("x"), U1(1), U1(2), U1(3), U1(4))


def test_views_of_other_shapes_are_read_as_their_bytes() -> None:
    data = encode(A("abcd"))
    assert decode(memoryview(data).cast("H")) == A("abcd")
    assert decode(memoryview(bytes(byte for pair in zip(data, data, strict=True) for byte in pair))[::2]) == A("abcd")
    long = encode(L(*[A("x" * 200)] * 1_000, A("x")))
    for buffer in (long, bytearray(long), memoryview(long), memoryview(long).cast("H")):
        assert encode(decode(buffer)) == long
        with pytest.raises(SecsDecodeError, match="at most"):
            decode(buffer, Limits(message_bytes=len(long) - 1))


def test_a_message_knows_what_it_is() -> None:
    message = Message(6, 11, True, L())
    assert (message.title, message.primary) == ("S6F11 W", True)
    assert (Message(6, 12).title, Message(6, 12).primary) == ("S6F12", False)
    assert Message(1, 1, name="AreYouThere") == Message(1, 1)
