"""Listens to committed events and tells when the tool's state of use changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planaris.stream import Committed, EquipmentStateChanged, EventStream
from planaris.tool.equipment_state import TOOL, E10State, Use, step


class UseKeeper:
    """Folds the stream. ``spent_s`` is the time in each state so far; what it publishes it does not fold."""

    def __init__(self, stream: EventStream) -> None:
        self._stream = stream
        self.use = Use()
        self.state = E10State.NST
        self.spent_s: dict[E10State, float] = {}
        self._since_s: float | None = None
        self._restored = False

    def __call__(self, batch: Sequence[Committed]) -> None:
        for item in batch:
            if isinstance(item.event, EquipmentStateChanged):
                continue
            before, self.use = self.use, step(self.use, item.event)
            state, why = (self.state, "") if self.use is before and not self._restored else self.use.tool
            self._restored = False
            self._pass(item.time_s)
            if state is not self.state:
                self._stream.publish(EquipmentStateChanged(TOOL, self.state.value, state.value, why))
                self.state = state

    def restore(self, past: Iterable[Committed]) -> None:
        """Take up what a dead controller's events told. Until the next event the tool is down: nobody controlled it.

        What its modules did is over: those that do something now say so.
        """
        for item in past:
            self._pass(item.time_s)
            if isinstance(item.event, EquipmentStateChanged):
                if item.event.module == TOOL:
                    self.state = E10State(item.event.state)
            else:
                self.use = step(self.use, item.event)
        self.use = self.use._replace(modules={})
        if self.use.running:
            self._stream.publish(EquipmentStateChanged(TOOL, self.state.value, E10State.UDT.value, "no controller"))
            self.state, self._restored = E10State.UDT, True

    def _pass(self, time_s: float) -> None:
        if self._since_s is not None:
            self.spent_s[self.state] = self.spent_s.get(self.state, 0.0) + time_s - self._since_s
        self._since_s = time_s
