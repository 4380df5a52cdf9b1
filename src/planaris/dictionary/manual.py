"""Verbs of manual mode: what a person may have each kind of module do, declared as data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from planaris.dictionary.source import parameter, read_data
from planaris.dictionary.types import Parameter


@dataclass(frozen=True, slots=True)
class ManualVerb:
    """One verb of a kind of module.

    ``action`` is the interlock action asked first (``@module`` stands for the module's name, ``@cup`` for its kind),
    '' where the verb leads to safety; ``trigger`` what the module's state must take, '' where any state does;
    ``carries`` says that it moves a wafer, ``to_safety`` that it may be given while the tool is halted.
    """

    kind: str
    name: str
    action: str
    trigger: str
    carries: bool
    to_safety: bool
    roles: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    text_en: str
    text_zh: str


@cache
def manual_verbs() -> tuple[ManualVerb, ...]:
    """Return all verbs of manual mode, by kind of module."""
    return tuple(
        ManualVerb(
            kind=kind,
            name=name,
            action=entry.get("action", ""),
            trigger=entry.get("trigger", ""),
            carries=entry.get("carries", False),
            to_safety=entry.get("to_safety", False),
            roles=tuple(entry["roles"]),
            parameters=tuple(parameter(key, value) for key, value in entry.get("parameters", {}).items()),
            text_en=entry["en"],
            text_zh=entry["zh"],
        )
        for kind, verbs in read_data("manual.toml").items()
        for name, entry in verbs.items()
    )
