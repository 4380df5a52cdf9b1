"""Read a process package's TOML tables and collect every fault on the way."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from planaris.model import InputFault, suffix_of, symbol_of

# A number whose last name part has no unit suffix must be one of these dimensionless kinds.
DIMENSIONLESS_PREFIXES = ("exponent_",)
DIMENSIONLESS_SUFFIXES = ("_coefficient", "_index")

# What every removal law must state (the series law with threshold; Preston is its limit).
LAW_NUMBERS = (
    "kp_m2_N",
    "exponent_p",
    "exponent_v",
    "reference_pressure_kPa",
    "reference_velocity_m_s",
    "threshold_kPa_m_s",
    "k2_nm_min",
    "activation_kJ_mol",
    "temperature_ref_C",
)

_ENTRY_KEYS = {"value", "source", "grade", "interval", "borrowed", "note", "fixed_by"}
_TOP_KEYS = {"name", "version", "title", "wafer_mm", "slurry", "pad", "notes", "parts", "sources", "films", "numbers"}


@dataclass(frozen=True, slots=True)
class NumberEntry:
    """One number as it stands in the file, checked."""

    value: float
    unit: str
    sources: tuple[str, ...]
    grade: str
    interval: tuple[float, float] | None
    borrowed: bool
    note: str
    fixed_by: str


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def with_parts(raw: Mapping[str, object], parts: Mapping[str, object]) -> dict[str, object]:
    """Return a package with the sources and numbers of its parts; what the package states itself stands."""
    merged = dict(raw)
    for key in ("sources", "numbers"):
        shared, own = parts.get(key, {}), raw.get(key, {})
        if isinstance(shared, dict) and isinstance(own, dict):
            groups: dict[str, object] = {**cast("dict[str, object]", shared), **cast("dict[str, object]", own)}
            if key == "numbers":
                for name, group in cast("dict[str, object]", shared).items():
                    mine = cast("dict[str, object]", own).get(name)
                    if isinstance(group, dict) and isinstance(mine, dict):
                        groups[name] = {**cast("dict[str, object]", group), **cast("dict[str, object]", mine)}
            merged[key] = groups
    return merged


class Reader:
    """Walks one parsed package; what is wrong goes to ``faults`` and reading goes on."""

    def __init__(self, raw: Mapping[str, object], grades: Iterable[str]) -> None:
        self._raw = raw
        self._grades = tuple(grades)
        self.faults: list[InputFault] = []
        for key in raw:
            if key not in _TOP_KEYS:
                self._fault(key, raw[key], "unknown entry", ", ".join(sorted(_TOP_KEYS)))

    def _fault(self, path: str, value: object, problem: str, limit: str = "", remedy: str = "") -> None:
        shown = "missing" if value is None else str(value)[:80]
        self.faults.append(InputFault(path, shown, problem, limit, remedy=remedy))

    def text(self, key: str) -> str:
        """Return a required text."""
        value = self._raw.get(key)
        if not isinstance(value, str) or not value:
            self._fault(key, value, "must be a text")
            return ""
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return an optional list of texts."""
        value = self._raw.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in cast("list[object]", value)):
            self._fault(key, value, "must be a list of texts")
            return ()
        return tuple(cast("list[str]", value))

    def positive(self, key: str) -> float:
        """Return a required number above zero."""
        value = self._raw.get(key)
        if not isinstance(value, (int, float)) or not _is_number(value) or value <= 0:
            self._fault(key, value, "must be a number above 0")
            return math.nan
        return float(value)

    def _table(self, key: str) -> dict[str, object]:
        value = self._raw.get(key)
        if not isinstance(value, dict) or not value:
            self._fault(key, value, "must be a table with at least one entry")
            return {}
        return cast("dict[str, object]", value)

    def sources(self) -> dict[str, str]:
        """Return citation text by key."""
        found: dict[str, str] = {}
        for key, text in self._table("sources").items():
            if isinstance(text, str) and text:
                found[key] = text
            else:
                self._fault(f"sources.{key}", text, "must be the citation as text")
        return found

    def films(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return (material, law prefixes by slurry line) pairs; a single prefix holds for every line."""
        found: list[tuple[str, tuple[str, ...]]] = []
        for material, given in self._table("films").items():
            laws = tuple(cast("list[object]", given)) if isinstance(given, list) else (given,)
            if laws and all(isinstance(law, str) and law for law in laws):
                found.append((material, tuple(str(law) for law in laws)))
            else:
                problem = "must name the prefix of its removal law, or a list of them by slurry line"
                self._fault(f"films.{material}", given, problem)
        lines = {len(laws) for _, laws in found if len(laws) > 1}
        if len(lines) > 1:
            listed = ", ".join(f"{material} {len(laws)}" for material, laws in found)
            self._fault("films", listed, "films differ in their number of slurry lines", remedy="name a law for each")
        return found

    def numbers(self, sources: Mapping[str, str]) -> dict[str, NumberEntry]:
        """Return the checked numbers by dotted name."""
        found: dict[str, NumberEntry] = {}
        self._walk("", self._table("numbers"), sources, found)
        return found

    def _walk(
        self, prefix: str, table: Mapping[str, object], sources: Mapping[str, str], found: dict[str, NumberEntry]
    ) -> None:
        for key, value in table.items():
            name = f"{prefix}{key}"
            if not isinstance(value, dict):
                self._fault(name, value, "must be a table with value, source and grade")
                continue
            entry = cast("dict[str, object]", value)
            if entry and not _ENTRY_KEYS.isdisjoint(entry):
                checked = self._entry(name, entry, sources)
                if checked is not None:
                    found[name] = checked
            else:
                self._walk(name + ".", entry, sources, found)

    def _entry(self, name: str, entry: dict[str, object], sources: Mapping[str, str]) -> NumberEntry | None:
        before = len(self.faults)
        for key in entry.keys() - _ENTRY_KEYS:
            self._fault(f"{name}.{key}", entry[key], "unknown entry", ", ".join(sorted(_ENTRY_KEYS)))
        last = name.rsplit(".", 1)[-1]
        if (
            suffix_of(last) is None
            and not last.startswith(DIMENSIONLESS_PREFIXES)
            and not last.endswith(DIMENSIONLESS_SUFFIXES)
        ):
            self._fault(name, entry.get("value"), "the name ends in no known unit", remedy="add a unit suffix")
        value = entry.get("value")
        if not _is_number(value):
            self._fault(f"{name}.value", value, "must be a finite number")
        keys = self._source_keys(name, entry.get("source"), sources)
        grade = entry.get("grade")
        if grade not in self._grades:
            self._fault(f"{name}.grade", grade, "unknown trust grade", ", ".join(self._grades))
        interval = self._interval(name, entry.get("interval"), value)
        borrowed = entry.get("borrowed", False)
        note, fixed_by = entry.get("note", ""), entry.get("fixed_by", "")
        if not isinstance(borrowed, bool):
            self._fault(f"{name}.borrowed", borrowed, "must be true or false")
        if not isinstance(note, str) or not isinstance(fixed_by, str):
            self._fault(name, note, "note and fixed_by must be texts")
        if borrowed is True and not (fixed_by and interval):
            self._fault(name, value, "a borrowed number needs an interval and fixed_by, the data that would fix it")
        if len(self.faults) > before:
            return None
        return NumberEntry(
            float(cast("float", value)),
            symbol_of(last),
            keys,
            str(grade),
            interval,
            borrowed is True,
            str(note),
            str(fixed_by),
        )

    def _source_keys(self, name: str, given: object, sources: Mapping[str, str]) -> tuple[str, ...]:
        keys = cast("list[object]", given) if isinstance(given, list) else [given]
        for key in keys:
            if key not in sources:
                self._fault(f"{name}.source", key, "no such source", ", ".join(sources), "add it under [sources]")
        return tuple(str(key) for key in keys)

    def _interval(self, name: str, given: object, value: object) -> tuple[float, float] | None:
        if given is None:
            return None
        ends = cast("list[object]", given) if isinstance(given, list) else []
        if len(ends) != 2 or not all(_is_number(end) for end in ends):
            self._fault(f"{name}.interval", given, "must be two numbers")
            return None
        low, high = (float(cast("float", end)) for end in ends)
        if _is_number(value) and not low <= float(cast("float", value)) <= high:
            self._fault(f"{name}.interval", given, "does not hold the value", f"low <= {value} <= high")
        return low, high

    def check_laws(self, films: Iterable[tuple[str, str]], names: set[str]) -> None:
        """Note a fault for each number that a film's law lacks (numbers that are wrong are not named twice)."""
        wrong = {fault.path for fault in self.faults}
        for material, law in films:
            for number in LAW_NUMBERS:
                name = f"{law}.{number}"
                if name not in names and not any(path == name or path.startswith(name + ".") for path in wrong):
                    self._fault(name, None, f"the law of {material} needs it")
