"""What must hold in every run, whatever breaks: checked after every event against the twin's truth."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from planaris.app.faults.breaking import Breaking
from planaris.app.faults.scenario import FaultKind
from planaris.dictionary import Dictionary
from planaris.formats import JobFiles
from planaris.model import Face
from planaris.stream import (
    AlarmSet,
    CleanStarted,
    CommandAnswered,
    Committed,
    MoveIntended,
    PlaceConfirmed,
    QuarantineChanged,
    StepEnded,
    StepStarted,
    WaferFinished,
    WaferFlipped,
    WaferMarked,
    WaferMoved,
)
from planaris.tool import Engine
from planaris.twin import Machine, World

# News of a limit and its alarm belong together within this time [design].
TOGETHER_S = 1.0
WET_ALARM = "wet_limit_exceeded"
KEPT_WET = ("loadcup", "exchange", "megasonic", "brush", "srd")
_IN_WATER = (*KEPT_WET, "platen", "loadport")
# Longest time a wet wafer may be without water, slurry or spray: promised.
WET_SAFE_LIMIT_S = 30.0
RELEASED = "released"
_HALTS = {"tool.halt": True, "tool.resume": False}
_FAILURES = frozenset({"handshake_lost", "device_timeout", "device_error", "wafer_not_seen", "unexpected_wafer"})
_CLOSES = frozenset({FaultKind.SLIP, FaultKind.BREAK})
_SEES_WRONG = frozenset({FaultKind.STUCK_ON, FaultKind.FLICKER})
_OF_NO_PLACE = "removed."


def without_water(machine: Machine, slurried: Collection[str]) -> set[str]:
    """Return wafers with slurry on them (``slurried`` and not dried since) that are in no water, slurry or spray."""
    found: set[str] = set()
    for place, wafer in machine.places.items():
        if not wafer.wet or wafer.wafer_id not in slurried or place.startswith(_IN_WATER):
            continue
        # The spray at the wet arm's gripper is normally open; the PLC shuts it only while the arm moves.
        if place.startswith("wet_robot") and not machine.devices["wet_robot"].busy:
            continue
        if place.startswith("head"):
            station = machine.handling.station_of(int(place.removeprefix("head")))
            if not station or machine.plc.values[f"platen{station}.pad_wet"]:
                continue
        found.add(wafer.wafer_id)
    return found


def unattended(machine: Machine, failed: Collection[int]) -> set[str]:
    """Return wafers that are pressed on the pad of a platen whose module has failed: nobody ends that polish."""
    found: set[str] = set()
    for n in failed:
        number = machine.handling.head_at(n)
        wafer = machine.places.get(f"head{number}")
        if number is None or wafer is None:
            continue
        head = machine.process.heads[number]
        if head.in_contact and head.bank.targets()["zone1"] > 0:
            found.add(wafer.wafer_id)
    return found


class Invariants:
    """Listener. ``violations`` says what did not hold; nothing of it may ever come."""

    def __init__(
        self,
        job: JobFiles,
        dictionary: Dictionary,
        world: World,
        broken: Sequence[Breaking],
        clock: Callable[[], float],
    ) -> None:
        self._job, self._world, self._broken, self._clock = job, world, broken, clock
        self._catalogue = {(a.template.name, a.source) for a in dictionary.alarms}
        self.engine: Engine | None = None
        self.violations: list[str] = []
        self.alarms: list[tuple[float, str, str]] = []
        self.marks: dict[str, list[str]] = {}
        self._waiting_s: dict[str, float] = {}
        self.slurried: set[str] = set()
        self._closed: dict[str, str] = {}
        self._halted = False
        self._told: set[str] = set()

    def _violated(self, what: str) -> None:
        self.violations.append(f"{self._clock():.3f} {what}")

    def __call__(self, batch: Sequence[Committed]) -> None:
        """Check a batch of events."""
        for item in batch:
            self._event(item)
        for broken in self._broken:
            broken.look()

    def _event(self, item: Committed) -> None:
        event = item.event
        if isinstance(event, WaferMoved):
            self._moved(event)
            self._faces(event.wafer_id, event.destination, self._job.tool.face_at(event.destination))
        elif isinstance(event, WaferFlipped):
            self._faces(event.wafer_id, event.location, event.face)
        elif isinstance(event, MoveIntended):
            self._intended(event)
        elif isinstance(event, CommandAnswered) and event.status == "done" and event.verb in _HALTS:
            self._halted = _HALTS[event.verb]
        elif isinstance(event, PlaceConfirmed):
            self._confirmed(event)
        elif isinstance(event, QuarantineChanged):
            self._closed[event.module] = event.state
        elif isinstance(event, AlarmSet):
            self.alarms.append((item.time_s, event.alarm, event.source))
            if (event.alarm, event.source) not in self._catalogue:
                self._violated(f"alarm {event.alarm} at {event.source} is not in the catalogue")
            if event.alarm == WET_ALARM:
                self._told.add(event.wafer_id)
        elif isinstance(event, WaferMarked):
            self.marks.setdefault(event.wafer_id, []).append(event.mark)
        elif isinstance(event, StepStarted):
            self._waiting_s.pop(event.wafer_id, None)
            self.slurried.add(event.wafer_id)
            self._started(event)
        elif isinstance(event, StepEnded):
            self._waiting_s[event.wafer_id] = item.time_s
        elif isinstance(event, CleanStarted):
            self._cleaned(event, item.time_s)
        elif isinstance(event, WaferFinished):
            self._finished(event)

    def _moved(self, event: WaferMoved) -> None:
        """A move that is believed must be true, and every wafer must be where it is believed or be asked about."""
        assert self.engine is not None
        truth, material = self._world.where(), self.engine.tool.material
        if truth.get(event.wafer_id) != event.destination:
            self._violated(
                f"{event.wafer_id} was believed at {event.destination}, it is at {truth.get(event.wafer_id)}"
            )
        asked = {f.piece.wafer_id for f in self.engine.shop.failed.values()}
        excused = asked | {i for b in self._broken if b.begun_s is not None for i in b.touched} | {event.wafer_id}
        for place, wafer in material.at.items():
            wafer_id = wafer.wafer_id
            if wafer_id in excused or place.startswith(_OF_NO_PLACE):
                continue
            true = truth.get(wafer_id)
            if true not in {place, material.in_motion().get(wafer_id)}:
                self._violated(f"{wafer_id} is believed at {place}, it is at {true}")

    def _confirmed(self, event: PlaceConfirmed) -> None:
        """A person's wrong word is not believed, unless the place's own sensor says so too."""
        true = self._world.where().get(event.wafer_id)
        said = None if event.location.startswith(_OF_NO_PLACE) else event.location
        misled = any(b.fault.kind in _SEES_WRONG and b.fault.target == said for b in self._broken)
        if true != said and not misled:
            self._violated(f"a person's word was believed: {event.wafer_id} at {event.location}, it is at {true}")

    def _faces(self, wafer_id: str, place: str, face: Face | None) -> None:
        """A wafer faces as it is believed to, and as its place needs it."""
        wafer = self._world.machine.places.get(place)
        if face is not None and wafer is not None and wafer.face_down is not (face is Face.DOWN):
            self._violated(f"{wafer_id} is believed at {place} face {face}, it faces the other way")

    def _intended(self, event: MoveIntended) -> None:
        """Nothing moves while the tool is halted, and nothing leaves a carrier that is not as its lot says."""
        assert self.engine is not None
        if self._halted and self._world.where().get(event.wafer_id) != event.destination:  # else it is only followed
            self._violated(f"{event.wafer_id} was to move to {event.destination} while the tool was halted")
        if any(b.fault.kind is FaultKind.SLOTS and b.begun_s is not None for b in self._broken):
            self._violated(f"{event.wafer_id} was to leave {event.source}, whose slots are not as the lot says")

    def _started(self, event: StepStarted) -> None:
        """No product is polished on a platen in quarantine."""
        state = self._closed.get(f"platen{event.platen}", RELEASED)
        if state != RELEASED:
            self._violated(f"{event.wafer_id} was polished on platen{event.platen}, which is in quarantine ({state})")

    def _cleaned(self, event: CleanStarted, time_s: float) -> None:
        since_s = self._waiting_s.pop(event.wafer_id, None)
        if event.station != self._job.tool.cleaner.stations[0] or since_s is None:
            return
        limit_s = self._job.recipe.wet_limits.polish_to_clean_s
        late = time_s - since_s > limit_s + TOGETHER_S + self._job.tool.lift_s
        marked = set(self.marks.get(event.wafer_id, ())) & {"hold", "scrap"}
        if late and not (event.wafer_id in self._told and marked):
            self._violated(f"{event.wafer_id} waited {time_s - since_s:.1f} s wet, without an alarm and a mark")

    def _finished(self, event: WaferFinished) -> None:
        home = f"loadport{self._job.lot.load_port}.{event.slot:02d}"
        if self._world.where().get(event.wafer_id) != home:
            self._violated(f"{event.wafer_id} was told finished, it is at {self._world.where().get(event.wafer_id)}")

    def _ridden_out(self) -> None:
        """A few lost answers of one device are cured by asking again, without a word to anybody."""
        if all(b.fault.kind is FaultKind.LOST_NOTICE for b in self._broken) and self._loud():
            self._violated(f"lost answers set {', '.join(self._loud())}")

    def _loud(self) -> list[str]:
        """Return the alarms that tell of failed work."""
        return sorted({alarm for _, alarm, _ in self.alarms if alarm in _FAILURES})

    def end(self, outcome: str, removed_count: int) -> None:
        """Check the run's end."""
        assert self.engine is not None
        truth, material = self._world.where(), self.engine.tool.material
        if len(truth) + removed_count != len(self._job.lot.wafers):
            self._violated(
                f"{len(truth)} wafers at the end and {removed_count} taken out, of {len(self._job.lot.wafers)}"
            )
        for place, wafer in material.at.items():
            true = truth.get(wafer.wafer_id)
            if not place.startswith(_OF_NO_PLACE) and true != place:
                going = material.in_motion().get(wafer.wafer_id)
                if true != going:
                    self._violated(f"at the end {wafer.wafer_id} is believed at {place}, it is at {true}")
        if outcome not in {"completed", "stopped", "aborted", "failed", "slot_map_mismatch"}:
            self._violated(f"the run ended {outcome!r}, which is no named state")
        if not any(b.took_effect() for b in self._broken) and (outcome != "completed" or self._loud()):
            self._violated(f"nothing was touched, and yet the run ended {outcome} with {', '.join(self._loud())}")
        if any(b.took_effect() and b.fault.kind in _CLOSES for b in self._broken) and not self._closed:
            self._violated("a wafer slipped or broke, and no platen was closed")
        if outcome == "failed" and not self.alarms:
            self._violated("the run failed without an alarm")
        self._ridden_out()
        if self.engine.error is not None:
            self._violated(f"the engine ended with {type(self.engine.error).__name__}: {self.engine.error}")
