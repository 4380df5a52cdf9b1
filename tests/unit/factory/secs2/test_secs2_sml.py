"""SML reads as the reference shows it, and bad SML is told with its place."""

from __future__ import annotations

import math

import pytest

from planaris.factory.secs2 import Message, SmlError, parse_item, parse_sml, same, to_sml
from planaris.factory.secs2.items import BOOLEAN, C2, F4, F8, U1, U4, A, B, J, L

REPORT = Message(6, 11, True, L(U4(1), A('6" wafer\r\n'), L(F4(0.1), B(0x1F, 0), BOOLEAN(True, False)), U4()), "Event")
PRINTED = """\
Event: S6F11 W
<L [4]
  <U4 1>
  <A "6" 0x22 " wafer" 0x0D 0x0A>
  <L [3]
    <F4 0.1>
    <B 0x1F 0x00>
    <BOOLEAN T F>
  >
  <U4>
>
."""


def test_a_message_prints_as_sml() -> None:
    assert to_sml(REPORT) == PRINTED
    assert to_sml(Message(1, 1, True)) == "S1F1 W ."
    assert to_sml(L(U4(1), A("x")), one_line=True) == '<L [2] <U4 1> <A "x"> >'
    assert to_sml(REPORT, one_line=True).count("\n") == 0


def test_what_is_printed_is_read_back() -> None:
    [message] = parse_sml(PRINTED)
    assert (message, message.name) == (REPORT, "Event")
    assert parse_sml(to_sml(REPORT, one_line=True) + to_sml(Message(1, 2))) == [REPORT, Message(1, 2)]


def test_other_writings_are_read() -> None:
    text = """
    /* as other programs
       write it */
    AreYouThere: 'S1F1' W.
    s1f2 <l <a 'MDLN'> <A[3] "a.b">>. S6F12 <b 31 0b1> .
    S2F15<BOOLEAN TRUE false 1 0>/* so */. S1F3 <U4 0x10 007> <
    """
    with pytest.raises(SmlError) as caught:
        parse_sml(text)
    assert (caught.value.line, caught.value.column) == (6, 63)
    good = text.rpartition("S1F3")[0]
    assert parse_sml(good) == [
        Message(1, 1, True),
        Message(1, 2, False, L(A("MDLN"), A("a.b"))),
        Message(6, 12, False, B(31, 1)),
        Message(2, 15, False, BOOLEAN(True, False, True, False)),
    ]
    assert parse_sml("") == []


def test_special_numbers_and_characters_come_back() -> None:
    item = L(
        F8(math.nan, math.inf, -math.inf, 5e-324), C2("片\n\u2028", 2), C2("", 1), J("\uff71\u00a5\x07"), A("\x7f")
    )
    assert same(parse_item(to_sml(item)), item)
    assert to_sml(C2("µ\n")) == '<C2 2 "µ" 0x000A>'
    assert to_sml(J("\uff71\x07")) == '<J "\uff71" 0x07>'
    assert parse_item("<J 0xB1>") == J("\uff71")


BAD = [
    ("S1F1 W", 1, 7, "full stop"),
    ("S1F1 <L [2] <A> > .", 1, 6, "announces 2 elements and has 1"),
    ("S1F1 <A 0x80>.", 1, 6, "7-bit ASCII"),
    ("S200F1 .", 1, 1, "stream cannot hold 200"),
    ("S1F1 <Q 1>.", 1, 6, "format is one of L, B"),
    ("S1F1\n <U1 256> .", 2, 2, "from 0 to 255"),
    ("S1F1 <U1 1 1.5>.", 1, 12, "1.5 is no whole number"),
    ("S1F1 <F8 x>.", 1, 11, "x"),
    ("S1F1 <BOOLEAN Y>.", 1, 16, "neither T nor F"),
    ('S1F1 <A "x>.', 1, 9, "> is missing"),
    ('S1F1 <C2 "x">.', 1, 10, "number of its encoding"),
    ("S1F1 <J 0x1B1>.", 1, 9, "no character here"),
    ("S1F1 <A <A>>.", 1, 9, "> is missing"),
    ("S1F1.5", 1, 1, "begins with SxFy"),
    ("/* open S1F1.", 1, 1, "begins with SxFy"),
    ("S1F1 " + "<L " * 65 + ">" * 65 + ".", 1, 201, "64 lists within lists"),
]


@pytest.mark.parametrize(("text", "line", "column", "reason"), BAD, ids=[text[:20] for text, *_ in BAD])
def test_bad_sml_is_told_with_its_place(text: str, line: int, column: int, reason: str) -> None:
    with pytest.raises(SmlError, match=reason) as caught:
        parse_sml(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_one_item_is_one_item() -> None:
    assert parse_item(" <U1 1> ") == U1(1)
    with pytest.raises(SmlError, match="after the end"):
        parse_item("<U1 1> <U1 2>")
    with pytest.raises(SmlError, match="begins with <"):
        parse_item("U1 1")
