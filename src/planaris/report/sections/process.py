"""What the process rests on: the package's numbers with source, grade and interval, and the models' flags."""

from __future__ import annotations

from planaris.physics import FLAG_TEXT
from planaris.processes import GRADES
from planaris.report.facts import Facts
from planaris.report.page import Column, Section, note, table
from planaris.report.run_record import as_list, as_mapping, as_number
from planaris.report.text import breakable, esc, general, num, place_name

Row = dict[str, object]

# The alarm that the tool raises where a model leaves its valid range.
_FLAG_ALARM = "model_range"


def process_package(facts: Facts) -> Section:
    """Return the section on the package: borrowed numbers first, with the data that would fix them, then all."""
    rows = [as_mapping(row) for row in facts.record.rows("process_package")]
    heading = "Process package"
    flags = _flags(facts)
    if not rows:
        return Section("package", heading, flags + note("The record holds no process package."))
    borrowed = [row for row in rows if row.get("borrowed")]
    body = flags
    if borrowed:
        body += "<h3>Borrowed numbers</h3>" + note(
            f"{len(borrowed)} of {len(rows)} numbers cannot be identified from the package’s own data and were taken "
            "from other sources, with a wider interval. The last column says which data would fix each."
        )
        body += table(
            (*_COLUMNS, Column("Note"), Column("Data that would fix it")),
            [
                [*_cells(row), esc(row.get("note") or num(None)), esc(row.get("fixed_by") or num(None))]
                for row in borrowed
            ],
            style="wide",
        )
    else:
        body += note("✓ No number is borrowed: all come from the package’s own data or are stated as assumed.", "good")
    everything = table(
        (*_COLUMNS, Column("Note")), [[*_cells(row), esc(row.get("note") or "")] for row in rows], style="wide"
    )
    grades = "; ".join(f"<b>{grade}</b> {esc(words)}" for grade, words in GRADES.items())
    body += f"<details><summary>All {len(rows)} numbers</summary>{everything}</details>" + note(f"Grades: {grades}.")
    return Section("package", heading, body)


_COLUMNS = (
    Column("Number"),
    Column("Value", numeric=True),
    Column("Unit"),
    Column("Interval", numeric=True),
    Column("Grade"),
    Column("Source"),
)


def _cells(row: Row) -> list[str]:
    interval = [general(as_number(end)) for end in as_list(row.get("interval"))]
    mark = '<br><span class="warn keep">◇ borrowed</span>' if row.get("borrowed") else ""
    return [
        f"{breakable(str(row.get('name', '')))}{mark}",
        general(as_number(row.get("value"))),
        esc(row.get("unit") or num(None)),
        " – ".join(interval) if len(interval) == 2 else num(None),
        esc(row.get("grade") or num(None)),
        esc(row.get("source") or num(None)),
    ]


def _flags(facts: Facts) -> str:
    """Say where the models left their valid ranges, by meta table and alarms; a record without either says so."""
    texts = {flag.name.lower(): text for flag, text in FLAG_TEXT.items() if flag.name}
    stated = facts.record.rows("model_flags")
    raised = [alarm for alarm in facts.record.alarms if alarm.alarm.rpartition(".")[2] == _FLAG_ALARM]
    items = [_flag_item(entry, texts) for entry in stated]
    items += [f"<b>{esc(place_name(alarm.source))}</b>: {esc(alarm.detail)}" for alarm in raised]
    if items:
        lead = "! Model flags: a model left its valid range; its numbers there are extrapolation."
        return note(lead, "warn") + f"<ul>{''.join(f'<li>{item}</li>' for item in dict.fromkeys(items))}</ul>"
    if "model_flags" in facts.record.meta:
        return note("✓ Model flags: none. All models stayed in their valid ranges.", "good")
    return note("Model flags: no alarm says that a model left its valid range; the record states no more.")


def _flag_item(entry: object, texts: dict[str, str]) -> str:
    """Return a flag with its meaning; an entry is a flag's name or ``{"name", "detail"}``."""
    row = as_mapping(entry)
    name = str(row.get("name", "")) if row else str(entry)
    words = [texts.get(name, ""), str(row.get("detail", ""))]
    return f"<b>{esc(name)}</b>: {esc('; '.join(word for word in words if word) or 'not described')}"
