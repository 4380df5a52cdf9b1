"""The page's server: routes, sign-in, and the live channel. Starlette on a plain loop of peer time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from planaris.hmi.accounts import SESSION_S, AccountError, Accounts, Session, same
from planaris.hmi.answers import RefusedRequestError, answer, answering, body_of, text_in
from planaris.hmi.entry import Entry, openapi
from planaris.hmi.hub import Hub
from planaris.hmi.messages import MessageError, read_message
from planaris.hmi.protocol import HELLO_LIMIT_S, PROTOCOL_VERSION, SessionBody
from planaris.hmi.security import COOKIE, Guard
from planaris.hmi.static_files import StaticFiles
from planaris.hmi.viewer import encode


def address_of(connection: HTTPConnection) -> str:
    """Return where a request comes from."""
    return connection.client.host if connection.client is not None else ""


class PageServer:
    """Makes the application. ``entries`` are the paths of the REST interface beside sign-in and accounts."""

    def __init__(
        self,
        hub: Hub,
        accounts: Accounts,
        entries: tuple[Entry, ...],
        static: StaticFiles,
        failed: Callable[[str], None],
    ) -> None:
        self._hub, self._accounts, self._static, self._failed = hub, accounts, static, failed
        self.entries = (*self._own_entries(), *entries)

    def application(self, *, tls: bool, names: tuple[str, ...] = ()) -> ASGIApp:
        """Return the ASGI application; ``tls`` says that it is reached by https."""
        self._tls = tls
        routes: list[Route | WebSocketRoute] = [
            Route("/", self._page, methods=["GET"]),
            Route("/static/{name:path}", self._file, methods=["GET"]),
            Route("/api/sign-in", answering(self._sign_in, self._failed), methods=["POST"]),
            WebSocketRoute("/ws", self._channel),
        ]
        described = Entry("GET", "/api/openapi.json", "This description.", self._described)
        by_path: dict[str, dict[str, Entry]] = {described.path: {"GET": described}}
        for entry in self.entries:
            by_path.setdefault(entry.path, {})[entry.method] = entry
        for path, methods in by_path.items():
            routes.append(Route(path, answering(self._dispatch(methods), self._failed), methods=list(methods)))
        return Guard(Starlette(routes=routes), tls=tls, names=names)

    # -- who asks ------------------------------------------------------------------------------------------------
    def _dispatch(self, methods: dict[str, Entry]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            entry = methods.get(request.method) or methods["GET"]
            session = self._session(request)
            if request.method not in {"GET", "HEAD"} and not same(
                request.headers.get("x-csrf-token", ""), session.csrf
            ):
                raise RefusedRequestError(403, "token", "the request's token is missing or wrong")
            free = {"/api/session", "/api/sign-out", "/api/password"}
            if session.must_change and entry.path not in free:
                raise RefusedRequestError(403, "password", "change the one-time password first")
            if entry.role and session.role != entry.role:
                raise RefusedRequestError(403, "role", f"this takes the role {entry.role}")
            return await entry.handler(request, session)

        return endpoint

    def _session(self, connection: HTTPConnection) -> Session:
        found = self._accounts.session(connection.cookies.get(COOKIE, ""))
        if found is None:
            raise RefusedRequestError(401, "session", "sign in first")
        return found

    async def _described(self, _request: Request, _session: Session) -> Response:
        return answer(openapi(self.entries))

    # -- the page ------------------------------------------------------------------------------------------------
    async def _page(self, request: Request) -> Response:
        return self._static.answer(request, "index.html")

    async def _file(self, request: Request) -> Response:
        return self._static.answer(request, request.path_params["name"])

    # -- sign-in -------------------------------------------------------------------------------------------------
    async def _sign_in(self, request: Request) -> Response:
        body = await body_of(request)
        token, session = await self._accounts.sign_in(
            text_in(body, "user"), text_in(body, "password"), address_of(request)
        )
        response = answer(_body(session))
        response.set_cookie(
            COOKIE, token, max_age=int(SESSION_S), path="/", secure=self._tls, httponly=True, samesite="strict"
        )
        return response

    def _own_entries(self) -> tuple[Entry, ...]:
        users, admin = "/api/users", "administrator"
        return (
            Entry("GET", "/api/session", "Who is signed in, and the session's token.", self._who),
            Entry("POST", "/api/sign-out", "End the session.", self._sign_out),
            Entry("POST", "/api/password", "Change one's own password.", self._password, body=("old", "new")),
            Entry("GET", users, "All accounts.", self._users, admin),
            Entry("POST", users, "Add an account.", self._add_user, admin, body=("user", "role", "password")),
            Entry(
                "PATCH",
                f"{users}/{{name}}",
                "Change an account; each field may be left out.",
                self._change,
                admin,
                body=("role", "active", "password", "unlock"),
            ),
        )

    async def _who(self, _request: Request, session: Session) -> Response:
        return answer(_body(session))

    async def _sign_out(self, request: Request, session: Session) -> Response:
        await self._accounts.sign_out(session, address_of(request))
        response = Response(status_code=204)
        response.delete_cookie(COOKIE, path="/", secure=self._tls, httponly=True, samesite="strict")
        return response

    async def _password(self, request: Request, session: Session) -> Response:
        body = await body_of(request)
        await self._accounts.change_password(
            session, text_in(body, "old"), text_in(body, "new", 1000), address_of(request)
        )
        return answer(_body(session))

    async def _users(self, _request: Request, _session: Session) -> Response:
        users = [
            {
                "user": account.name,
                "role": account.role,
                "active": not account.disabled,
                "locked": self._accounts.locked(account),
                "must_change_password": account.must_change,
                "changed_utc": account.changed_utc,
            }
            for account in self._accounts.list()
        ]
        return answer({"users": users})

    async def _add_user(self, request: Request, session: Session) -> Response:
        body = await body_of(request)
        user, role = text_in(body, "user"), text_in(body, "role")
        await self._accounts.add(session, user, role, text_in(body, "password", 1000))
        return answer({"user": user, "role": role}, 201)

    async def _change(self, request: Request, session: Session) -> Response:
        body = await body_of(request)
        name = request.path_params["name"]
        await self._accounts.change(
            session,
            name,
            role=text_in(body, "role") if "role" in body else None,
            disabled=not _flag(body, "active") if "active" in body else None,
            password=text_in(body, "password", 1000) if "password" in body else None,
            unlock="unlock" in body and _flag(body, "unlock"),
        )
        return answer({"user": name})

    # -- the live channel ----------------------------------------------------------------------------------------
    async def _channel(self, socket: WebSocket) -> None:
        try:
            session = self._session(socket)
        except (RefusedRequestError, AccountError):
            await socket.close(1008)
            return
        await socket.accept()
        refused = await self._greet(socket, session)
        if refused is not None:
            with suppress(RuntimeError, WebSocketDisconnect):
                await socket.send_text(encode({"t": "bye", "code": refused[0], "why": refused[1]}))
                await socket.close(1008)
            return
        viewer = self._hub.enter(socket, session)
        hearing = asyncio.create_task(self._hear(socket, viewer), name="page.hear")
        sending = asyncio.create_task(viewer.run(), name="page.send")
        try:
            await asyncio.wait({hearing, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.leave(viewer)
            for task in (hearing, sending):
                task.cancel()
            await asyncio.gather(hearing, sending, return_exceptions=True)

    async def _greet(self, socket: WebSocket, session: Session) -> tuple[str, str] | None:
        """Hear the hello; return code and reason where the page may not stay."""
        try:
            async with asyncio.timeout(HELLO_LIMIT_S):
                message = read_message(await _heard(socket))
        except TimeoutError:
            return "hello", f"no hello within {HELLO_LIMIT_S:g} s"
        except WebSocketDisconnect:
            return "hello", "gone"
        except MessageError as error:
            return "malformed", str(error)
        if message["t"] != "hello":
            return "hello", "hello comes first"
        if not same(message["csrf"], session.csrf):
            return "forbidden", "the token is wrong"
        if message["v"] != PROTOCOL_VERSION:
            return "hello", f"this server speaks version {PROTOCOL_VERSION}; load the page anew"
        if session.must_change:
            return "password", "change the one-time password first"
        return ("full", "too many pages are open") if self._hub.full else None

    async def _hear(self, socket: WebSocket, viewer: Any) -> None:
        try:
            while True:
                try:
                    text = await _heard(socket)
                except MessageError:
                    text = ""  # bytes are no message either
                self._hub.hear(viewer, text)
        except WebSocketDisconnect:
            return


async def _heard(socket: WebSocket) -> str:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    text = message.get("text")
    if not isinstance(text, str):
        raise MessageError("a message is text")
    return text


def _flag(body: dict[str, Any], name: str) -> bool:
    value = body[name]
    if not isinstance(value, bool):
        raise RefusedRequestError(422, "body", f"{name} is neither true nor false")
    return value


def _body(session: Session) -> SessionBody:
    return {
        "user": session.user,
        "role": session.role,
        "must_change_password": session.must_change,
        "csrf": session.csrf,
        "expires_at": session.expires.isoformat(),
    }
