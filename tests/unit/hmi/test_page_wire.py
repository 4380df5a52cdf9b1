"""The wire's types, the book's state, the verbs' lists and the page's words agree with each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from planaris.dictionary import build
from planaris.formats import load_tool
from planaris.hmi import protocol
from planaris.hmi.book import Book
from planaris.hmi.ports import FactoryLook, Look, ToolFacts, WorldLook
from planaris.hmi.security import host_allowed
from planaris.hmi.verbs import VerbCatalogue, asked
from planaris.hmi.words import words
from planaris.model import Severity, WaferKind
from planaris.processes import load_package
from planaris.stream import (
    AlarmCleared,
    AlarmSet,
    CarrierLifted,
    CarrierMapped,
    Committed,
    ConsumableUsed,
    EndpointDecided,
    Event,
    MaintenanceChanged,
    MoveIntended,
    StepStarted,
    WaferFinished,
    WaferMoved,
    WaferRegistered,
)

TOOL = load_tool(None)
DICTIONARY = build(TOOL)
REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "hmi.md"
NAN = float("nan")
EVENTS: tuple[Event, ...] = (
    CarrierMapped(1, "CAR-1", "OO-"),
    WaferRegistered("A-01", "A", 1, WaferKind.PRODUCT, "loadport1.01"),
    WaferRegistered("A-02", "A", 2, WaferKind.PRODUCT, "loadport1.02"),
    MoveIntended("A-01", "loadport1.01", "dry_robot"),
    WaferMoved("A-01", "loadport1.01", "dry_robot"),
    WaferMoved("A-01", "dry_robot", "head2"),
    StepStarted("A-01", 1, 2, 0, "P1 main", "polish"),
    EndpointDecided(
        "A-01", 1, 2, 0, "P1 main", "called", "", 1.0, NAN, 2.0, 3.0, NAN, NAN, (1.0, 2.0), (NAN, 3.0), (0.5, 1.0)
    ),
    AlarmSet("pad_dry", "platen1", Severity.ERROR, "A-01", "dry"),
    ConsumableUsed("pad", "platen1", 1, 0.1, 0.2),
    MaintenanceChanged("disk", "platen1", "", "remove", "start", "max", "old"),
)  # fmt: skip


def book() -> Book:
    package = load_package("oxide_ild")
    folder = Path("nowhere")
    facts = ToolFacts(
        "run-1", folder, folder, TOOL, DICTIONARY, package, "TEOS", "twin", 1.0, "0", "2026-01-01T00:00:00Z"
    )
    return Book(facts)


def tell(at: Book, *events: Event) -> None:
    at.take(Committed(number, 10.0 * number, event) for number, event in enumerate(events, start=1))


def check(value: Any, kind: Any, path: str) -> None:
    """Hold a value to a type of the protocol, all the way down."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_typeddict(kind):
        hints = get_type_hints(kind)
        marked = get_type_hints(kind, include_extras=True)
        needed = {name for name, hint in marked.items() if get_origin(hint) is not NotRequired}
        assert needed <= set(value) <= set(hints), (path, set(value) ^ set(hints))
        for key, item in value.items():
            check(item, hints[key], f"{path}.{key}")
    elif origin is dict:
        for key, item in value.items():
            assert isinstance(key, str), path
            check(item, arguments[1], f"{path}.{key}")
    elif origin is list:
        assert isinstance(value, list), path
        for number, item in enumerate(value):
            check(item, arguments[0], f"{path}[{number}]")
    elif arguments:
        assert any(_fits(value, one) for one in arguments), (path, value)
        for one in arguments:
            if is_typeddict(one) and value is not None:
                check(value, one, path)
    elif kind is not Any:
        assert _fits(value, kind), (path, value, kind)


def _fits(value: Any, kind: Any) -> bool:
    if kind is type(None) or value is None:
        return value is None and kind is type(None)
    if is_typeddict(kind):
        return isinstance(value, dict)
    if get_origin(kind) in (list, dict):
        return isinstance(value, get_origin(kind))
    return isinstance(value, (int, float)) and not isinstance(value, bool) if kind is float else isinstance(value, kind)


def test_the_book_holds_what_the_protocol_says() -> None:
    at = book()
    check(at.tree.root, protocol.State, "state")
    tell(at, *EVENTS)
    at.factory(FactoryLook("127.0.0.1:5000", "communicating", "online_remote", "inactive", 0, ("S1F1 W .",)))
    at.world(WorldLook({"A-01": "head2"}, ("pad spent",), (1,)))
    at.looked(Look(200.0, "connected", "", ("job.start",), (), (), (), {"platen1": "polishing"}, {}, ()))
    root = at.tree.root
    check(root, protocol.State, "state")
    json.dumps(root, allow_nan=False)
    assert root["wafers"]["A-01"]["state"] == "polishing"
    assert root["material"] == {"loadport1.02": "A-02", "head2": "A-01"}
    assert root["modules"]["loadport1"]["wafers"] == ["A-02"]
    assert root["process"]["1"]["endpoint"]["trail_nm"] == [None, 3.0]
    assert list(root["alarms"]["active"]) == ["platen1.pad_dry.A-01"]
    assert root["changes"]["platen1.disk"]["step"] == "remove"
    check(
        {**root, "verbs": VerbCatalogue(DICTIONARY).for_role("administrator", ["job.start"])}, protocol.State, "state"
    )


def test_what_is_over_leaves_the_book() -> None:
    at = book()
    finished = WaferFinished(
        "A-01", 1, 2, WaferKind.PRODUCT, 9, 1500.0, 900.0, 600.0, NAN, 3.0, 120.0, 1.0, 2.0, 3.0, 4.0, 5.0
    )
    tell(
        at,
        *EVENTS,
        AlarmCleared("pad_dry", "platen1", "wet again"),
        WaferMoved("A-01", "head2", "loadport1.01"),
        finished,
        CarrierLifted(1, "A", 2),
        MaintenanceChanged("disk", "platen1", "qualify", "done", "passed", "", ""),
    )
    root = at.tree.root
    assert root["alarms"]["active"] == {}
    assert [(a["state"], a["cleared_s"]) for a in root["alarms"]["recent"]] == [("cleared", 120.0)]
    assert root["material"] == root["carriers"] == root["changes"] == {}
    assert root["wafers"]["A-01"]["results"]["wiwnu_pct"] is None
    assert root["wafers"]["A-01"]["state"] == "gone"
    check(root, protocol.State, "state")


def test_throughput_is_told_while_wafers_come() -> None:
    at = book()
    tell(at, *EVENTS)
    base = WaferFinished("A-01", 1, 2, WaferKind.PRODUCT, 9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    for number in range(4):
        at.take([Committed(20 + number, 1000.0 + 100.0 * number, base)])
    told = at.tree.root["throughput"]
    assert told == {"wafers_h": 36.0, "next_finish_s": 1400.0, "finished_count": 4}
    at.looked(Look(5000.0, "connected", "", (), (), (), (), {}, {}, ()))
    assert at.tree.root["throughput"]["wafers_h"] is None  # nothing came for long


def test_the_lists_of_verbs_name_verbs() -> None:
    known = {command.name for command in DICTIONARY.commands}
    for verbs in asked().values():
        assert verbs <= known
    # What takes a wafer, a recipe or a person's word is never given by one slip of the finger.
    assert asked()["reason"] <= asked()["confirm"] | {"alarm.clear", "quarantine.inspect"}


def test_both_languages_say_everything() -> None:
    en, zh = (words(DICTIONARY, language, len(TOOL.head.zone_outer_mm)) for language in ("en", "zh"))

    def texts(value: Any, path: str) -> list[str]:
        if isinstance(value, dict):
            return [p for key, item in value.items() for p in texts(item, f"{path}.{key}")]
        return [path] if not value and path.rpartition(".")[2] in {"text", "cause", "remedy", "action"} else []

    assert texts(en, "en") == texts(zh, "zh") == []
    assert set(en["variables"]) == set(zh["variables"])
    assert en["variables"]["platen.torque_Nm"]["unit"] == "N·m"
    assert "{" not in "".join(v["text"] for v in en["variables"].values())


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:8080", True),
        ("[::1]:8080", True),
        ("localhost", True),
        ("tool-7.fab.example:8080", True),
        ("TOOL-7.fab.example", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
        ("localhost.evil.example:80", False),
    ],
)
def test_which_names_mean_this_server(host: str, allowed: bool) -> None:
    assert host_allowed(host, ("tool-7.fab.example",)) is allowed


def test_the_reference_tells_every_message_and_status() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    kinds = [
        get_args(get_type_hints(one)["t"])[0]
        for one in (*get_args(protocol.ServerMessage), *get_args(protocol.ClientMessage))
    ]
    assert not [kind for kind in kinds if f'"t": "{kind}"' not in text]
    statuses = get_args(get_type_hints(protocol.AnswerMessage)["status"])
    assert not [status for status in statuses if f"`{status}`" not in text]
