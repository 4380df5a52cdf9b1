"""The one ordered way out for events, alarms, traces and texts: in order to the host, or in order into the spool."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from planaris.factory.gem.core import LOG, Core, Line
from planaris.factory.gem.tables import SPOOL, Machine, Spool, Step
from planaris.historian import HostStoreError

# A host that takes messages this much slower than they come loses the newest; each loss is logged.
QUEUE_LIMIT_COUNT = 100_000
_STATE_KEY = "spool"
_CHOSEN_KEY = "spool_functions"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A primary that wants a reply, with its body as bytes; ``number`` is its place in the spool, 0 if it has none."""

    stream: int
    function: int
    body: bytes
    number: int = 0

    @property
    def title(self) -> str:
        """E.g. ``S6F11``."""
        return f"S{self.stream}F{self.function}"


class Outgoing:
    """Queue and spool. ``line`` is the link while the host may be sent to, ``online`` the control state's word.

    One message is under way at a time (more if the settings say so). What a lost link leaves unanswered goes, before
    all that waits, into the spool; the host may then see it twice, with the same DATAID.
    """

    def __init__(self, core: Core, online: Callable[[], bool]) -> None:
        self._core, self._online = core, online
        self.line: Line | None = None
        self._queue: deque[Prepared] = deque()
        self._flight: dict[int, Prepared] = {}
        # A message on its way into the socket: a link that ends just there must not lose it.
        self._sending: Prepared | None = None
        self._transmitted = 0
        kept: dict[str, str | int] = json.loads(core.store.settings().get(_STATE_KEY, "{}"))
        self.total = int(kept.get("total", 0))
        self.started, self.filled = str(kept.get("started", "")), str(kept.get("filled", ""))
        chosen: list[tuple[int, int]] = json.loads(core.store.settings().get(_CHOSEN_KEY, "[]"))
        self.chosen: frozenset[tuple[int, int]] = frozenset((s, f) for s, f in chosen)
        self.spool = Machine("spooling", Spool, SPOOL, Spool.INACTIVE, self._moved)
        if core.store.spool_count:
            self.spool.move("activate")

    # -- what goes out -------------------------------------------------------------------------------------------

    def send(self, stream: int, function: int, body: bytes) -> None:
        """Send a primary in its turn, or keep it for a host that is away; nothing is sent offline."""
        if not self._online():
            return
        message = Prepared(stream, function, body)
        if self.line is None or (self.spool.state is not Spool.INACTIVE and self._spoolable(message)):
            self._keep(message)
        elif len(self._queue) >= QUEUE_LIMIT_COUNT:
            LOG.error("%s dropped: %d messages wait for the host", message.title, len(self._queue))
        else:
            self._queue.append(message)
        self.pump()

    def choose(self, chosen: frozenset[tuple[int, int]]) -> None:
        """Set which primaries are spooled, and keep the choice."""
        self._core.store.save({_CHOSEN_KEY: json.dumps(sorted(chosen))})
        self.chosen = chosen

    def pump(self) -> None:
        """Send what may be sent now."""
        while self.line is not None and self._queue and len(self._flight) < self._core.settings.in_flight_count:
            self._pass(self._queue.popleft())
        if self.line is not None and self.spool.state is Spool.TRANSMIT:
            self._transmit()

    def _transmit(self) -> None:
        if any(sent.number for sent in self._flight.values()):
            return
        most = int(self._core.constants.number("max_spool_transmit_count"))
        if most and self._transmitted >= most:
            LOG.info("spool: %d messages sent, as many as one request may have", most)
            self.spool.move("interrupted")
            return
        try:
            oldest = self._core.store.oldest()
        except HostStoreError:
            LOG.exception("spool cannot be read")
            self._interrupt()
            return
        if not oldest:
            self._emptied()
            return
        kept = oldest[0]
        self._transmitted += 1
        self._pass(Prepared(kept.stream, kept.function, kept.body, kept.number))

    def _pass(self, message: Prepared) -> None:
        line = self.line
        assert line is not None
        self._sending = message
        system_bytes = line.send_encoded(message.stream, message.function, True, message.body)
        if self.line is line:  # else the link ended while it was sent, and `lost` has taken care of it
            self._sending = None
            self._flight[system_bytes] = message

    @property
    def waiting_count(self) -> int:
        """Messages that are under way or wait for their turn, without the spool."""
        return len(self._queue) + len(self._flight)

    # -- what comes of it ----------------------------------------------------------------------------------------

    def answered(self, system_bytes: int, code: int | None) -> bool:
        """Note the reply to a message, with its acknowledge code; say whether it was one of these."""
        sent = self._flight.pop(system_bytes, None)
        if sent is None:
            return False
        if code:
            LOG.warning("the host answered %s with code %d", sent.title, code)
        if sent.number:
            self._confirmed(sent.number)
        self.pump()
        return True

    def _confirmed(self, number: int) -> None:
        try:
            self._core.store.drop(number)
        except HostStoreError:  # it stays, and the host gets it once more
            LOG.exception("spool: message %d was sent and cannot be taken out", number)
            self._core.ports.failed("the spool cannot be written")
            self._interrupt()
            return
        if self.spool.state is Spool.TRANSMIT and not self._core.store.spool_count:
            self._emptied()

    def failed(self, system_bytes: int, why: str) -> bool:
        """Note that a message got no reply though the link stands; say whether it was one of these."""
        sent = self._flight.pop(system_bytes, None)
        if sent is None:
            return False
        LOG.warning("%s was not answered: %s", sent.title, why)
        if sent.number:
            self._interrupt()
        self.pump()
        return True

    def lost(self) -> None:
        """Put what the host has not confirmed, and what waits behind it, into the spool: there is no host now."""
        self.line = None
        unsure = [*self._flight.values(), *(() if self._sending is None else (self._sending,))]
        waiting = [message for message in (*unsure, *self._queue) if not message.number]
        self._sending = None
        self._flight.clear()
        self._queue.clear()
        if self.spool.state is Spool.TRANSMIT:
            self._interrupt()
        for message in waiting:
            self._keep(message)

    def stop(self) -> None:
        """Forget what waits: the equipment is offline or communication is disabled; the spool stays."""
        self._queue.clear()

    # -- the spool -----------------------------------------------------------------------------------------------

    def request(self, code: int) -> int:
        """Transmit (0) or purge (1) the spool, as S6F23 asks; return RSDA: 0 done, 1 busy, 2 nothing there."""
        if self.spool.state is Spool.INACTIVE:
            return 2
        if self.spool.state is not Spool.NO_OUTPUT:
            return 1
        if code == 0:
            self.spool.move("transmit")
            self._transmitted = 0
        else:
            count = self._core.store.purge()
            self.spool.move("purge")
            LOG.info("spool: %d messages purged by the host", count)
            self._emptied()
        return 0

    @property
    def full(self) -> bool:
        """Whether the spool holds all that it can."""
        return self._core.store.spool_count >= self._core.constants.number("spool_capacity_count")

    def _spoolable(self, message: Prepared) -> bool:
        enabled = bool(self._core.constants["enable_spooling"])
        return enabled and (message.stream, message.function) in self.chosen

    def _keep(self, message: Prepared) -> None:
        if not self._spoolable(message):
            LOG.info("%s dropped: no host, and not chosen for the spool", message.title)
            return
        now = self._core.stamp()
        first = self.spool.state is Spool.INACTIVE
        if first:
            self.total, self.started, self.filled = 0, now, ""
        self.total += 1
        full = self.full
        if full and not self.filled:
            self.filled = now
        state = {_STATE_KEY: json.dumps({"total": self.total, "started": self.started, "filled": self.filled})}
        try:
            if full and not self._core.constants["overwrite_spool"]:
                self._core.store.save(state)
                LOG.error("%s dropped: the spool is full", message.title)
            else:
                if full:
                    dropped = self._core.store.oldest()[0]
                    self._core.store.drop(dropped.number)
                    LOG.error("S%dF%d dropped: the spool is full", dropped.stream, dropped.function)
                self._core.store.spool(message.stream, message.function, message.body, now, state)
        except HostStoreError:
            LOG.exception("%s is lost: the spool cannot be written", message.title)
            self._core.ports.failed(f"{message.title} is lost: the spool cannot be written")
            return
        if first and self.spool.can("activate"):
            self.spool.move("activate")
            self._core.happen("spool_activated", {})

    def _interrupt(self) -> None:
        self.spool.move("interrupted")
        self._core.happen("spool_transmit_failed", {})

    def _emptied(self) -> None:
        self.spool.move("empty")
        self._core.happen("spool_deactivated", {})

    def _moved(self, before: Spool, step: Step, after: Spool) -> None:
        LOG.info("spooling %s -> %s (%s: %s)", before, after, step.number, step.meaning)
