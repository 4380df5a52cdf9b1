"""Composition root of `planaris serve`: the live tool, with its door open until somebody ends it."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import TYPE_CHECKING

import planaris
from planaris import clock
from planaris.app.door_socket import SOCKET_FILE, DoorSocket
from planaris.app.far_side import FarSide, PortChoice, choose_port, open_far_side
from planaris.app.listening import listening
from planaris.app.live_tool import LiveTool
from planaris.app.office import recipe_finder
from planaris.app.options import address_of, check_film
from planaris.app.profiles import PROFILES
from planaris.app.removal_estimates import fetch_solver
from planaris.app.request import RunProfile
from planaris.app.resume import Past, last_run
from planaris.app.traces import RunTraces
from planaris.app.twin_memory import check_empty, open_twin_memory
from planaris.dictionary import Dictionary, build
from planaris.formats import JobFiles, load_job, load_tool
from planaris.hardware import PortKind
from planaris.historian import Home, HomeError, HomeUnwritableError, RunDatabase, RunFolder, SqliteJournal, TraceWriter
from planaris.model import InputError, InputFault, ToolDescription
from planaris.processes import ProcessPackage, load_package
from planaris.stream import RunEnded, RunStarted
from planaris.twin import MemoryFile

if TYPE_CHECKING:
    from planaris.app.face_link import FaceLink
    from planaris.factory import Face, FactorySettings, MessageLog
    from planaris.hmi import FactoryLook, PageSettings

SESSION = "serve"


@dataclass(frozen=True, slots=True)
class ServeRequest:
    """Ask for a live tool. ``port`` is '' for a twin in this process, or ``opcua://HOST:PORT``.

    ``lots`` are files of lots that the tool knows beforehand; more can be described as their jobs are made. ``package``
    and ``film`` say what a twin's wafers carry and with what they are polished; the first lot's where they are ''.
    ``hsms`` is HOST:PORT where a factory host connects, '' for no factory interface, with its ``device_id``, who may
    connect (addresses or networks, empty for everybody) and whether recipes that it sends are released at once.
    ``http`` is HOST:PORT where the operator's page comes from, '' for none; with ``tls_cert`` and ``tls_key`` by https,
    without only on this machine unless ``plain_http_to_the_network``; ``http_names`` are host names that mean it.
    ``people`` has cassettes brought to a twin and taken away. With ``resume`` the home's last session goes on.
    """

    home: Path
    tool: str | Path | None
    seed: int
    speed: float
    lots: tuple[Path, ...] = ()
    package: str = ""
    film: str = ""
    port: str = ""
    people: bool = True
    hsms: str = ""
    device_id: int = 0
    allowed_peers: tuple[str, ...] = ()
    host_may_release: bool = False
    resume: bool = False
    clear: bool = False
    http: str = ""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    plain_http_to_the_network: bool = False
    http_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServeReady:
    """A tool that answers: its session, what stands behind its port, and what a person must look at.

    ``http`` is the page's address; ``first_password`` the first administrator's, '' where there are accounts.
    """

    run_id: str
    folder: Path
    tool: str
    port_kind: str
    speed: float
    lots: tuple[str, ...]
    hsms: str
    questions: tuple[str, ...]
    http: str = ""
    first_password: str = ""


OnReady = Callable[[ServeReady], None]
Tell = Callable[[str], None]


def serve(request: ServeRequest, on_ready: OnReady, tell: Tell) -> str:
    """Have a live tool until SIGTERM or SIGINT and return how its session ended.

    "completed" if no job was left, else "interrupted": then ``resume`` goes on with it. ``tell`` gets what people
    should read meanwhile. Raises InputError and HomeError before anything moves, ListenError where it cannot be
    reached as it is asked for; whatever ends the tool itself.
    """
    choice = choose_port(request.port, request.speed)
    if choice.record is not None or not 0.0 < choice.speed < float("inf"):
        limit = "above 0, finite; 1 on a machine"
        raise InputError("--speed", (InputFault("speed", f"{choice.speed:g}", "is no speed to live at", limit=limit),))
    if request.hsms:
        factory_settings(request)
    if request.http:
        page_settings(request)
    with Home.open(request.home, label="planaris serve") as home:
        memory = open_twin_memory(home)
        try:
            past = _past(home, request)
            tool = load_tool((past.tool if past is not None else None) or request.tool)
            jobs = tuple(load_job(path, request.tool, recipe_finder(home)) for path in request.lots)
            package, film = _films(request, jobs, past)
            if past is None and choice.in_process and not request.clear:
                check_empty(home, memory)
            folder = home.new_run(SESSION) if past is None else past.folder
            session = _Session(request, choice, home, folder, memory, tool, package, film, jobs, past, tell)
            return session.live(on_ready)
        finally:
            memory.close()


def factory_settings(request: ServeRequest) -> FactorySettings:
    """Return the settings of the factory interface. Raises InputError with every fault."""
    from planaris.factory import FactorySettings, GemSettings, HsmsSettings

    host, port = address_of("hsms", request.hsms)
    return FactorySettings(
        host,
        port,
        HsmsSettings(device_id=request.device_id, allowed_peers=request.allowed_peers),
        GemSettings(software=planaris.__version__[:20], host_may_release=request.host_may_release),
    )


def page_settings(request: ServeRequest) -> PageSettings:
    """Return the settings of the operator's page. Raises InputError with every fault."""
    from planaris.hmi import PageSettings, settings_of

    host, port = settings_of(request.http)
    settings = PageSettings(
        host,
        port,
        request.tls_cert,
        request.tls_key,
        request.plain_http_to_the_network,
        request.http_names,
    )
    settings.check()
    return settings


def _past(home: Home, request: ServeRequest) -> Past | None:
    if not request.resume:
        return None
    past = last_run(home)
    if past.metas.get("lot_path"):
        raise HomeError(past.folder.path, "is a run of one lot", "go on with it by planaris run --resume")
    return past


def _films(request: ServeRequest, jobs: Sequence[JobFiles], past: Past | None) -> tuple[ProcessPackage, str]:
    """Return the package and top film of every wafer here; raise InputError where lots ask for several."""
    first = jobs[0].recipe if jobs else None
    before = past.metas if past is not None else {}
    package = before.get("package") or request.package or (first.process_package if first else "oxide_ild")
    film = before.get("film") or request.film or (first.film if first else "TEOS")
    faults = tuple(
        InputFault(job.lot.lot_id, f'"{job.recipe.process_package}"', "is of another process package", limit=package)
        for job in jobs
        if job.recipe.process_package != package
    )
    if faults:
        raise InputError("--lot", faults)
    found = load_package(package)
    check_film(found, film)
    return found, film


def live_with_the_tool() -> None:
    """In the process that draws reports: leave Ctrl-C to the tool, which ends in good order, and never outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tool = parent_process()
    assert tool is not None, "it is a process of its own"

    def follow() -> None:
        tool.join()
        os._exit(1)  # the tool was killed: nobody asks for a report any more

    threading.Thread(target=follow, name="follow-the-tool", daemon=True).start()


class _Session:
    """One life of a live tool: records, far side, tool, and the door for programs on this machine."""

    def __init__(
        self,
        request: ServeRequest,
        choice: PortChoice,
        home: Home,
        folder: RunFolder,
        memory: MemoryFile,
        tool: ToolDescription,
        package: ProcessPackage,
        film: str,
        jobs: Sequence[JobFiles],
        past: Past | None,
        tell: Tell,
    ) -> None:
        self._request, self._choice, self._home, self._folder = request, choice, home, folder
        self._memory, self._tool, self._package, self._film = memory, tool, package, film
        self._jobs, self._past, self._tell = jobs, past, tell
        self._face: tuple[Face, MessageLog, str] | None = None

    def live(self, on_ready: OnReady) -> str:
        """Wire everything and live; return how it ended."""
        past, folder = self._past, self._folder
        with (
            SqliteJournal(self._home.database, folder.run_id) as journal,
            RunDatabase(folder.database, go_on=past is not None) as records,
            TraceWriter(folder.traces) as writer,
            ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=live_with_the_tool) as drawers,
        ):
            metas = self._metas()
            if past is None:
                records.set_metas(metas)
            else:
                known = records.last_sequence()
                records([item for item in past.events if item.sequence > known])
            start_s = 0.0 if past is None else past.died_s + self._away_s(past)
            traces = RunTraces(writer, folder.run_id, self._choice.kind.value, folder.traces)
            fetch_solver()  # any recipe that comes later may ask for it
            live = self._live(journal, records, traces, metas, drawers, on_ready)
            outcome, time_s = clock.run(live, speed=self._choice.speed, start_s=start_s)
            writer.drain()
            records.set_metas({"outcome": outcome, "tool_time_s": repr(time_s)})
        return outcome

    def _metas(self) -> dict[str, str]:
        return {
            "run_id": self._folder.run_id,
            "created_utc": f"{clock.utc_now():%Y-%m-%dT%H:%M:%SZ}",
            "software": planaris.__version__,
            "tool": self._tool.name,
            "tool_asked": str(self._request.tool or ""),
            "port_kind": self._choice.kind.value,
            "seed": str(self._request.seed),
            "profile": RunProfile.FULL.value,
            "speed": str(self._choice.speed),
            "lot_path": "",
            "package": self._package.name,
            "film": self._film,
        }

    def _away_s(self, past: Past) -> float:
        """How long the controller was away: by the clock on the wall since its records were last written, at speed."""
        newest_s = max(
            (p.stat().st_mtime for p in (self._home.database, past.folder.database) if p.exists()), default=0
        )
        return max(1.0, self._choice.speed * (clock.utc_now().timestamp() - newest_s)) if newest_s else 1.0

    async def _live(
        self,
        journal: SqliteJournal,
        records: RunDatabase,
        traces: RunTraces,
        metas: dict[str, str],
        drawers: ProcessPoolExecutor,
        on_ready: OnReady,
    ) -> tuple[str, float]:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        dictionary = build(self._tool)
        seed = int(self._past.metas["seed"]) if self._past is not None else self._request.seed
        parts = PROFILES[RunProfile.FULL]
        opened = open_far_side(
            self._choice, self._tool, self._film, self._package, dictionary, seed, self._memory, parts
        )
        async with opened as far, AsyncExitStack() as faces:
            if self._request.clear and far.world is not None and self._past is None:
                await far.world.ask("empty")
            live = self._wire(journal, records, traces, metas, drawers, far, dictionary)
            peer = clock.PeerThread("faces")
            faces.push_async_callback(peer.stop)
            link = self._link(peer, live, far) if self._request.hsms else None
            if self._past is None:
                live.stream.publish(RunStarted(self._tool.name, self._choice.kind.value, seed, planaris.__version__))
            async with live.running():
                live.stream.flush()  # what was told before anybody saw to a flush
                door = DoorSocket(
                    self._home.path / SOCKET_FILE,
                    lambda request: peer.ask(live.submit(request)),
                    lambda: peer.ask(live.state()),
                )
                with listening("home", str(self._home.path)):
                    await peer.call(door.start())
                faces.push_async_callback(lambda: peer.call(door.stop()))  # also where a face cannot listen
                hsms = await self._open_factory(faces, peer, live, link, dictionary) if link is not None else ""
                page = await self._open_page(faces, peer, live, far, dictionary) if self._request.http else ("", "")
                on_ready(
                    ServeReady(
                        self._folder.run_id,
                        self._folder.path,
                        self._tool.name,
                        self._choice.kind.value,
                        self._choice.speed,
                        tuple(live.book.lots),
                        hsms,
                        tuple(f"{q.wafer_id or 'a wafer'}: {q.why}" for q in live.questions),
                        *page,
                    )
                )
                try:
                    await live.engine.or_end(stop.wait())
                finally:
                    await peer.call(door.stop())
                left = bool(live.engine.jobs.active) or bool(live.questions)
                outcome = "interrupted" if left else "completed"
                if not left:
                    live.stream.publish(RunEnded(outcome, "ended by a person"))
                time_s = clock.now_s()
            live.close()
            if far.world is not None and not left:
                await far.world.ask("leave_in_order")
        return outcome, time_s

    def _link(self, peer: clock.PeerThread, live: LiveTool, far: FarSide) -> FaceLink:
        """Follow the events for a face that is to come."""
        from planaris.app.face_link import FaceLink

        link = FaceLink(
            peer, live.engine, far.port, self._home.recipes, far.constants, live.submit, self._tell, self._choice.speed
        )
        link.listen(live.stream, self._past.events if self._past is not None else ())
        return link

    async def _open_factory(
        self, faces: AsyncExitStack, peer: clock.PeerThread, live: LiveTool, link: FaceLink, dictionary: Dictionary
    ) -> str:
        """Have a factory host connect; return the address where it may."""
        from planaris.app.face_link import start_face
        from planaris.factory import Face, MessageLog

        settings = factory_settings(self._request)
        log = self._home.path / "factory" / "messages.sml"
        try:
            record = faces.enter_context(MessageLog(log))
        except OSError as error:
            problem = f"the message log cannot be written: {error.strerror}"
            raise HomeUnwritableError(log, problem, "change its mode or free space on the disk") from error
        face = Face(settings, dictionary, link, self._home.database, record)
        with listening("hsms", self._request.hsms):
            address = await start_face(faces, peer, link, face, live.stream)
        self._face = face, record, address
        return address

    async def _open_page(
        self, faces: AsyncExitStack, peer: clock.PeerThread, live: LiveTool, far: FarSide, dictionary: Dictionary
    ) -> tuple[str, str]:
        """Have people work the tool by a browser; return the address, and the first administrator's password."""
        from planaris.app.page_link import PageLink, start_page
        from planaris.hmi import PageService, ToolFacts

        past = self._past
        facts = ToolFacts(
            self._folder.run_id,
            self._folder.path,
            self._home.path,
            self._tool,
            dictionary,
            self._package,
            self._film,
            self._choice.kind.value,
            self._choice.speed,
            planaris.__version__,
            f"{clock.utc_now():%Y-%m-%dT%H:%M:%SZ}",
        )
        # A real machine has no world, whatever else may answer there.
        world = far.world if self._choice.kind is PortKind.TWIN else None
        link = PageLink(
            peer,
            live,
            self._home,
            far.port,
            world,
            facts,
            past.events if past is not None else (),
            self._factory_look,
            self._tell,
        )
        with listening("http", self._request.http):
            return await start_page(faces, peer, link, PageService(page_settings(self._request), link))

    def _factory_look(self) -> FactoryLook:
        from planaris.hmi import FactoryLook

        if self._face is None:
            return FactoryLook()
        face, record, address = self._face
        shown = face.shown()
        return FactoryLook(address, shown.communication, shown.control, shown.spool, shown.spool_count, record.last)

    def _wire(
        self,
        journal: SqliteJournal,
        records: RunDatabase,
        traces: RunTraces,
        metas: dict[str, str],
        drawers: ProcessPoolExecutor,
        far: FarSide,
        dictionary: Dictionary,
    ) -> LiveTool:
        live = LiveTool(
            self._tool, self._package, dictionary, self._home, self._folder, far, journal.append, traces, self._past
        )
        live.keep_records(records, metas, drawers, self._tell)
        for files in self._jobs:
            live.book.know(files)
        if self._request.people and far.world is not None and self._choice.kind is PortKind.TWIN:
            live.have_people(self._tell)
        return live
