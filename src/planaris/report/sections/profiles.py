"""Radial profiles of removal, one chart per head: measured dots with their spread, and the twin's truth as a line."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from planaris.report.facts import Facts
from planaris.report.page import Section, figure, note
from planaris.report.plot import Frame, Plot, head_style, span_of
from planaris.report.sections.lot_table import head_mark
from planaris.report.text import known, num
from planaris.report.wafers import WaferLine

Floats = NDArray[np.float64]
Dot = tuple[float, float, float, int]

_FRAME = Frame(300, 260, left=52, right=10, top=12, bottom=40)


def profiles(facts: Facts) -> Section:
    """Return the section."""
    dots = {head: _dots([w for w in facts.polished if w.head == head]) for head in facts.heads}
    truths = {head: _truth_profiles(facts, head) for head in facts.heads}
    if not any(dots.values()) and not any(t.size for t in truths.values()):
        return Section("profiles", "Radial profiles", note("No removal map was measured."))
    span = _span(facts, dots, truths)
    charts = "".join(_chart(facts, head, dots[head], truths[head], span) for head in facts.heads)
    key = '<li><span class="swatch target"></span>target</li><li><span class="block edge"></span>edge exclusion</li>'
    if facts.truth is not None:
        key += '<li><span class="swatch"></span>twin’s truth: mean of the head’s finished wafers, band their range</li>'
    lead = (
        "Dots: measured removal at the sites of one radius, mean over the head’s wafers; bars ± 1 s over those wafers "
        "and sites (their spread, not the instrument’s error alone). Radii that only some wafers were measured at rest "
        "on fewer values (hover a mark)."
    )
    return Section(
        "profiles", "Radial profiles", note(lead) + f'<ul class="key">{key}</ul><div class="quad">{charts}</div>'
    )


def _dots(wafers: list[WaferLine]) -> list[Dot]:
    """Return (radius mm, mean nm, standard deviation nm, values) per site radius."""
    at: dict[float, list[float]] = {}
    for wafer in wafers:
        if wafer.sites is not None:
            pairs = zip(wafer.sites.radius_mm.tolist(), wafer.sites.removal_nm.tolist(), strict=True)
            for radius, value in pairs:
                at.setdefault(round(radius, 1), []).append(value)
    return [
        (radius, float(np.mean(v)), float(np.std(v, ddof=1)) if len(v) > 1 else math.nan, len(v))
        for radius, v in sorted(at.items())
    ]


def _truth_profiles(facts: Facts, head: int) -> Floats:
    """Return the true removal of a head's finished wafers averaged over angle, (wafers, r)."""
    if facts.truth is None:
        return np.empty((0, 0))
    found = [facts.truth.map_of(w.wafer_id) for w in facts.polished if w.head == head and w.finished]
    rings = [truth.mean(axis=1) for truth in found if truth is not None]
    return np.array(rings) if rings else np.empty((0, 0))


def _span(facts: Facts, dots: dict[int, list[Dot]], truths: dict[int, Floats]) -> tuple[float, float]:
    """Return one range for all heads; truth beyond the edge exclusion may leave it."""
    values = [m + k * (s if known(s) else 0.0) for rows in dots.values() for _, m, s, _ in rows for k in (-1, 1)]
    if facts.truth is not None:
        exclusion_mm = facts.targets.edge_exclusion_mm
        inside = facts.truth.grid.r_mm <= 100.0 - (exclusion_mm if known(exclusion_mm) else 0.0)
        values += [v for truth in truths.values() if truth.size for v in truth[:, inside].ravel().tolist()]
    if known(facts.targets.removal_nm):
        values.append(facts.targets.removal_nm)
    return span_of(values, 0.1)


def _chart(facts: Facts, head: int, dots: list[Dot], truth: Floats, span: tuple[float, float]) -> str:
    plot = Plot(f"profile{head}", _FRAME, (-4.0, 100.0), span)
    plot.axis_y("removal, nm")
    plot.axis_x("radius, mm", [0, 25, 50, 75, 100])
    if known(facts.targets.edge_exclusion_mm):
        plot.band_x((100.0 - facts.targets.edge_exclusion_mm, 100.0), "edge", "edge exclusion")
    plot.rule_y(facts.targets.removal_nm, "target")
    if facts.truth is not None and truth.size:
        r_mm = facts.truth.grid.r_mm
        plot.area(r_mm, truth.min(axis=0), truth.max(axis=0), "truth-area", "twin’s truth, range of the head’s wafers")
        plot.line(r_mm, truth.mean(axis=0), "truth-line", "twin’s truth, mean of the head’s wafers")
    for radius, mean, spread, count in dots:
        plot.error_bar(radius, mean - spread, mean + spread, head_style(head))
        words = f"measured at {num(radius, 0)} mm: {num(mean, 1)} ± {num(spread, 1)} nm, {count} values"
        plot.mark(radius, mean, head, words, 4.5)
    wafers = sum(w.head == head for w in facts.polished)
    words = f"Head {head_mark(head)}, {wafers} wafer{'' if wafers == 1 else 's'}"
    return figure(plot.svg(f"Radial removal profile of head {head}"), words)
