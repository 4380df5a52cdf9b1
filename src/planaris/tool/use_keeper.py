"""Listens to committed events and tells when the tool's state of use changes."""

from __future__ import annotations

from collections.abc import Sequence

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

    def __call__(self, batch: Sequence[Committed]) -> None:
        for item in batch:
            if isinstance(item.event, EquipmentStateChanged):
                continue
            before, self.use = self.use, step(self.use, item.event)
            state, why = (self.state, "") if self.use is before else self.use.tool
            if self._since_s is None:
                self._since_s = item.time_s
            self.spent_s[self.state] = self.spent_s.get(self.state, 0.0) + item.time_s - self._since_s
            self._since_s = item.time_s
            if state is not self.state:
                self._stream.publish(EquipmentStateChanged(TOOL, self.state.value, state.value, why))
                self.state = state
