"""Composition root of `planaris twin`: a twin as its own process, its PLC served over OPC UA."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from planaris import clock
from planaris.app.options import address_of, check_film
from planaris.app.world_access import LocalWorld, WorldServer
from planaris.dictionary import build
from planaris.formats import load_tool
from planaris.hardware import tags_from
from planaris.model import InputError, InputFault, ToolDescription
from planaris.processes import ProcessPackage, load_package
from planaris.twin import (
    HEARTBEAT_LIMIT_S,
    LIVE_CHANGE_PERIOD_S,
    LinkModel,
    Machine,
    TwinPort,
    World,
    make_truth,
    open_memory,
)

# A block of samples is this long at speed 1, and as many seconds of peer time at most when hurried [design].
BLOCK_S = 0.1
BLOCK_PEER_S = 0.05
LONGEST_BLOCK_S = 2.0
# How often what rests is brought up to now, tool time [design]: everything is sampled all the time here.
SETTLE_S = 5.0


@dataclass(frozen=True, slots=True)
class TwinRequest:
    """Ask for a twin in this process. ``speed`` is tool seconds per second; ``home`` keeps its memory in ``twin/``.

    ``package`` and ``film`` say what its wafers carry and with what they are polished.
    """

    endpoint: str
    tool: str | Path | None
    seed: int
    speed: float
    home: Path
    package: str = "oxide_ild"
    film: str = "TEOS"


@dataclass(frozen=True, slots=True)
class TwinReady:
    """Where a twin answers: its PLC, and what people do around it (loopback only)."""

    opcua: str
    world: str
    tool: str
    speed: float


def block_s(speed: float) -> float:
    """Return how long blocks of samples are at a speed, whole tenths of a second."""
    return min(LONGEST_BLOCK_S, max(BLOCK_S, round(BLOCK_PEER_S * speed, 1)))


def run_twin(request: TwinRequest, on_ready: Callable[[TwinReady], None]) -> None:
    """Serve a twin until SIGTERM or SIGINT. Raises InputError for a bad tool, speed, endpoint, package or film."""
    tool = load_tool(request.tool)
    address_of("opcua", request.endpoint)
    package = load_package(request.package)
    check_film(package, request.film)
    if not 0.0 < request.speed < float("inf"):
        fault = InputFault("speed", f"{request.speed:g}", "sockets need real time", limit="above 0, finite")
        raise InputError("--speed", (fault,))
    clock.run(_serve(request, tool, package, on_ready), speed=request.speed)


async def _serve(
    request: TwinRequest, tool: ToolDescription, package: ProcessPackage, on_ready: Callable[[TwinReady], None]
) -> None:
    from planaris.hardware.opcua import Identity, PlcServer, tags_digest

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    dictionary = build(tool)
    truth = make_truth(package, request.film, tool, request.seed)
    # The wire is real; heartbeats are peer time, so the PLC's patience stretches with the speed.
    patience_s = HEARTBEAT_LIMIT_S * max(1.0, request.speed)
    machine = Machine(
        tool,
        dictionary,
        truth,
        request.seed,
        LinkModel(0.0),
        heartbeat_limit_s=patience_s,
        change_period_s=LIVE_CHANGE_PERIOD_S,
    )
    world = World(machine)
    memory = open_memory(request.home / "twin")
    world.remember(memory)
    people = WorldServer(LocalWorld(world, lasting=True))
    address = await people.start()
    identity = Identity(
        "twin", tool.name, request.speed, tags_digest(tags_from(dictionary)), block_s(request.speed), address
    )
    # The PLC's clock is UTC when it starts, in whole seconds, and runs at the twin's speed.
    epoch_ns = int(clock.utc_now().timestamp() - loop.time()) * 1_000_000_000
    peer = clock.PeerThread("opcua")
    server = PlcServer(TwinPort(machine), dictionary, identity, peer, request.endpoint, epoch_ns=epoch_ns)
    settling = loop.create_task(_settle(machine), name="twin.settle")
    try:
        await server.start()
        on_ready(TwinReady(request.endpoint, address, tool.name, request.speed))
        await stop.wait()
    finally:
        settling.cancel()
        await people.stop()
        await server.stop()
        await peer.stop()
        world.leave_in_order()
        memory.close()
        machine.close()


async def _settle(machine: Machine) -> None:
    while True:
        await asyncio.sleep(SETTLE_S)
        machine.process.settle_idle()
