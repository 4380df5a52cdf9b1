"""The latest values of variables, as the event stream and sample blocks tell them: a pure fold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache

from planaris.dictionary import Dictionary, UnknownNameError
from planaris.factory.face import Value
from planaris.model import Block
from planaris.stream import (
    AlarmCleared,
    AlarmSet,
    CarrierMapped,
    CleanEnded,
    Committed,
    ConsumableUsed,
    Event,
    JobStateChanged,
    LinkChanged,
    LotEnded,
    LotStarted,
    ModuleStateChanged,
    PlaceConfirmed,
    RunEnded,
    RunStarted,
    StepEnded,
    StepStarted,
    WaferFinished,
    WaferMoved,
    WaferRegistered,
)

# Counters of a consumable's part -> (variable of the place that has it, field of the event).
_WEAR: Mapping[str, tuple[tuple[str, str], ...]] = {
    "pad": (("pad_wafers_count", "wafers_count"), ("pad_use_h", "use_h"), ("pad_life_pct", "life_pct")),
    "disk": (("disk_use_h", "use_h"), ("disk_life_pct", "life_pct")),
    "ring": (("ring_wafers_count", "wafers_count"), ("ring_life_pct", "life_pct")),
    "membrane": (("membrane_wafers_count", "wafers_count"), ("membrane_life_pct", "life_pct")),
    "brush": (("brush_wafers_count", "wafers_count"), ("brush_life_pct", "life_pct")),
    "filter": (("slurry_filter_life_pct", "life_pct"),),
}
_OVER = frozenset({"completed", "stopped", "aborted", "failed"})
# State of a job -> processing state of the tool; the first that a job is in counts.
_PROCESSING = (("aborting", "aborting"), ("running", "executing"), ("stopping", "executing"), ("paused", "paused"))


@cache
def _field_names(kind: type[Event]) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def plain(value: object) -> Value:
    """Return a field of an event as a variable's value: enumerations as their text."""
    if isinstance(value, str):
        return str(value.value) if hasattr(value, "value") else value  # pyright: ignore[reportAttributeAccessIssue]
    if isinstance(value, tuple):
        return tuple(float(v) for v in value)
    assert isinstance(value, int | float)
    return value


def data_of(event: Event) -> dict[str, Value]:
    """Return what an event carries, by data variable."""
    return {name: plain(getattr(event, name)) for name in _field_names(type(event))}


@dataclass(slots=True)
class Latest:
    """Values by full variable name. `event` and `block` go on by one item; nothing else changes anything.

    ``alarms`` are those set, as (plain name, source); ``jobs`` the state of each lot's job that is not over.
    """

    dictionary: Dictionary
    values: dict[str, Value] = field(default_factory=dict[str, Value])
    alarms: dict[tuple[str, str], AlarmSet] = field(default_factory=dict[tuple[str, str], AlarmSet])
    jobs: dict[str, str] = field(default_factory=dict[str, str])
    places: dict[str, str] = field(default_factory=dict[str, str])
    _known: frozenset[str] = frozenset()
    _lot_started_s: float = 0.0
    _step_started_s: dict[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        self._known = frozenset(v.name for v in self.dictionary.variables)
        self._set("tool.tool_name", self.dictionary.tool_name)
        self._processing("init")
        for name in ("alarms_count", "wafers_in_tool_count", "wafers_finished_count"):
            self._set(f"tool.{name}", 0)
        for name in ("lot_id", "recipe", "process_package", "carrier_id"):
            self._set(f"tool.{name}", "")
        for place in self.dictionary.locations:
            self._set(f"{place.name}.wafer_id", "")

    def block(self, block: Block) -> None:
        """Take the newest row of a block of samples."""
        if not len(block.time_s):
            return
        row = block.values[-1]
        if not block.widths:
            for tag, value in zip(block.tags, row, strict=True):
                self._tag(tag, (float(value),))
            return
        first = 0
        for tag, width in zip(block.tags, block.widths, strict=True):
            self._tag(tag, tuple(float(v) for v in row[first : first + width]))
            first += width

    def event(self, item: Committed) -> None:
        """Go on by one committed event."""
        event = item.event
        self._set("tool.time_s", item.time_s)
        self.values.update(data_of(event))
        match event:
            case RunStarted():
                self._set("tool.port_kind", event.port_kind)
                self._set("tool.software", event.software)
                self._processing("idle")
            case RunEnded():
                self._processing("idle")
            case LinkChanged():
                self._set("tool.link_state", event.state)
                if self.values.get("tool.state") == "init":  # the face may have joined after the run began
                    self._processing("idle")
            case ModuleStateChanged():
                self._set(f"{event.module}.state", event.state)
            case AlarmSet():
                self.alarms[event.alarm, event.source] = event
                self._set("tool.alarms_count", len(self.alarms))
            case AlarmCleared():
                self.alarms.pop((event.alarm, event.source), None)
                self._set("tool.alarms_count", len(self.alarms))
            case ConsumableUsed():
                self._wear(event)
            case JobStateChanged():
                self._job(event)
            case _:
                self._material(event, item.time_s)

    def _material(self, event: Event, time_s: float) -> None:
        match event:
            case CarrierMapped():
                self._set(f"loadport{event.load_port}.carrier_id", event.carrier_id)
            case LotStarted():
                self._lot(event, time_s)
            case LotEnded():
                for port in (p.name for p in self.dictionary.places if p.scope == "loadport"):
                    if self.values.get(f"{port}.lot_id") == event.lot_id:
                        self._set(f"{port}.lot_id", "")
                if self.values.get("tool.lot_id") == event.lot_id:
                    for name in ("lot_id", "recipe", "process_package", "carrier_id"):
                        self._set(f"tool.{name}", "")
            case WaferRegistered():
                self._place(event.wafer_id, event.location)
            case WaferMoved():
                self._place(event.wafer_id, event.destination)
            case PlaceConfirmed():
                self._place(event.wafer_id, event.location)
            case StepStarted():
                self._set(f"platen{event.platen}.step_name", event.step_name)
                self._step_started_s[f"platen{event.platen}"] = time_s
            case StepEnded():
                self._set(f"platen{event.platen}.step_name", "")
                self._step_started_s.pop(f"platen{event.platen}", None)
                self._add(f"platen{event.platen}.slurry_used_ml", event.slurry_ml)
                self._add("tool.slurry_used_ml", event.slurry_ml)
                self._add("tool.di_water_used_ml", event.di_water_ml)
            case CleanEnded():
                self._add("tool.di_water_used_ml", event.di_water_ml)
            case WaferFinished():
                self._add("tool.wafers_finished_count", 1)
                done, took_s = self.values["tool.wafers_finished_count"], time_s - self._lot_started_s
                if took_s > 0 and isinstance(done, int):
                    self._set("tool.wafers_per_h", done * 3600.0 / took_s)
            case _:
                pass

    def value(self, name: str) -> Value | None:
        """Return the latest value of a variable, None where nothing has told it yet. Raises `UnknownNameError`."""
        if name not in self._known:
            raise UnknownNameError("variable", name, self._known)
        place, _, member = name.rpartition(".")
        if member == "step_time_s" and place:
            now_s, started_s = self.values.get("tool.time_s"), self._step_started_s.get(place)
            return float(now_s) - started_s if started_s is not None and isinstance(now_s, float) else 0.0
        return self.values.get(name)

    def _lot(self, event: LotStarted, time_s: float) -> None:
        self._lot_started_s = time_s
        self._set("tool.lot_id", event.lot_id)
        self._set("tool.recipe", event.recipe)
        self._set("tool.process_package", event.process_package)
        self._set("tool.carrier_id", event.carrier_id)
        self._set("tool.wafers_finished_count", 0)
        self._set("tool.wafers_per_h", 0.0)
        self._set(f"loadport{event.load_port}.lot_id", event.lot_id)
        self._set(f"loadport{event.load_port}.carrier_id", event.carrier_id)
        for name in self._known:
            if name.endswith((".slurry_used_ml", ".di_water_used_ml")):
                self.values[name] = 0.0

    def _job(self, event: JobStateChanged) -> None:
        if event.state in _OVER:
            self.jobs.pop(event.lot_id, None)
        else:
            self.jobs[event.lot_id] = event.state
        states = set(self.jobs.values())
        self._processing(next((shown for state, shown in _PROCESSING if state in states), "idle"))

    def _processing(self, state: str) -> None:
        before = self.values.get("tool.state", "")
        if before != state:
            self._set("tool.previous_state", before)
            self._set("tool.state", state)

    def _place(self, wafer_id: str, location: str) -> None:
        before = self.places.get(wafer_id, "")
        if self.values.get(f"{before}.wafer_id") == wafer_id:
            self._set(f"{before}.wafer_id", "")
        self.places[wafer_id] = location
        self._set(f"{location}.wafer_id", wafer_id)
        # Slots are places of a carrier ("loadport1.07"); every other place is in the tool.
        out = sum(1 for place in self.places.values() if not place.startswith("loadport") and place != "removed")
        self._set("tool.wafers_in_tool_count", out)

    def _wear(self, event: ConsumableUsed) -> None:
        place = event.location.replace("platen", "conditioner") if event.part == "disk" else event.location
        on_line = event.part == "filter"  # filters sit on slurry lines, which every platen shares
        places = [p.name for p in self.dictionary.places if p.scope == "platen"] if on_line else [place]
        for where in places:
            for variable, name in _WEAR.get(event.part, ()):
                self._set(f"{where}.{variable}", plain(getattr(event, name)))

    def _tag(self, tag: str, elements: tuple[float, ...]) -> None:
        if tag not in self._known:
            return
        variable = self.dictionary.variable(tag)
        if variable.shape:
            self.values[tag] = elements
        elif variable.dtype == "bool":
            self.values[tag] = bool(elements[0])
        elif variable.dtype == "int":
            self.values[tag] = int(elements[0])
        else:
            self.values[tag] = elements[0]

    def _add(self, name: str, more: float) -> None:
        before = self.values.get(name, 0)
        if name in self._known and isinstance(before, int | float):
            self.values[name] = before + more

    def _set(self, name: str, value: Value) -> None:
        if name in self._known:
            self.values[name] = value
