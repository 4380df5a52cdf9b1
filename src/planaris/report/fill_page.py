"""The report of a fill: one page with figures before and after."""

from __future__ import annotations

from collections.abc import Sequence

from planaris.planarity import FillDesign, FillTrial, PatternProcess
from planaris.report.chip_page import page, picture
from planaris.report.page import Column, Section, figure, table
from planaris.report.text import esc

_SHOWN_COUNT = 100


def fill_page(
    made: FillDesign,
    trials: Sequence[FillTrial],
    source: str,
    top: str,
    process: PatternProcess,
    notes: Sequence[str],
    data: bytes,
) -> str:
    """Return the page as HTML; ``data`` is the picture as PNG."""
    columns = [
        Column(""), Column("density", numeric=True), Column("squares", numeric=True), Column("TIR", "nm", numeric=True),
        Column("of before", numeric=True),
    ]  # fmt: skip
    rows = [
        [
            esc(one.name),
            f"{one.maps.mean_density:.4f}",
            str(len(one.squares)),
            f"{one.TIR_nm:.2f}",
            f"{one.TIR_nm / made.before.TIR_nm:.2f}",
        ]
        for one in trials
    ]
    rules = made.rules
    text = (
        f"<p>Squares of {esc(', '.join(f'{s:g}' for s in rules.sizes_um))} µm, {rules.fill_space_um:g} µm apart, "
        f"{rules.drawn_space_um:g} µm from drawn shapes; density {rules.density_min_fraction:g} to "
        f"{rules.density_max_fraction:g} in windows of {rules.window_um:g} µm.</p>"
    )
    sections = [
        Section("figures", "Before and after", table(columns, rows) + text),
        Section("maps", "Maps", figure(picture(data, "density and surface before and after fill"), "one scale each")),
        Section("rules", "Rules", _violations(made)),
    ]
    every = [*notes, *process.notes]
    if every:
        sections.append(Section("notes", "Notes", "<ul>" + "".join(f"<li>{esc(n)}</li>" for n in every) + "</ul>"))
    header = f"<h1>Fill of {esc(top)}, {esc(rules.name)}</h1><p>{esc(source)} · process {esc(process.name)}</p>"
    return page(f"Fill of {top}, {rules.name}", header, sections, source)


def _violations(made: FillDesign) -> str:
    if not made.violations:
        return "<p>No rule is broken, by a check that knows nothing of how fill was placed.</p>"
    columns = [Column("rule"), Column("x", "µm", numeric=True), Column("y", "µm", numeric=True),
               Column("found", numeric=True), Column("limit", numeric=True)]  # fmt: skip
    rows = [
        [esc(v.rule), f"{v.x_um:.2f}", f"{v.y_um:.2f}", f"{v.found:.4g}", f"{v.limit:.4g}"]
        for v in made.violations[:_SHOWN_COUNT]
    ]
    return f"<p>{len(made.violations)} violations.</p>" + table(columns, rows)
