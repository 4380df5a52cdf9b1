"""A port that passes everything on to another and keeps it, so that the run can be driven again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from planaris.hardware.port import LinkState, Port, PortError, PortKind, Sample, Subscription
from planaris.hardware.replay.record import RecordWriter
from planaris.hardware.tags import TagTable, Value
from planaris.model import Block


class PortRecording:
    """Port that records to a file. Adds no delay of its own; `end` closes the file."""

    def __init__(self, port: Port, path: Path, speed: float) -> None:
        self._port = port
        self._record = RecordWriter(path)
        self._record.meta("speed", str(speed))
        self._loop = asyncio.get_running_loop()
        self._ended = False

    @property
    def kind(self) -> PortKind:
        """Kind of the port behind."""
        return self._port.kind

    @property
    def tags(self) -> TagTable:
        """Tags of the port behind."""
        return self._port.tags

    @property
    def link(self) -> LinkState:
        """Link of the port behind."""
        return self._port.link

    async def connect(self) -> None:
        """Open the link."""
        await self._port.connect()
        self._record.meta("connected_s", repr(self._loop.time()))
        self._record.meta("kind", self._port.kind.value)

    async def read(self, names: Sequence[str]) -> tuple[Sample, ...]:
        """Read, and keep the answer."""
        number = self._record.read(self._loop.time(), names)
        try:
            samples = await self._port.read(names)
        except PortError as error:
            self._record.answered(number, self._loop.time(), (), str(error))
            raise
        self._record.answered(number, self._loop.time(), samples, "")
        return samples

    async def write(self, values: Mapping[str, Value]) -> None:
        """Write, and keep what and when."""
        number = self._record.write(self._loop.time(), dict(values))
        try:
            await self._port.write(values)
        except PortError as error:
            self._record.written(number, self._loop.time(), str(error))
            raise
        self._record.written(number, self._loop.time(), "")

    def subscribe(self, rate_class: str, block_s: float = 1.0) -> Subscription:
        """Subscribe, and keep what comes."""
        subscription = self._port.subscribe(rate_class, block_s)
        return _Recorded(self, subscription, self._record.subscribed(self._loop.time(), rate_class))

    async def close(self) -> None:
        """Close the link."""
        await self._port.close()

    def keep(self, number: int, block: Block) -> None:
        """Keep a block of a subscription."""
        if not self._ended:
            self._record.block(number, self._loop.time(), block)

    def end(self) -> None:
        """Close the record."""
        if not self._ended:
            self._ended = True
            self._record.meta("ended_s", repr(self._loop.time()))
            self._record.close()


class _Recorded:
    """A subscription whose blocks are kept as they are taken."""

    def __init__(self, recording: PortRecording, subscription: Subscription, number: int) -> None:
        self._recording, self._subscription, self._number = recording, subscription, number

    def __aiter__(self) -> AsyncIterator[Block]:
        return self

    async def __anext__(self) -> Block:
        block = await self._subscription.__anext__()
        self._recording.keep(self._number, block)
        return block

    def close(self) -> None:
        self._subscription.close()
