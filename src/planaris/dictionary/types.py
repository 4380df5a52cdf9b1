"""What the dictionary declares: variables, constants, events, alarms, commands, codes and the places they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from planaris.model import Severity, symbol_of

Kind = Literal["sv", "dv"]
Source = Literal["port", "tool", "event", "factory"]
Owner = Literal["tool", "factory"]
Dtype = Literal["float", "int", "bool", "str"]
RateClass = Literal["fast", "optical", "state", "facility"]

# A set event of an alarm has the alarm's id plus the first offset, its cleared event plus the second.
ALARM_SET_EVENT_OFFSET = 100_000
ALARM_CLEARED_EVENT_OFFSET = 200_000


@dataclass(frozen=True, slots=True)
class Text:
    """A text in English and in Simplified Chinese."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """Return the text in ``en`` or ``zh``."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Scope:
    """A kind of place that declarations belong to: platen, head, load port.

    ``instances`` names the rule that counts its places in a tool; ``room`` ids are kept for them.
    ``verbs`` names the verb list of a device, '' where it takes no command; ``holds_wafer`` marks locations;
    ``prefix`` says that texts of its declarations begin with the place.
    """

    name: str
    text_en: str
    text_zh: str
    instances: str
    room: int
    verbs: str
    holds_wafer: bool
    prefix: bool


@dataclass(frozen=True, slots=True)
class Place:
    """One instance of a scope in a tool: ``platen2``; ``index`` counts from 0 and never depends on the tool."""

    name: str
    scope: str
    index: int
    text_en: str
    text_zh: str
    is_device: bool
    holds_wafer: bool


@dataclass(frozen=True, slots=True)
class VariableTemplate:
    """Declaration of a status or data variable of every place of a scope.

    ``rate_class`` is None where the port has no such tag; ``unitless`` marks numbers that count, number or code
    something and so carry no unit suffix; ``instrument`` is what a platen must have for it, "window" for any;
    ``minimum``, ``maximum`` and ``nominal`` are in the name's unit.
    """

    name: str
    scope: str
    kind: Kind
    source: Source
    dtype: Dtype
    shape: tuple[int, ...]
    secs_format: str
    rate_class: RateClass | None
    writable: bool
    codes: str | None
    unitless: bool
    text_en: str
    text_zh: str
    minimum: float | None
    maximum: float | None
    nominal: float | None
    instrument: str = ""

    @property
    def per_zone(self) -> bool:
        """Whether there is one for each pressure zone of the head."""
        return "{zone}" in self.name

    @property
    def key(self) -> str:
        """Name under which the id lock knows the template: ``platen.speed_rpm``."""
        return f"{self.scope}.{self.name}" if self.scope else self.name


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of one tool: full name ``platen1.speed_rpm``, generic name ``platen.speed_rpm``, id.

    ``rate_class`` is the full one, ``platen1.fast``, ``platen1.optical``, ``state`` or ``facility``; '' where the port
    has no such tag.
    """

    name: str
    variable_id: int
    generic_name: str
    place: str
    rate_class: str
    text_en: str
    text_zh: str
    template: VariableTemplate

    @property
    def kind(self) -> Kind:
        """Status variable (sv) or data variable (dv)."""
        return self.template.kind

    @property
    def dtype(self) -> Dtype:
        """Type of one element."""
        return self.template.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value, () for a scalar."""
        return self.template.shape

    @property
    def secs_format(self) -> str:
        """SECS-II format of the value, fixed for ever."""
        return self.template.secs_format

    @property
    def writable(self) -> bool:
        """Whether the controller writes it."""
        return self.template.writable

    @property
    def codes(self) -> str | None:
        """Name of the code list its values come from."""
        return self.template.codes

    @property
    def unit(self) -> str:
        """Symbol of the unit, '' where there is none."""
        return "" if self.template.unitless else symbol_of(self.name)

    @property
    def is_tag(self) -> bool:
        """Whether the port declares it as a tag."""
        return self.template.source == "port"


@dataclass(frozen=True, slots=True)
class Constant:
    """An equipment constant: a number of its owner that a person may change within its limits."""

    name: str
    constant_id: int
    dtype: Dtype
    secs_format: str
    default: float | int | bool
    minimum: float | int | bool
    maximum: float | int | bool
    text_en: str
    text_zh: str
    source: str
    unitless: bool = False
    owner: Owner = "tool"

    @property
    def unit(self) -> str:
        """Symbol of the unit, '' where there is none."""
        return "" if self.unitless else symbol_of(self.name)


@dataclass(frozen=True, slots=True)
class EventEntry:
    """A collection event with the data variables it carries, in order; the tool's are those of its event stream."""

    name: str
    event_id: int
    variables: tuple[str, ...]
    text_en: str
    text_zh: str
    owner: Owner = "tool"


@dataclass(frozen=True, slots=True)
class AlarmTemplate:
    """Declaration of an alarm of every place of its scopes. ``category`` holds the low bits of ALCD (SEMI E5)."""

    name: str
    scopes: tuple[str, ...]
    severity: Severity
    category: int
    text: Text
    cause: Text
    remedy: Text
    action: Text


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm of one tool: ``platen2.speed_deviation`` with its id."""

    name: str
    alarm_id: int
    source: str
    text_en: str
    text_zh: str
    template: AlarmTemplate

    @property
    def set_event_id(self) -> int:
        """Id of the collection event 'alarm set'."""
        return self.alarm_id + ALARM_SET_EVENT_OFFSET

    @property
    def cleared_event_id(self) -> int:
        """Id of the collection event 'alarm cleared'."""
        return self.alarm_id + ALARM_CLEARED_EVENT_OFFSET


@dataclass(frozen=True, slots=True)
class Parameter:
    """A typed parameter of a command or argument of a device verb."""

    name: str
    dtype: Dtype
    required: bool
    codes: str | None
    unitless: bool
    text_en: str
    text_zh: str

    @property
    def unit(self) -> str:
        """Symbol of the unit, '' where there is none."""
        return "" if self.unitless else symbol_of(self.name)


@dataclass(frozen=True, slots=True)
class Command:
    """A verb of the commands door: parameters, roles that may give it, and whether only a twin has it."""

    name: str
    command_id: int
    parameters: tuple[Parameter, ...]
    roles: tuple[str, ...]
    twin_only: bool
    text_en: str
    text_zh: str


@dataclass(frozen=True, slots=True)
class Code:
    """One value of an enumeration."""

    value: int
    name: str
    text_en: str
    text_zh: str


@dataclass(frozen=True, slots=True)
class CodeList:
    """An enumeration: integer on the wire, name in the program, text for people."""

    name: str
    by_name: Mapping[str, Code]
    by_value: Mapping[int, Code]

    def value(self, name: str) -> int:
        """Return the integer of a name. Raises `KeyError`."""
        return self.by_name[name].value

    def name_of(self, value: int) -> str:
        """Return the name of an integer. Raises `KeyError`."""
        return self.by_value[value].name


@dataclass(frozen=True, slots=True)
class Verb:
    """What a device can be told: integer on the wire, its arguments (arg1, arg2)."""

    value: int
    name: str
    arguments: tuple[Parameter, ...]
    text_en: str
    text_zh: str
