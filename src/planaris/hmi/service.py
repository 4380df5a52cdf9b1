"""The page server at work: a socket, uvicorn on the running loop, and the hub behind it."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from planaris.historian import PageStore
from planaris.hmi.accounts import Accounts
from planaris.hmi.command_desk import CommandDesk
from planaris.hmi.hub import Hub
from planaris.hmi.passwords import COST, Cost, PasswordPool
from planaris.hmi.patience import PatientProtocol
from planaris.hmi.ports import PagePorts
from planaris.hmi.protocol import MESSAGE_LIMIT_BYTES
from planaris.hmi.rest import rest_entries
from planaris.hmi.server import PageServer
from planaris.hmi.static_files import StaticFiles
from planaris.hmi.verbs import VerbCatalogue
from planaris.model import InputError, InputFault

# Peers that wait to be taken, and requests at once; beyond that the answer is 503 [design].
BACKLOG = 1024
REQUESTS_LIMIT = 700
KEEP_ALIVE_S = 15
# How long open requests are waited for when the server ends [design].
END_LIMIT_S = 2


@dataclass(frozen=True, slots=True)
class PageSettings:
    """Where pages come from, and how. ``names`` are host names that mean this server beside its address.

    ``cert`` and ``key`` are PEM files for TLS. Beyond this machine there is no page without, unless ``plain_to_all``
    says so.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    cert: Path | None = None
    key: Path | None = None
    plain_to_all: bool = False
    names: tuple[str, ...] = ()
    cost: Cost = field(default_factory=lambda: COST)

    @property
    def tls(self) -> bool:
        """Whether pages come by https."""
        return self.cert is not None

    def check(self) -> None:
        """Raise InputError with every fault."""
        faults: list[InputFault] = []
        if (self.cert is None) != (self.key is None):
            faults.append(InputFault("tls", "one file", "a certificate and its key go together"))
        if not (self.tls or self.plain_to_all or _loopback(self.host)):
            problem = "is open to the network without TLS"
            remedy = "give --tls-cert and --tls-key, or say --plain-http-to-the-network"
            faults.append(InputFault("http", self.host or "''", problem, remedy=remedy))
        if self.cert is not None and self.key is not None:
            try:
                ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(self.cert, self.key)
            except (OSError, ssl.SSLError) as error:
                faults.append(InputFault("tls", str(self.cert), f"cannot be used: {error}", remedy="PEM files"))
        if faults:
            raise InputError("--http", tuple(faults))


def settings_of(http: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT. Raises InputError."""
    host, colon, port = http.rpartition(":")
    if not (host and colon and port.isascii() and port.isdecimal() and int(port) < 65536):
        raise InputError("--http", (InputFault("http", f'"{http}"', "is no HOST:PORT", "0-65535"),))
    return host.strip("[]"), int(port)


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class PageService:
    """Serves pages. `run` works until it is cancelled; ``on_listening`` hears the address and a first password."""

    def __init__(
        self, settings: PageSettings, ports: PagePorts, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        settings.check()
        self._settings, self._ports, self._random_bytes = settings, ports, random_bytes
        self.hub: Hub | None = None

    async def run(self, on_listening: Callable[[str, str], None] = lambda _address, _password: None) -> None:
        """Listen and serve. Raises OSError if the address is taken, PageStoreError if tool.db cannot be used."""
        settings, ports = self._settings, self._ports
        listening = _listen(settings.host, settings.port)
        pool = PasswordPool(self._random_bytes, settings.cost)
        try:
            with listening, PageStore(ports.facts.home / "tool.db") as store:
                accounts = Accounts(store, pool, ports.note, self._random_bytes)
                password = await accounts.first_password()

                def desk(tool_time_s: Callable[[], float]) -> CommandDesk:
                    verbs = VerbCatalogue(ports.facts.dictionary)
                    return CommandDesk(store, verbs, ports.submit, tool_time_s, ports.facts.speed)

                hub = self.hub = Hub(ports, accounts, desk)
                page = PageServer(
                    hub,
                    accounts,
                    rest_entries(ports, hub, store, lambda: self._random_bytes(12).hex()),
                    StaticFiles(),
                    ports.failed,
                )
                await self._serve(listening, page, hub, lambda address: on_listening(address, password))
        finally:
            self.hub = None
            pool.close()

    async def _serve(
        self, listening: socket.socket, page: PageServer, hub: Hub, on_listening: Callable[[str], None]
    ) -> None:
        settings = self._settings
        config = uvicorn.Config(
            page.application(tls=settings.tls, names=(settings.host, *settings.names)),
            http=PatientProtocol,
            ws="websockets-sansio",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=REQUESTS_LIMIT,
            h11_max_incomplete_event_size=16 * 1024,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=END_LIMIT_S,
            ws_max_size=MESSAGE_LIMIT_BYTES,
            ws_per_message_deflate=False,
            ws_ping_interval=20.0,
            ws_ping_timeout=20.0,
            ssl_certfile=settings.cert,
            ssl_keyfile=settings.key,
            backlog=BACKLOG,
        )
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        server = uvicorn.Server(config)
        host, port = listening.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve(sockets=[listening]), name="page.serve")
            working = tasks.create_task(hub.run(), name="page.hub")
            on_listening(f"{'https' if settings.tls else 'http'}://{shown}:{port}")
            try:
                await asyncio.wait({serving, working}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await hub.stop()
                server.should_exit = True
                await asyncio.wait({serving}, timeout=2.0 * END_LIMIT_S)
                working.cancel()


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening
