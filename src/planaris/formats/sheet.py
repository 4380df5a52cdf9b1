"""Collect every fault of one file, and remember how its numbers were typed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from difflib import get_close_matches

from planaris.model import EntryUnit, InputError, InputFault, symbol_of

# A limit typed in another unit than the value must not refuse the value by rounding.
_RELATIVE_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Typed:
    """How a number stands in the file: its path there, its text, and its unit where that is not the model's."""

    path: str
    text: str
    symbol: str
    unit: EntryUnit | None = None


def nearest(name: str, legal: tuple[str, ...] | list[str]) -> str:
    """Return a remedy that names the nearest legal name, or all of them."""
    close = get_close_matches(name, legal, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"legal: {', '.join(legal)}" if legal else ""


def figure(value: float) -> str:
    """Return a number for people: six significant digits, no exponent in the usual range."""
    if value != 0 and (abs(value) >= 1e7 or abs(value) < 1e-4):
        return f"{value:.6g}"
    digits = 5 if value == 0 else 5 - math.floor(math.log10(abs(value)))
    text = f"{value:.{max(0, digits)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(slots=True)
class Sheet:
    """One input file while it is checked."""

    source: str
    faults: list[InputFault] = field(default_factory=list[InputFault])
    typed: dict[str, Typed] = field(default_factory=dict[str, Typed])
    faulted: set[str] = field(default_factory=set[str])

    def fault(
        self, path: str, value: str | None, problem: str, *, limit: str = "", unit: str = "", remedy: str = ""
    ) -> None:
        """Note a fault at a model path; path, and value where None, are given back as typed."""
        typed = self.typed.get(path)
        self.faulted.add(path)
        shown = value if value is not None else (typed.text if typed else "(missing)")
        self.faults.append(InputFault(typed.path if typed else path, shown, problem, limit, unit, remedy))

    def check_range(self, path: str, value: float, minimum: float, maximum: float, problem: str) -> None:
        """Note a fault where ``value`` (model unit) leaves [minimum, maximum]; the limit is shown in the typed unit."""
        slack = _RELATIVE_ROUNDING * max(abs(minimum), abs(maximum))
        if path in self.faulted or minimum - slack <= value <= maximum + slack:
            return
        typed = self.typed.get(path)
        factor = typed.unit.factor if typed and typed.unit else 1.0
        unit = typed.symbol if typed else symbol_of(path.partition("[")[0])
        low, high = figure(minimum / factor), figure(maximum / factor)
        remedy = f"use {low} or more" if value < minimum else f"use {high} or less"
        shown = typed.text if typed else figure(value)
        self.fault(path, shown, problem, limit=f"{low}-{high}", unit=unit, remedy=remedy)

    def unknown_name(self, path: str, name: str, what: str, legal: tuple[str, ...] | list[str]) -> None:
        """Note a name that is none of the legal ones."""
        if path not in self.faulted:
            self.fault(path, f'"{name}"', f"unknown {what}", limit=", ".join(legal), remedy=nearest(name, legal))

    def raise_if_faulty(self) -> None:
        """Raise `InputError` with all faults, if there are any."""
        if self.faults:
            raise InputError(self.source, tuple(self.faults))
