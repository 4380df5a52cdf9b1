"""Who may use the page: sign-in, sessions, lock-out, accounts. Everything of it goes into the audit chain."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from planaris.clock import Instant, later, utc_now, utc_of_text
from planaris.historian import Account, KeptSession, PageStore
from planaris.hmi.passwords import PasswordPool, weakness
from planaris.stream import AccountChanged, Event, SessionChanged

ROLES = ("operator", "process", "maintenance", "administrator")
FIRST_ACCOUNT = "administrator"
# Wrong passwords in a row that lock an account, and for how long [design: NIST SP 800-63B-4 allows up to 100].
FAILURES_LIMIT = 5
LOCKED_S = 15 * 60.0
# A session ends after a shift, or when nothing was asked and no page was open for so long [design].
SESSION_S = 12 * 3600.0
IDLE_S = 30 * 60.0
SESSIONS_LIMIT = 200
# Of one person; the oldest ends where another begins.
OWN_SESSIONS_LIMIT = 20
_UNKNOWN_NAMES = 1000
_TOKEN_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
# Longer names are refused before anything keeps or shows them.
_MOST_SHOWN = 32

Note = Callable[[Event], Awaitable[None]]


class AccountError(Exception):
    """Refused; ``status`` is HTTP's, ``retry_after_s`` when it may be tried again."""

    def __init__(self, status: int, error: str, why: str, retry_after_s: float = 0.0) -> None:
        self.status, self.error, self.why, self.retry_after_s = status, error, why, retry_after_s
        super().__init__(why)


@dataclass(slots=True)
class Session:
    """Somebody signed in. ``role`` and ``must_change`` are those of the account now; ``open_pages`` keep it awake."""

    digest: str
    user: str
    role: str
    csrf: str
    expires: Instant
    must_change: bool
    seen: Instant
    open_pages: int = 0
    ended: str = ""


class Accounts:
    """Accounts and sessions. ``random_bytes`` gives tokens, ``note`` puts an event into the audit chain."""

    def __init__(
        self,
        store: PageStore,
        pool: PasswordPool,
        note: Note,
        random_bytes: Callable[[int], bytes],
        now: Callable[[], Instant] = utc_now,
    ) -> None:
        self._store, self._pool, self._note, self._random_bytes, self._now = store, pool, note, random_bytes, now
        self._sessions: dict[str, Session] = {}
        self._unknown: OrderedDict[str, tuple[int, str]] = OrderedDict()
        self.on_end: Callable[[Session], None] = lambda _session: None
        self._restore()

    # -- first start ---------------------------------------------------------------------------------------------
    async def first_password(self) -> str:
        """Make the first administrator where there is no account, and return the one-time password, else ''."""
        if self._store.accounts():
            return ""
        password = base64.b32encode(self._random_bytes(10)).decode("ascii").lower()
        await self._put(FIRST_ACCOUNT, "administrator", password, must_change=True)
        await self._note(AccountChanged(FIRST_ACCOUNT, "added", "administrator", "planaris", "first start"))
        return password

    async def _put(self, name: str, role: str, password: str, *, must_change: bool) -> None:
        digest = await self._pool.make(password)
        self._store.save(Account(name, role, digest, must_change, changed_utc=self._now().isoformat()))

    # -- sign-in -------------------------------------------------------------------------------------------------
    async def sign_in(self, name: str, password: str, peer: str) -> tuple[str, Session]:
        """Return a new session and its token. Raises AccountError (401, 423, 429) and `passwords.BusyError`."""
        if not _NAME.fullmatch(name):
            name = "?"  # nobody's: what was entered may be anything, a password too
        self._refuse_locked(name)
        account = self._store.account(name)
        usable = account is not None and not account.disabled
        right = await self._pool.check(password, account.password if account is not None and usable else None)
        # Others may have tried in the meantime: no more passwords are looked at than lock it.
        self._refuse_locked(name)
        account = self._store.account(name)
        if not right or account is None or account.disabled:
            await self._count_failure(name, account, peer)
            raise AccountError(401, "wrong", "the name or the password is wrong")
        if len(self._sessions) >= SESSIONS_LIMIT:
            raise AccountError(429, "full", f"{SESSIONS_LIMIT} sessions are open", 60.0)
        if account.failures or account.locked_until_utc:
            self._store.save(replace(account, failures=0, locked_until_utc=""))
        token, csrf = (_text(self._random_bytes(_TOKEN_BYTES)) for _ in range(2))
        now = self._now()
        session = Session(_digest(token), name, account.role, csrf, later(now, SESSION_S), account.must_change, now)
        await self._note(SessionChanged(name, account.role, "in", "", peer))
        own = sorted((s for s in self._sessions.values() if s.user == name), key=lambda s: s.expires)
        self._end(own[: max(0, len(own) + 1 - OWN_SESSIONS_LIMIT)], "signed_out")
        self._store.keep_session(KeptSession(session.digest, name, csrf, session.expires.isoformat()))
        self._sessions[session.digest] = session
        return token, session

    def _refuse_locked(self, name: str) -> None:
        account = self._store.account(name)
        until = account.locked_until_utc if account is not None else self._unknown.get(name, (0, ""))[1]
        if until:
            left_s = (utc_of_text(until) - self._now()).total_seconds()
            if left_s > 0:
                why = f"locked after {FAILURES_LIMIT} wrong passwords; try again in {math.ceil(left_s / 60)} min"
                raise AccountError(423, "locked", why, math.ceil(left_s))

    async def _count_failure(self, name: str, account: Account | None, peer: str) -> None:
        """Count a wrong password; names that nobody has are counted alike, so that nobody learns which exist."""
        failures = 1 + (account.failures if account is not None else self._unknown.get(name, (0, ""))[0])
        locked = failures >= FAILURES_LIMIT
        until = later(self._now(), LOCKED_S).isoformat() if locked else ""
        kept = 0 if locked else failures
        if account is not None:
            self._store.save(replace(account, failures=kept, locked_until_utc=until))
        else:
            self._unknown[name] = kept, until
            while len(self._unknown) > _UNKNOWN_NAMES:
                self._unknown.popitem(last=False)
        role = account.role if account is not None else ""
        await self._note(SessionChanged(name, role, "refused", "wrong name or password", peer))
        if locked:
            await self._note(SessionChanged(name, role, "locked", f"{failures} wrong passwords", peer))

    # -- sessions ------------------------------------------------------------------------------------------------
    def session(self, token: str) -> Session | None:
        """Return the session of a token, None if there is none that holds."""
        found = self._sessions.get(_digest(token)) if token else None
        if found is None:
            return None
        now = self._now()
        if now >= found.expires or (found.open_pages == 0 and now >= later(found.seen, IDLE_S)):
            self._end([found], "expired")
            return None
        found.seen = now
        return found

    def expire(self) -> list[Session]:
        """End the sessions whose time is over and return them."""
        now = self._now()
        over = [
            s
            for s in self._sessions.values()
            if now >= s.expires or (s.open_pages == 0 and now >= later(s.seen, IDLE_S))
        ]
        self._end(over, "expired")
        return over

    async def sign_out(self, session: Session, peer: str) -> None:
        """End a session."""
        self._end([session], "signed_out")
        await self._note(SessionChanged(session.user, session.role, "out", "", peer))

    def _end(self, sessions: list[Session], why: str) -> None:
        if not sessions:
            return
        for session in sessions:
            self._sessions.pop(session.digest, None)
            session.ended = why
            self.on_end(session)
        self._store.end_sessions([session.digest for session in sessions])

    def _restore(self) -> None:
        """Take up the sessions that an earlier life of the server left."""
        accounts = {account.name: account for account in self._store.accounts()}
        now = self._now()
        over: list[str] = []
        for kept in self._store.sessions():
            account, expires = accounts.get(kept.name), utc_of_text(kept.expires_utc)
            if account is None or account.disabled or expires <= now:
                over.append(kept.digest)
                continue
            self._sessions[kept.digest] = Session(
                kept.digest, kept.name, account.role, kept.csrf, expires, account.must_change, now
            )
        if over:
            self._store.end_sessions(over)

    # -- accounts ------------------------------------------------------------------------------------------------
    def list(self) -> list[Account]:
        """Return all accounts."""
        return self._store.accounts()

    def locked(self, account: Account) -> bool:
        """Whether an account is locked now."""
        return bool(account.locked_until_utc) and utc_of_text(account.locked_until_utc) > self._now()

    async def change_password(self, session: Session, old: str, new: str, peer: str) -> None:
        """Change one's own password; other sessions of the account end. Raises AccountError and BusyError."""
        account = self._known(session.user)
        self._refuse_locked(account.name)
        if not await self._pool.check(old, account.password):
            await self._count_failure(account.name, self._known(account.name), peer)
            raise AccountError(403, "wrong", "the old password is wrong")
        if old == new:
            raise AccountError(422, "weak", "the new password is the old one")
        if problem := weakness(new, account.name):
            raise AccountError(422, "weak", f"the new password {problem}")
        digest = await self._pool.make(new)
        changed = replace(
            self._known(account.name), password=digest, must_change=False, changed_utc=self._now().isoformat()
        )
        await self._note(AccountChanged(account.name, "password", account.role, session.user, ""))
        self._store.save(changed)
        session.must_change = False
        self._end([s for s in self._sessions.values() if s.user == account.name and s is not session], "password")

    async def add(self, by: Session, name: str, role: str, password: str) -> None:
        """Add an account that must change its password at first. Raises AccountError and BusyError."""
        if not _NAME.fullmatch(name):
            raise AccountError(422, "name", "a name is of 1 to 32 letters, digits, . _ and -, a letter or digit first")
        if self._store.account(name) is not None:
            raise AccountError(409, "name", f"there is an account {name}")
        _check_role(role)
        if problem := weakness(password, name):
            raise AccountError(422, "weak", f"the password {problem}")
        await self._note(AccountChanged(name, "added", role, by.user, ""))
        await self._put(name, role, password, must_change=True)

    async def change(
        self, by: Session, name: str, *, role: str | None, disabled: bool | None, password: str | None, unlock: bool
    ) -> None:
        """Change another account; its sessions end. Raises AccountError and BusyError.

        The last administrator who may sign in stays one.
        """
        account = self._known(name)
        changed, told = account, list[str]()
        if role is not None and role != account.role:
            _check_role(role)
            changed, told = replace(changed, role=role), [*told, "role"]
        if disabled is not None and disabled != account.disabled:
            changed, told = replace(changed, disabled=disabled), [*told, "disabled" if disabled else "enabled"]
        if unlock and (account.locked_until_utc or account.failures):
            changed, told = replace(changed, failures=0, locked_until_utc=""), [*told, "unlocked"]
        if password is not None:
            if problem := weakness(password, name):
                raise AccountError(422, "weak", f"the password {problem}")
            digest = await self._pool.make(password)
            changed, told = replace(changed, password=digest, must_change=True), [*told, "password"]
        admins = [a for a in self._store.accounts() if a.role == "administrator" and not a.disabled and a.name != name]
        if not admins and (changed.role != "administrator" or changed.disabled):
            raise AccountError(409, "last", f"{name} is the last administrator")
        for state in told:
            await self._note(AccountChanged(name, state, changed.role, by.user, ""))
        if told:
            self._store.save(replace(changed, changed_utc=self._now().isoformat()))
        if set(told) - {"unlocked"}:
            self._end([s for s in self._sessions.values() if s.user == name], "account")

    def _known(self, name: str) -> Account:
        account = self._store.account(name)
        if account is None:
            raise AccountError(404, "name", f"there is no account {name[:_MOST_SHOWN]}")
        return account


def same(one: str, other: str) -> bool:
    """Compare two tokens in a time that tells nothing."""
    return hmac.compare_digest(one.encode(), other.encode())


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise AccountError(422, "role", f"a role is one of {', '.join(ROLES)}")


def _text(token: bytes) -> str:
    return base64.urlsafe_b64encode(token).decode("ascii").rstrip("=")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
