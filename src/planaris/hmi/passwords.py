"""Passwords: scrypt in a pool of two threads behind a bounded queue, so that no flood of sign-ins takes the machine."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

_T = TypeVar("_T")

THREADS_COUNT = 2
# Who would wait longer than about 16 digests in two threads is told to come again [design].
QUEUE_LIMIT = 16
LEAST_LENGTH = 10
MOST_LENGTH = 256
# Behind control and everything else on the machine [design].
_NICE = 10
_SALT_BYTES = 16
_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of scrypt (RFC 7914): n, block size r, parallelisation p; memory is 128 n r bytes."""

    n: int
    r: int
    p: int


# 16 MiB and about 0.2 s: OWASP's password storage cheat sheet (2024) names N=2^14, r=8, p=5 as equal to N=2^17, p=1.
COST = Cost(1 << 14, 8, 5)


class BusyError(Exception):
    """Too many passwords wait to be looked at; come again after ``retry_after_s``."""

    def __init__(self, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"too many sign-ins at once; try again in {retry_after_s:g} s")


def digest(password: str, salt: bytes, cost: Cost) -> str:
    """Return a password's digest with its salt and cost as one text: ``scrypt:n:r:p:salt:hash``."""
    found = hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=cost.n,
        r=cost.r,
        p=cost.p,
        maxmem=256 * cost.n * cost.r,
        dklen=_DIGEST_BYTES,
    )
    salt_text, hash_text = (base64.b64encode(part).decode("ascii") for part in (salt, found))
    return f"scrypt:{cost.n}:{cost.r}:{cost.p}:{salt_text}:{hash_text}"


def matches(password: str, kept: str) -> bool:
    """Whether a password is the one of a digest."""
    _, n, r, p, salt, _ = kept.split(":")
    found = digest(password, base64.b64decode(salt), Cost(int(n), int(r), int(p)))
    return hmac.compare_digest(found, kept)


def weakness(password: str, name: str) -> str:
    """Return what is wrong with a new password, '' if nothing is."""
    if len(password) < LEAST_LENGTH:
        return f"has {len(password)} characters; {LEAST_LENGTH} at least"
    if len(password) > MOST_LENGTH:
        return f"has {len(password)} characters; {MOST_LENGTH} at most"
    if name and name.casefold() in password.casefold():
        return "contains the account's name"
    return "has less than four different characters" if len(set(password)) < 4 else ""


class PasswordPool:
    """Digests passwords. ``random_bytes`` gives salts."""

    def __init__(self, random_bytes: Callable[[int], bytes], cost: Cost = COST) -> None:
        self._random_bytes, self._cost = random_bytes, cost
        self._pool = ThreadPoolExecutor(THREADS_COUNT, thread_name_prefix="password", initializer=_step_back)
        self._waiting = 0
        # What an unknown name is compared with, so that it takes as long as a known one.
        self._nobody = digest("nobody has this password", bytes(_SALT_BYTES), cost)

    async def make(self, password: str) -> str:
        """Return the digest of a new password. Raises BusyError."""
        salt = self._random_bytes(_SALT_BYTES)
        return await self._run(lambda: digest(password, salt, self._cost))

    async def check(self, password: str, kept: str | None) -> bool:
        """Whether a password is right; None is nobody's. Raises BusyError."""
        right = await self._run(lambda: matches(password, kept or self._nobody))
        return right and kept is not None

    async def _run(self, work: Callable[[], _T]) -> _T:
        if self._waiting >= QUEUE_LIMIT:
            raise BusyError(2.0)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the threads after what they are at."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _step_back() -> None:
    # Only Linux has a priority of each thread.
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
