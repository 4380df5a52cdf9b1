"""The OPC UA port under contract: a twin behind a real server, a slow line, and the port, all on one virtual loop."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import Mapping
from pathlib import Path

from asyncua import ua
from asyncua.server.address_space import NodeData
from asyncua.server.internal_server import InternalServer
from asyncua.server.server import Server
from asyncua.ua.attribute_ids import AttributeIds
from delay_line import DelayLine
from port_rigs import Fault, TwinRig, dictionary_a

from planaris.clock import SameLoop
from planaris.hardware import PortKind, Value, tags_from
from planaris.hardware.opcua import Identity, OpcuaPort, PlcServer, tags_digest
from planaris.hardware.opcua.nodes import SpaceBuilder
from planaris.hardware.opcua.space import BLOCKS, NAMESPACE_URI
from planaris.twin import LinkModel
from planaris.twin.noise import stream_of


class _Kept:
    """The standard's thousands of nodes and the tool's own, built once for all servers of a test process."""

    nodes: dict[ua.NodeId, NodeData] | None = None
    tool_nodes: tuple[ua.NodeId, ...] = ()


class KeptInternalServer(InternalServer):
    """The library's inner server, on nodes that were built before."""

    async def load_standard_address_space(self, shelf_file: Path | None = None) -> None:
        if _Kept.nodes is None:
            await super().load_standard_address_space(shelf_file)
            _Kept.nodes = self.aspace._nodes
        self.aspace._nodes = _Kept.nodes


class KeptServer(PlcServer):
    """The PLC's server, on nodes that were built before; they show nothing of the server before."""

    async def build(self, server: Server) -> SpaceBuilder:
        if not _Kept.tool_nodes:
            space = await super().build(server)
            _Kept.tool_nodes = tuple(item.RequestedNewNodeId for item in space.items)
            return space
        assert _Kept.nodes is not None
        for node in _Kept.tool_nodes:
            value = _Kept.nodes[node].attributes.get(AttributeIds.Value)
            if value is not None and value.value is not None:
                value.datachange_callbacks.clear()
                value.value = dataclasses.replace(value.value, SourceTimestamp=None)
                name = str(node.Identifier)
                if name.startswith(f"{BLOCKS}/") and "/Columns" not in name:
                    value.value = ua.DataValue(ua.Variant(b"", ua.VariantType.ByteString))
        return SpaceBuilder(await server.register_namespace(NAMESPACE_URI))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def twin_identity(block_s: float = 0.1, kind: str = "twin") -> Identity:
    return Identity(kind, "A", 1.0, tags_digest(tags_from(dictionary_a())), block_s)


class RigPort(OpcuaPort):
    """The port; what it connects to is started before it does so for the first time."""

    def __init__(self, rig: OpcuaRig, endpoint: str) -> None:
        super().__init__(endpoint, tags_from(dictionary_a()), SameLoop(), synchronised_s=0.0)
        self._rig = rig

    async def connect(self) -> None:
        await self._rig.start(self)
        await super().connect()

    def at(self, endpoint: str) -> None:
        self._endpoint = endpoint


class OpcuaRig:
    """A twin without a link model of its own, an OPC UA server in front of it, and a line to it."""

    kind = PortKind.OPCUA
    # OPC UA's time stamps, as the library has them.
    resolution_s = 1e-6
    # There, and back with the PLC's answer.
    ways_count = 2

    def __init__(self, link: LinkModel, seed: int = 1) -> None:
        chance = stream_of(seed, "line")
        self.twin = TwinRig(LinkModel(0.0))
        self.server_port = free_port()
        self.line = DelayLine(self.server_port, lambda: link.latency_s + link.jitter_s * float(chance.random()))
        self.port = RigPort(self, "")
        self.server: PlcServer | None = None
        self._keeper: asyncio.Task[None] | None = None
        # The PLC's own block has to be full, and it waits for a request to answer.
        self.lag_s = 0.1 + 2.0 * (link.latency_s + link.jitter_s)

    @property
    def starts(self) -> list[float]:
        return self.twin.starts

    async def start(self, port: RigPort) -> None:
        """Start server and line once; they end with the loop."""
        if self._keeper is not None:
            return
        await self.start_server()
        await self.line.start()
        port.at(f"127.0.0.1:{self.line.port}")
        self._keeper = asyncio.create_task(self._keep())

    async def start_server(self) -> None:
        endpoint = f"127.0.0.1:{self.server_port}"
        self.server = KeptServer(
            self.twin.port,
            dictionary_a(),
            twin_identity(),
            SameLoop(),
            endpoint,
            server=Server(iserver=KeptInternalServer()),
        )
        await self.server.start()

    async def stop_server(self) -> None:
        if self.server is not None:
            await self.server.stop()
        self.server = None

    async def _keep(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await self.line.stop()
            await self.stop_server()
            self.twin.machine.close()

    def change(self, values: Mapping[str, Value]) -> None:
        self.twin.change(values)

    def lose_notices(self, lost: bool) -> None:
        self.twin.lose_notices(lost)

    def break_device(self, fault: Fault) -> None:
        self.twin.break_device(fault)
