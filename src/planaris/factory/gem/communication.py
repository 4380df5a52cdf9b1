"""Establishing communication: S1F13 of either side, tried again after a delay until the host accepts."""

from __future__ import annotations

import math
from collections.abc import Callable

from planaris.factory.gem import shape
from planaris.factory.gem.core import LOG, Core, Line
from planaris.factory.gem.tables import COMMUNICATION, Communication, Machine, Step
from planaris.factory.secs2 import Item, Message
from planaris.factory.secs2.items import A, B, L

# COMMACK.
ACCEPTED = 0


class Establishing:
    """The communication state. ``on_change`` hears of each entry to and exit from COMMUNICATING."""

    def __init__(self, core: Core, on_change: Callable[[bool], None]) -> None:
        self._core, self._on_change = core, on_change
        self._line: Line | None = None
        self._asked: int | None = None
        self._retry_s = math.inf
        start = Communication.NO_LINK if core.settings.starts_enabled else Communication.DISABLED
        self.machine = Machine("communication", Communication, COMMUNICATION, start, self._moved)
        core.computed["tool.communication_state"] = lambda: core.declared.dictionary.code(
            "communication_state", self._shown()
        )

    @property
    def communicating(self) -> bool:
        """Whether the host and the equipment have established communication."""
        return self.machine.state is Communication.COMMUNICATING

    @property
    def enabled(self) -> bool:
        """Whether a host may select at all."""
        return self.machine.state is not Communication.DISABLED

    @property
    def deadline_s(self) -> float:
        """When `tick` has something to do; infinity for never."""
        return self._retry_s

    def _shown(self) -> str:
        state = self.machine.state
        known = state in {Communication.DISABLED, Communication.COMMUNICATING}
        return state.value if known else "not_communicating"

    # -- what happens --------------------------------------------------------------------------------------------

    def selected(self, line: Line) -> None:
        """Begin on a link that has just been selected."""
        self._line = line
        if self.machine.can("selected"):
            self.machine.move("selected")
            self._ask()

    def lost(self) -> None:
        """Note that the link is gone."""
        self._line, self._asked, self._retry_s = None, None, math.inf
        if self.machine.can("link_lost"):
            self.machine.move("link_lost")

    def enable(self) -> None:
        """Enable communication. Raises `IllegalTransitionError`."""
        self.machine.move("enable")

    def disable(self) -> None:
        """Disable communication and end the link. Raises `IllegalTransitionError`."""
        line = self._line
        self._line, self._asked, self._retry_s = None, None, math.inf
        self.machine.move("disable")
        if line is not None:
            line.separate()

    def asked_by_host(self) -> Item:
        """Answer S1F13 of the host."""
        if self._asked is not None and self._line is not None:
            self._line.abandon(self._asked)
            self._asked = None
        self._retry_s = math.inf
        self.machine.move("host_asked")
        return L(B(ACCEPTED), self.identity())

    def other_message(self) -> None:
        """Note that the host sent something else while communication is not established."""
        if self.machine.can("message"):
            self.machine.move("message")
            self._ask()

    def answered(self, system_bytes: int, body: Item | None) -> bool:
        """Take the reply to our S1F13; say whether it was one. Raises `ShapeError`, then the attempt has failed."""
        if system_bytes != self._asked:
            return False
        self._asked = None
        try:
            code, _ = shape.listed(body, counts=(2,))
            accepted = shape.whole(code, "COMMACK") == ACCEPTED
        except shape.ShapeError:
            self._failed("its S1F14 has another structure")
            raise
        if accepted:
            self._retry_s = math.inf
            self.machine.move("accepted")
        else:
            self._failed("the host refused it")
        return True

    def unanswered(self, system_bytes: int, why: str) -> bool:
        """Note that our S1F13 got no reply; say whether it was one."""
        if system_bytes != self._asked:
            return False
        self._asked = None
        self._failed(why)
        return True

    def tick(self, now_s: float) -> None:
        """Ask once more when the delay is over."""
        if now_s >= self._retry_s and self.machine.can("delay_over"):
            self.machine.move("delay_over")
            self._ask()

    def identity(self) -> Item:
        """Return MDLN and SOFTREV."""
        return L(A(self._core.settings.model), A(self._core.settings.software))

    # -- inside --------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        assert self._line is not None
        self._retry_s = math.inf
        self._asked = self._line.send(Message(1, 13, wait=True, body=self.identity()))

    def _failed(self, why: str) -> None:
        if self.machine.can("failed"):
            delay_s = self._core.constants.number("establish_communications_timeout_s")
            LOG.warning("communication not established: %s; asked again in %g s", why, delay_s)
            self.machine.move("failed")
            self._retry_s = self._core.now_s() + delay_s

    def _moved(self, before: Communication, step: Step, after: Communication) -> None:
        LOG.info("communication %s -> %s (%s: %s)", before, after, step.number or "no transition", step.meaning)
        was, now = before is Communication.COMMUNICATING, after is Communication.COMMUNICATING
        if was is not now:
            self._on_change(now)
