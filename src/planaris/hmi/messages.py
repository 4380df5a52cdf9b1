"""Messages of pages: text in, a checked message out, or what is wrong with it."""

from __future__ import annotations

import json
import math
from typing import Any, cast

from planaris.hmi.protocol import (
    MESSAGE_LIMIT_BYTES,
    TRACES_LIMIT,
    Again,
    ClientMessage,
    GivenCommand,
    Hello,
    Watch,
)

NAME_LIMIT = 128
KEY_LIMIT = 64
REASON_LIMIT = 500
TEXT_LIMIT = MESSAGE_LIMIT_BYTES
ARGUMENTS_LIMIT = 32


class MessageError(ValueError):
    """A message is none of the protocol's; the text says why."""


def _no_constant(name: str) -> Any:
    raise MessageError(f"{name} is no number")


def read_message(text: str) -> ClientMessage:
    """Return a page's message. Raises MessageError, whatever came."""
    try:
        found: object = json.loads(text, parse_constant=_no_constant)
        # JSON can spell half a character; nothing below could write it down.
        text.encode()
        json.dumps(found, ensure_ascii=False).encode()
    except MessageError:
        raise
    except (ValueError, RecursionError) as error:
        raise MessageError("not JSON") from error
    if not isinstance(found, dict):
        raise MessageError("not an object")
    given = cast("dict[str, object]", found)
    match given.get("t"):
        case "hello":
            hello: Hello = {"t": "hello", "v": _int(given, "v"), "csrf": _text(given, "csrf", NAME_LIMIT)}
            return hello
        case "again":
            again: Again = {"t": "again"}
            return again
        case "watch":
            watch: Watch = {"t": "watch", "tags": _names(given, "tags"), "hz": _number(given, "hz")}
            return watch
        case "command":
            command: GivenCommand = {
                "t": "command",
                "key": _key(given),
                "verb": _text(given, "verb", NAME_LIMIT),
                "args": _arguments(given),
                "reason": _text(given, "reason", REASON_LIMIT),
                "expires_s": _number(given, "expires_s"),
            }
            return command
        case _:
            raise MessageError("t is none of hello, again, watch, command")


def _text(given: dict[str, object], name: str, limit: int) -> str:
    value = given.get(name)
    if not isinstance(value, str) or len(value) > limit:
        raise MessageError(f"{name} is no text of up to {limit} characters")
    return value


def _key(given: dict[str, object]) -> str:
    key = _text(given, "key", KEY_LIMIT)
    if len(key) < 8 or not key.isascii() or not key.isprintable():
        raise MessageError(f"key is no text of 8 to {KEY_LIMIT} printable ASCII characters")
    return key


def _number(given: dict[str, object], name: str) -> float:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e9 or not math.isfinite(value):
        raise MessageError(f"{name} is no number")
    return float(value)


def _int(given: dict[str, object], name: str) -> int:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise MessageError(f"{name} is no whole number")
    return value


def _names(given: dict[str, object], name: str) -> list[str]:
    values = given.get(name)
    if not isinstance(values, list) or len(cast("list[object]", values)) > 4 * TRACES_LIMIT:
        raise MessageError(f"{name} is no list of up to {4 * TRACES_LIMIT} names")
    names = cast("list[object]", values)
    if not all(isinstance(value, str) and len(value) <= NAME_LIMIT for value in names):
        raise MessageError(f"{name} holds what is no name")
    return cast("list[str]", names)


def _arguments(given: dict[str, object]) -> dict[str, str | int | float | bool]:
    values = given.get("args")
    if not isinstance(values, dict) or len(cast("dict[str, object]", values)) > ARGUMENTS_LIMIT:
        raise MessageError(f"args is no object of up to {ARGUMENTS_LIMIT} arguments")
    checked: dict[str, str | int | float | bool] = {}
    for name, value in cast("dict[str, object]", values).items():
        if not isinstance(value, str | int | float) or len(name) > NAME_LIMIT:
            raise MessageError("an argument is a text, a number, true or false")
        if isinstance(value, int | float) and not isinstance(value, bool) and not abs(value) <= 1e15:
            raise MessageError(f"{name[:NAME_LIMIT]} is too large")
        checked[name] = value
    return checked
