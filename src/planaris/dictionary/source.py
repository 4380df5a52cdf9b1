"""Declarations as they stand in the data files, before they meet a tool and get ids."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from planaris.dictionary.types import AlarmTemplate, Code, CodeList, Parameter, Scope, Text, VariableTemplate, Verb
from planaris.model import Severity

_DATA = Path(__file__).parent / "data"
# SECS-II format where the declaration names none.
_DEFAULT_FORMAT = {"float": "F4", "int": "U4", "bool": "BOOLEAN", "str": "A"}


def read_data(name: str) -> dict[str, Any]:
    """Return a data file of the dictionary as plain TOML values."""
    return tomllib.loads((_DATA / name).read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Declarations:
    """All declarations, independent of any tool; constants, events and commands as plain tables."""

    scopes: Mapping[str, Scope]
    variables: tuple[VariableTemplate, ...]
    alarms: Mapping[str, AlarmTemplate]
    codes: Mapping[str, CodeList]
    verbs: Mapping[str, Mapping[str, Verb]]
    constants: Mapping[str, dict[str, Any]]
    events: Mapping[str, dict[str, Any]]
    commands: Mapping[str, dict[str, Any]]


def _scope(name: str, entry: Mapping[str, Any]) -> Scope:
    return Scope(
        name=name,
        text_en=entry["en"],
        text_zh=entry["zh"],
        instances=entry["instances"],
        room=entry["room"],
        verbs=entry.get("verbs", ""),
        holds_wafer=entry.get("holds_wafer", False),
        prefix=entry.get("prefix", True),
    )


def expand_scopes(named: Iterable[str], scopes: Mapping[str, Scope]) -> tuple[str, ...]:
    """Return scope names with ``@devices`` and ``@locations`` replaced by their members."""
    found: list[str] = []
    for name in named:
        if name == "@devices":
            found += [s.name for s in scopes.values() if s.verbs]
        elif name == "@locations":
            found += [s.name for s in scopes.values() if s.holds_wafer]
        else:
            found.append(name)
    return tuple(found)


def _templates(groups: Iterable[Mapping[str, Any]], scopes: Mapping[str, Scope]) -> tuple[VariableTemplate, ...]:
    found: list[VariableTemplate] = []
    for group in groups:
        for scope in expand_scopes(group["scopes"], scopes):
            for name, member in group["variables"].items():
                entry = {**group, **member}
                dtype = entry.get("dtype", "float")
                codes = entry.get("codes")
                found.append(
                    VariableTemplate(
                        name=name,
                        scope=scope,
                        kind=entry.get("kind", "sv"),
                        source=entry["source"],
                        dtype=dtype,
                        shape=tuple(entry.get("shape", ())),
                        secs_format=entry.get("secs_format", _DEFAULT_FORMAT[dtype]),
                        rate_class=entry.get("rate_class"),
                        writable=entry.get("writable", False),
                        codes=f"verbs.{scopes[scope].verbs}" if codes == "@verbs" else codes,
                        unitless=entry.get("unitless", False),
                        text_en=entry["en"],
                        text_zh=entry["zh"],
                        minimum=_number(entry.get("min")),
                        maximum=_number(entry.get("max")),
                        nominal=_number(entry.get("nominal")),
                        instrument=entry.get("instrument", ""),
                    )
                )
    return tuple(found)


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def parameter(name: str, entry: Mapping[str, Any]) -> Parameter:
    """Return a command parameter or verb argument; one without a type is an integer that numbers something."""
    return Parameter(
        name=name,
        dtype=entry.get("dtype", "int"),
        required=entry.get("required", True),
        codes=entry.get("codes"),
        unitless=entry.get("unitless", "dtype" not in entry),
        text_en=entry["en"],
        text_zh=entry["zh"],
    )


def _code_list(name: str, entries: Mapping[str, Mapping[str, Any]]) -> CodeList:
    codes = [Code(entry["value"], key, entry["en"], entry["zh"]) for key, entry in entries.items()]
    return CodeList(
        name=name,
        by_name=MappingProxyType({code.name: code for code in codes}),
        by_value=MappingProxyType({code.value: code for code in codes}),
    )


def _verbs(entries: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Verb]:
    return MappingProxyType(
        {
            name: Verb(
                value=entry["value"],
                name=name,
                arguments=tuple(parameter(arg["name"], arg) for arg in entry.get("args", ())),
                text_en=entry["en"],
                text_zh=entry["zh"],
            )
            for name, entry in entries.items()
        }
    )


def _alarm(name: str, entry: Mapping[str, Any], scopes: Mapping[str, Scope]) -> AlarmTemplate:
    return AlarmTemplate(
        name=name,
        scopes=expand_scopes(entry["scopes"], scopes),
        severity=Severity(entry["severity"]),
        category=entry["category"],
        text=Text(*entry["text"]),
        cause=Text(*entry["cause"]),
        remedy=Text(*entry["remedy"]),
        action=Text(*entry["action"]),
    )


@cache
def declarations() -> Declarations:
    """Return the declarations of this version of Planaris."""
    scopes = {name: _scope(name, entry) for name, entry in read_data("scopes.toml").items()}
    coded = read_data("codes.toml")
    factory = read_data("factory.toml")
    verbs = {name: _verbs(entries) for name, entries in coded["verbs"].items()}
    codes = {name: _code_list(name, entries) for name, entries in coded["lists"].items()}
    for name, entries in coded["verbs"].items():
        codes[f"verbs.{name}"] = _code_list(f"verbs.{name}", entries)
    return Declarations(
        scopes=MappingProxyType(scopes),
        variables=_templates([*read_data("variables.toml")["group"], *factory["group"]], scopes),
        alarms=MappingProxyType(
            {name: _alarm(name, entry, scopes) for name, entry in read_data("alarms.toml").items()}
        ),
        codes=MappingProxyType(codes),
        verbs=MappingProxyType(verbs),
        constants={**read_data("constants.toml"), **_owned("factory", factory["constants"])},
        events={**read_data("events.toml"), **_owned("factory", factory["events"])},
        commands=_flatten({**read_data("commands.toml"), **factory["commands"]}),
    )


def _owned(owner: str, entries: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: {**entry, "owner": owner} for name, entry in entries.items()}


def _flatten(groups: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {f"{group}.{name}": entry for group, members in groups.items() for name, entry in members.items()}


def alarm_templates() -> Mapping[str, AlarmTemplate]:
    """Return the alarm catalogue by plain name; it is the same for every tool."""
    return declarations().alarms
