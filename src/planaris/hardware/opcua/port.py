"""The port onto a PLC that speaks OPC UA: one supervised link, its clock mapped to the tool's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress

from planaris.clock import Peer
from planaris.hardware.opcua.feeds import SampledFeed, StateFeed
from planaris.hardware.opcua.session import Notice, Reading, Session
from planaris.hardware.opcua.space import Identity, WireBlock, tags_digest
from planaris.hardware.port import LinkState, NotWritableError, PortError, PortKind, Sample, Subscription
from planaris.hardware.tags import STATE, BadValueError, TagTable, UnknownTagError, Value

_log = logging.getLogger(__name__)

# Peer time: the first attempt to come back is made at once, later ones ever more rarely.
FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 5.0
# The clocks are compared this often; tool time keeps to the old offset while the new one is this near [design].
COMPARE_CLOCKS_S = 10.0
CLOCK_STEP_S = 0.05
# A closed subscription waits at most this long, peer time, for samples that are still under way.
TAIL_S = 1.0


class OpcuaPort:
    """Port onto the PLC at an endpoint ``host:port``.

    ``speed`` is tool seconds per second (1 on every machine). ``synchronised_s`` is the PLC's clock less tool time
    where both are known to be in step; None measures it.
    """

    def __init__(
        self, endpoint: str, tags: TagTable, peer: Peer, *, speed: float = 1.0, synchronised_s: float | None = None
    ) -> None:
        self._endpoint, self._tags, self._peer, self._speed = endpoint, tags, peer, speed
        self._synchronised_s = synchronised_s
        self._link = LinkState.DISCONNECTED
        self._identity: Identity | None = None
        self._session: Session | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._offset_ns = 0
        self._states: list[StateFeed] = []
        self._sampled: list[SampledFeed] = []
        self._snapshots: set[asyncio.Task[None]] = set()
        self._numbers: dict[str, int] = {}
        self._loop = asyncio.get_running_loop()

    @property
    def kind(self) -> PortKind:
        """What the far side declares itself to be: a twin behind a wire is a twin."""
        return PortKind.TWIN if self._identity and self._identity.kind == "twin" else PortKind.OPCUA

    @property
    def identity(self) -> Identity | None:
        """What the far side declared when the link was last made."""
        return self._identity

    @property
    def tags(self) -> TagTable:
        """All tags of the tool."""
        return self._tags

    @property
    def link(self) -> LinkState:
        """State of the link; `connecting` also while a lost one is sought again."""
        return self._link

    async def connect(self) -> None:
        """Open the link and keep it; raise `PortError` if the PLC is not there or has other tags."""
        self._link = LinkState.CONNECTING
        try:
            session = await self._peer.call(self._opened())
        except PortError:
            self._link = LinkState.DISCONNECTED
            raise
        self._up(session)
        self._supervisor = self._loop.create_task(self._supervise(session), name="opcua.link")

    async def read(self, names: Sequence[str]) -> tuple[Sample, ...]:
        """Return present values, in the order asked."""
        session = self._ready(names)
        try:
            readings = await self._peer.call(session.read(tuple(names)))
        except BadValueError as error:
            raise PortError(f"the PLC answered what its tag is not: {error}") from error
        return tuple(Sample(r.tag, r.value, self._tool_s(r.time_ns), r.quality) for r in readings)

    async def write(self, values: Mapping[str, Value]) -> None:
        """Write a group of tags in one call; return when the PLC has taken it."""
        session = self._ready(values)
        if locked := [name for name in values if not self._tags[name].writable]:
            raise NotWritableError(f"not writable: {', '.join(locked)}")
        taken = self._tags.cast(values)
        if taken:
            await self._peer.call(session.write(taken))

    def subscribe(self, rate_class: str, block_s: float = 1.0) -> Subscription:
        """Start a subscription of a rate class."""
        if self._link is LinkState.DISCONNECTED or (self._link is LinkState.CONNECTING and self._identity is None):
            raise PortError("not connected")
        if rate_class == STATE:
            feed = StateFeed()
            self._states = [*(s for s in self._states if not s.ended), feed]
            self._take_snapshot([feed])
            return feed
        if rate_class not in self._tags.rate_classes:
            raise UnknownTagError([rate_class])
        names, widths = self._tags.of_class(rate_class), self._tags.widths_of(rate_class)
        sampled = SampledFeed(rate_class, names, widths, block_s, self._loop.time, self._tail_s())
        self._sampled = [*(s for s in self._sampled if not s.ended), sampled]
        return sampled

    async def close(self) -> None:
        """End all subscriptions, with what was sampled until now, and close the link."""
        for feed in self._sampled:
            feed.close()
        if self._link is LinkState.CONNECTED:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._tail_s()):
                    await asyncio.gather(*(feed.over.wait() for feed in self._sampled))
        for task in (*self._snapshots, *([self._supervisor] if self._supervisor else [])):
            task.cancel()
        session, self._session, self._supervisor = self._session, None, None
        self._link, self._identity = LinkState.DISCONNECTED, None
        for feed in (*self._states, *self._sampled):
            feed.end()
        self._states, self._sampled = [], []
        if session is not None:
            await self._peer.call(session.close())

    # -- the link ---------------------------------------------------------------------------------------------
    async def _opened(self) -> Session:
        """Open a session, check who is there, compare clocks, subscribe. Runs on the sockets' loop."""
        session = Session(self._endpoint, self._tags, lambda n, b: self._peer.back(self._arrived, session, n, b))
        identity = await session.open()
        try:
            if identity.tags != tags_digest(self._tags):
                raise PortError(f"the PLC of tool {identity.tool} has other tags than this tool's description")
            if self._synchronised_s is None:
                self._offset_ns, _ = await session.clock(self._loop.time)
            else:
                self._offset_ns = round(self._synchronised_s * 1e9)
            self._identity = identity
            await session.follow()
        except BaseException:
            await session.close()
            raise
        return session

    def _up(self, session: Session) -> None:
        self._session, self._link = session, LinkState.CONNECTED
        self._numbers.clear()
        self._take_snapshot(self._states)

    def _down(self) -> None:
        self._session, self._link = None, LinkState.CONNECTING
        now_s = self._loop.time()
        for task in self._snapshots:
            task.cancel()
        for feed in self._states:
            feed.lost(now_s)
        for feed in self._sampled:
            feed.lost()

    async def _supervise(self, session: Session) -> None:
        """Watch the link; where it is lost, mark the values and come back with ever longer pauses."""
        while True:
            await self._peer.call(self._watched(session))
            _log.warning("link to the PLC at %s lost: %s", self._endpoint, session.why)
            self._down()
            await self._peer.call(session.close())
            session = await self._again()
            _log.warning("link to the PLC at %s is back", self._endpoint)
            self._up(session)

    async def _watched(self, session: Session) -> None:
        """Return when the session is lost; now and then compare the clocks. Runs on the sockets' loop."""
        while not session.lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(COMPARE_CLOCKS_S):
                    await session.lost.wait()
            if session.lost.is_set() or self._synchronised_s is not None:
                continue
            try:
                offset_ns, off_s = await session.clock(self._loop.time)
            except PortError as error:
                session.why = str(error)
                return
            self._peer.back(self._compare, offset_ns, off_s)

    def _compare(self, offset_ns: int, off_s: float) -> None:
        """Follow the PLC's clock where it has gone further than the comparison is uncertain."""
        step_s = abs(offset_ns - self._offset_ns) / 1e9
        if step_s > max(CLOCK_STEP_S * self._speed, 2.0 * off_s):
            _log.warning("the PLC's clock moved by %.3f s against the tool's", step_s)
            self._offset_ns = offset_ns

    async def _again(self) -> Session:
        pause_s = FIRST_RETRY_S
        while True:
            try:
                return await self._peer.call(self._opened())
            except PortError:
                await self._peer.call(asyncio.sleep(pause_s))
                pause_s = min(2.0 * pause_s, LONGEST_RETRY_S)

    # -- what comes in ----------------------------------------------------------------------------------------
    def _arrived(self, session: Session, notices: Sequence[Notice], blocks: Sequence[tuple[str, WireBlock]]) -> None:
        """Hand news to the subscriptions; a block that is missing leaves a gap. A session that is over has none."""
        if self._session not in (None, session):
            return
        for notice in notices:
            values, time_s = dict(notice.values), self._tool_s(notice.time_ns)
            for feed in self._states:
                feed.notice(time_s, values, notice.quality)
        for rate_class, block in blocks:
            expected = self._numbers.get(rate_class)
            self._numbers[rate_class] = block.sequence + 1
            for feed in self._sampled:
                if feed.rate_class == rate_class:
                    if expected not in (None, block.sequence):
                        feed.lost()
                    feed.arrived(block, self._offset_ns)

    def _take_snapshot(self, feeds: Sequence[StateFeed]) -> None:
        if feeds and self._session is not None:
            task = self._loop.create_task(self._snapshot(self._session, tuple(feeds)), name="opcua.snapshot")
            self._snapshots.add(task)
            task.add_done_callback(self._snapshots.discard)

    async def _snapshot(self, session: Session, feeds: Sequence[StateFeed]) -> None:
        names = [name for name in self._tags.of_class(STATE) if not self._tags[name].shape]
        try:
            readings: list[Reading] = await self._peer.call(session.read(names))
        except (PortError, BadValueError) as error:
            session.why = str(error)
            self._peer.soon(session.lost.set)
            return
        time_s = self._tool_s(max(r.time_ns for r in readings))
        values = {r.tag: float(r.value) for r in readings if not isinstance(r.value, tuple)}
        for feed in feeds:
            feed.snapshot(time_s, values)

    # -- inside -----------------------------------------------------------------------------------------------
    def _ready(self, names: Sequence[str] | Mapping[str, Value]) -> Session:
        if self._session is None or self._link is not LinkState.CONNECTED:
            raise PortError("not connected")
        self._tags.check(names)
        return self._session

    def _tool_s(self, time_ns: int) -> float:
        return (time_ns - self._offset_ns) / 1e9

    def _tail_s(self) -> float:
        block_s = self._identity.block_s if self._identity else 0.0
        return TAIL_S * self._speed + block_s


async def identify(endpoint: str) -> Identity:
    """Ask who is at an endpoint. Raises `PortError`."""
    session = Session(endpoint, TagTable(()), lambda _notices, _blocks: None)
    try:
        return await session.open()
    finally:
        await session.close()
