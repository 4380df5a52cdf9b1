"""Consumables: what the counters say, and apart from it how worn the parts truly are on the twin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planaris.historian import ConsumableRow
from planaris.model import suffix_of, symbol_of
from planaris.report.facts import Facts
from planaris.report.page import Column, Section, life_bar, measured_box, note, table, truth_box
from planaris.report.run_record import as_mapping, as_number
from planaris.report.text import esc, general, known, num, place_name

# Warn at 90 % of life, spent at 100 % (equipment.md 1.5).
_WARN_PCT = 90.0


def consumables(facts: Facts) -> Section:
    """Return the section."""
    last = {(row.location, row.part): row for row in facts.record.consumables}
    limits = as_mapping(facts.record.mapping("tool_description").get("consumable_limits"))
    body = (
        measured_box("by the tool", _counters(list(last.values()), limits), "counted")
        if last
        else note("No consumable was used.")
    )
    if facts.truth is not None and facts.truth.parts:
        body += truth_box("state of the parts, which no counter sees", _true_parts(facts.truth.parts))
    return Section("consumables", "Consumables", body)


def _counters(rows: list[ConsumableRow], limits: dict[str, object]) -> str:
    shown = [
        [
            esc(place_name(row.location)),
            esc(row.part.replace("_", " ")),
            num(row.wafers_count, 0),
            num(row.use_h, 2),
            f"{life_bar(row.life_pct)} {num(row.life_pct, 1)}\u00a0%" if known(row.life_pct) else num(None),
            _state(row.life_pct),
            _limit(row.part, limits),
        ]
        for row in sorted(rows, key=lambda row: (row.part, row.location))
    ]
    columns = (
        Column("Where"),
        Column("Part"),
        Column("Wafers", numeric=True),
        Column("Use", "h", numeric=True),
        Column("Life spent", "by the counter"),
        Column("State"),
        Column("Limit"),
    )
    return table(columns, shown, style="tight")


def _state(life_pct: float) -> str:
    if not known(life_pct):
        return num(None)
    if life_pct >= 100.0:
        return '<span class="bad">✗ spent: no new job</span>'
    if life_pct >= _WARN_PCT:
        return '<span class="warn">! change soon</span>'
    return '<span class="good">✓ fit</span>'


def _limit(part: str, limits: dict[str, object]) -> str:
    """Return the limits that name the part: ``pad_life_wafers_count = 1500`` is "life 1 500 wafers"."""
    found: list[str] = []
    for name, value in limits.items():
        if name.startswith(part + "_") and known(as_number(value)):
            what = name.removeprefix(part + "_")
            suffix = suffix_of(what) or ""
            words = what.removesuffix(suffix).split("_")
            unit = words.pop() if suffix == "_count" else symbol_of(what)
            found.append(f"{' '.join(words)} {general(as_number(value))} {unit}".strip())
    return esc(", ".join(found) or num(None))


def _true_parts(parts: dict[str, NDArray[np.float64]]) -> str:
    rows = [
        [esc(_part_name(name)), esc(_unit(name)), _shape(array), _range(array), _values(array)]
        for name, array in parts.items()
    ]
    columns = (
        Column("Quantity"),
        Column("Unit"),
        Column("Values", numeric=True),
        Column("Least – greatest", numeric=True),
        Column("Per part", "mean of each, 1, 2, 3 …"),
    )
    return table(columns, rows, style="tight")


def _part_name(name: str) -> str:
    return name.removesuffix(suffix_of(name) or "").replace("_", " ").replace(".", " ")


def _unit(name: str) -> str:
    return symbol_of(name) or num(None)


def _shape(array: NDArray[np.float64]) -> str:
    return " × ".join(str(size) for size in array.shape) or "1"


def _range(array: NDArray[np.float64]) -> str:
    finite = array[np.isfinite(array)]
    if not finite.size:
        return num(None)
    low, high = float(finite.min()), float(finite.max())
    return general(low) if low == high else f"{general(low)} – {general(high)}"


def _values(array: NDArray[np.float64]) -> str:
    """Return the mean of each entry of the first axis, at most six."""
    if array.ndim == 0:
        return general(float(array))
    each = array.reshape(len(array), -1)
    if len(each) > 6:
        return num(None)
    means = [float(row[np.isfinite(row)].mean()) if np.isfinite(row).any() else float("nan") for row in each]
    return " · ".join(general(mean) for mean in means)
