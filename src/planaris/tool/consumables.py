"""Consumables by the controller's counters: wafers and hours, against the limits of the tool description.

Parts sit where they are used (``platen1``, ``head3``); a slurry batch and its filter on their line (``slurry1``):
the batch's age counts, the filter's wafers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from planaris.model import Severity, ToolDescription
from planaris.modules import VisitResult
from planaris.stream import ConsumableChanged, ConsumableUsed, EventStream
from planaris.tool.alarms import AlarmBook
from planaris.tool.commands import CommandDoor, CommandRequest, RefusedError


@dataclass(frozen=True, slots=True)
class Counter:
    """Use of one part at one place."""

    location: str
    part: str
    wafers_count: int = 0
    use_h: float = 0.0
    serial: str = ""


def first_serial(location: str, part: str) -> str:
    """Return how a part is called that was there before anybody noted one: nobody knows how old it is."""
    return f"{part.upper()}-{location}-1"


class ConsumableBook:
    """Counters of all parts. ``life_pct`` is the larger of wafer and hour counters over their limits."""

    # Part -> (limit by wafers, limit by hours) in the tool description's consumable limits.
    LIMITS: Mapping[str, tuple[str, str]] = {
        "pad": ("pad_life_wafers_count", ""),
        "disk": ("", "disk_life_h"),
        "ring": ("ring_life_wafers_count", ""),
        "membrane": ("membrane_life_wafers_count", ""),
        "brush": ("brush_life_wafers_count", ""),
        "slurry": ("", "slurry_life_h"),
        "filter": ("filter_life_wafers_count", ""),
    }

    def __init__(self, tool: ToolDescription, stream: EventStream, alarms: AlarmBook, known: Iterable[Counter]) -> None:
        self._limits, self._stream, self._alarms = tool.consumable_limits, stream, alarms
        self._counters: dict[tuple[str, str], Counter] = {(c.location, c.part): c for c in known}
        self._places = {
            "pad": [f"platen{n}" for n in range(1, tool.platens + 1)],
            "disk": [f"platen{n}" for n in range(1, tool.platens + 1)],
            "ring": [f"head{n}" for n in range(1, tool.heads + 1)],
            "membrane": [f"head{n}" for n in range(1, tool.heads + 1)],
            "brush": [s for s in tool.cleaner.stations if s.startswith("brush")],
            "slurry": [f"slurry{n}" for n in range(1, tool.platen.slurry_lines + 1)],
            "filter": [f"slurry{n}" for n in range(1, tool.platen.slurry_lines + 1)],
        }
        self._aged_to_s = 0.0
        self.on_change: Callable[[str], None] = lambda _location: None
        # Asked for before every move; None: counters moved since.
        self._expired: tuple[Counter, ...] | None = None

    def life_pct(self, counter: Counter) -> float:
        """Return spent life in percent of the limit; 0 where the description sets none."""
        wafers, hours = self.LIMITS[counter.part]
        spent = [0.0]
        if limit := self._limits.get(wafers):
            spent.append(100.0 * counter.wafers_count / limit)
        if limit := self._limits.get(hours):
            spent.append(100.0 * counter.use_h / limit)
        return max(spent)

    @property
    def counters(self) -> tuple[Counter, ...]:
        """Counters of every part at its place, also of those that nothing used yet."""
        places = ((part, place) for part, at in self._places.items() for place in at)
        return tuple(self.at(place, part) for part, place in places)

    def at(self, location: str, part: str) -> Counter:
        """Return the counter of the part at a place, with a serial number in any case."""
        counter = self._counters.get((location, part), Counter(location, part))
        return counter if counter.serial else replace(counter, serial=first_serial(location, part))

    def expired(self) -> tuple[Counter, ...]:
        """Return parts past their life: they stop the start of a job, not the running one (interlock 14)."""
        if self._expired is None:
            self._expired = tuple(c for c in self._counters.values() if self.life_pct(c) >= 100.0)
        return self._expired

    def _count(self, counter: Counter) -> None:
        self._counters[counter.location, counter.part] = counter
        self._expired = None

    def visited(self, result: VisitResult, *, first_visit: bool = True) -> None:
        """Count one wafer's visit to a platen; its head's parts count the wafer once, on its first visit."""
        platen, head = f"platen{result.platen}", f"head{result.head}"
        hours = result.polish_s / 3600.0
        self._use(platen, "pad", hours)
        if result.conditioned_s > 0:
            self._use(platen, "disk", result.conditioned_s / 3600.0)
        self._use(head, "ring", hours, wafers_count=int(first_visit))
        self._use(head, "membrane", hours, wafers_count=int(first_visit))

        # A batch ages while it is on its line, used or not; wafers are counted on their first visit.
        aged_h, self._aged_to_s = max(0.0, result.end_s - self._aged_to_s) / 3600.0, max(result.end_s, self._aged_to_s)
        for line in self._places["slurry"]:
            self._use(line, "slurry", aged_h, wafers_count=int(first_visit))
            self._use(line, "filter", hours, wafers_count=int(first_visit))

    def offer(self, door: CommandDoor) -> None:
        """Offer `consumable.change` behind the one door."""
        door.register("consumable.change", self._change)

    async def _change(self, request: CommandRequest) -> str:
        location, part, serial = (str(request.arguments[name]) for name in ("location", "part", "serial"))
        if part not in self._places:
            raise RefusedError(f"no part {part}; there are: {', '.join(self._places)}")
        if location not in self._places[part]:
            raise RefusedError(f"no {part} at {location}; there is one at: {', '.join(self._places[part])}")
        old = self._counters.get((location, part), Counter(location, part))
        if not serial.strip():
            raise RefusedError("a new part needs its serial number, a slurry batch its lot number")
        if serial == old.serial:
            raise RefusedError(f"{part} of {location} is {serial} already")
        if not request.reason.strip():
            raise RefusedError("a change needs a reason")
        self._count(Counter(location, part, serial=serial))
        # What the old part had done stands in the event; the new one begins at nothing.
        self._stream.publish(
            ConsumableChanged(part, location, serial, old.wafers_count, round(old.use_h, 6), request.reason)
        )
        self._stream.publish(ConsumableUsed(part, location, 0, 0.0, 0.0))
        self.on_change(location)
        for alarm in ("consumable_warning", "consumable_expired"):
            self._alarms.clear(alarm, _alarm_place(location, part), f"{part} of {location} is {serial} now")
        return f"{part} of {location}: {old.serial or 'unknown'} after {old.wafers_count} wafers, now {serial}"

    def brushed(self, station: str, time_s: float) -> None:
        """Count one wafer on a brush."""
        self._use(station, "brush", time_s / 3600.0)

    def _use(self, location: str, part: str, hours: float, wafers_count: int = 1) -> None:
        old = self._counters.get((location, part), Counter(location, part))
        new = replace(old, wafers_count=old.wafers_count + wafers_count, use_h=old.use_h + hours)
        self._count(new)
        life = self.life_pct(new)
        self._stream.publish(ConsumableUsed(part, location, new.wafers_count, round(new.use_h, 6), round(life, 4)))
        warn_pct = 100.0 * self._limits.get("warn_fraction", 0.9)
        place = _alarm_place(location, part)
        detail = f"{part} has spent {life:.0f} % of its life"
        if life >= 100.0:
            self._alarms.set("consumable_expired", place, Severity.ERROR, detail)
        elif life >= warn_pct:
            self._alarms.set("consumable_warning", place, Severity.WARNING, detail)


def _alarm_place(location: str, part: str) -> str:
    """Return where the catalogue has a part's alarm: a worn pad must not keep its disk's alarm from being said."""
    if part in {"slurry", "filter"}:
        return "facility"
    return location.replace("platen", "conditioner") if part == "disk" else location
