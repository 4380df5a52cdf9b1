"""The dictionary of one tool: declarations × tool description, with ids, found by name and by id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from planaris.dictionary.ids import ZONE_ROOM, base_id, constant_format
from planaris.dictionary.places import places_of
from planaris.dictionary.source import Declarations, declarations, parameter
from planaris.dictionary.types import (
    Alarm,
    AlarmTemplate,
    CodeList,
    Command,
    Constant,
    EventEntry,
    Place,
    Scope,
    Variable,
    VariableTemplate,
    Verb,
)
from planaris.model import ToolDescription

T = TypeVar("T")


class UnknownNameError(KeyError):
    """The dictionary declares no such thing; ``nearest`` names what comes close."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        import difflib  # only where something is wrong

        self.what = what
        self.name = name
        self.nearest = tuple(difflib.get_close_matches(name, list(known), n=3))
        super().__init__(f"no {what} {name}" + (f"; nearest {', '.join(self.nearest)}" if self.nearest else ""))

    def __str__(self) -> str:
        return str(self.args[0])


class Dictionary:
    """Everything one tool declares, in the order of the data files; look-ups by name and by id."""

    def __init__(self, tool: ToolDescription, declared: Declarations) -> None:
        self.tool_name = tool.name
        self._scopes, self._codes, self._verbs = declared.scopes, declared.codes, declared.verbs
        self._places = places_of(declared.scopes.values(), tool)
        by_scope: dict[str, list[Place]] = {}
        for place in self._places.values():
            by_scope.setdefault(place.scope, []).append(place)
        zones_count = len(tool.head.zone_outer_mm)
        if zones_count > ZONE_ROOM:
            raise ValueError(f"a head has {zones_count} zones; ids are kept for {ZONE_ROOM}")
        instruments = {f"platen{n}": _instruments(tool, n) for n in range(1, tool.platens + 1)}
        self.variables: tuple[Variable, ...] = tuple(
            v for t in declared.variables for v in _variables(t, by_scope, declared.scopes, zones_count, instruments)
        )
        self.constants: tuple[Constant, ...] = tuple(_constant(n, e) for n, e in declared.constants.items())
        self.events: tuple[EventEntry, ...] = tuple(_event(n, e) for n, e in declared.events.items())
        self.alarm_templates: tuple[AlarmTemplate, ...] = tuple(declared.alarms.values())
        self.alarms: tuple[Alarm, ...] = tuple(a for t in self.alarm_templates for a in _alarms(t, by_scope))
        self.commands: tuple[Command, ...] = tuple(_command(n, e) for n, e in declared.commands.items())
        self.places: tuple[Place, ...] = tuple(self._places.values())
        self.devices: tuple[Place, ...] = tuple(p for p in self.places if p.is_device)
        self.locations: tuple[Place, ...] = tuple(p for p in self.places if p.holds_wafer)
        self.tags: tuple[Variable, ...] = tuple(v for v in self.variables if v.is_tag)
        self.code_lists: tuple[CodeList, ...] = tuple(declared.codes.values())
        self._alarm_templates = declared.alarms
        self._variables = {v.name: v for v in self.variables}
        self._constants = {c.name: c for c in self.constants}
        self._events = {e.name: e for e in self.events}
        self._alarms = {a.name: a for a in self.alarms}
        self._commands = {c.name: c for c in self.commands}
        self._variables_by_id = {v.variable_id: v for v in self.variables}
        self._constants_by_id = {c.constant_id: c for c in self.constants}
        self._events_by_id = {e.event_id: e for e in self.events}
        self._alarms_by_id = {a.alarm_id: a for a in self.alarms}
        self._commands_by_id = {c.command_id: c for c in self.commands}

    def variable(self, name: str) -> Variable:
        """Return a variable by its full name. Raises `UnknownNameError`."""
        return _found(self._variables, "variable", name)

    def variable_by_id(self, variable_id: int) -> Variable:
        """Return a variable by its id. Raises `KeyError`."""
        return self._variables_by_id[variable_id]

    def constant(self, name: str) -> Constant:
        """Return a constant. Raises `UnknownNameError`."""
        return _found(self._constants, "constant", name)

    def constant_by_id(self, constant_id: int) -> Constant:
        """Return a constant by its id. Raises `KeyError`."""
        return self._constants_by_id[constant_id]

    def event(self, name: str) -> EventEntry:
        """Return an event. Raises `UnknownNameError`."""
        return _found(self._events, "event", name)

    def event_by_id(self, event_id: int) -> EventEntry:
        """Return an event by its id. Raises `KeyError`."""
        return self._events_by_id[event_id]

    def alarm_template(self, name: str) -> AlarmTemplate:
        """Return an alarm's texts and severity by its plain name. Raises `UnknownNameError`."""
        return _found(self._alarm_templates, "alarm", name)

    def alarm(self, name: str, source: str) -> Alarm:
        """Return an alarm by plain name and the place that raises it. Raises `UnknownNameError`."""
        return _found(self._alarms, "alarm", f"{source}.{name}")

    def alarm_by_id(self, alarm_id: int) -> Alarm:
        """Return an alarm by its id. Raises `KeyError`."""
        return self._alarms_by_id[alarm_id]

    def command(self, name: str) -> Command:
        """Return a command. Raises `UnknownNameError`."""
        return _found(self._commands, "command", name)

    def command_by_id(self, command_id: int) -> Command:
        """Return a command by its id. Raises `KeyError`."""
        return self._commands_by_id[command_id]

    def place(self, name: str) -> Place:
        """Return a place of the tool. Raises `UnknownNameError`."""
        return _found(self._places, "place", name)

    def code_list(self, name: str) -> CodeList:
        """Return an enumeration. Raises `UnknownNameError`."""
        return _found(self._codes, "code list", name)

    def code(self, code_list: str, name: str) -> int:
        """Return the integer of a name in an enumeration: ``code("dry_station", "stage")``."""
        return _found(self.code_list(code_list).by_name, f"{code_list} code", name).value

    def code_name(self, code_list: str, value: int) -> str:
        """Return the name of an integer in an enumeration. Raises `UnknownNameError`."""
        codes = self.code_list(code_list).by_value
        if value not in codes:
            raise UnknownNameError(f"{code_list} code", str(value), ())
        return codes[value].name

    def verbs_of(self, device: str) -> tuple[Verb, ...]:
        """Return what a device can be told, nothing for a place that is no device. Raises `UnknownNameError`."""
        verbs = self._verbs.get(self._scopes[self.place(device).scope].verbs, {})
        return tuple(verbs.values())

    def verb(self, device: str, verb: str) -> Verb:
        """Return a verb of a device. Raises `UnknownNameError`."""
        return _found({v.name: v for v in self.verbs_of(device)}, f"verb of {device}", verb)

    def rate_class(self, name: str) -> tuple[Variable, ...]:
        """Return the tags of a full rate class (``platen1.fast``, ``state``), in declaration order."""
        return tuple(v for v in self.tags if v.rate_class == name)


def _found(known: Mapping[str, T], what: str, name: str) -> T:
    try:
        return known[name]
    except KeyError:
        raise UnknownNameError(what, name, known) from None


def _texts(scope: Scope | None, place: Place, en: str, zh: str) -> tuple[str, str]:
    if scope is None or not scope.prefix:
        return en, zh
    return f"{place.text_en} {en}", f"{place.text_zh}{zh}"


_NO_PLACE = Place("", "", 0, "", "", is_device=False, holds_wafer=False)


def _instruments(tool: ToolDescription, platen: int) -> tuple[str, ...]:
    """Return what a template of a platen may ask for: its instruments, and the window where it has any."""
    there = tool.instruments_on(platen)
    return (*there, "window") if there else ()


def _variables(
    template: VariableTemplate,
    by_scope: Mapping[str, list[Place]],
    scopes: Mapping[str, Scope],
    zones_count: int,
    instruments: Mapping[str, tuple[str, ...]],
) -> Iterable[Variable]:
    scope = scopes.get(template.scope)
    base = base_id(template.kind, template.key)
    for place in by_scope.get(template.scope, ()) if scope else (_NO_PLACE,):
        text_en, text_zh = _texts(scope, place, template.text_en, template.text_zh)
        if template.instrument and template.instrument not in instruments.get(place.name, ()):
            continue
        own = template.rate_class in {"fast", "optical"}
        rate_class = f"{place.name}.{template.rate_class}" if own else template.rate_class or ""
        for zone in range(1, zones_count + 1) if template.per_zone else (0,):
            name = template.name.replace("{zone}", str(zone))
            offset = (zone - 1) * (scope.room if scope else 1) if zone else 0
            yield Variable(
                name=f"{place.name}.{name}" if place.name else name,
                variable_id=base + offset + place.index,
                generic_name=f"{template.scope}.{name}" if template.scope else name,
                place=place.name,
                rate_class=rate_class,
                text_en=text_en.replace("{zone}", str(zone)),
                text_zh=text_zh.replace("{zone}", str(zone)),
                template=template,
            )


def _alarms(template: AlarmTemplate, by_scope: Mapping[str, list[Place]]) -> Iterable[Alarm]:
    for scope in template.scopes:
        base = base_id("alarm", f"{scope}.{template.name}")
        for place in by_scope.get(scope, ()):
            yield Alarm(
                name=f"{place.name}.{template.name}",
                alarm_id=base + place.index,
                source=place.name,
                text_en=f"{place.text_en}: {template.text.en}",
                text_zh=f"{place.text_zh}：{template.text.zh}",
                template=template,
            )


def _constant(name: str, entry: Mapping[str, Any]) -> Constant:
    return Constant(
        name=name,
        constant_id=base_id("ec", name),
        dtype="bool" if isinstance(entry["default"], bool) else "int" if isinstance(entry["default"], int) else "float",
        secs_format=constant_format(entry),
        default=entry["default"],
        minimum=entry["min"],
        maximum=entry["max"],
        text_en=entry["en"],
        text_zh=entry["zh"],
        source=entry["source"],
        unitless=entry.get("unitless", isinstance(entry["default"], bool)),
        owner=entry.get("owner", "tool"),
    )


def _event(name: str, entry: Mapping[str, Any]) -> EventEntry:
    return EventEntry(
        name, base_id("event", name), tuple(entry["data"]), entry["en"], entry["zh"], entry.get("owner", "tool")
    )


def _command(name: str, entry: Mapping[str, Any]) -> Command:
    return Command(
        name=name,
        command_id=base_id("command", name),
        parameters=tuple(parameter(key, value) for key, value in entry.get("parameters", {}).items()),
        roles=tuple(entry["roles"]),
        twin_only=entry.get("twin_only", False),
        text_en=entry["en"],
        text_zh=entry["zh"],
    )


_built: dict[tuple[object, ...], Dictionary] = {}


def build(tool: ToolDescription) -> Dictionary:
    """Return the dictionary of a tool; the same object for tools with the same places.

    Raises `UnknownStationError` for a cleaner station that is not declared, `ValueError` for more modules than
    ids are kept for.
    """
    key = (
        tool.name,
        tool.architecture,
        tool.units.count if tool.units is not None else 0,
        tool.stages,
        tool.dry_robot.arms,
        tool.wet_robot.arms,
        tool.load_ports,
        tool.heads,
        tool.platens,
        len(tool.head.zone_outer_mm),
        tuple(tool.instruments_on(n) for n in range(1, tool.platens + 1)),
        tool.cleaner.stations,
        tool.metrology is not None,
    )
    if key not in _built:
        _built[key] = Dictionary(tool, declarations())
    return _built[key]
