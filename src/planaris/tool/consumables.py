"""Consumables by the controller's counters: wafers and hours, against the limits of the tool description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from planaris.model import Severity, ToolDescription
from planaris.modules import VisitResult
from planaris.stream import ConsumableUsed, EventStream
from planaris.tool.alarms import AlarmBook


@dataclass(frozen=True, slots=True)
class Counter:
    """Use of one part at one place."""

    location: str
    part: str
    wafers_count: int = 0
    use_h: float = 0.0


class ConsumableBook:
    """Counters of all parts. ``life_pct`` is the larger of wafer and hour counters over their limits."""

    # Part -> (limit by wafers, limit by hours) in the tool description's consumable limits.
    LIMITS: Mapping[str, tuple[str, str]] = {
        "pad": ("pad_life_wafers_count", ""),
        "disk": ("", "disk_life_h"),
        "ring": ("ring_life_wafers_count", ""),
        "membrane": ("membrane_life_wafers_count", ""),
        "brush": ("brush_life_wafers_count", ""),
    }

    def __init__(self, tool: ToolDescription, stream: EventStream, alarms: AlarmBook, known: Iterable[Counter]) -> None:
        self._limits, self._stream, self._alarms = tool.consumable_limits, stream, alarms
        self._counters: dict[tuple[str, str], Counter] = {(c.location, c.part): c for c in known}

    def life_pct(self, counter: Counter) -> float:
        """Return spent life in percent of the limit; 0 where the description sets none."""
        wafers, hours = self.LIMITS[counter.part]
        spent = [0.0]
        if limit := self._limits.get(wafers):
            spent.append(100.0 * counter.wafers_count / limit)
        if limit := self._limits.get(hours):
            spent.append(100.0 * counter.use_h / limit)
        return max(spent)

    def expired(self) -> tuple[Counter, ...]:
        """Return parts past their life: they stop the start of a job, not the running one (interlock 14)."""
        return tuple(c for c in self._counters.values() if self.life_pct(c) >= 100.0)

    def visited(self, result: VisitResult, conditioned_s: float, *, first_visit: bool = True) -> None:
        """Count one wafer's visit to a platen; its head's parts count the wafer once, on its first visit."""
        platen, head = f"platen{result.platen}", f"head{result.head}"
        hours = result.polish_s / 3600.0
        self._use(platen, "pad", hours)
        if conditioned_s > 0:
            self._use(platen, "disk", conditioned_s / 3600.0)
        self._use(head, "ring", hours, wafers_count=int(first_visit))
        self._use(head, "membrane", hours, wafers_count=int(first_visit))

    def brushed(self, station: str, time_s: float) -> None:
        """Count one wafer on a brush."""
        self._use(station, "brush", time_s / 3600.0)

    def _use(self, location: str, part: str, hours: float, wafers_count: int = 1) -> None:
        old = self._counters.get((location, part), Counter(location, part))
        new = replace(old, wafers_count=old.wafers_count + wafers_count, use_h=old.use_h + hours)
        self._counters[location, part] = new
        life = self.life_pct(new)
        self._stream.publish(ConsumableUsed(part, location, new.wafers_count, round(new.use_h, 6), round(life, 4)))
        warn_pct = 100.0 * self._limits.get("warn_fraction", 0.9)
        # The disk has a place of its own in the catalogue: a worn pad must not keep its alarm from being said.
        place = location.replace("platen", "conditioner") if part == "disk" else location
        detail = f"{part} has spent {life:.0f} % of its life"
        if life >= 100.0:
            self._alarms.set("consumable_expired", place, Severity.ERROR, detail)
        elif life >= warn_pct:
            self._alarms.set("consumable_warning", place, Severity.WARNING, detail)
