"""What every request meets first: known host, good origin, bounded body, and headers that keep others out."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "planaris_session"
# The page: nothing from elsewhere, nothing inline.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A report is one file with its style and pictures in it, and no script may run in it.
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
BODY_LIMIT_BYTES = 64 * 1024
UPLOAD_LIMIT_BYTES = 1024 * 1024
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# Paths whose bodies may be as large as a recipe.
_UPLOADS = ("/api/recipes",)


def host_allowed(host: str, names: Iterable[str]) -> bool:
    """Whether a Host header names this server: an address, localhost, or a name that somebody declared.

    A name that was not declared may be another site's that points here (DNS rebinding); an address cannot.
    """
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost" or name in {known.casefold() for known in names}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def origin_good(headers: Headers, scheme: str) -> bool:
    """Whether a request comes from this server's own page: its Origin is its Host, by the same scheme."""
    return headers.get("origin", "") == f"{scheme}://{headers.get('host', '')}"


class Guard:
    """Wraps the application. ``tls``: pages come by https; ``names`` are host names that mean this server."""

    def __init__(self, inner: ASGIApp, *, tls: bool, names: Iterable[str]) -> None:
        self._inner, self._tls, self._names = inner, tls, tuple(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._inner(scope, receive, send)
            return
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        known = len(hosts) == 1 and _split(hosts[0]) and host_allowed(hosts[0], self._names)
        scheme = "https" if self._tls else "http"
        own = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}
        if scope["type"] == "websocket":
            if not known or not origin_good(headers, scheme):
                await send({"type": "websocket.close", "code": 1008, "reason": ""})
                return
            await self._inner(scope, receive, send)
            return
        if not known:
            await _refuse(send, 421, "host", "this server is not known by that name")
        elif not own and not origin_good(headers, scheme):
            await _refuse(send, 403, "origin", "this request does not come from the server's own page")
        else:
            await self._bounded(scope, receive, self._with_headers(scope, send), headers)

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Content-Security-Policy", PAGE_POLICY)
                headers.setdefault("Cache-Control", "no-store" if scope["path"].startswith("/api") else "no-cache")
                if self._tls:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        return sending

    async def _bounded(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        """Refuse a body that is too large before it is read, and cut one that says nothing of its size."""
        limit = UPLOAD_LIMIT_BYTES if scope["path"].startswith(_UPLOADS) else BODY_LIMIT_BYTES
        said = headers.get("content-length", "0")
        if not said.isdecimal() or int(said[:12]) > limit:
            await _refuse(send, 413, "size", f"a body has {limit} bytes at most")
            return
        taken = 0

        async def receiving() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise TooLargeError(limit)
            return message

        await self._inner(scope, receiving, send)


class TooLargeError(Exception):
    """A body went on beyond its limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"a body has {limit} bytes at most")


def _split(host: str) -> bool:
    try:
        urlsplit(f"//{host}").port  # noqa: B018  raises for what is no port
    except ValueError:
        return False
    return True


async def _refuse(send: Send, status: int, error: str, why: str) -> None:
    body = f'{{"error":"{error}","why":"{why}"}}'.encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"content-security-policy", PAGE_POLICY.encode()),
        (b"connection", b"close"),
    ]
    headers += [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
