"""The PLC's side of the wire: serves the tags of any port over OPC UA.

The twin's port is served so, in a process of its own. A real PLC has such a server built in.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from asyncua import ua
from asyncua.common.callback import CallbackType, ServerItemCallback
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.address_space import AttributeService
from asyncua.server.server import Server
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes

from planaris.clock import Peer
from planaris.dictionary import Dictionary
from planaris.hardware.opcua.nodes import SpaceBuilder, build_space
from planaris.hardware.opcua.space import (
    BLOCKS,
    CLOCK,
    Identity,
    encode_block,
    from_variant,
    rate_Hz,
    to_date,
    to_ns,
    to_status,
    to_variant,
    variant_type,
)
from planaris.hardware.port import Port, PortError, Sample
from planaris.hardware.tags import STATE, BadValueError, Value
from planaris.model import Block, Quality

_Status = StatusCodes
# What the library tells of connections that come and go is the port's to say.
logging.getLogger("asyncua").setLevel(logging.CRITICAL)


class PlcServer:
    """OPC UA server of a port. Make it, start it and stop it on the loop the port lives on.

    ``epoch_ns`` is the PLC's clock when the port's loop shows 0; ``endpoint`` is ``host:port``; ``server`` is the
    library's, with no node of the tool yet.
    """

    def __init__(
        self,
        port: Port,
        dictionary: Dictionary,
        identity: Identity,
        peer: Peer,
        endpoint: str,
        *,
        epoch_ns: int = 0,
        server: Server | None = None,
    ) -> None:
        self._port, self._dictionary, self._identity, self._peer = port, dictionary, identity, peer
        self._endpoint, self._epoch_ns = endpoint, epoch_ns
        self._loop = asyncio.get_running_loop()
        self._tasks: list[asyncio.Task[None]] = []
        self._news: asyncio.Queue[list[tuple[ua.NodeId, ua.DataValue]]] = asyncio.Queue()
        self._publisher: asyncio.Task[None] | None = None
        self._server = server or Server()
        self._space = SpaceBuilder(0)

    async def start(self) -> None:
        """Connect the port, build the nodes, open the socket. Takes seconds: the standard has thousands of nodes."""
        await self._port.connect()
        await self._peer.call(self._open())
        for rate_class in self._port.tags.rate_classes:
            subscription = self._port.subscribe(rate_class, self._identity.block_s)
            work = self._follow(rate_class, subscription)
            self._tasks.append(self._loop.create_task(work, name=f"opcua.{rate_class}"))

    async def stop(self) -> None:
        """Close the socket and the port."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._peer.call(self._close())
        await self._port.close()

    # -- on the port's loop -----------------------------------------------------------------------------------
    def clock_ns(self) -> int:
        """Return the PLC's clock."""
        return self._epoch_ns + to_ns(self._loop.time())

    async def _follow(self, rate_class: str, subscription: Any) -> None:
        """Carry a subscription's blocks to their nodes."""
        async for block in subscription:
            news = self._changes(block) if rate_class == STATE else [self._samples(block)]
            self._peer.soon(self._news.put_nowait, news)

    def _changes(self, block: Block) -> list[tuple[ua.NodeId, ua.DataValue]]:
        """Return changed tags; what changed together has one time stamp."""
        stamp = to_date(self._epoch_ns + to_ns(float(block.time_s[-1])))
        status = to_status(Quality(int(block.quality[-1])))
        row = zip(block.tags, block.values[-1].tolist(), strict=True)
        return [
            (self._space.node_id(name), ua.DataValue(to_variant(self._port.tags[name], value), status, stamp))
            for name, value in row
        ]

    def _samples(self, block: Block) -> tuple[ua.NodeId, ua.DataValue]:
        times = block.time_s
        first_ns = self._epoch_ns + to_ns(float(times[0]))
        data = ua.Variant(encode_block(block, first_ns, rate_Hz(block.rate_class)), ua.VariantType.ByteString)
        stamp = to_date(self._epoch_ns + to_ns(float(times[-1])))
        return self._space.node_id(f"{BLOCKS}/{block.rate_class}"), ua.DataValue(data, None, stamp)

    # -- on the sockets' loop ---------------------------------------------------------------------------------
    async def _open(self) -> None:
        server = self._server
        await server.init()
        server.set_endpoint(f"opc.tcp://{self._endpoint}")
        server.set_server_name("Planaris twin" if self._identity.kind == "twin" else "Planaris PLC")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        self._space = await self.build(server)
        server.iserver.attribute_service = _GroupWrites(self)
        server.subscribe_server_callback(CallbackType.PostRead, self._read)
        self._publisher = asyncio.get_running_loop().create_task(self._publish(), name="opcua.publish")
        await server.start()

    async def build(self, server: Server) -> SpaceBuilder:
        """Add the tool's nodes to a server."""
        return await build_space(server, self._dictionary, self._port.tags, self._identity)

    async def _close(self) -> None:
        if self._publisher is not None:
            self._publisher.cancel()
        await self._server.stop()

    async def _publish(self) -> None:
        """Write news to their nodes; tell clients when a group is whole, so that it arrives whole."""
        internal = self._server.iserver
        while True:
            news = await self._news.get()
            await asyncio.sleep(0)
            while not self._news.empty():
                news = [*news, *self._news.get_nowait()]
            for node, value in news:
                await internal.aspace.write_attribute_value(node, AttributeIds.Value, value)
            for subscription in list(internal.subscription_service.subscriptions.values()):
                await subscription.publish_results()

    def tag_of(self, node: ua.NodeId) -> str:
        """Return the tag behind a node, '' for any other."""
        name = str(node.Identifier)
        ours = node.NamespaceIndex == self._space.node_id(name).NamespaceIndex
        return name if ours and name in self._port.tags else ""

    async def _read(self, event: ServerItemCallback, _service: object) -> None:
        """Put present values in the answer to a read."""
        if not event.is_external:
            return
        wanted: dict[int, str] = {}
        for at, item in enumerate(event.request_params.NodesToRead):
            if item.AttributeId != AttributeIds.Value:
                continue
            if name := self.tag_of(item.NodeId):
                wanted[at] = name
            elif item.NodeId == self._space.node_id(CLOCK):
                event.response_params[at] = ua.DataValue(ua.Variant(self.clock_ns(), ua.VariantType.Int64))
        if wanted:
            samples = await self._peer.ask(self._port.read(tuple(wanted.values())))
            for at, sample in zip(wanted, samples, strict=True):
                event.response_params[at] = self._answer(sample)

    def _answer(self, sample: Sample) -> ua.DataValue:
        stamp = to_date(self._epoch_ns + to_ns(sample.time_s))
        value = to_variant(self._port.tags[sample.tag], sample.value)
        return ua.DataValue(value, to_status(sample.quality), stamp)

    async def write(self, items: Sequence[ua.WriteValue]) -> list[ua.StatusCode]:
        """Take the writes of one call as one group, or nothing of it."""
        group: dict[str, Value] = {}
        found = [self._judge(item, group) for item in items]
        if all(code == _Status.Good for code in found):
            try:
                await self._peer.ask(self._port.write(group))
            except PortError:
                found = [_Status.BadCommunicationError] * len(items)
        else:
            found = [_Status.BadInvalidState if code == _Status.Good else code for code in found]
        return [ua.StatusCode(ua.UInt32(code)) for code in found]

    def _judge(self, item: ua.WriteValue, group: dict[str, Value]) -> int:
        name = self.tag_of(item.NodeId)
        if not name or item.AttributeId != AttributeIds.Value:
            return _Status.BadNotWritable
        tag, variant = self._port.tags[name], item.Value.Value
        if not tag.writable:
            return _Status.BadNotWritable
        if variant is None or variant.VariantType is not variant_type(tag):
            return _Status.BadTypeMismatch
        try:
            group[name] = from_variant(tag, variant)
        except BadValueError:
            return _Status.BadOutOfRange
        return _Status.Good


class _GroupWrites(AttributeService):
    """Hands a client's write to the PLC whole; the server's own writes go on as ever."""

    def __init__(self, plc: PlcServer) -> None:
        super().__init__(plc._server.iserver.aspace)
        self._plc = plc

    async def write(self, params: ua.WriteParameters, user: User | None = None) -> list[ua.StatusCode]:
        if user is None or user.role is UserRole.Admin:
            return await super().write(params)
        return await self._plc.write(params.NodesToWrite)
