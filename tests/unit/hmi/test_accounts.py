"""Accounts: lock-out that tells nothing, sessions that end, the last administrator, all of it in the audit."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from typing import Any

import pytest
from page_served import CHEAP, PASSWORD, make_accounts

from planaris.clock import Instant, later, utc_of_text
from planaris.historian import PageStore
from planaris.hmi.accounts import FAILURES_LIMIT, IDLE_S, LOCKED_S, SESSION_S, AccountError, Accounts, Session
from planaris.hmi.passwords import QUEUE_LIMIT, BusyError, PasswordPool, matches
from planaris.stream import AccountChanged, Event, SessionChanged

PEER = "192.0.2.7"


class Desk:
    """Accounts on a home of their own with a clock that a test moves."""

    def __init__(self, home: Path) -> None:
        self.home, self.events = home, list[Event]()
        self.now: Instant = utc_of_text("2026-01-01T00:00:00Z")
        self._numbers = itertools.count()
        self.pool = PasswordPool(self.random, CHEAP)
        self.store = PageStore(home / "tool.db")
        self.accounts = self.again()

    def random(self, count: int) -> bytes:
        return (next(self._numbers).to_bytes(4, "big") * (count // 4 + 1))[:count]

    def again(self) -> Accounts:
        """Begin again, as after a restart."""
        self.accounts = Accounts(self.store, self.pool, self.note, self.random, lambda: self.now)
        return self.accounts

    async def note(self, event: Event) -> None:
        self.events.append(event)

    def wait(self, seconds: float) -> None:
        self.now = later(self.now, seconds)

    def sign_in(self, name: str, password: str = PASSWORD) -> tuple[str, Session]:
        return asyncio.run(self.accounts.sign_in(name, password, PEER))

    def refused(self, act: Callable[[], Coroutine[Any, Any, Any]]) -> AccountError:
        with pytest.raises(AccountError) as caught:
            asyncio.run(act())
        return caught.value

    def close(self) -> None:
        self.store.close()
        self.pool.close()


@pytest.fixture
def desk(tmp_path: Path) -> Generator[Desk]:
    make_accounts(tmp_path)
    found = Desk(tmp_path)
    yield found
    found.close()


def test_a_session_is_of_its_token_and_ends(desk: Desk) -> None:
    token, session = desk.sign_in("olga")
    assert (session.user, session.role) == ("olga", "operator")
    assert desk.accounts.session(token) is session
    assert desk.accounts.session(token[:-1] + "x") is None
    assert desk.accounts.session("") is None
    asyncio.run(desk.accounts.sign_out(session, PEER))
    assert desk.accounts.session(token) is None
    assert [(e.principal, e.role, e.state, e.peer) for e in desk.events if isinstance(e, SessionChanged)] == [
        ("olga", "operator", "in", PEER),
        ("olga", "operator", "out", PEER),
    ]


def test_a_session_outlives_a_restart_and_not_its_time(desk: Desk) -> None:
    token, before = desk.sign_in("olga")
    session = desk.again().session(token)
    assert session is not None
    assert session.csrf == before.csrf
    session.open_pages = 1
    desk.wait(SESSION_S - 1)
    assert desk.accounts.session(token) is session  # an open page keeps it
    desk.wait(2)
    assert desk.accounts.session(token) is None
    assert desk.again().session(token) is None


def test_nobody_at_a_page_ends_a_session(desk: Desk) -> None:
    token, session = desk.sign_in("olga")
    ended = list[Session]()
    desk.accounts.on_end = ended.append
    desk.wait(IDLE_S - 1)
    assert desk.accounts.session(token) is session
    desk.wait(IDLE_S - 1)
    assert desk.accounts.expire() == []
    desk.wait(2)
    assert desk.accounts.expire() == ended == [session]
    assert session.ended == "expired"


@pytest.mark.parametrize("name", ["olga", "nobody"])
def test_wrong_passwords_lock_whether_or_not_there_is_such_an_account(desk: Desk, name: str) -> None:
    for _ in range(FAILURES_LIMIT):
        assert desk.refused(lambda: desk.accounts.sign_in(name, "wrong-password", PEER)).status == 401
    locked = desk.refused(lambda: desk.accounts.sign_in(name, PASSWORD, PEER))
    assert (locked.status, locked.retry_after_s) == (423, LOCKED_S)
    assert [e.state for e in desk.events if isinstance(e, SessionChanged)] == ["refused"] * FAILURES_LIMIT + ["locked"]
    desk.wait(LOCKED_S + 1)
    if name == "olga":
        desk.sign_in(name)
        account = desk.store.account(name)
        assert account is not None
        assert (account.failures, account.locked_until_utc) == (0, "")
    else:
        assert desk.refused(lambda: desk.accounts.sign_in(name, PASSWORD, PEER)).status == 401


def test_many_at_once_get_no_more_tries(desk: Desk) -> None:
    async def storm() -> list[object]:
        tries = [desk.accounts.sign_in("olga", f"guess-{n:05d}", PEER) for n in range(200)]
        return await asyncio.gather(*tries, return_exceptions=True)

    found = asyncio.run(storm())
    busy = [e for e in found if isinstance(e, BusyError)]
    refused = [e.status for e in found if isinstance(e, AccountError)]
    assert len(busy) == 200 - QUEUE_LIMIT
    assert sorted(refused) == [401] * FAILURES_LIMIT + [423] * (QUEUE_LIMIT - FAILURES_LIMIT)


@pytest.mark.parametrize("name", ["", "a b", "x" * 33, "olga\0", "\ud800", "../olga", "OLGA "])
def test_what_is_no_name_is_nobody(desk: Desk, name: str) -> None:
    assert desk.refused(lambda: desk.accounts.sign_in(name, PASSWORD, PEER)).status == 401
    (event,) = desk.events
    assert isinstance(event, SessionChanged)
    assert event.principal == "?"


def test_a_new_password_ends_the_others_sessions(desk: Desk) -> None:
    other, _ = desk.sign_in("olga")
    token, session = desk.sign_in("olga")
    accounts = desk.accounts
    wrong = desk.refused(lambda: accounts.change_password(session, "wrong-password", "a new password", PEER))
    assert wrong.status == 403
    for weak in ("short", "aaaaaaaaaaaa", "my-olga-password", PASSWORD):
        assert desk.refused(lambda w=weak: accounts.change_password(session, PASSWORD, w, PEER)).status == 422
    asyncio.run(accounts.change_password(session, PASSWORD, "a new password", PEER))
    assert accounts.session(token) is session
    assert accounts.session(other) is None
    desk.sign_in("olga", "a new password")
    account = desk.store.account("olga")
    assert account is not None
    assert matches("a new password", account.password)
    assert "password" not in account.password
    assert AccountChanged("olga", "password", "operator", "olga", "") in desk.events


def test_the_first_start_makes_an_administrator_who_must_change(tmp_path: Path) -> None:
    make_accounts(tmp_path, {})
    desk = Desk(tmp_path)
    password = asyncio.run(desk.accounts.first_password())
    assert len(password) == 16
    _, session = desk.sign_in("administrator", password)
    assert (session.role, session.must_change) == ("administrator", True)
    assert asyncio.run(desk.accounts.first_password()) == ""
    desk.close()


def test_an_administrator_changes_accounts(desk: Desk) -> None:
    _, ada = desk.sign_in("ada")
    token, _ = desk.sign_in("olga")

    def change(name: str, **fields: Any) -> Coroutine[Any, Any, None]:
        given: dict[str, Any] = {"role": None, "disabled": None, "password": None, "unlock": False}
        return desk.accounts.change(ada, name, **{**given, **fields})

    assert desk.refused(lambda: desk.accounts.add(ada, "olga", "operator", "a new password")).status == 409
    assert desk.refused(lambda: desk.accounts.add(ada, "x y", "operator", "a new password")).status == 422
    assert desk.refused(lambda: desk.accounts.add(ada, "xy", "host", "a new password")).status == 422
    asyncio.run(desk.accounts.add(ada, "otto", "operator", "a new password"))
    assert desk.sign_in("otto", "a new password")[1].must_change
    asyncio.run(change("olga", role="process"))
    assert desk.accounts.session(token) is None  # with the role it had it may do nothing more
    assert desk.sign_in("olga")[1].role == "process"
    asyncio.run(change("olga", disabled=True))
    assert desk.refused(lambda: desk.accounts.sign_in("olga", PASSWORD, PEER)).status == 401
    for last in ({"role": "operator"}, {"disabled": True}):
        assert desk.refused(lambda f=last: change("ada", **f)).error == "last"
    assert desk.refused(lambda: change("nobody", disabled=True)).status == 404
    told = [(e.account, e.state, e.principal) for e in desk.events if isinstance(e, AccountChanged)]
    assert told == [("otto", "added", "ada"), ("olga", "role", "ada"), ("olga", "disabled", "ada")]


def test_what_a_database_holds_opens_no_session(desk: Desk) -> None:
    token, _ = desk.sign_in("olga")
    kept = (desk.home / "tool.db").read_bytes() + (desk.home / "tool.db-wal").read_bytes()
    assert token.encode() not in kept
    assert PASSWORD.encode() not in kept
