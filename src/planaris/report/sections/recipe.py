"""The recipe as it ran: what holds for all steps, then one column per step with what a person typed beside it."""

from __future__ import annotations

from planaris.formats import SHORT_HASH_LENGTH
from planaris.model import suffix_of, symbol_of
from planaris.report.facts import Facts
from planaris.report.page import Column, Section, note, table
from planaris.report.run_record import as_list, as_mapping
from planaris.report.text import esc, general, num

Row = dict[str, object]


def recipe(facts: Facts) -> Section:
    """Return the section."""
    found = facts.record.mapping("recipe")
    entered = {path: str(words) for path, words in as_mapping(found.get("entered")).items()}
    steps = [_flat(as_mapping(step)) for step in as_list(found.get("steps"))]
    if not steps:
        return Section("recipe", "Recipe", note("The record holds no recipe steps."))
    names = dict.fromkeys(name for step in steps for name in step)
    names.pop("name", None)
    titles = [str(step.get("name", number)) for number, step in enumerate(steps, 1)]
    columns = [Column("Parameter"), *(Column(title, numeric=True) for title in titles)]
    rows = [
        [_parameter(name), *(_cell(step.get(name), f"steps[{k}].{name}", entered) for k, step in enumerate(steps))]
        for name in names
    ]
    if content := facts.record.text("recipe_hash"):
        found = {"content_hash": content[:SHORT_HASH_LENGTH], **found}
    return Section("recipe", "Recipe", _common(found, entered) + table(columns, rows, style="tight"))


def _common(found: Row, entered: dict[str, str]) -> str:
    shown = _flat({name: value for name, value in found.items() if name not in ("steps", "entered")})
    items = "".join(
        f"<div><dt>{_parameter(name)}</dt><dd>{_cell(value, name, entered)}</dd></div>" for name, value in shown.items()
    )
    return f'<dl class="about recipe">{items}</dl>'


def _flat(step: Row, prefix: str = "") -> Row:
    """Return nested values under dotted names; what says nothing (no bands, no detector) is left out."""
    flat: Row = {}
    for name, value in step.items():
        if isinstance(value, dict):
            flat.update(_flat(as_mapping(value), f"{prefix}{name}."))
        elif value is not None and value != []:
            flat[prefix + name] = value
    return flat


def _parameter(name: str) -> str:
    unit = symbol_of(name)
    words = (
        name.removesuffix(suffix_of(name) or "")
        .replace("_", " ")
        .replace(".", ": ")
        .replace("di flow", "DI flow")
        .replace("wiwnu", "WIWNU")
    )
    return esc(words) + (f" <small>{esc(unit)}</small>" if unit else "")


def _cell(value: object, path: str, entered: dict[str, str]) -> str:
    """Return a value and, small, the form in which it was typed where that differs in unit."""
    typed = _typed(path, entered)
    if not typed and isinstance(value, list):
        each = [_typed(f"{path}[{k}]", entered) for k in range(len(as_list(value)))]
        typed = _short(each) if all(each) else ""
    beside = f"<br><small>{esc(typed)}</small>" if typed else ""
    return esc(_shown(value)) + beside


def _typed(path: str, entered: dict[str, str]) -> str:
    """Return what a person typed, '' if it was in the unit that is shown anyway."""
    words = entered.get(path, "")
    quantity = path.rpartition("[")[0] if path.endswith("]") else path
    return "" if words.partition(" ")[2] == symbol_of(quantity) else words


def _shown(value: object) -> str:
    if value is None:
        return num(None)
    if isinstance(value, list):
        return _short([_shown(item) for item in as_list(value)])
    if isinstance(value, int | float) and not isinstance(value, bool):
        return general(float(value))
    return str(value)


def _short(values: list[str]) -> str:
    """Return equal values once, with their number: ``27.58 (3 ×)``."""
    if len(values) > 1 and len(set(values)) == 1:
        return f"{values[0]} ({len(values)} ×)"
    return ", ".join(values)
