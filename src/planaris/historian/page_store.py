"""What the operator's page keeps across restarts: accounts, sessions, and the keys of the commands that were given."""

from __future__ import annotations

from dataclasses import dataclass

from planaris.historian.errors import RecordError
from planaris.historian.face_store import FaceStore

PAGE_TABLES = (
    """CREATE TABLE page_accounts(
        name TEXT PRIMARY KEY, role TEXT NOT NULL, password TEXT NOT NULL, must_change INTEGER NOT NULL,
        disabled INTEGER NOT NULL, failures INTEGER NOT NULL, locked_until_utc TEXT NOT NULL,
        changed_utc TEXT NOT NULL) WITHOUT ROWID""",
    # A session is known by the digest of its token: whoever reads the file cannot take one over.
    """CREATE TABLE page_sessions(
        digest TEXT PRIMARY KEY, name TEXT NOT NULL, csrf TEXT NOT NULL, expires_utc TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE page_commands(
        name TEXT NOT NULL, key TEXT NOT NULL, command TEXT NOT NULL, status TEXT NOT NULL, why TEXT NOT NULL,
        command_id TEXT NOT NULL, given_utc TEXT NOT NULL, PRIMARY KEY(name, key)) WITHOUT ROWID""",
)

SCORE_TABLES = (
    """CREATE TABLE page_scores(
        number INTEGER PRIMARY KEY, name TEXT NOT NULL, ended_utc TEXT NOT NULL, fault TEXT NOT NULL,
        target TEXT NOT NULL, attempt INTEGER NOT NULL, reaction_s REAL, total_s REAL, points INTEGER NOT NULL)""",
)
# Exercises that are kept; the oldest go [design].
SCORES_COUNT = 1000


class PageStoreError(RecordError):
    """Accounts, sessions or keys could not be read or written; what was kept before stays readable."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in. ``password`` is its digest with salt and cost, as `planaris.hmi` makes it.

    ``failures`` counts wrong passwords since the last right one; dates are ISO 8601 in UTC, '' for none.
    """

    name: str
    role: str
    password: str
    must_change: bool = False
    disabled: bool = False
    failures: int = 0
    locked_until_utc: str = ""
    changed_utc: str = ""


@dataclass(frozen=True, slots=True)
class KeptSession:
    """A session by the digest of its token."""

    digest: str
    name: str
    csrf: str
    expires_utc: str


@dataclass(frozen=True, slots=True)
class GivenKey:
    """A command that was given under a key: ``status`` is '' until it was answered."""

    name: str
    key: str
    command: str
    status: str = ""
    why: str = ""
    command_id: str = ""
    given_utc: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """What somebody reached in an exercise: what was broken, and with which attempt the remedy was found (0: not).

    ``reaction_s`` and ``total_s`` are seconds of peer time from the alarm until it was acknowledged, and until it was
    gone; None where it never was.
    """

    name: str
    ended_utc: str
    fault: str
    target: str
    attempt: int
    reaction_s: float | None
    total_s: float | None
    points: int


class PageStore(FaceStore):
    """Tables of the page in an existing tool.db (see `Home`), with a connection of its own. Used by one thread.

    Every change is one transaction that is on the disk when the call returns.
    """

    error = PageStoreError
    table = "page_accounts"

    # -- accounts ------------------------------------------------------------------------------------------------
    def accounts(self) -> list[Account]:
        """Return all accounts by name."""
        with self._reading() as connection:
            rows = connection.execute(f"SELECT {_ACCOUNT} FROM page_accounts ORDER BY name").fetchall()
        return [_account(row) for row in rows]

    def account(self, name: str) -> Account | None:
        """Return an account."""
        with self._reading() as connection:
            row = connection.execute(f"SELECT {_ACCOUNT} FROM page_accounts WHERE name = ?", (name,)).fetchone()
        return _account(row) if row else None

    def save(self, account: Account) -> None:
        """Keep an account; one of the same name is replaced."""
        values = (
            account.name,
            account.role,
            account.password,
            int(account.must_change),
            int(account.disabled),
            account.failures,
            account.locked_until_utc,
            account.changed_utc,
        )
        with self._writing() as connection:
            connection.execute(
                f"INSERT OR REPLACE INTO page_accounts({_ACCOUNT}) VALUES(?, ?, ?, ?, ?, ?, ?, ?)", values
            )

    # -- sessions ------------------------------------------------------------------------------------------------
    def sessions(self) -> list[KeptSession]:
        """Return all sessions."""
        with self._reading() as connection:
            rows = connection.execute("SELECT digest, name, csrf, expires_utc FROM page_sessions").fetchall()
        return [KeptSession(*row) for row in rows]

    def keep_session(self, session: KeptSession) -> None:
        """Keep a session."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO page_sessions VALUES(?, ?, ?, ?)",
                (session.digest, session.name, session.csrf, session.expires_utc),
            )

    def end_sessions(self, digests: list[str]) -> None:
        """Forget sessions."""
        with self._writing() as connection:
            connection.executemany("DELETE FROM page_sessions WHERE digest = ?", [(digest,) for digest in digests])

    # -- keys of commands ----------------------------------------------------------------------------------------
    def given(self, name: str, key: str) -> GivenKey | None:
        """Return the command that somebody gave under a key."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT name, key, command, status, why, command_id, given_utc FROM page_commands"
                " WHERE name = ? AND key = ?",
                (name, key),
            ).fetchone()
        return GivenKey(*row) if row else None

    def keep_key(self, given: GivenKey) -> None:
        """Keep a key before its command is given, or with its answer."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO page_commands VALUES(?, ?, ?, ?, ?, ?, ?)",
                (given.name, given.key, given.command, given.status, given.why, given.command_id, given.given_utc),
            )

    def forget_keys(self, before_utc: str) -> int:
        """Forget keys given before a date and return how many those were."""
        with self._writing() as connection:
            return connection.execute("DELETE FROM page_commands WHERE given_utc < ?", (before_utc,)).rowcount

    # -- training ------------------------------------------------------------------------------------------------
    def keep_score(self, score: Score) -> None:
        """Keep the score of an exercise; beyond `SCORES_COUNT` the oldest goes."""
        values = (
            score.name,
            score.ended_utc,
            score.fault,
            score.target,
            score.attempt,
            score.reaction_s,
            score.total_s,
            score.points,
        )
        with self._writing() as connection:
            connection.execute(f"INSERT INTO page_scores({_SCORE}) VALUES(?, ?, ?, ?, ?, ?, ?, ?)", values)
            connection.execute(
                "DELETE FROM page_scores WHERE number <= (SELECT max(number) FROM page_scores) - ?", (SCORES_COUNT,)
            )

    def scores(self, limit: int) -> list[Score]:
        """Return the newest scores, newest first."""
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT {_SCORE} FROM page_scores ORDER BY number DESC LIMIT ?", (limit,)
            ).fetchall()
        return [Score(*row) for row in rows]


_SCORE = "name, ended_utc, fault, target, attempt, reaction_s, total_s, points"
_ACCOUNT = "name, role, password, must_change, disabled, failures, locked_until_utc, changed_utc"


def _account(row: tuple[str, str, str, int, int, int, str, str]) -> Account:
    name, role, password, must_change, disabled, failures, locked, changed = row
    return Account(name, role, password, bool(must_change), bool(disabled), failures, locked, changed)
