"""Encoded bodies are printed as their items are, and bytes that are no body never break the message log."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st
from secs_items import ITEMS

from planaris.clock import utc_of_ns
from planaris.factory.hsms import LoggedFrame
from planaris.factory.message_log import line_of
from planaris.factory.secs2 import Item, encode, to_sml
from planaris.factory.sml_bytes import body_sml


@given(ITEMS)
def test_bytes_are_printed_as_their_items_are(item: Item) -> None:
    assert body_sml(encode(item)) == to_sml(item, one_line=True)


@given(st.binary(min_size=1, max_size=40))
def test_bytes_that_are_no_body_never_break_the_log(body: bytes) -> None:
    head = bytes((0, 0, 0x81, 3, 0, 0)) + struct.pack(">I", 7)
    line = line_of(LoggedFrame(utc_of_ns(0), 3, False, head + body))
    assert line.endswith("\n")
    assert line.count("\n") == 1
