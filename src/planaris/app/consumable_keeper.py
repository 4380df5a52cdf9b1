"""Keeps the counters of consumables in the home, as the events tell them."""

from __future__ import annotations

from collections.abc import Sequence

from planaris import clock
from planaris.historian import ConsumableRecord, Home
from planaris.stream import Committed, ConsumableChanged, ConsumableUsed
from planaris.tool import Counter, Story, first_serial


class ConsumableKeeper:
    """Listener: what is used and changed stands in the home with the event."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._records = {(c.location, c.part): c for c in home.load_consumables()}

    def __call__(self, batch: Sequence[Committed]) -> None:
        changed: dict[tuple[str, str], ConsumableRecord] = {}
        for item in batch:
            e = item.event
            if isinstance(e, ConsumableChanged):
                now = f"{clock.utc_now():%Y-%m-%dT%H:%M:%SZ}"
                record = ConsumableRecord(e.location, e.part, e.serial, 0, 0.0, now)
                changed[e.location, e.part] = self._records[e.location, e.part] = record
            elif isinstance(e, ConsumableUsed):
                old = self._records.get((e.location, e.part))
                serial = old.serial if old else first_serial(e.location, e.part)
                installed = old.installed if old else f"{clock.utc_now():%Y-%m-%dT%H:%M:%SZ}"
                record = ConsumableRecord(e.location, e.part, serial, e.wafers_count, e.use_h, installed)
                changed[e.location, e.part] = self._records[e.location, e.part] = record
        if changed:  # the journal's next durable commit is one to the same file
            self._home.save_consumables(changed.values(), durable=False)

    def catch_up(self, story: Story) -> None:
        """Bring the home's counters to what the journal tells: a death may have come between the two."""
        self([Committed(0, 0.0, event) for event in story.consumables.values()])

    def counters(self) -> list[Counter]:
        """Return what the tool goes on counting from."""
        return [Counter(c.location, c.part, c.wafers_count, c.use_h, c.serial) for c in self._records.values()]

    def parts(self) -> dict[str, dict[str, str]]:
        """Return serial or lot number and time of installation of each part, by ``location.part``."""
        return {
            f"{c.location}.{c.part}": {"serial": c.serial, "installed": c.installed} for c in self._records.values()
        }
