"""What the equipment declares to its host: the one dictionary by id, and values as items of their fixed type."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from planaris.dictionary import Alarm, Command, Constant, Dictionary, EventEntry, Variable
from planaris.factory.face import Value
from planaris.factory.secs2 import Format, Item, SecsValueError, item_of
from planaris.factory.secs2.format import INTEGER_RANGES

LOG = logging.getLogger("planaris.factory.gem")

IdFormat = Literal["U4", "U8", "I4", "I8", "A"]
# Least ids that are told as near to an unknown one.
NEAREST_COUNT = 3


@dataclass(frozen=True, slots=True)
class Collected:
    """A collection event: id, name, text, and the data variables it carries, by id."""

    event_id: int
    name: str
    text: str
    variables: tuple[int, ...]


class Declared:
    """The data model that host and equipment share, generated from the dictionary of the tool.

    VIDs are those of status variables, data variables and constants together; no two declarations share an id.
    """

    def __init__(self, dictionary: Dictionary, id_format: IdFormat = "U4") -> None:
        self.dictionary = dictionary
        self.id_format: IdFormat = id_format
        self.status: Mapping[int, Variable] = _by_id(v for v in dictionary.variables if v.kind == "sv")
        self.data: Mapping[int, Variable] = _by_id(v for v in dictionary.variables if v.kind == "dv")
        self.constants: Mapping[int, Constant] = {c.constant_id: c for c in dictionary.constants}
        self.events: Mapping[int, Collected] = {e.event_id: e for e in _events(dictionary)}
        self.alarms: Mapping[int, Alarm] = {a.alarm_id: a for a in dictionary.alarms}
        self.commands: Mapping[str, Command] = {c.name: c for c in dictionary.commands if "host" in c.roles}
        self._events_by_name = {e.name: e for e in self.events.values()}
        self._variables: Mapping[int, Variable] = {**self.status, **self.data}

    def variable(self, vid: int) -> Variable | Constant | None:
        """Return what an id of a report stands for, None where nothing has it."""
        return self._variables.get(vid) or self.constants.get(vid)

    def event(self, name: str) -> Collected:
        """Return a collection event by its name."""
        return self._events_by_name[name]

    def id_item(self, number: int) -> Item:
        """Return an id as an item of the configured format; a wider one if it does not fit: it is none of ours."""
        if self.fits(number):
            return item_of(Format[self.id_format], str(number) if self.id_format == "A" else number)
        return item_of(Format.I8 if number < 0 else Format.U8, number)

    def fits(self, number: int) -> bool:
        """Say whether the configured format holds an id."""
        fmt = Format[self.id_format]
        low, high = INTEGER_RANGES.get(fmt, (0, 0xFFFFFFFF))
        return max(0, low) <= number <= high

    def encoder(self, declared: Variable | Constant) -> Callable[[Value | None], Item]:
        """Return what turns a value into an item of the fixed type.

        A value that is not known yet, or that its type cannot hold, becomes an empty item of that type.
        """
        fmt, fit = Format[declared.secs_format], fitting(Format[declared.secs_format])
        nothing: Any = "" if fmt is Format.A else ()

        def encode(value: Value | None) -> Item:
            if value is None:
                return item_of(fmt, nothing)
            try:
                return item_of(fmt, fit(value))
            except (SecsValueError, ValueError, OverflowError) as error:
                LOG.error("%s is sent empty: %s", declared.name, error)
                return item_of(fmt, nothing)

        return encode

    def item(self, declared: Variable | Constant, value: Value | None) -> Item:
        """Return a value as an item of its fixed type."""
        return self.encoder(declared)(value)


def fitting(fmt: Format) -> Callable[[Value], Any]:
    """Return what makes of a variable's value one that its SECS type takes: samples of whole numbers are floats."""
    if fmt is Format.A:
        return lambda value: ascii_text(str(value))
    if fmt is Format.BOOLEAN:
        return _each(bool)
    return _each(float if fmt in {Format.F4, Format.F8} else int)


def _each(kind: Callable[[Any], Any]) -> Callable[[Value], Any]:
    return lambda value: tuple(kind(v) for v in value) if isinstance(value, tuple) else kind(value)


def ascii_text(text: str, limit: int | None = None) -> str:
    """Return a text as A may carry it: what is not 7-bit ASCII as ``?``, cut after ``limit`` characters."""
    plain = text if text.isascii() else text.encode("ascii", "replace").decode("ascii")
    return plain if limit is None else plain[:limit]


def nearest(wanted: int, known: Iterable[int]) -> str:
    """Return the ids that come closest to an unknown one, as text: ``nearest 4102 4110``."""
    near = sorted(known, key=lambda number: (abs(number - wanted), number))[:NEAREST_COUNT]
    return f"nearest {' '.join(map(str, near))}" if near else "none is known"


def nearest_name(wanted: str, known: Iterable[str]) -> str:
    """Return the names that come closest to an unknown one, as text; all of them where none is close."""
    names = sorted(known)
    near = difflib.get_close_matches(wanted, names, n=NEAREST_COUNT)
    return f"nearest {', '.join(near)}" if near else f"known are {', '.join(names) or 'none'}"


def _by_id(variables: Iterable[Variable]) -> dict[int, Variable]:
    return {v.variable_id: v for v in sorted(variables, key=lambda v: v.variable_id)}


def _events(dictionary: Dictionary) -> Iterable[Collected]:
    for entry in dictionary.events:
        yield Collected(entry.event_id, entry.name, entry.text_en, _carried(dictionary, entry))
    on_set = _carried(dictionary, dictionary.event("alarm_set"))
    on_cleared = _carried(dictionary, dictionary.event("alarm_cleared"))
    for alarm in dictionary.alarms:
        yield Collected(alarm.set_event_id, f"{alarm.name}.set", f"{alarm.text_en}: set", on_set)
        yield Collected(alarm.cleared_event_id, f"{alarm.name}.cleared", f"{alarm.text_en}: cleared", on_cleared)


def _carried(dictionary: Dictionary, entry: EventEntry) -> tuple[int, ...]:
    return tuple(dictionary.variable(name).variable_id for name in entry.variables)
