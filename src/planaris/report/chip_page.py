"""The report of a chip's study: one page that opens anywhere."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from importlib import resources
from string import Template

from planaris.planarity import ChipStudy, LayerStudy, WaferOfDies
from planaris.report.page import Column, Section, figure, table
from planaris.report.text import esc

_MARK, _WORDS = "MODEL", "predicted from a layout; nothing was polished"
_SHOWN_SPOTS_COUNT = 200
_FIGURES = (
    ("TIR", "TIR_nm"),
    ("step, most", "step_max_nm"),
    ("step, mean", "step_mean_nm"),
    ("dishing, most", "dishing_max_nm"),
    ("erosion, most", "erosion_max_nm"),
    ("thickness, least", "thickness_min_nm"),
    ("mean", "thickness_mean_nm"),
    ("most", "thickness_max_nm"),
)


def chip_page(
    made: ChipStudy, notes: Sequence[str], pictures: Mapping[str, bytes], wafers: Mapping[str, WaferOfDies]
) -> str:
    """Return the page as HTML; ``pictures`` are PNG by layer, ``wafers`` a wafer of each layer's dies, if any."""
    sections = [
        _summary(made),
        *_wafers(wafers),
        *(_layer(one, pictures[one.name]) for one in made.layers),
        _spots(made),
    ]
    every = (*notes, *(note for process in made.processes for note in process.notes))
    if every:
        items = "".join(f"<li>{esc(note)}</li>" for note in every)
        sections.append(Section("notes", "Notes", f"<ul>{items}</ul>"))
    return page(f"{made.top}, {made.process_name}", _header(made), sections, made.source)


def page(title: str, header: str, sections: Sequence[Section], name: str) -> str:
    """Return a whole page of the house's form around some sections; ``header`` is HTML already."""
    here = resources.files("planaris.report")
    return Template(here.joinpath("template.html").read_text(encoding="utf-8")).substitute(
        title=esc(f"{_MARK} · {title} · Planaris report"),
        style=here.joinpath("style.css").read_text(encoding="utf-8"),
        page_mark='"' + f"{_MARK}: {_WORDS}" + '"',
        mark=esc(_MARK),
        mark_words=esc(_WORDS),
        run_id=esc(name),
        header=header,
        contents="".join(f'<a href="#{s.anchor}">{esc(s.heading)}</a>' for s in sections),
        sections="".join(f'<section id="{s.anchor}"><h2>{esc(s.heading)}</h2>{s.body}</section>' for s in sections),
        footer=esc(f"Planaris · {name}"),
    )


def picture(data: bytes, words: str) -> str:
    """Return a PNG within the page."""
    text = base64.b64encode(data).decode("ascii")
    return f'<img alt="{esc(words)}" style="max-width:100%;height:auto" src="data:image/png;base64,{text}">'


def _header(made: ChipStudy) -> str:
    left, bottom, right, top = (v * made.dbu_um / 1000.0 for v in made.box)
    around = "dies repeat in all directions" if made.surround is None else f"in a field of density {made.surround:g}"
    return (
        f"<h1>Chip {esc(made.top)}</h1><p>{esc(made.source)} · {right - left:.3f} × {top - bottom:.3f} mm · "
        f"process {esc(made.process_name)} · {esc(around)}</p>"
    )


def _summary(made: ChipStudy) -> Section:
    columns = [
        Column("layer"), Column("process"), Column("cell", "µm", numeric=True), Column("density", numeric=True),
        Column("time", "s", numeric=True), *(Column(name, "nm", numeric=True) for name, _ in _FIGURES),
        Column("hot spots", numeric=True),
    ]  # fmt: skip
    rows = [
        [
            esc(one.name), esc(one.process.name), f"{one.maps.cell_um:g}", f"{one.maps.mean_density:.4f}",
            f"{one.surface.time_s:.1f}",
            *(f"{getattr(one.statistics, key):.1f}" for _, key in _FIGURES), str(len(one.hot_spots)),
        ]
        for one in made.layers
    ]  # fmt: skip
    tool = made.tool
    start = "Each level lies on what the one above it in the table left." if made.carried else "Each layer starts flat."
    text = (
        f"<p>{start} Focus budget {tool.budget_nm:.0f} nm: a third of n·λ/NA² = "
        f"{tool.depth_of_focus_nm:.0f} nm of {esc(tool.name)} ({esc(tool.source)}).</p>"
    )
    return Section("summary", "Summary", table(columns, rows) + text)


def _wafers(wafers: Mapping[str, WaferOfDies]) -> list[Section]:
    if not wafers:
        return []
    columns = [
        Column("layer"), Column("dies", numeric=True), Column("within die", "nm", numeric=True),
        Column("die to die", "nm", numeric=True), Column("edge die", "nm", numeric=True),
        Column("edge off others", "nm", numeric=True),
    ]  # fmt: skip
    rows = [
        [
            esc(name), str(len(w.dies)), f"{w.within_die_nm:.1f}", f"{w.die_to_die_nm:.1f}", f"{w.edge_die_nm:.1f}",
            f"{w.edge_offset_nm:+.1f}",
        ]
        for name, w in wafers.items()
    ]  # fmt: skip
    text = (
        "<p>Whole dies under the pressure at their centres: mean TIR within a die, range of their mean heights, "
        "largest TIR near the edge, and how high edge dies stand over the others.</p>"
    )
    return [Section("wafer", "Dies of a wafer", table(columns, rows) + text)]


def _layer(one: LayerStudy, data: bytes) -> Section:
    words = f"maps of layer {one.name}"
    return Section(
        f"layer-{''.join(c if c.isalnum() else '-' for c in one.name)}",
        f"Layer {one.name}",
        figure(picture(data, words), "density, surface, step; frames: hot spots of the surface"),
    )


def _spots(made: ChipStudy) -> Section:
    spots = made.hot_spots
    if not spots:
        return Section("hot-spots", "Hot spots", "<p>No place leaves a limit.</p>")
    columns = [
        Column("layer"), Column("what"), Column("worst", "nm", numeric=True), Column("limit", "nm", numeric=True),
        Column("left", "µm", numeric=True), Column("bottom", "µm", numeric=True), Column("right", "µm", numeric=True),
        Column("top", "µm", numeric=True), Column("cells", numeric=True),
    ]  # fmt: skip
    rows = [
        [
            esc(s.layer), esc(s.kind), f"{s.worst_nm:.1f}", f"{s.limit_nm:.1f}", f"{s.left_um:.0f}",
            f"{s.bottom_um:.0f}", f"{s.right_um:.0f}", f"{s.top_um:.0f}", str(s.cells_count),
        ]
        for s in spots[:_SHOWN_SPOTS_COUNT]
    ]  # fmt: skip
    more = len(spots) - _SHOWN_SPOTS_COUNT
    tail = f"<p>{more} more are in hot_spots.csv.</p>" if more > 0 else ""
    return Section("hot-spots", "Hot spots", table(columns, rows) + tail)
