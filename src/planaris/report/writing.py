"""Writing the report: read the run, render the sections, one file that opens anywhere."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from string import Template

from planaris.report import sections
from planaris.report.facts import Facts, Marking, read_facts
from planaris.report.page import Section
from planaris.report.text import esc

_SECTIONS: tuple[Callable[[Facts], Section | None], ...] = (
    sections.lot_table,
    sections.lot_trend,
    sections.run_to_run,
    sections.virtual_metrology,
    sections.maps,
    sections.profiles,
    sections.gantt,
    sections.endpoints,
    sections.fault_detection,
    sections.traces,
    sections.consumables,
    sections.usage,
    sections.alarms,
    sections.recipe,
    sections.process_package,
)


def write_report(run_dir: Path) -> Path:
    """Write ``report.html`` into a run folder and return its path.

    One self-contained page: no script, no request, light and dark. An older report is replaced only by a whole one.
    Raises FileNotFoundError where the folder holds no run.db, RunDatabaseError if that is broken, OSError if the folder
    cannot be written.
    """
    page = render(read_facts(run_dir))
    path = run_dir / "report.html"
    part = path.with_name(".report.html.part")
    part.write_text(page, encoding="utf-8")
    part.replace(path)
    return path


def render(facts: Facts) -> str:
    """Return the page as HTML."""
    here = resources.files("planaris.report")
    rendered = [section for make in _SECTIONS if (section := make(facts))]
    record = facts.record
    lot, run_id = record.text("lot_id") or "unknown lot", record.text("run_id") or "unknown run"
    return Template(here.joinpath("template.html").read_text(encoding="utf-8")).substitute(
        title=esc(f"{facts.marking.mark} · lot {lot} · Planaris report"),
        style=here.joinpath("style.css").read_text(encoding="utf-8"),
        page_mark=_css_text(f"{facts.marking.mark}: {facts.marking.words} · {run_id}"),
        mark=esc(facts.marking.mark),
        mark_words=esc(facts.marking.words),
        run_id=esc(run_id),
        header=sections.header(facts),
        contents="".join(f'<a href="#{s.anchor}">{esc(s.heading)}</a>' for s in rendered),
        sections="".join(_frame(s, facts.marking) for s in rendered),
        footer=esc(
            f"{facts.marking.mark}: {facts.marking.words}. "
            f"Run {run_id}, software {record.text('software') or 'unknown'}, "
            f"event stream {record.text('stream_hash') or 'not hashed'}."
        ),
    )


def _css_text(text: str) -> str:
    """Return a CSS string of a text, safe inside a style element too."""
    unsafe = '"\\<\n\r'
    return '"' + "".join(f"\\{ord(c):06x} " if c in unsafe else c for c in text) + '"'


def _frame(section: Section, marking: Marking) -> str:
    mark = f'<span class="mark">{esc(marking.mark)} <span>{esc(marking.words)}</span></span>'
    return (
        f'<section id="{section.anchor}" aria-labelledby="h-{section.anchor}">'
        f'<h2><span id="h-{section.anchor}">{esc(section.heading)}</span>{mark}</h2>{section.body}</section>'
    )
