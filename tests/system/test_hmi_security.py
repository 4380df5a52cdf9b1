"""Nothing gets into the page server and nothing falls over: roles, forged origins, missing tokens, malformed frames,
paths, uploads, floods. One server for all of it, which at the end still works, and whose audit chain is intact."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
from collections.abc import Generator
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import numpy as np
import pytest
from page_served import ACCOUNTS, PASSWORD, Channel, Person, ServedPage, make_accounts, serving_page
from websockets.exceptions import ConnectionClosed, InvalidStatus

from planaris.dictionary import build
from planaris.formats import load_tool
from planaris.historian import verify_audit
from planaris.hmi.accounts import FAILURES_LIMIT
from planaris.hmi.hub import VIEWERS_LIMIT
from planaris.hmi.passwords import QUEUE_LIMIT
from planaris.hmi.patience import HEAD_LIMIT_S

# Mutated frames: 10^5 in `make soak`.
FRAMES_COUNT = int(os.environ.get("PLANARIS_HMI_FRAMES", "400"))
ROLES = {"operator": "olga", "process": "paul", "maintenance": "max", "administrator": "ada"}
DICTIONARY = build(load_tool(None))
# Accounts that are attacked.
VICTIMS = ("vera", "victor", "vincent")
# Written down once more by hand, so that a change of the dictionary is seen here.
ONLY = {
    "recipe.release": {"administrator"},
    "recipe.approve": {"process", "administrator"},
    "recipe.save": {"process", "administrator"},
    "recipe.receive": set[str](),
    "quarantine.release": {"process", "administrator"},
    "consumable.change": {"maintenance", "administrator"},
    "module.manual_on": {"maintenance", "administrator"},
    "world.inject_fault": {"maintenance", "administrator"},
    "job.start": {"operator", "process", "administrator"},
    "tool.halt": {"operator", "process", "maintenance", "administrator"},
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Generator[ServedPage]:
    home = tmp_path_factory.mktemp("page") / "home"
    make_accounts(home, {**ACCOUNTS, **dict.fromkeys(VICTIMS, "operator")})
    with serving_page(home) as served:
        yield served
        # Whatever was thrown at it: it works, and the chain holds.
        with served.sign_in("ada").channel() as channel:
            channel.until(lambda c: c.state)
            assert channel.give("alarm.acknowledge", alarm="none", source="tool")["status"] in {"refused", "done"}
            assert not [a for a in channel.state["alarms"]["active"].values() if a["alarm"] == "observer_failed"]
        served.end()
        assert verify_audit(served.home / "tool.db").intact


# -- roles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_each_role_against_each_command(page: ServedPage, role: str) -> None:
    with page.sign_in(ROLES[role]).channel() as channel:
        channel.until(lambda c: c.state)
        shown = set(channel.state["verbs"])
        for command in DICTIONARY.commands:
            # An argument that no verb has: whose role may give the verb gets as far as that, and nothing is done.
            answer = channel.give(command.name, not_an_argument="x")
            assert answer["status"] == "refused", (command.name, answer)
            if "unknown command" in answer["why"]:
                assert command.name not in shown
                continue
            may = role in command.roles
            assert ("may not" not in answer["why"]) is may, (role, command.name, answer["why"])
            assert (command.name in shown) is may
            if command.name in ONLY:
                assert may is (role in ONLY[command.name])


@pytest.mark.parametrize("user", ["olga", "paul", "max"])
def test_accounts_are_the_administrators(page: ServedPage, user: str) -> None:
    person = page.sign_in(user)
    for answer in (
        person.get("/api/users"),
        person.post("/api/users", {"user": "eve", "role": "administrator", "password": "let me in now"}),
        person.ask("PATCH", f"/api/users/{user}", {"role": "administrator"}),
    ):
        assert answer.status == 403
        assert answer.body["error"] == "role"
    assert person.get("/api/session").body["role"] == ACCOUNTS[user]


def test_an_operator_saves_no_recipe(page: ServedPage) -> None:
    text = 'schema = "planaris/recipe/1"\n'
    answer = page.sign_in("olga").post("/api/recipes", {"text": text, "reason": "mine"})
    assert answer.status in {409, 422}
    assert page.sign_in("ada").get("/api/recipes").body == {"recipes": []}


# -- who asks, from where -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "https://127.0.0.1"},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "A" * 43},
        {"Cookie": ""},
        {"Cookie": "planaris_session=AAAA"},
        {"Host": "evil.example"},
    ],
)
def test_a_forged_request_changes_nothing(page: ServedPage, headers: dict[str, str]) -> None:
    person = page.sign_in("ada")
    body = {"user": "eve", "role": "administrator", "password": "let me in now"}
    answer = person.ask("POST", "/api/users", body, headers)
    assert answer.status in {401, 403, 421}
    assert "eve" not in {user["user"] for user in person.get("/api/users").body["users"]}


def test_everything_but_the_shell_takes_a_session(page: ServedPage) -> None:
    paths = page.sign_in("ada").get("/api/openapi.json").body["paths"]
    assert len(paths) > 20
    stranger = Person(page.url)
    for path, methods in paths.items():
        for method in methods:
            if path != "/api/sign-in":
                asked = path.replace("{", "").replace("}", "")
                answer = stranger.ask(method.upper(), asked, {} if method != "get" else None)
                assert answer.status == 401, (method, path, answer.status)
    shell = stranger.get("/")
    assert shell.status == 200
    assert b"ILD001" not in shell.content


@pytest.mark.parametrize(
    ("origin", "cookie"), [("http://evil.example", None), ("null", None), (None, ""), (None, "AAAA")]
)
def test_a_forged_channel_is_not_opened(page: ServedPage, origin: str | None, cookie: str | None) -> None:
    with pytest.raises(InvalidStatus) as caught, page.sign_in("ada").connect(origin=origin, cookie=cookie):
        pass
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ('{"t":"hello","v":1,"csrf":"wrong"}', "forbidden"),
        ('{"t":"hello","v":99,"csrf":"TOKEN"}', "hello"),
        ('{"t":"again"}', "hello"),
        ("not json", "malformed"),
        (b"\x00\x01", "malformed"),
    ],
)
def test_a_channel_without_its_token_shows_nothing(page: ServedPage, first: str | bytes, code: str) -> None:
    person = page.sign_in("ada")
    with person.connect() as opened:
        opened.send(first.replace("TOKEN", person.csrf) if isinstance(first, str) else first)
        told = json.loads(opened.recv(10))
        assert (told["t"], told["code"]) == ("bye", code)
        with pytest.raises(ConnectionClosed):
            opened.recv(10)


def test_headers_keep_others_out(page: ServedPage) -> None:
    stranger = Person(page.url)
    for answer in (stranger.get("/"), stranger.get("/api/session"), stranger.ask("POST", "/api/sign-out", {})):
        headers = {name.lower(): value for name, value in answer.headers.items()}
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "server" not in headers
    answer = stranger.post("/api/sign-in", {"user": "olga", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


# -- what is sent -------------------------------------------------------------------------------------------------


def test_mutated_frames_end_their_channel_at_most(page: ServedPage) -> None:
    person = page.sign_in("paul")
    chance = np.random.default_rng(7)
    command = {"t": "command", "key": "12345678", "verb": "job.stop", "args": {"lot_id": "A"}, "reason": "r"}
    good = [
        json.dumps({**command, "expires_s": 9}),
        '{"t":"watch","tags":["platen1.torque_Nm"],"hz":20}',
        '{"t":"again"}',
    ]
    sent = 0
    while sent < FRAMES_COUNT:
        with person.connect() as opened, suppress(ConnectionClosed):
            channel = Channel(opened)
            channel.send({"t": "hello", "v": 1, "csrf": person.csrf})
            for _ in range(20):
                text = bytearray(good[int(chance.integers(len(good)))].encode())
                for _ in range(int(chance.integers(1, 6))):
                    text[int(chance.integers(len(text)))] = int(chance.integers(256))
                sent += 1
                opened.send(bytes(text) if sent % 3 == 0 else text.decode("latin-1"))
    with person.channel() as witness:
        witness.until(lambda c: c.state)
        witness.wait_for("beat", 10)


@pytest.mark.parametrize(
    "frame",
    [
        b"\xc1\x05hello",  # reserved bits
        b"\x81\x05hello",  # not masked
        b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",  # as long as there is no memory
        b"\x83\x80\0\0\0\0",  # a reserved kind
        b"\x09\x80\0\0\0\0",  # a ping in pieces
        b"\x81\x82\0\0\0\0\xff\xfe",  # text that is no UTF-8
    ],
)
def test_a_broken_frame_ends_its_own_channel(page: ServedPage, frame: bytes) -> None:
    person = page.sign_in("paul")
    host = urlsplit(page.url).netloc
    lines = (
        f"GET /ws HTTP/1.1\r\nHost: {host}\r\nOrigin: {page.url}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Cookie: planaris_session={person.cookie}\r\n\r\n"
    )
    name, port = host.split(":")
    with socket.create_connection((name, int(port)), 10) as raw:
        raw.sendall(lines.encode())
        assert raw.recv(4096).startswith(b"HTTP/1.1 101")
        raw.sendall(frame)
        raw.settimeout(15)
        ended = b""
        with suppress(ConnectionResetError):
            while data := raw.recv(65536):
                ended += data
    assert page.process.poll() is None


def test_a_message_that_is_too_long_ends_its_channel(page: ServedPage) -> None:
    with page.sign_in("paul").channel() as channel:
        channel.until(lambda c: c.state)
        with pytest.raises(ConnectionClosed):  # noqa: PT012
            channel.socket.send("x" * 70_000)
            while True:
                channel.hear(10)


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [("/api/recipes/check", 2_000_000, 413), ("/api/sign-in", 100_000, 413), ("/api/what-if", 70_000, 413)],
)
def test_an_upload_that_is_too_large_is_refused(page: ServedPage, path: str, size: int, status: int) -> None:
    person = page.sign_in("paul")
    with suppress(OSError):  # refused before it was read: the server may hang up first
        assert person.ask("POST", path, content=b'{"text":"' + b"x" * size + b'"}').status == status
    assert person.get("/api/session").status == 200


def test_an_upload_without_a_length_is_cut(page: ServedPage) -> None:
    host = urlsplit(page.url).netloc
    name, port = host.split(":")
    head = (
        f"POST /api/sign-in HTTP/1.1\r\nHost: {host}\r\nOrigin: {page.url}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with socket.create_connection((name, int(port)), 10) as raw:
        raw.settimeout(15)
        raw.sendall(head.encode())
        with suppress(ConnectionError):
            for _ in range(50):
                raw.sendall(chunk)
        with suppress(ConnectionError):
            assert b" 413 " in raw.recv(4096)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../accounts.py",
        "/static/%2e%2e/accounts.py",
        "/static/..%2faccounts.py",
        "/static//etc/passwd",
        "/static/jsconfig.json/..",
        "/api/files/RUN/../../tool.db",
        "/api/files/RUN/..%2f..%2ftool.db",
        "/api/files/RUN/%2e%2e/%2e%2e/tool.db",
        "/api/files/RUN/%00report.html",
        "/api/files/RUN//etc/passwd",
        "/api/files/RUN/run.db",
        "/api/files/RUN/out.html",
        "/api/files/../tool.db",
        "/api/files/%2e%2e/tool.db",
    ],
)
def test_no_path_leads_out(page: ServedPage, path: str) -> None:
    link = page.folder / "out.html"
    secret = page.home.parent / "secret.html"
    secret.write_text("secret", encoding="utf-8")
    if not link.is_symlink():
        link.symlink_to(secret)
    answer = page.sign_in("ada").get(path.replace("RUN", page.folder.name))
    assert answer.status in {404, 400}
    assert b"secret" not in answer.content
    assert b"root:" not in answer.content


def test_a_report_may_run_nothing(page: ServedPage) -> None:
    (page.folder / "report.html").write_text("<script>alert(1)</script>", encoding="utf-8")
    answer = page.sign_in("olga").get(f"/api/files/{page.folder.name}/report.html")
    assert answer.status == 200
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]


# -- floods -------------------------------------------------------------------------------------------------------


async def _sign_in(url: str, user: str, password: str) -> int:
    parts = urlsplit(url)
    body = json.dumps({"user": user, "password": password}).encode()
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(
            f"POST /api/sign-in HTTP/1.1\r\nHost: {parts.netloc}\r\nOrigin: {url}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        line = await reader.readline()
        return int(line.split()[1]) if line else 0
    finally:
        writer.close()


def test_five_hundred_sign_ins_at_once(page: ServedPage) -> None:
    """Right ones and wrong ones of names that there are and are not; meanwhile a page gets its beats."""

    async def storm() -> list[int]:
        users = [*VICTIMS, "nobody"]
        tries = [_sign_in(page.url, users[n % 4], PASSWORD if n % 8 == 0 else f"guess-{n:06d}") for n in range(500)]
        return await asyncio.gather(*tries)

    with page.sign_in("max").channel() as witness:
        witness.until(lambda c: c.state)
        found = asyncio.run(storm())
        witness.messages.clear()
        witness.wait_for("beat", 10)
    counts = {status: found.count(status) for status in sorted(set(found))}
    assert sum(counts.values()) == 500
    assert set(counts) <= {200, 401, 423, 429, 503}, counts
    assert counts.get(429, 0) + counts.get(503, 0) > QUEUE_LIMIT, counts
    # No more passwords were looked at than there was room for in the queue at a time, and five wrong ones lock.
    assert counts.get(401, 0) <= 4 * FAILURES_LIMIT
    assert Person(page.url).sign_in("nobody").status in {401, 423}


def test_no_more_channels_than_there_is_room_for(page: ServedPage) -> None:
    person = page.sign_in("max")
    full = 0
    with ExitStack() as opened:
        for _ in range(VIEWERS_LIMIT + 6):
            channel = opened.enter_context(person.connect())
            channel.send(json.dumps({"t": "hello", "v": 1, "csrf": person.csrf}))
            full += json.loads(channel.recv(20))["t"] == "bye"
    assert full >= 6


def test_half_a_request_holds_nobody_up(page: ServedPage) -> None:
    name, port = urlsplit(page.url).netloc.split(":")
    whole = f"GET /api/session HTTP/1.1\r\nHost: {name}:{port}\r\n\r\n".encode()
    with ExitStack() as opened:
        halves = [b"", b"POST /api/sign-in HTTP/1.1\r\nHost: ", whole + b"GET"]
        raws = [opened.enter_context(socket.create_connection((name, int(port)), 10)) for _ in halves]
        for raw, half in zip(raws, halves, strict=True):
            raw.sendall(half)
            raw.settimeout(HEAD_LIMIT_S + 10.0)
        assert Person(page.url).get("/").status == 200
        for raw in raws:
            while raw.recv(4096):  # until the server gives it up
                pass


def test_the_audit_names_who_was_refused(page: ServedPage) -> None:
    Person(page.url).sign_in("mallory", "let me in now")
    with sqlite3.connect(f"{(page.home / 'tool.db').as_uri()}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT payload FROM audit WHERE name = 'session_changed'").fetchall()
    told = [json.loads(payload) for (payload,) in rows]
    assert {"olga", "ada", "mallory"} <= {entry["principal"] for entry in told}
    assert {"in", "refused"} <= {entry["state"] for entry in told}
    assert {entry["peer"] for entry in told} == {"127.0.0.1"}
    answer = page.sign_in("ada").get("/api/audit?kind=session_changed&text=mallory")
    assert answer.body["chain"] == "intact"
    assert {e["values"]["principal"] for e in answer.body["entries"]} == {"mallory"}
