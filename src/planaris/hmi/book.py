"""What the pages show, folded from the event stream and from what the tool says outright."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from planaris.dictionary import Dictionary
from planaris.hmi.ports import FactoryLook, Look, ToolFacts, WorldLook
from planaris.hmi.protocol import PROTOCOL_VERSION
from planaris.hmi.tree import Branch, Tree
from planaris.model import Recipe
from planaris.stream import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmSet,
    CarrierLifted,
    CarrierMapped,
    CleanStarted,
    Committed,
    ConsumableChanged,
    ConsumableUsed,
    EndpointDecided,
    EquipmentStateChanged,
    Event,
    JobStateChanged,
    LotStarted,
    MaintenanceChanged,
    ManualModeChanged,
    ModuleStateChanged,
    MoveCancelled,
    MoveIntended,
    PlaceConfirmed,
    QuarantineChanged,
    StepEnded,
    StepStarted,
    WaferFinished,
    WaferMarked,
    WaferMeasured,
    WaferMoved,
    WaferRegistered,
)

# How many alarms that are gone are shown [design].
RECENT_ALARMS = 100
# The throughput is told over this many wafers [design].
THROUGHPUT_WAFERS = 10
# A wafer that was lifted with its carrier stays in view until there are so many of them [design].
GONE_WAFERS = 50
# Trails of an endpoint are told in no more points than a picture shows [design].
TRAIL_POINTS = 200


def number(value: float) -> float | None:
    """Return a number as JSON has it: None where there is none."""
    return value if math.isfinite(value) else None


class Book:
    """The state of `planaris.hmi.protocol.State`, with what changes in it noted."""

    def __init__(self, facts: ToolFacts) -> None:
        self._facts = facts
        self.tree = Tree(_beginning(facts))
        self.recipes: dict[str, Recipe] = {}
        self._recent: deque[Branch] = deque(maxlen=RECENT_ALARMS)
        self._finishes: deque[float] = deque(maxlen=THROUGHPUT_WAFERS + 1)
        self._gone: deque[str] = deque()
        self._handlers: Mapping[type[Event], Callable[[Any, float], None]] = {
            ModuleStateChanged: self._module,
            EquipmentStateChanged: self._use,
            QuarantineChanged: lambda e, _: self._module_value(e.module, "quarantine", e.state),
            ManualModeChanged: lambda e, _: self._module_value(e.module, "manual", e.state == "on"),
            CarrierMapped: self._mapped,
            CarrierLifted: self._lifted,
            LotStarted: self._lot_started,
            JobStateChanged: self._job,
            WaferRegistered: self._registered,
            MoveIntended: lambda e, _: self._going(e.wafer_id, e.destination),
            MoveCancelled: lambda e, _: self._going(e.wafer_id, ""),
            WaferMoved: lambda e, _: self._moved(e.wafer_id, e.source, e.destination),
            PlaceConfirmed: lambda e, _: self._moved(e.wafer_id, e.source, e.location),
            WaferMarked: self._marked,
            WaferMeasured: lambda e, _: self._wafer_state(e.wafer_id, "measured"),
            WaferFinished: self._finished,
            StepStarted: self._step_started,
            StepEnded: self._step_ended,
            EndpointDecided: self._endpoint,
            CleanStarted: lambda e, _: self._wafer_state(e.wafer_id, "cleaning"),
            AlarmSet: self._alarm_set,
            AlarmAcknowledged: self._alarm_acknowledged,
            AlarmCleared: self._alarm_cleared,
            ConsumableUsed: self._used,
            ConsumableChanged: self._part_changed,
            MaintenanceChanged: self._maintenance,
        }

    # -- what comes in -------------------------------------------------------------------------------------------
    def take(self, items: Iterable[Committed]) -> None:
        """Go on by committed events."""
        for item in items:
            handler = self._handlers.get(type(item.event))
            if handler is not None:
                handler(item.event, item.time_s)

    def looked(self, look: Look) -> None:
        """Take what the tool says outright."""
        tree = self.tree
        tree.root["time"]["tool_time_s"] = look.time_s
        tree.update({"link": look.link, "halted": look.halted}, "tool")
        jobs: dict[str, Branch] = {}
        self.recipes = {job.lot_id: job.recipe for job in look.jobs}
        for job in look.jobs:
            known = tree.get("jobs", job.lot_id) or {}
            jobs[job.lot_id] = {
                "state": job.state,
                "load_port": job.load_port,
                "recipe": job.recipe.name,
                "priority": job.priority,
                "finished_count": job.finished_count,
                "wafers_count": job.wafers_count,
                "failures": list(job.failures),
                "why": known.get("why", ""),
            }
        self._each(jobs, "jobs")
        lots = {
            lot.lot_id: {
                "load_port": lot.load_port,
                "product": lot.product,
                "recipe": lot.recipe,
                "wafers_count": len(lot.wafers),
                "carrier_id": lot.carrier.carrier_id,
            }
            for lot in look.lots
        }
        self._each(lots, "lots")
        asked = [
            {"wafer_id": q.wafer_id, "why": q.why, "candidates": list(q.candidates), "look_at": list(q.look_at)}
            for q in look.questions
        ]
        tree.put(asked, "questions")
        for name, state in look.modules.items():
            self._module_value(name, "state", state)
            self._module_value(name, "manual", name in look.by_hand)
        for counter in look.counters:
            values = {
                "location": counter.location,
                "part": counter.part,
                "serial": counter.serial,
                "wafers_count": counter.wafers_count,
                "use_h": round(counter.use_h, 4),
                "life_pct": round(counter.life_pct, 3),
            }
            tree.update(values, "consumables", f"{counter.location}.{counter.part}")
        self._throughput(look.time_s)

    def factory(self, look: FactoryLook) -> None:
        """Take what the factory interface shows."""
        values = {
            "address": look.address,
            "communication": look.communication,
            "control": look.control,
            "spool": look.spool,
            "spool_count": look.spool_count,
            "messages": list(look.messages),
        }
        self.tree.update(values, "factory")

    def world(self, look: WorldLook) -> None:
        """Take what only a twin's world knows; it stands apart from all that is measured."""
        values = {"where": dict(look.where), "flags": list(look.flags), "carriers": list(look.carriers)}
        self.tree.update(values, "truth")

    def _each(self, values: Mapping[str, Branch], branch: str) -> None:
        for key in [key for key in self.tree.get(branch) if key not in values]:
            self.tree.drop(branch, key)
        for key, value in values.items():
            if self.tree.get(branch, key) is None:
                self.tree.put(value, branch, key)
            else:
                self.tree.update(value, branch, key)

    # -- modules -------------------------------------------------------------------------------------------------
    def _module(self, event: ModuleStateChanged, _time_s: float) -> None:
        self._module_value(event.module, "state", event.state)
        self._module_value(event.module, "doing", event.trigger)

    def _use(self, event: EquipmentStateChanged, _time_s: float) -> None:
        if event.module == "tool":
            self.tree.put(event.state, "tool", "state")
        else:
            self._module_value(event.module, "use", event.state)

    def _module_value(self, module: str, key: str, value: str | bool) -> None:
        if self.tree.get("modules", module) is not None:
            self.tree.put(value, "modules", module, key)

    # -- carriers and jobs ---------------------------------------------------------------------------------------
    def _mapped(self, event: CarrierMapped, _time_s: float) -> None:
        key = str(event.load_port)
        before = self.tree.get("carriers", key) or {"lot_id": ""}
        value = {"carrier_id": event.carrier_id, "slots": event.slots, "lot_id": before["lot_id"]}
        self.tree.put(value, "carriers", key)

    def _lifted(self, event: CarrierLifted, _time_s: float) -> None:
        self.tree.drop("carriers", str(event.load_port))
        inside = f"loadport{event.load_port}."
        material: dict[str, str] = self.tree.get("material")
        for place, wafer_id in [(p, w) for p, w in material.items() if p.startswith(inside)]:
            self.tree.drop("material", place)
            self.tree.update({"place": "", "going": "", "state": "gone"}, "wafers", wafer_id)
            self._gone.append(wafer_id)
        while len(self._gone) > GONE_WAFERS:
            self.tree.drop("wafers", self._gone.popleft())

    def _lot_started(self, event: LotStarted, _time_s: float) -> None:
        value = {"carrier_id": event.carrier_id, "lot_id": event.lot_id}
        key = str(event.load_port)
        if self.tree.get("carriers", key) is None:
            self.tree.put({**value, "slots": ""}, "carriers", key)
        else:
            self.tree.update(value, "carriers", key)

    def _job(self, event: JobStateChanged, _time_s: float) -> None:
        if self.tree.get("jobs", event.lot_id) is not None:
            self.tree.update({"state": event.state, "why": event.why}, "jobs", event.lot_id)

    # -- wafers --------------------------------------------------------------------------------------------------
    def _registered(self, event: WaferRegistered, _time_s: float) -> None:
        wafer = {
            "lot_id": event.lot_id,
            "slot": event.slot,
            "kind": event.kind.value,
            "head": 0,
            "place": event.location,
            "going": "",
            "state": _resting(event.location),
            "marks": [],
            "results": None,
        }
        if event.wafer_id in self._gone:
            self._gone.remove(event.wafer_id)
        self.tree.put(wafer, "wafers", event.wafer_id)
        self.tree.put(event.wafer_id, "material", event.location)
        self._holds(event.location)

    def _going(self, wafer_id: str, destination: str) -> None:
        if (wafer := self.tree.get("wafers", wafer_id)) is not None:
            self.tree.put(destination, "wafers", wafer_id, "going")
            if destination:
                self._wafer_state(wafer_id, "moving")
            elif wafer["state"] == "moving":
                self._wafer_state(wafer_id, _resting(wafer["place"]))

    def _moved(self, wafer_id: str, source: str, destination: str) -> None:
        if self.tree.get("material", source) == wafer_id:
            self.tree.drop("material", source)
        if self.tree.get("wafers", wafer_id) is None:
            return
        self.tree.put(wafer_id, "material", destination)
        for place in (source, destination):
            self._holds(place)
        if destination.startswith("head"):
            self.tree.put(int(destination.removeprefix("head")), "wafers", wafer_id, "head")
        values = {"place": destination, "going": "", "state": _resting(destination)}
        if destination.startswith("loadport") and self.tree.get("wafers", wafer_id, "results") is not None:
            values["state"] = "finished"
        self.tree.update(values, "wafers", wafer_id)

    def _holds(self, place: str) -> None:
        """Say which wafers a module holds: its own places are its name, with a slot or an arm behind it."""
        module = next((name for name in self.tree.get("modules") if _is_of(place, name)), "")
        if module:
            material: dict[str, str] = self.tree.get("material")
            held = [wafer for at, wafer in material.items() if _is_of(at, module)]
            self.tree.put(held, "modules", module, "wafers")

    def _wafer_state(self, wafer_id: str, state: str) -> None:
        if self.tree.get("wafers", wafer_id) is not None:
            self.tree.put(state, "wafers", wafer_id, "state")

    def _marked(self, event: WaferMarked, _time_s: float) -> None:
        if (wafer := self.tree.get("wafers", event.wafer_id)) is not None:
            self.tree.put([*wafer["marks"], event.mark], "wafers", event.wafer_id, "marks")

    def _finished(self, event: WaferFinished, time_s: float) -> None:
        self._finishes.append(time_s)
        results = {
            "sites_count": event.sites_count,
            **{
                name: number(getattr(event, name))
                for name in ("incoming_nm", "post_nm", "removal_nm", "wiwnu_pct", "range_pct", "polish_s", "wet_s")
            },
            "finished_s": time_s,
        }
        if self.tree.get("wafers", event.wafer_id) is not None:
            self.tree.update({"results": results, "state": "finished", "head": event.head}, "wafers", event.wafer_id)
        self.tree.put((self.tree.get("throughput", "finished_count") or 0) + 1, "throughput", "finished_count")
        self._throughput(time_s)

    def _throughput(self, now_s: float) -> None:
        """Wafers an hour between the last finished wafers; the next is due as far ahead as they were apart."""
        spans = len(self._finishes) - 1
        if spans < 1 or self._finishes[-1] <= self._finishes[0]:
            return
        apart_s = (self._finishes[-1] - self._finishes[0]) / spans
        due_s = self._finishes[-1] + apart_s
        # What is out still comes; where nothing is out, or it is long overdue, nobody knows when the next is.
        out = any(not place.startswith("loadport") for place in self.tree.get("material"))
        known = out and now_s < due_s + 2.0 * apart_s
        values = {"wafers_h": round(3600.0 / apart_s, 2) if known else None, "next_finish_s": due_s if known else None}
        self.tree.update(values, "throughput")

    # -- process -------------------------------------------------------------------------------------------------
    def _step_started(self, event: StepStarted, time_s: float) -> None:
        lot_id = self.tree.get("wafers", event.wafer_id, "lot_id") or ""
        recipe = self.recipes.get(lot_id)
        step = recipe.steps[event.step] if recipe is not None and 0 <= event.step < len(recipe.steps) else None
        targets: dict[str, Any] = {}
        if step is not None:
            targets = {
                "zone_pressure_kPa": list(step.zone_pressure_kPa),
                "ring_pressure_kPa": step.ring_pressure_kPa,
                "back_pressure_kPa": step.back_pressure_kPa,
                "platen_speed_rpm": step.platen_speed_rpm,
                "head_speed_rpm": step.head_speed_rpm,
                "slurry_flow_ml_min": step.slurry_flow_ml_min,
                "platen_temperature_C": step.platen_temperature_C,
                "conditioner_force_N": step.conditioning.downforce_N,
            }
        value = {
            "wafer_id": event.wafer_id,
            "lot_id": lot_id,
            "head": event.head,
            "recipe": recipe.name if recipe is not None else "",
            "step": event.step,
            "step_name": event.step_name,
            "kind": event.kind,
            "started_s": time_s,
            "ended": "",
            "time_s": step.end.time_s if step is not None else None,
            "targets": targets,
            # The last one stays until another comes: at speed the next step begins before pages were told of it.
            "endpoint": self.tree.get("process", str(event.platen), "endpoint"),
        }
        self.tree.put(value, "process", str(event.platen))
        self._wafer_state(event.wafer_id, "rinsing" if event.kind == "rinse" else "polishing")

    def _step_ended(self, event: StepEnded, _time_s: float) -> None:
        if self.tree.get("process", str(event.platen), "wafer_id") == event.wafer_id:
            self.tree.put(event.reason, "process", str(event.platen), "ended")
        self._wafer_state(event.wafer_id, "waiting")

    def _endpoint(self, event: EndpointDecided, _time_s: float) -> None:
        stride = max(1, -(-len(event.trail_s) // TRAIL_POINTS))
        value = {
            "decision": event.decision,
            "why": event.why,
            **{
                name: number(getattr(event, name))
                for name in ("called_s", "endpoint_s", "stop_s", "endpoint_nm", "sigma_nm", "rate_nm_min")
            },
            **{
                name: [number(v) for v in getattr(event, name)[::stride]]
                for name in ("trail_s", "trail_nm", "trail_pct")
            },
            "step_name": event.step_name,
            "wafer_id": event.wafer_id,
        }
        if self.tree.get("process", str(event.platen)) is not None:
            self.tree.put(value, "process", str(event.platen), "endpoint")

    # -- alarms --------------------------------------------------------------------------------------------------
    def _alarm_set(self, event: AlarmSet, time_s: float) -> None:
        key = f"{event.source}.{event.alarm}" + (f".{event.wafer_id}" if event.wafer_id else "")
        value = {
            "key": key,
            "alarm": event.alarm,
            "source": event.source,
            "severity": event.severity.value,
            "state": "set",
            "wafer_id": event.wafer_id,
            "detail": event.detail,
            "set_s": time_s,
            "acknowledged_s": None,
            "acknowledged_by": "",
            "cleared_s": None,
        }
        self.tree.put(value, "alarms", "active", key)

    def _of(self, alarm: str, source: str) -> list[str]:
        active: dict[str, Branch] = self.tree.get("alarms", "active")
        return [key for key, value in active.items() if (value["alarm"], value["source"]) == (alarm, source)]

    def _alarm_acknowledged(self, event: AlarmAcknowledged, time_s: float) -> None:
        values = {"state": "acknowledged", "acknowledged_s": time_s, "acknowledged_by": event.principal}
        for key in self._of(event.alarm, event.source):
            self.tree.update(values, "alarms", "active", key)

    def _alarm_cleared(self, event: AlarmCleared, time_s: float) -> None:
        for key in self._of(event.alarm, event.source):
            gone = {**cast(Branch, self.tree.get("alarms", "active", key)), "state": "cleared", "cleared_s": time_s}
            self.tree.drop("alarms", "active", key)
            self._recent.appendleft(gone)
        self.tree.put(list(self._recent), "alarms", "recent")

    # -- consumables ---------------------------------------------------------------------------------------------
    def _used(self, event: ConsumableUsed, _time_s: float) -> None:
        values = {
            "location": event.location,
            "part": event.part,
            "wafers_count": event.wafers_count,
            "use_h": round(event.use_h, 4),
            "life_pct": round(event.life_pct, 3),
        }
        key = f"{event.location}.{event.part}"
        if self.tree.get("consumables", key) is None:
            self.tree.put({**values, "serial": ""}, "consumables", key)
        else:
            self.tree.update(values, "consumables", key)

    def _part_changed(self, event: ConsumableChanged, _time_s: float) -> None:
        value = {
            "location": event.location,
            "part": event.part,
            "serial": event.serial,
            "wafers_count": 0,
            "use_h": 0.0,
            "life_pct": 0.0,
        }
        self.tree.put(value, "consumables", f"{event.location}.{event.part}")

    def _maintenance(self, event: MaintenanceChanged, _time_s: float) -> None:
        key = f"{event.location}.{event.part}"
        if event.state in {"done", "cancelled"}:
            self.tree.drop("changes", key)
            return
        before = self.tree.get("changes", key)
        passed = before["passed_count"] if before is not None and before["step"] == event.state else 0
        value = {
            "location": event.location,
            "part": event.part,
            "step": event.state,
            "previous": event.previous,
            "passed_count": passed + int(event.trigger == "passed"),
            "principal": event.principal,
            "why": event.why,
        }
        self.tree.put(value, "changes", key)


def _resting(place: str) -> str:
    if place.startswith("loadport"):
        return "carrier"
    return "measuring" if place.startswith("metrology") else "waiting"


def _is_of(place: str, module: str) -> bool:
    """Say whether a place is a module's: ``loadport1.03`` of ``loadport1``, ``dry_robot_b`` of ``dry_robot``."""
    return place == module or place.startswith((f"{module}.", f"{module}_b"))


def modules_of(dictionary: Dictionary) -> dict[str, Branch]:
    """Return the modules of a tool as they are before anything is known of them."""
    return {
        place.name: {
            "kind": place.scope,
            "en": place.text_en,
            "zh": place.text_zh,
            "state": "",
            "doing": "",
            "use": "",
            "manual": False,
            "quarantine": "",
            "wafers": [],
        }
        for place in dictionary.places
        if (place.is_device or place.holds_wafer) and not place.name.endswith("_b")
    }


def _beginning(facts: ToolFacts) -> Branch:
    tool = facts.description
    return {
        "tool": {
            "name": tool.name,
            "port_kind": facts.port_kind,
            "banner": "TWIN" if facts.port_kind == "twin" else tool.name,
            "state": "",
            "link": "",
            "halted": "",
            "speed": facts.speed,
            "run_id": facts.run_id,
            "software": facts.software,
            "protocol": PROTOCOL_VERSION,
            "package": facts.package.name,
            "film": facts.film,
            "architecture": tool.architecture.value,
            "load_ports": tool.load_ports,
            "platens": tool.platens,
            "heads": tool.heads,
            "slurry_lines": tool.platen.slurry_lines,
            "stations": list(tool.cleaner.stations),
            "zone_outer_mm": list(tool.head.zone_outer_mm),
            "wafer_diameter_mm": tool.wafer_diameter_mm,
        },
        "time": {"tool_time_s": 0.0, "started_utc": facts.started_utc},
        "modules": modules_of(facts.dictionary),
        "material": {},
        "wafers": {},
        "carriers": {},
        "lots": {},
        "jobs": {},
        "alarms": {"active": {}, "recent": []},
        "consumables": {},
        "changes": {},
        "process": {},
        "factory": {
            "address": "",
            "communication": "disabled",
            "control": "",
            "spool": "",
            "spool_count": 0,
            "messages": [],
        },
        "throughput": {"wafers_h": None, "next_finish_s": None, "finished_count": 0},
        "questions": [],
        "verbs": {},
    }
