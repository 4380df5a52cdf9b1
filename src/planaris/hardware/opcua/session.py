"""One OPC UA session with a PLC: opened, watched, closed. It never comes back; a lost one is followed by a new one."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.uaerrors import UaError

from planaris.hardware.opcua.space import (
    BLOCKS,
    CLOCK,
    IDENTITY,
    NAMESPACE_URI,
    BadBlockError,
    Identity,
    WireBlock,
    decode_block,
    from_date,
    from_status,
    from_variant,
    node_id,
    to_variant,
)
from planaris.hardware.port import PortError
from planaris.hardware.tags import STATE, BadValueError, TagTable, Value
from planaris.model import Quality

logging.getLogger("asyncua").setLevel(logging.CRITICAL)

# Peer time. Reads and writes are answered within the PLC's own patience with the controller; making a session, with its
# thousands of items to watch, may take longer; a link that went silent is noticed by the next probe of its watch.
REQUEST_LIMIT_S = 2.0
SETUP_LIMIT_S = 20.0
WATCH_S = 2.0
# What waits in the PLC for the next publication, and how often it publishes at the latest.
PUBLISH_MS = 20.0
STATE_QUEUE_COUNT = 200
BLOCK_QUEUE_COUNT = 50
# Requests that wait at the PLC for something to publish: news need not wait for the last answer's way back.
WAITING_REQUESTS_COUNT = 8
# Clock readings of which the quickest is believed.
PROBES_COUNT = 8
_FAILURES = (UaError, OSError, TimeoutError, asyncio.TimeoutError, ConnectionError)


@dataclass(frozen=True, slots=True)
class Notice:
    """Tags that changed together, PLC time in ns."""

    time_ns: int
    values: Mapping[str, float]
    quality: Quality


@dataclass(frozen=True, slots=True)
class Reading:
    """One value that was read, PLC time in ns."""

    tag: str
    value: Value
    time_ns: int
    quality: Quality


Arrived = Callable[[Sequence[Notice], Sequence[tuple[str, WireBlock]]], None]


class Session:
    """A session on the sockets' loop. ``lost`` is set when the link is down."""

    def __init__(self, endpoint: str, tags: TagTable, arrived: Arrived) -> None:
        self._tags, self._arrived = tags, arrived
        self._client = Client(f"opc.tcp://{endpoint}", timeout=SETUP_LIMIT_S, watchdog_intervall=WATCH_S)
        self._client.connection_lost_callback = self._connection_lost
        self._namespace = 0
        self._names: dict[int, str] = {}
        self._publishers: list[asyncio.Task[None]] = []
        self.lost = asyncio.Event()
        self.why = ""

    async def open(self) -> Identity:
        """Connect and read who is there. Raises `PortError`."""
        try:
            await self._client.connect()
            self._namespace = await self._client.get_namespace_index(NAMESPACE_URI)
            fields = dataclasses.fields(Identity)
            found = await self._values([f"{IDENTITY}/{field.name}" for field in fields])
            return Identity(**{f.name: _content(v) for f, v in zip(fields, found, strict=True)})
        except (*_FAILURES, ValueError) as error:
            await self.close()
            raise PortError(f"no PLC at {self._client.server_url.netloc}: {error!r}") from error

    async def follow(self) -> None:
        """Subscribe to every change of a `state` tag and to every block. Raises `PortError`."""
        parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=PUBLISH_MS,
            RequestedLifetimeCount=3000,
            RequestedMaxKeepAliveCount=50,
            MaxNotificationsPerPublish=0,
            PublishingEnabled=True,
        )
        sampled = [c for c in self._tags.rate_classes if c != STATE]
        state = [name for name in self._tags.of_class(STATE) if not self._tags[name].shape]
        self._names = dict(enumerate([*state, *(f"{BLOCKS}/{c}" for c in sampled)]))
        try:
            made = await self._client.uaclient.create_subscription(parameters, self._published)
            for _ in range(WAITING_REQUESTS_COUNT - 1):
                self._publishers.append(asyncio.create_task(self._keep_asking(made.SubscriptionId)))
            items = [self._item(handle, name) for handle, name in self._names.items()]
            request = ua.CreateMonitoredItemsParameters(
                SubscriptionId=made.SubscriptionId,
                TimestampsToReturn=ua.TimestampsToReturn.Source,
                ItemsToCreate=items,
            )
            for result in await self._client.uaclient.create_monitored_items(request):
                result.StatusCode.check()
        except _FAILURES as error:
            raise PortError(f"the PLC lets nobody subscribe: {error!r}") from error

    async def _keep_asking(self, subscription_id: int) -> None:
        """Keep one more request waiting at the PLC, beside the library's own."""
        acknowledged: list[ua.SubscriptionAcknowledgement] = []
        while not self.lost.is_set():
            try:
                result = (await self._client.uaclient.publish(acknowledged)).Parameters
            except _FAILURES as error:
                self.why = self.why or repr(error)
                return
            number = result.NotificationMessage.SequenceNumber
            acknowledged = [ua.SubscriptionAcknowledgement(subscription_id, number)]
            self._published(result)

    def _item(self, handle: int, name: str) -> ua.MonitoredItemCreateRequest:
        is_block = name.startswith(f"{BLOCKS}/")
        trigger = ua.DataChangeFilter(Trigger=ua.DataChangeTrigger.StatusValueTimestamp)
        parameters = ua.MonitoringParameters(
            ClientHandle=ua.UInt32(handle),
            SamplingInterval=0.0,
            Filter=trigger,
            QueueSize=ua.UInt32(BLOCK_QUEUE_COUNT if is_block else STATE_QUEUE_COUNT),
            DiscardOldest=True,
        )
        target = ua.ReadValueId(NodeId=self._node(name), AttributeId=AttributeIds.Value)
        return ua.MonitoredItemCreateRequest(target, ua.MonitoringMode.Reporting, parameters)

    async def clock(self, tool_time_s: Callable[[], float]) -> tuple[int, float]:
        """Return (PLC time less tool time in ns, how far off that may be in s): the quickest of some readings."""
        best_ns, best_s = 0, float("inf")
        for _ in range(PROBES_COUNT):
            before_s = tool_time_s()
            (answer,) = await self._values([CLOCK])
            after_s = tool_time_s()
            off_s = (after_s - before_s) / 2.0
            if off_s < best_s:
                best_s, best_ns = off_s, int(_content(answer)) - round((before_s + off_s) * 1e9)
        return best_ns, best_s

    async def read(self, names: Sequence[str]) -> list[Reading]:
        """Read tags. Raises `PortError`."""
        readings: list[Reading] = []
        for name, found in zip(names, await self._values(names), strict=True):
            stamp = found.SourceTimestamp or found.ServerTimestamp
            if stamp is None:
                raise PortError(f"the PLC gave {name} without a time")
            value = from_variant(self._tags[name], found.Value)
            readings.append(Reading(name, value, from_date(stamp), from_status(found.StatusCode)))
        return readings

    async def write(self, values: Mapping[str, Value]) -> None:
        """Write a group in one call. Raises `PortError` naming every tag the PLC did not take."""
        items = [
            ua.WriteValue(
                NodeId=self._node(name),
                AttributeId=AttributeIds.Value,
                Value=ua.DataValue(to_variant(self._tags[name], value)),
            )
            for name, value in values.items()
        ]
        try:
            async with asyncio.timeout(REQUEST_LIMIT_S):
                codes = await self._client.uaclient.write(ua.WriteParameters(NodesToWrite=items))
        except _FAILURES as error:
            raise PortError(f"not written: {error!r}") from error
        if bad := [f"{name} ({code.name})" for name, code in zip(values, codes, strict=True) if not code.is_good()]:
            raise PortError(f"the PLC took nothing of the group: {', '.join(bad)}")

    async def close(self) -> None:
        """Close the session, whatever state it is in."""
        self.lost.set()
        for task in self._publishers:
            task.cancel()
        await asyncio.gather(*self._publishers, return_exceptions=True)
        try:
            async with asyncio.timeout(REQUEST_LIMIT_S):
                await self._client.disconnect()
        except _FAILURES:
            self._client.disconnect_socket()

    # -- inside -----------------------------------------------------------------------------------------------
    def _node(self, name: str) -> ua.NodeId:
        return node_id(name, self._namespace)

    async def _values(self, names: Sequence[str]) -> list[ua.DataValue]:
        wanted = [ua.ReadValueId(NodeId=self._node(name), AttributeId=AttributeIds.Value) for name in names]
        request = ua.ReadParameters(TimestampsToReturn=ua.TimestampsToReturn.Source, NodesToRead=wanted)
        try:
            async with asyncio.timeout(REQUEST_LIMIT_S):
                found = await self._client.uaclient.read(request)
        except _FAILURES as error:
            raise PortError(f"not read: {error!r}") from error
        if bad := [n for n, v in zip(names, found, strict=True) if v.Value is None or v.Value.Value is None]:
            raise PortError(f"the PLC has no value of {', '.join(bad)}")
        return found

    def _published(self, result: ua.PublishResult) -> None:
        """Sort what was published: changes by their PLC time, those of one moment together."""
        together: dict[tuple[int, Quality, int], dict[str, float]] = {}
        blocks: list[tuple[str, WireBlock]] = []
        for data in result.NotificationMessage.NotificationData or ():
            if not isinstance(data, ua.DataChangeNotification):
                continue
            for item in data.MonitoredItems:
                name = self._names[item.ClientHandle]
                if name.startswith(f"{BLOCKS}/"):
                    self._block(name.partition("/")[2], item.Value, blocks)
                else:
                    self._change(name, item.Value, together)
        notices = [Notice(time_ns, values, quality) for (time_ns, quality, _), values in sorted(together.items())]
        self._arrived(notices, blocks)

    def _change(
        self, name: str, found: ua.DataValue, together: dict[tuple[int, Quality, int], dict[str, float]]
    ) -> None:
        """Sort one change in; a tag that changed twice at one moment is told twice, in its order."""
        stamp = found.SourceTimestamp or found.ServerTimestamp
        if stamp is None:
            return
        try:
            value = from_variant(self._tags[name], found.Value)
        except BadValueError:
            return
        if isinstance(value, tuple):
            return
        time_ns, quality, turn = from_date(stamp), from_status(found.StatusCode), 0
        while name in together.setdefault((time_ns, quality, turn), {}):
            turn += 1
        together[time_ns, quality, turn][name] = float(value)

    def _block(self, rate_class: str, found: ua.DataValue, blocks: list[tuple[str, WireBlock]]) -> None:
        data = None if found.Value is None else found.Value.Value
        if not data:
            return
        try:
            blocks.append((rate_class, decode_block(data)))
        except BadBlockError as error:
            self.why = str(error)

    async def _connection_lost(self, error: Exception) -> None:
        self.why = repr(error)
        self.lost.set()


def _content(found: ua.DataValue) -> Any:
    """Return a value that was seen to be there."""
    assert found.Value is not None
    return found.Value.Value
