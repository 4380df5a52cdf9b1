"""Consumables: what the counters say, and apart from it how worn the parts truly are on the twin."""

from __future__ import annotations

from planaris.historian import ConsumableRow
from planaris.model import suffix_of, symbol_of
from planaris.report.facts import Facts
from planaris.report.page import Column, Section, life_bar, measured_box, note, table, truth_box
from planaris.report.run_record import as_mapping, as_number
from planaris.report.text import esc, general, known, num, place_name
from planaris.report.truth import PartTruth

# Warn at 90 % of life, spent at 100 % (docs/reference/design-values.md).
_WARN_PCT = 90.0


def consumables(facts: Facts) -> Section:
    """Return the section."""
    last = {(row.location, row.part): row for row in facts.record.consumables}
    limits = as_mapping(facts.record.mapping("tool_description").get("consumable_limits"))
    parts = facts.record.mapping("consumable_parts")
    body = (
        measured_box("by the tool", _counters(list(last.values()), limits, parts), "counted")
        if last
        else note("No consumable was used.")
    )
    if facts.truth is not None and facts.truth.parts:
        body += truth_box("state of the parts, which no counter sees", _true_parts(facts.truth.parts))
    return Section("consumables", "Consumables", body)


def _counters(rows: list[ConsumableRow], limits: dict[str, object], parts: dict[str, object]) -> str:
    shown = [
        [
            esc(place_name(row.location)),
            esc(row.part.replace("_", " ")),
            *_part(as_mapping(parts.get(f"{row.location}.{row.part}"))),
            num(row.wafers_count, 0),
            num(row.use_h, 2),
            f"{life_bar(row.life_pct)} {num(row.life_pct, 1 if row.life_pct >= 10 else 2)}\u00a0%"
            if known(row.life_pct)
            else num(None),
            _state(row.life_pct),
            _limit(row.part, limits),
        ]
        for row in sorted(rows, key=lambda row: (row.part, row.location))
    ]
    columns = (
        Column("Where"),
        Column("Part"),
        Column("Serial or lot"),
        Column("In since"),
        Column("Wafers", numeric=True),
        Column("Use", "h", numeric=True),
        Column("Life spent", "by the counter"),
        Column("State"),
        Column("Limit"),
    )
    return table(columns, shown, style="tight")


def _part(part: dict[str, object]) -> tuple[str, str]:
    """Return serial number and day of installation; a dash where the run does not know them."""
    serial, installed = (str(part.get(key, "")) for key in ("serial", "installed"))
    return esc(serial) or num(None), esc(installed[:10]) or num(None)


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


def _true_parts(parts: tuple[PartTruth, ...]) -> str:
    """Return one row per part with its quantities; the order of the file is kept."""
    by_part: dict[tuple[str, str], list[PartTruth]] = {}
    for truth in parts:
        by_part.setdefault((truth.location, truth.part), []).append(truth)
    rows = [
        [esc(place_name(location)), esc(part.replace("_", " ")), " · ".join(_quantity(t) for t in truths)]
        for (location, part), truths in sorted(by_part.items(), key=lambda item: (item[0][1], item[0][0]))
    ]
    columns = (Column("Where"), Column("Part"), Column("True state"))
    return table(columns, rows, style="tight")


def _quantity(truth: PartTruth) -> str:
    words = truth.quantity.removesuffix(suffix_of(truth.quantity) or "").replace("_", " ")
    return f"{esc(words)} <b>{general(truth.value)}</b>\u00a0{esc(symbol_of(truth.quantity))}".rstrip("\u00a0")
