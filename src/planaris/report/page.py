"""Pieces of HTML that every section uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from planaris.report.text import esc


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the report: anchor, heading, and its body as HTML."""

    anchor: str
    heading: str
    body: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: heading, its unit below, whether numbers stand in it, and the group it belongs to."""

    heading: str
    unit: str = ""
    numeric: bool = False
    group: str = ""


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], caption: str = "", style: str = "") -> str:
    """Return a table that scrolls by itself on a narrow screen; cells are HTML already."""
    heads = "".join(
        f'<th scope="col"{_numeric(c)}>{esc(c.heading)}{f"<small>{esc(c.unit)}</small>" if c.unit else ""}</th>'
        for c in columns
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{_numeric(column)}>{cell}</td>" for column, cell in zip(columns, row, strict=True))
        + "</tr>"
        for row in rows
    )
    title = f"<caption>{esc(caption)}</caption>" if caption else ""
    heads = f"{_groups(columns)}<tr>{heads}</tr>"
    return scroll(
        f'<table class="{style}">{title}<thead>{heads}</thead><tbody>{body}</tbody></table>',
        caption or "table",
    )


def _groups(columns: Sequence[Column]) -> str:
    """Return a row above the headings that names what neighbouring columns have in common."""
    if not any(column.group for column in columns):
        return ""
    cells: list[str] = []
    for name, members in groupby(columns, key=lambda column: column.group):
        span = len(list(members))
        cells.append(
            f'<th scope="colgroup" colspan="{span}" class="group">{esc(name)}</th>'
            if name
            else f'<td colspan="{span}"></td>'
        )
    return f"<tr>{''.join(cells)}</tr>"


def _numeric(column: Column) -> str:
    return ' class="n"' if column.numeric else ""


def scroll(inner: str, label: str, min_px: int = 0) -> str:
    """Return a box that scrolls sideways where its content is wider than the screen; reachable by keyboard."""
    width = f' style="min-width:{min_px}px"' if min_px else ""
    return f'<div class="scroll" role="region" aria-label="{esc(label)}" tabindex="0"><div{width}>{inner}</div></div>'


def figure(inner: str, caption: str) -> str:
    """Return a figure with its caption above; the caption is HTML already."""
    return f"<figure><figcaption>{caption}</figcaption>{inner}</figure>"


def note(text: str, style: str = "note") -> str:
    """Return a paragraph of HTML."""
    return f'<p class="{style}">{text}</p>'


def measured_box(title: str, inner: str, tag: str = "measured") -> str:
    """Frame what the tool knows: measured by an instrument, or counted."""
    return f'<div class="box"><h3><span class="tag">{esc(tag)}</span> {esc(title)}</h3>{inner}</div>'


def truth_box(title: str, inner: str) -> str:
    """Frame what only the twin knows: other colour, dashed frame, and the words."""
    return f'<div class="box truth"><h3><span class="tag">twin’s truth</span> {esc(title)}</h3>{inner}</div>'


def life_bar(percent: float) -> str:
    """Return a bar of spent life, full at 100 %."""
    return f'<span class="life" style="--w:{min(max(percent, 0.0), 100.0):.1f}%"></span>'
