"""The dictionary of one tool: declarations × tool description, with ids, found by name and by id."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from planaris.dictionary.ids import base_id, constant_format
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
        self.what = what
        self.name = name
        self.nearest = tuple(difflib.get_close_matches(name, list(known), n=3))
        super().__init__(f"no {what} {name}" + (f"; nearest {', '.join(self.nearest)}" if self.nearest else ""))

    def __str__(self) -> str:
        return str(self.args[0])


class Dictionary:
    """Everything one tool declares. Mappings go from name to declaration, in the order of the data files."""

    def __init__(self, tool: ToolDescription, declared: Declarations) -> None:
        self.tool_name = tool.name
        self.scopes: Mapping[str, Scope] = declared.scopes
        self.places: Mapping[str, Place] = MappingProxyType(places_of(declared.scopes.values(), tool))
        self.codes: Mapping[str, CodeList] = declared.codes
        self.alarm_templates: Mapping[str, AlarmTemplate] = declared.alarms
        self._verbs = declared.verbs
        by_scope: dict[str, list[Place]] = {}
        for place in self.places.values():
            by_scope.setdefault(place.scope, []).append(place)
        zones_count = len(tool.head.zone_outer_mm)
        variables = [v for t in declared.variables for v in _variables(t, by_scope, declared.scopes, zones_count)]
        alarms = [a for t in declared.alarms.values() for a in _alarms(t, by_scope)]
        self.variables: Mapping[str, Variable] = _by_name(variables)
        self.constants: Mapping[str, Constant] = _by_name(_constant(n, e) for n, e in declared.constants.items())
        self.events: Mapping[str, EventEntry] = _by_name(_event(n, e) for n, e in declared.events.items())
        self.alarms: Mapping[str, Alarm] = _by_name(alarms)
        self.commands: Mapping[str, Command] = _by_name(_command(n, e) for n, e in declared.commands.items())
        self._variables_by_id = {v.variable_id: v for v in variables}
        self._constants_by_id = {c.constant_id: c for c in self.constants.values()}
        self._events_by_id = {e.event_id: e for e in self.events.values()}
        self._alarms_by_id = {a.alarm_id: a for a in alarms}
        self._commands_by_id = {c.command_id: c for c in self.commands.values()}
        self.tags: tuple[Variable, ...] = tuple(v for v in variables if v.is_tag)
        self.devices: tuple[Place, ...] = tuple(p for p in self.places.values() if p.is_device)
        self.locations: tuple[Place, ...] = tuple(p for p in self.places.values() if p.holds_wafer)

    def variable(self, name: str) -> Variable:
        """Return a variable by its full name. Raises `UnknownNameError`."""
        return _found(self.variables, "variable", name)

    def variable_by_id(self, variable_id: int) -> Variable:
        """Return a variable by its id. Raises `KeyError`."""
        return self._variables_by_id[variable_id]

    def constant(self, name: str) -> Constant:
        """Return a constant. Raises `UnknownNameError`."""
        return _found(self.constants, "constant", name)

    def constant_by_id(self, constant_id: int) -> Constant:
        """Return a constant by its id. Raises `KeyError`."""
        return self._constants_by_id[constant_id]

    def event(self, name: str) -> EventEntry:
        """Return an event. Raises `UnknownNameError`."""
        return _found(self.events, "event", name)

    def event_by_id(self, event_id: int) -> EventEntry:
        """Return an event by its id. Raises `KeyError`."""
        return self._events_by_id[event_id]

    def alarm_template(self, name: str) -> AlarmTemplate:
        """Return an alarm's texts and severity by its plain name. Raises `UnknownNameError`."""
        return _found(self.alarm_templates, "alarm", name)

    def alarm(self, name: str, source: str) -> Alarm:
        """Return an alarm by plain name and the place that raises it. Raises `UnknownNameError`."""
        return _found(self.alarms, "alarm", f"{source}.{name}")

    def alarm_by_id(self, alarm_id: int) -> Alarm:
        """Return an alarm by its id. Raises `KeyError`."""
        return self._alarms_by_id[alarm_id]

    def command(self, name: str) -> Command:
        """Return a command. Raises `UnknownNameError`."""
        return _found(self.commands, "command", name)

    def command_by_id(self, command_id: int) -> Command:
        """Return a command by its id. Raises `KeyError`."""
        return self._commands_by_id[command_id]

    def place(self, name: str) -> Place:
        """Return a place of the tool. Raises `UnknownNameError`."""
        return _found(self.places, "place", name)

    def code_list(self, name: str) -> CodeList:
        """Return an enumeration. Raises `UnknownNameError`."""
        return _found(self.codes, "code list", name)

    def code(self, code_list: str, name: str) -> int:
        """Return the integer of a name in an enumeration: ``code("dry_station", "stage")``."""
        return _found(self.code_list(code_list).by_name, f"{code_list} code", name).value

    def code_name(self, code_list: str, value: int) -> str:
        """Return the name of an integer in an enumeration. Raises `UnknownNameError`."""
        codes = self.code_list(code_list).by_value
        if value not in codes:
            raise UnknownNameError(f"{code_list} code", str(value), ())
        return codes[value].name

    def verbs_of(self, device: str) -> Mapping[str, Verb]:
        """Return what a device can be told, by verb name. Raises `UnknownNameError`."""
        place = self.place(device)
        return self._verbs.get(self.scopes[place.scope].verbs, MappingProxyType({}))

    def verb(self, device: str, verb: str) -> Verb:
        """Return a verb of a device. Raises `UnknownNameError`."""
        return _found(self.verbs_of(device), f"verb of {device}", verb)

    def rate_class(self, name: str) -> tuple[Variable, ...]:
        """Return the tags of a full rate class (``platen1.fast``, ``state``), in declaration order."""
        return tuple(v for v in self.tags if v.rate_class == name)


def _found(known: Mapping[str, T], what: str, name: str) -> T:
    try:
        return known[name]
    except KeyError:
        raise UnknownNameError(what, name, known) from None


def _by_name(items: Iterable[Any]) -> Mapping[str, Any]:
    return MappingProxyType({item.name: item for item in items})


def _texts(scope: Scope | None, place: Place, en: str, zh: str) -> tuple[str, str]:
    if scope is None or not scope.prefix:
        return en, zh
    return f"{place.text_en} {en}", f"{place.text_zh}{zh}"


_NO_PLACE = Place("", "", 0, "", "", is_device=False, holds_wafer=False)


def _variables(
    template: VariableTemplate, by_scope: Mapping[str, list[Place]], scopes: Mapping[str, Scope], zones_count: int
) -> Iterable[Variable]:
    scope = scopes.get(template.scope)
    base = base_id(template.kind, template.key)
    for place in by_scope.get(template.scope, ()) if scope else (_NO_PLACE,):
        text_en, text_zh = _texts(scope, place, template.text_en, template.text_zh)
        rate_class = f"{place.name}.fast" if template.rate_class == "fast" else template.rate_class
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
    )


def _event(name: str, entry: Mapping[str, Any]) -> EventEntry:
    return EventEntry(name, base_id("event", name), tuple(entry["data"]), entry["en"], entry["zh"])


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
        tool.load_ports,
        tool.heads,
        tool.platens,
        len(tool.head.zone_outer_mm),
        tool.cleaner.stations,
        tool.metrology is not None,
    )
    if key not in _built:
        _built[key] = Dictionary(tool, declarations())
    return _built[key]
