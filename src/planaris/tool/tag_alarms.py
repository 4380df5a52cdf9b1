"""Alarms that a state tag says by itself: safety layer, acts of the PLC, a pad that runs dry."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from planaris.hardware import TagWatch
from planaris.model import ToolDescription
from planaris.tool.alarms import AlarmBook

# Tags whose rise sets an alarm and whose fall clears it.
ON_TAGS: dict[str, str] = {
    "safety.emo": "emo",
    "safety.door_open": "door_open",
    "safety.leak": "leak",
    "safety.over_temperature": "over_temperature",
    "safety.over_pressure": "over_pressure",
    "safety.exhaust_low": "exhaust_low",
    "safety.drain_full": "drain_full",
    "plc.heartbeat_lost": "heartbeat_lost",
}


class TagAlarms:
    """Listens to changed tags and sets or clears their alarms.

    ``head_over`` gives the head over a platen, 0 where there is none.
    """

    def __init__(
        self,
        tool: ToolDescription,
        watch: TagWatch,
        alarms: AlarmBook,
        head_over: Callable[[int], int],
    ) -> None:
        self._watch, self._alarms, self._head_over = watch, alarms, head_over
        self._on = ON_TAGS | {
            f"platen{n}.polish_limit_reached": "polish_limit_reached" for n in range(1, tool.platens + 1)
        }

    def __call__(self, changed: Mapping[str, float]) -> None:
        """Look at a batch of changed tags."""
        for tag in changed:
            source, _, name = tag.partition(".")
            if tag in self._on:
                self._follow(self._on[tag], source, self._watch.is_on(tag), f"{tag} is on")
            elif name == "pad_wet":
                self._follow("pad_dry", source, self._runs_dry(source), f"{source}: a head polishes on a dry pad")

    def _follow(self, alarm: str, source: str, on: bool, detail: str) -> None:
        if on:
            self._alarms.set(alarm, source, self._alarms.severity_of(alarm), detail)
        else:
            self._alarms.clear(alarm, source, f"no longer: {detail}")

    def _runs_dry(self, platen: str) -> bool:
        """Say whether a pad is dry while a head is down on it."""
        if self._watch.is_on(f"{platen}.pad_wet"):
            return False
        head = self._head_over(int(platen.removeprefix("platen")))
        return bool(head) and not self._watch.is_on(f"head{head}.up")
