"""A live tool with its page, in its own process on a free port, with known accounts; and a client as a browser is."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from served import ServedTool, serving_tool
from websockets.sync.client import ClientConnection, connect

from planaris.clock import utc_now
from planaris.historian import Account, Home, PageStore
from planaris.hmi import Cost, password_digest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "oxide_ild"
# A test's passwords need no strength, only their check.
CHEAP = Cost(1 << 10, 8, 1)
PASSWORD = "polish-the-wafer"
# One account of every role, and a second process engineer who may approve what the first one wrote.
ACCOUNTS: Mapping[str, str] = {
    "olga": "operator",
    "paul": "process",
    "petra": "process",
    "max": "maintenance",
    "ada": "administrator",
}


def make_accounts(home: Path, accounts: Mapping[str, str] = ACCOUNTS, *, must_change: bool = False) -> None:
    """Make a home with accounts that all have `PASSWORD`."""
    with Home.open(home, label="a test"):
        pass
    with PageStore(home / "tool.db") as store:
        for number, (name, role) in enumerate(accounts.items()):
            digest = password_digest(PASSWORD, bytes([number]) * 16, CHEAP)
            store.save(Account(name, role, digest, must_change, changed_utc=utc_now().isoformat()))


class ServedPage(ServedTool):
    """The process, and where its page is."""

    def __init__(self, process: subprocess.Popen[str], home: Path, ready: Mapping[str, Any]) -> None:
        super().__init__(process, home, ready)
        self.url = str(ready["http"])

    def sign_in(self, user: str = "ada", password: str = PASSWORD) -> Person:
        """Return somebody who is signed in."""
        person = Person(self.url)
        person.sign_in(user, password)
        return person


@contextmanager
def serving_page(
    home: Path,
    *options: object,
    http: str = "127.0.0.1:0",
    speed: float = 20.0,
    lot: Path | None = EXAMPLE / "lot.toml",
) -> Generator[ServedPage]:
    """Have a live twin with its page; `make_accounts` before it where nobody made any."""
    if not (home / "tool.db").exists():
        home.mkdir(parents=True, exist_ok=True)
        make_accounts(home)
    known = ("--lot", lot) if lot is not None and "--resume" not in options else ()
    with serving_tool(home, "--speed", speed, "--http", http, *known, *options) as (process, ready):
        yield ServedPage(process, home, ready)


class Answered:
    """An answer over HTTP."""

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status, self.headers, self.content = status, headers, content

    @property
    def body(self) -> Any:
        """The JSON of it."""
        return json.loads(self.content)


class Person:
    """A client that keeps its cookie and token as a browser does."""

    def __init__(self, url: str) -> None:
        self.url, self.cookie, self.csrf = url, "", ""

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answered:
        """Send a request with everything that the page's own would carry; ``headers`` replace, '' leaves one out."""
        given = {"Origin": self.url, "Content-Type": "application/json", "X-CSRF-Token": self.csrf}
        if self.cookie:
            given["Cookie"] = f"planaris_session={self.cookie}"
        given.update(headers or {})
        data = content if content is not None else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data, {k: v for k, v in given.items() if v}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answered(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answered(error.code, dict(error.headers), error.read())

    def get(self, path: str) -> Answered:
        """Ask for something."""
        return self.ask("GET", path)

    def post(self, path: str, body: object) -> Answered:
        """Send something."""
        return self.ask("POST", path, body)

    def sign_in(self, user: str, password: str = PASSWORD) -> Answered:
        """Sign in, and keep the session where it came."""
        answer = self.post("/api/sign-in", {"user": user, "password": password})
        if answer.status == 200:
            self.csrf = answer.body["csrf"]
            jar = SimpleCookie(answer.headers["set-cookie"])
            self.cookie = jar["planaris_session"].value
        return answer

    def connect(self, *, origin: str | None = None, cookie: str | None = None, path: str = "/ws") -> ClientConnection:
        """Open the live channel without a hello."""
        kept = self.cookie if cookie is None else cookie
        return connect(
            self.url.replace("http", "ws", 1) + path,
            origin=origin or self.url,  # pyright: ignore[reportArgumentType]
            additional_headers={"Cookie": f"planaris_session={kept}"} if kept else {},
            compression=None,
            max_size=None,
        )

    @contextmanager
    def channel(self) -> Generator[Channel]:
        """Have the live channel, greeted."""
        with self.connect() as socket:
            channel = Channel(socket)
            channel.send({"t": "hello", "v": 1, "csrf": self.csrf})
            yield channel


class Channel:
    """The live channel as a page sees it: its state is kept by snapshot and differences."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.state: dict[str, Any] = {}
        self.n = -1
        self.frames: list[bytes] = []
        self.messages: list[dict[str, Any]] = []
        self.bytes_count = 0

    def send(self, message: object) -> None:
        """Send a message."""
        self.socket.send(json.dumps(message))

    def hear(self, limit_s: float = 30.0) -> dict[str, Any] | bytes:
        """Take the next message, whatever it is, and apply it."""
        data = self.socket.recv(limit_s)
        self.bytes_count += len(data)
        if isinstance(data, bytes):
            self.frames.append(data)
            return data
        message = json.loads(data)
        if message["t"] == "snapshot":
            self.state, self.n = message["state"], message["n"]
        elif message["t"] == "diff":
            assert message["n"] == self.n + 1, (message["n"], self.n)
            self.n = message["n"]
            apply(self.state, message)
        else:
            self.messages.append(message)
        return message

    def until(self, what: Callable[[Channel], Any], limit_s: float = 60.0) -> Any:
        """Listen until something is so, and return it."""
        end_s = time.monotonic() + limit_s
        while not (found := what(self)):
            left_s = end_s - time.monotonic()
            assert left_s > 0, {k: self.state.get(k) for k in ("jobs", "alarms", "tool")}
            self.hear(left_s)
        return found

    def wait_for(self, kind: str, limit_s: float = 30.0, **fields: object) -> dict[str, Any]:
        """Listen until a message of a kind comes whose fields are so."""

        def found(_: Channel) -> dict[str, Any] | None:
            return next(
                (m for m in self.messages if m["t"] == kind and all(m.get(k) == v for k, v in fields.items())), None
            )

        return self.until(found, limit_s)

    def give(
        self, verb: str, reason: str = "a test", key: str = "", limit_s: float = 60.0, **args: object
    ) -> dict[str, Any]:
        """Give a command and return its last answer."""
        key = key or f"{verb}-{uuid.uuid4()}"
        self.messages.clear()  # an earlier answer to the same key is no answer to this
        self.send({"t": "command", "key": key, "verb": verb, "args": args, "reason": reason, "expires_s": 30})
        return self.answer(key, limit_s)

    def answer(self, key: str, limit_s: float = 60.0) -> dict[str, Any]:
        """Listen for the last answer to a key, among what has come since the last command."""

        def found(_: Channel) -> dict[str, Any] | None:
            ours = [m for m in self.messages if m["t"] == "answer" and m["key"] == key and m["status"] != "accepted"]
            return ours[-1] if ours else None

        return self.until(found, limit_s)


def apply(state: dict[str, Any], diff: Mapping[str, Any]) -> None:
    """Bring a state up to date: what is gone first, then what is set."""
    for path in diff["del"]:
        at: Any = state
        for key in path[:-1]:
            at = at.get(key, {})
        at.pop(path[-1], None)
    for path, value in diff["set"]:
        at = state
        for key in path[:-1]:
            at = at.setdefault(key, {})
        at[path[-1]] = value
