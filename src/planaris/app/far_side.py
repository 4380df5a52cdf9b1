"""What stands behind the port of a run: a twin in this process, a PLC over OPC UA, or the record of a run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from planaris.app.profiles import ProfileParts
from planaris.app.world_access import LocalWorld, RemoteWorld, WorldAccess, WorldError
from planaris.dictionary import Dictionary
from planaris.hardware import Port, PortError, PortKind, tags_from
from planaris.hardware.replay import EXACT_S, Divergence, RecordError, ReplayPort, RunRecord
from planaris.model import InputError, InputFault, ToolDescription
from planaris.modules import ControlConstants
from planaris.processes import ProcessPackage
from planaris.twin import HEARTBEAT_LIMIT_S, LIVE_CHANGE_PERIOD_S, Machine, MemoryFile, TwinPort, World, make_truth

OPCUA_SCHEME, REPLAY_SCHEME = "opcua://", "replay:"
# How far, peer time, a write of a replayed live run may be from its time: the wire's delays are not replayed [design].
LIVE_TOLERANCE_S = 0.5
# What a motion may take longer because of the wire, seconds of peer time [design].
WIRE_MARGIN_S = 3.0
# How late, peer time, set-points may take effect behind a wire [design].
WIRE_SETTLE_S = 0.25


@dataclass(frozen=True, slots=True)
class PortChoice:
    """Which port a run has. ``kind`` is shown wherever people look; ``speed`` is tool seconds per second."""

    kind: PortKind
    speed: float
    endpoint: str = ""
    world: str = ""
    block_s: float = 0.0
    record: Path | None = None
    tolerance_s: float = EXACT_S
    recorded_speed: float = float("inf")

    @property
    def in_process(self) -> bool:
        """Whether the far side is a twin in this process."""
        return not self.endpoint and self.record is None


@dataclass(frozen=True, slots=True)
class FarSide:
    """A port with what belongs to it.

    ``world`` is None where there is none to ask: on a machine. ``divergences`` grows while a record is replayed.
    """

    port: Port
    world: WorldAccess | None
    constants: ControlConstants
    divergences: Sequence[Divergence] = ()


def choose_port(text: str, speed: float) -> PortChoice:
    """Find out what a run's port is; raise `InputError` where nobody is there or the speed is not allowed.

    ``text`` is '' for a twin in this process, ``opcua://HOST:PORT`` or ``replay:RUN_FOLDER``.
    """
    if not text:
        return PortChoice(PortKind.TWIN, speed)
    if text.startswith(REPLAY_SCHEME):
        folder = Path(text.removeprefix(REPLAY_SCHEME))
        try:
            recorded = float(RunRecord(folder).meta["speed"])
        except (RecordError, KeyError) as error:
            raise _refused(text, str(error), "the folder of a recorded run") from error
        tolerance_s = EXACT_S if recorded == float("inf") else LIVE_TOLERANCE_S * recorded
        return PortChoice(
            PortKind.REPLAY, float("inf"), record=folder, tolerance_s=tolerance_s, recorded_speed=recorded
        )
    if not text.startswith(OPCUA_SCHEME):
        raise _refused(text, "no such port", f"{OPCUA_SCHEME}HOST:PORT or {REPLAY_SCHEME}RUN_FOLDER")
    from planaris.hardware.opcua import identify

    endpoint = text.removeprefix(OPCUA_SCHEME).rstrip("/")
    try:
        found = asyncio.run(identify(endpoint))
    except (PortError, ValueError) as error:
        raise _refused(text, str(error), "a PLC that answers") from error
    kind = PortKind.TWIN if found.kind == "twin" else PortKind.OPCUA
    if kind is not PortKind.TWIN and (found.speed != 1.0 or speed not in (1.0, float("inf"))):
        raise _refused(text, f"a machine runs at no speed of {found.speed:g}", "1")
    return PortChoice(kind, found.speed, endpoint, found.world, found.block_s)


class _RecordedWorld:
    """Nobody acts around a record: what people did stands in it, so every verb is taken and does nothing."""

    async def ask(self, verb: str, **arguments: Any) -> Any:
        """Take it; tell that a record has no truth."""
        del arguments
        if verb in {"flags", "truth", "where"}:
            raise WorldError("a record has no world")
        return []


def _refused(text: str, problem: str, limit: str) -> InputError:
    return InputError("--port", (InputFault("port", text, problem, limit=limit),))


def constants_at(speed: float, block_s: float) -> ControlConstants:
    """Return the controller's constants over a wire, or hurried: what it waits for is peer time, so it stretches."""
    usual = ControlConstants()
    handshake = replace(usual.handshake, acknowledge_s=usual.handshake.acknowledge_s * max(1.0, speed))
    return replace(
        usual,
        trace_block_s=max(usual.trace_block_s, block_s),
        device_margin_s=usual.device_margin_s + WIRE_MARGIN_S * speed,
        heartbeat_period_s=usual.heartbeat_period_s * max(1.0, speed),
        settle_s=usual.settle_s + WIRE_SETTLE_S * speed,
        handshake=handshake,
    )


@asynccontextmanager
async def open_far_side(
    choice: PortChoice,
    tool: ToolDescription,
    film: str,
    package: ProcessPackage,
    dictionary: Dictionary,
    seed: int,
    memory: MemoryFile,
    parts: ProfileParts,
) -> AsyncGenerator[FarSide]:
    """Have the far side inside the block; the port is not connected yet.

    ``film`` and ``memory`` are of a twin in this process: what its wafers carry on top, and its own world.
    """
    if choice.endpoint:
        async with _wire(choice, dictionary) as far:
            yield far
        return
    if choice.record is not None:
        replay = ReplayPort(RunRecord(choice.record), tags_from(dictionary), choice.tolerance_s)
        live = choice.recorded_speed != float("inf")
        constants = constants_at(choice.recorded_speed, 0.0) if live else parts.constants
        yield FarSide(replay, _RecordedWorld(), constants, replay.divergences)
        return
    truth = make_truth(package, film, tool, seed)
    # Where time is hurried, a pause of this process is many seconds of it, also for the PLC.
    hurry = choice.speed if 1.0 < choice.speed < float("inf") else 1.0
    constants = constants_at(hurry, 0.0) if hurry > 1.0 else parts.constants
    machine = Machine(
        tool,
        dictionary,
        truth,
        seed,
        profile=parts.twin,
        heartbeat_limit_s=HEARTBEAT_LIMIT_S * hurry,
        change_period_s=None if choice.speed == float("inf") else LIVE_CHANGE_PERIOD_S,
    )
    world = World(machine)
    world.remember(memory)
    try:
        yield FarSide(TwinPort(machine), LocalWorld(world), constants)
    finally:
        machine.close()


@asynccontextmanager
async def _wire(choice: PortChoice, dictionary: Dictionary) -> AsyncGenerator[FarSide]:
    from planaris.clock import PeerThread
    from planaris.hardware.opcua import OpcuaPort

    peer = PeerThread("opcua")
    try:
        port = OpcuaPort(choice.endpoint, tags_from(dictionary), peer, speed=choice.speed)
        world = RemoteWorld(choice.world, choice.speed) if choice.world else None
        yield FarSide(port, world, constants_at(choice.speed, choice.block_s))
    finally:
        await peer.stop()
