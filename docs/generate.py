"""Write the pages that follow from what the code declares, so that they cannot drift from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from planaris.dictionary import Dictionary, Variable, build
from planaris.formats import load_tool
from planaris.model import ENTRY_UNITS, UNIT_SUFFIXES, symbol_of
from planaris.processes import GRADES, load_package, package_names


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a Markdown table."""
    return [_row(header), _row("---" for _ in header), *(_row(row) for row in rows), ""]


def _one_of_each(variables: Iterable[Variable]) -> dict[str, Variable]:
    """Keep one instance of each template, by its generic name."""
    kept: dict[str, Variable] = {}
    for variable in variables:
        kept.setdefault(variable.template.key, variable)
    return kept


def _variables(dictionary: Dictionary) -> list[str]:
    lines: list[str] = []
    by_scope: dict[str, list[tuple[str, Variable]]] = {}
    for key, variable in _one_of_each(dictionary.variables).items():
        by_scope.setdefault(variable.template.scope, []).append((key, variable))
    for scope, found in by_scope.items():
        places = [place.name for place in dictionary.places if place.scope == scope]
        title = scope.replace("_", " ").capitalize() if scope else "Carried by events only"
        lines += [f"### {title}", ""]
        if places:
            lines += [f"Places of reference tool A: {', '.join(f'`{place}`' for place in places)}.", ""]
        rows = [
            (
                f"`{key}`",
                v.dtype + ("" if not v.shape else f"{list(v.shape)}"),
                v.unit,
                v.template.rate_class or v.template.source,
                "yes" if v.writable else "",
                v.template.text_en,
                v.template.text_zh,
            )
            for key, v in found
        ]
        lines += table(("name", "type", "unit", "rate class", "written", "meaning", "含义"), rows)
    return lines


def dictionary_page() -> str:
    """Return the page of everything that reference tool A declares."""
    d = build(load_tool())
    lines = [
        "# Dictionary",
        "",
        f"What a tool declares, here reference tool A: {len(d.variables)} variables ({len(d.tags)} of them tags of the "
        f"port), {len(d.constants)} equipment constants, {len(d.events)} events, {len(d.alarms)} alarms and "
        f"{len(d.commands)} commands. Each is declared once and carries a numeric id that never changes. This page is "
        "written from the declarations.",
        "",
        "## Variables",
        "",
        "Names are shown once for each kind of place; an instance carries its number, as in `platen2.speed_rpm`.",
        "",
        *_variables(d),
        "## Equipment constants",
        "",
        *table(
            ("name", "default", "least", "most", "unit", "meaning", "含义", "source"),
            (
                (f"`{c.name}`", c.default, c.minimum, c.maximum, c.unit, c.text_en, c.text_zh, c.source)
                for c in d.constants
            ),
        ),
        "## Events",
        "",
        *table(
            ("name", "id", "carries", "meaning", "含义"),
            (
                (f"`{e.name}`", e.event_id, ", ".join(f"`{v}`" for v in e.variables), e.text_en, e.text_zh)
                for e in d.events
            ),
        ),
        "## Alarms",
        "",
        *table(
            ("name", "raised by", "severity", "meaning", "cause", "what to do"),
            (
                (f"`{a.name}`", ", ".join(a.scopes), a.severity.value, a.text.en, a.cause.en, a.remedy.en)
                for a in d.alarm_templates
            ),
        ),
        "## Commands",
        "",
        *table(
            ("name", "parameters", "roles", "meaning", "含义"),
            (
                (
                    f"`{c.name}`" + (" (twin only)" if c.twin_only else ""),
                    ", ".join(f"`{p.name}`" for p in c.parameters),
                    ", ".join(c.roles),
                    c.text_en,
                    c.text_zh,
                )
                for c in d.commands
            ),
        ),
    ]
    return "\n".join(lines)


def units_page() -> str:
    """Return the table of legal suffixes and of the units people may type."""
    return "\n".join(
        [
            "# Table of units",
            "",
            "A number's unit is the ending of its name. These endings are legal:",
            "",
            *table(
                ("suffix", "shown as", "unit"), ((f"`{s}`", symbol_of(f"x{s}"), m) for s, m in UNIT_SUFFIXES.items())
            ),
            "These may be typed in files instead; they are kept as typed beside the converted value:",
            "",
            *table(
                ("typed", "shown as", "kept as", "factor"),
                ((f"`{u.entered_suffix}`", u.symbol, f"`{u.suffix}`", f"{u.factor:.15g}") for u in ENTRY_UNITS),
            ),
        ]
    )


def packages_page() -> str:
    """Return the numbers of every process package with source and grade."""
    lines = [
        "# Process packages",
        "",
        "A process package holds the films, slurry, pad and removal law of one process as cited data. Each number says "
        "where it comes from, how far to trust it and, where the package's own data cannot identify it, from where it "
        "was borrowed and which measurement would replace it.",
        "",
        *table(("grade", "means"), GRADES.items()),
    ]
    for name in package_names():
        package = load_package(name)
        lines += [
            f"## `{package.name}` {package.version}",
            "",
            f"{package.title}. Slurry: {package.slurry}. Pad: {package.pad}.",
            "",
        ]
        lines += [f"- {note}" for note in package.notes] + [""]
        rows = [
            (
                f"`{key}`" + (" **borrowed**" if n.borrowed else ""),
                f"{n.value:g} {n.unit}",
                f"{n.interval[0]:g} to {n.interval[1]:g}" if n.interval else "",
                n.grade,
                n.source,
                "; ".join(text for text in (n.note, f"would be fixed by {n.fixed_by}" if n.fixed_by else "") if text),
            )
            for key, n in package.numbers.items()
        ]
        lines += table(("number", "value", "interval", "grade", "source", "note"), rows)
    return "\n".join(lines)


def write_pages(folder: Path) -> None:
    """Write all generated pages; a page that has not changed keeps its time."""
    folder.mkdir(exist_ok=True)
    pages = {"dictionary": dictionary_page(), "units": units_page(), "packages": packages_page()}
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
