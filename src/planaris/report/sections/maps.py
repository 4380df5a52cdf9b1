"""Removal maps of every wafer: what the sites say, and apart from it what truly happened on the twin."""

from __future__ import annotations

import math

import numpy as np

from planaris.physics import PolarGrid, from_sites
from planaris.report.facts import Facts
from planaris.report.page import Section, measured_box, note, truth_box
from planaris.report.palette import css_gradient, measured_ramp, truth_ramp
from planaris.report.plot import glyph
from planaris.report.raster import WAFER_RADIUS_MM, data_uri, picture
from planaris.report.text import esc, known, num, with_unit
from planaris.report.wafers import WaferLine

_SIZE_PX = 112
_GRID = PolarGrid()
Limits = tuple[float, float]


def maps(facts: Facts) -> Section:
    """Return the section."""
    limits_nm = _limits(facts)
    boxes = [measured_box("removal between the sites", _measured(facts, limits_nm))]
    lead = "Removal interpolated smoothly between the measured sites (dots); nothing is shown in the edge exclusion. "
    if facts.truth is not None:
        truth = _scale(limits_nm, "truth") + _truth(facts, limits_nm)
        boxes.append(truth_box("removal as it was on the wafer", truth))
        lead += (
            "Apart, in its own colours: what the twin’s physics removed, on its 64 × 32 polar grid; the tool never "
            "sees it. Both scales have the same limits. "
        )
    lead += "The notch points down."
    return Section("maps", "Removal maps", note(lead) + f'<div class="pair">{"".join(boxes)}</div>')


def _limits(facts: Facts) -> Limits:
    """Return one range for all maps: 1st to 99th percentile of sites and, inside the exclusion, of truth.

    Wafers that never finished have no say: what was left half done would squeeze the others into one colour.
    """
    edge_mm = WAFER_RADIUS_MM - _exclusion_mm(facts)
    parts = [w.sites.removal_nm for w in facts.wafers if w.sites is not None]
    if facts.truth is not None:
        inside = facts.truth.grid.r_mm <= edge_mm
        found = [facts.truth.map_of(w.wafer_id) for w in facts.wafers if w.finished]
        parts += [truth[inside].ravel() for truth in found if truth is not None]
    values = np.concatenate(parts) if parts else np.empty(0)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(values, [1.0, 99.0]))
    step = 10.0 ** math.floor(math.log10(max(high - low, 1e-6)))
    return math.floor(low / step) * step, max(math.ceil(high / step) * step, math.floor(low / step) * step + step)


def _exclusion_mm(facts: Facts) -> float:
    return facts.targets.edge_exclusion_mm if known(facts.targets.edge_exclusion_mm) else 0.0


def _measured(facts: Facts, limits_nm: Limits) -> str:
    if not any(w.sites is not None for w in facts.wafers):
        return note("No wafer has a map before and after polish.")
    edge_mm = WAFER_RADIUS_MM - _exclusion_mm(facts)
    words = "Below each map: measured mean and WIWNU over the sites, and how many they are."
    scale = _scale(limits_nm, "measured")
    cards = "".join(_measured_map(w, limits_nm, edge_mm) for w in facts.wafers)
    return f'{scale}<div class="maps">{cards}</div>{note(words)}'


def _measured_map(wafer: WaferLine, limits_nm: Limits, edge_mm: float) -> str:
    sites = wafer.sites
    if sites is None:
        return _card(wafer, _missing("not measured"), num(None))
    smooth = from_sites(sites.x_mm, sites.y_mm, sites.removal_nm, _GRID)
    uri = data_uri(picture(smooth, _GRID, _SIZE_PX, edge_mm), *limits_nm, measured_ramp())
    dots = "".join(
        f'<circle class="site" cx="{x:.1f}" cy="{-y:.1f}" r="{2.8 if len(sites.x_mm) < 20 else 1.9}">'
        f"<title>{num(math.hypot(x, y), 0)} mm: {num(v, 1)} nm</title></circle>"
        for x, y, v in zip(sites.x_mm.tolist(), sites.y_mm.tolist(), sites.removal_nm.tolist(), strict=True)
    )
    mean_nm = with_unit(float(sites.removal_nm.mean()), 1, "nm")
    words = f"{mean_nm}<br>{with_unit(wafer.wiwnu_pct, 2, '%')} · {len(sites.x_mm)}"
    return _card(wafer, _image(uri) + dots, words)


def _truth(facts: Facts, limits_nm: Limits) -> str:
    truth = facts.truth
    cards: list[str] = []
    for wafer in facts.wafers:
        found = truth.map_of(wafer.wafer_id) if truth is not None else None
        if truth is None or found is None:
            cards.append(_card(wafer, _missing("no truth"), num(None)))
            continue
        uri = data_uri(picture(found, truth.grid, _SIZE_PX), *limits_nm, truth_ramp())
        mean_nm, wiwnu_pct = truth.mean_and_wiwnu(found, facts.targets.edge_exclusion_mm)
        words = f"{with_unit(mean_nm, 1, 'nm')}<br>{with_unit(wiwnu_pct, 2, '%')}"
        cards.append(_card(wafer, _image(uri), words))
    words = (
        "Below each map: true area-weighted mean and true WIWNU of all points inside the edge exclusion. They differ "
        "from the measured numbers by the instrument’s bias and by what a few sites can see."
    )
    return f'<div class="maps">{"".join(cards)}</div>' + note(words)


def _card(wafer: WaferLine, inner: str, words: str) -> str:
    head = f" · {glyph(wafer.head)}{wafer.head}" if wafer.head else ""
    label = f"slot {wafer.slot}, {wafer.wafer_id}, head {wafer.head or 'none'}"
    return (
        f'<figure><svg viewBox="-103 -103 206 206" role="img" aria-label="{esc(label)}"><title>{esc(label)}</title>'
        f'<circle class="void" r="100"/>{inner}<path class="rim" d="M-5 99.9A100 100 0 1 1 5 99.9L0 93Z"/></svg>'
        f"<figcaption>slot {wafer.slot}{head}<br>{words}</figcaption></figure>"
    )


def _image(uri: str) -> str:
    return f'<image href="{uri}" x="-100" y="-100" width="200" height="200" preserveAspectRatio="none"/>'


def _missing(words: str) -> str:
    return f'<text class="missing" y="6">{esc(words)}</text>'


def _scale(limits_nm: Limits, kind: str) -> str:
    ramp = truth_ramp() if kind == "truth" else measured_ramp()
    name = "twin’s truth" if kind == "truth" else "measured"
    low, high = limits_nm
    return (
        f'<div class="scale">{num(low, 0)} nm<span style="background:{css_gradient(ramp)}"></span>'
        f"{num(high, 0)} nm</div>"
        f'<p class="note">removal, {name}; values beyond the ends take the end’s colour</p>'
    )
