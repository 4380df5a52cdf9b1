"""Invariants of a fault campaign, held against the twin's truth while a lot runs and when it is over."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from planaris.clock import now_s
from planaris.stream import AlarmSet, CleanStarted, Committed, StepEnded, WaferMarked
from planaris.tool import Engine
from planaris.twin import Machine

# Longest time a wet wafer may be without water or slurry while a robot or a head carries it [design].
WET_SAFE_LIMIT_S = 30.0
LOOK_S = 0.5
_KEPT_WET = ("loadcup", "megasonic", "brush", "srd", "exchange")
# Time that a controller may go on believing what it was told before it looks again.
_MARKS_OF_WAIT = frozenset({"hold", "scrap", "rework", "suspect"})


@dataclass(slots=True)
class Watch:
    """Looks at machine and engine every half second of tool time; gathers what was broken, in words."""

    machine: Machine
    engine: Engine
    wafers: frozenset[str]
    broken: list[str] = field(default_factory=list[str])
    wet_unsafe_s: float = 0.0
    _dry_since_s: dict[str, float] = field(default_factory=dict[str, float])
    _taken: set[str] = field(default_factory=set[str])

    def taken(self, wafer_id: str) -> None:
        """Note that a person took a wafer out."""
        self._taken.add(wafer_id)

    def look(self) -> None:
        """Hold the machine to what may never be."""
        self._places()
        self._motion()
        self._wet()

    def _say(self, text: str) -> None:
        if text not in self.broken:
            self.broken.append(text)

    def _places(self) -> None:
        seen = [wafer.wafer_id for _, wafer in self.machine.places.items()]
        if len(seen) != len(set(seen)):
            self._say("a wafer is in two places")
        lost = self.wafers - set(seen) - self._taken
        if lost:
            self._say(f"lost in the machine: {', '.join(sorted(lost))}")

    def _motion(self) -> None:
        """Interlocks, by what truly moves: the twin's own devices."""
        values, process, devices = self.machine.plc.values, self.machine.process, self.machine.devices
        heads_down = [n for n in process.heads if not values[f"head{n}.up"]]
        if devices["carousel"].busy and heads_down:
            self._say(f"the carousel turned with head{heads_down[0]} down")
        moving = [name for name, device in devices.items() if device.busy and not device.name.startswith("platen")]
        if not self.machine.process.powered() and [n for n in moving if not n.startswith(("head", "conditioner"))]:
            self._say(f"{moving[0]} moved without power")
        for n, platen in process.platens.items():
            head = platen.head
            if head is not None and head.in_contact and head.bank.targets()["zone1"] > 0:
                targets = platen.bank.targets()
                if targets["slurry"] + targets["di"] <= 0:
                    self._say(f"head{head.number} pressed on the dry pad of platen{n}")

    def _wet(self) -> None:
        """A wet wafer must be in water, in slurry, or on its way there."""
        time_s, values = now_s(), self.machine.plc.values
        for place, wafer in self.machine.places.items():
            safe = not (wafer.wet and self._polished(wafer.wafer_id)) or place.startswith((*_KEPT_WET, "platen"))
            safe = safe or self._sprayed(place)
            if not safe and place.startswith("head"):
                station = self.machine.handling.station_of(int(place.removeprefix("head")))
                # Over its cup a head stands in the spray of the cup's rinse.
                safe = not station or bool(values[f"platen{station}.pad_wet"])
            if safe:
                self._dry_since_s.pop(wafer.wafer_id, None)
                continue
            since_s = self._dry_since_s.setdefault(wafer.wafer_id, time_s)
            self.wet_unsafe_s = max(self.wet_unsafe_s, time_s - since_s)

    def _polished(self, wafer_id: str) -> bool:
        """Whether slurry was on the wafer; before that it may dry."""
        try:
            return not math.isnan(self.engine.jobs.progress_of(wafer_id).polish_start_s)
        except KeyError:
            return False

    def _sprayed(self, arm: str) -> bool:
        """The spray at the wet arm's gripper is normally open; the PLC shuts it only while the arm moves."""
        return arm.startswith("wet_robot") and not self.machine.devices["wet_robot"].busy

    # -- when it is over ----------------------------------------------------------------------------------------
    def finish(self, told: list[Committed]) -> None:
        """Hold the end: map and truth agree, and no wet limit was passed in silence."""
        truth = {wafer.wafer_id: place for place, wafer in self.machine.places.items()}
        material = self.engine.tool.material
        moving = material.in_motion()
        for wafer_id, place in truth.items():
            if material.find(wafer_id) is None:
                continue  # its carrier was never accepted
            believed = material.where(wafer_id)
            if place not in {believed, moving.get(wafer_id)} and not self._in_question(wafer_id):
                self._say(f"{wafer_id} is at {place}, believed at {believed}")
        for job in self.engine.jobs.active:
            self._say(f"job {job.lot_id} ended in no named state: {job.state.value}")
        self._wet_limits(told)

    def _in_question(self, wafer_id: str) -> bool:
        """Whether a failed piece of work, which a person must answer, holds the wafer."""
        return any(failed.piece.wafer_id == wafer_id for failed in self.engine.shop.failed.values())

    def _wet_limits(self, told: list[Committed]) -> None:
        polished_s: dict[str, float] = {}
        late: dict[str, float] = {}
        for item in told:
            event = item.event
            if isinstance(event, StepEnded):
                polished_s[event.wafer_id] = item.time_s
            elif isinstance(event, CleanStarted) and event.wafer_id in polished_s:
                limit_s = self.engine.jobs.of(event.wafer_id).recipe.wet_limits.polish_to_clean_s
                waited_s = item.time_s - polished_s.pop(event.wafer_id)
                # The wait counts from the visit's end, some seconds after its last step.
                if waited_s > limit_s + 10.0:
                    late[event.wafer_id] = waited_s
        alarmed = {i.event.wafer_id for i in told if isinstance(i.event, AlarmSet)}
        marked = {i.event.wafer_id for i in told if isinstance(i.event, WaferMarked) and i.event.mark in _MARKS_OF_WAIT}
        for wafer_id, waited_s in late.items():
            if wafer_id not in alarmed or wafer_id not in marked:
                self._say(f"{wafer_id} waited wet {waited_s:.0f} s without alarm and mark")
