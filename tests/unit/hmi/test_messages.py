"""Messages of pages: what makes no sense is refused with why, whatever it is."""

from __future__ import annotations

import json

import numpy as np
import pytest

from planaris.hmi.messages import MessageError, read_message

COMMAND = {
    "t": "command",
    "key": "12345678",
    "verb": "job.start",
    "args": {"lot_id": "A"},
    "reason": "",
    "expires_s": 10,
}


def test_good_messages_come_through() -> None:
    assert read_message(json.dumps(COMMAND)) == {**COMMAND, "expires_s": 10.0}
    assert read_message('{"t":"again","more":1}') == {"t": "again"}
    assert read_message('{"t":"watch","tags":["a"],"hz":20}') == {"t": "watch", "tags": ["a"], "hz": 20.0}
    assert read_message('{"t":"hello","v":1,"csrf":"x"}') == {"t": "hello", "v": 1, "csrf": "x"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"t": "sudo"}, "t is none of"),
        ({"key": "short"}, "key"),
        ({"key": "x" * 65}, "key"),
        ({"key": "schlüssel-1"}, "key"),
        ({"key": 12345678}, "key"),
        ({"verb": None}, "verb"),
        ({"verb": "v" * 129}, "verb"),
        ({"args": []}, "args"),
        ({"args": {"a": None}}, "an argument is"),
        ({"args": {"a": [1]}}, "an argument is"),
        ({"args": {"a": 1e300}}, "too large"),
        ({"args": {str(n): 1 for n in range(33)}}, "args"),
        ({"reason": "r" * 501}, "reason"),
        ({"expires_s": "soon"}, "expires_s"),
        ({"expires_s": True}, "expires_s"),
        ({"expires_s": 1e12}, "expires_s"),
    ],
)
def test_a_command_with_a_fault_says_which(change: dict[str, object], why: str) -> None:
    with pytest.raises(MessageError, match=why):
        read_message(json.dumps({**COMMAND, **change}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        '{"t":"watch","tags":["a"],"hz":NaN}',
        '{"t":"command","reason":"\\ud800"}',
        "[" * 100_000,
        '{"t":"watch","tags":"a","hz":1}',
        '{"t":"hello","v":1.5,"csrf":""}',
        '{"t":"hello","v":true,"csrf":""}',
    ],
)
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(MessageError):
        read_message(text)


def test_mutated_messages_never_do_anything_else() -> None:
    chance = np.random.default_rng(1)
    good = [json.dumps(COMMAND), '{"t":"watch","tags":["platen1.torque_Nm"],"hz":20}', '{"t":"hello","v":1,"csrf":"x"}']
    refused = 0
    for _ in range(3000):
        text = bytearray(good[int(chance.integers(len(good)))].encode())
        for _ in range(int(chance.integers(1, 5))):
            text[int(chance.integers(len(text)))] = int(chance.integers(256))
        try:
            read_message(text.decode("latin-1"))
        except MessageError:
            refused += 1
    assert refused > 1000
