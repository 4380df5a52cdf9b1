"""Slurry and water that each wafer took."""

from __future__ import annotations

import math

from planaris.report.facts import Facts
from planaris.report.page import Section, figure, note, scroll
from planaris.report.plot import Frame, Plot
from planaris.report.text import known, num
from planaris.report.wafers import WaferLine

_FRAME = Frame(590, 240, left=58, top=10, bottom=42)


def usage(facts: Facts) -> Section:
    """Return the section."""
    wafers = [w for w in facts.wafers if known(w.slurry_ml) or known(w.di_water_ml)]
    if not wafers:
        return Section("usage", "Slurry and water", note("No wafer took slurry or water."))
    charts = (
        '<div class="pair">'
        + figure(scroll(_slurry(wafers), "slurry per wafer", 480), _words([w.slurry_ml for w in wafers], "Slurry"))
        + figure(
            scroll(_water(wafers), "water per wafer", 480),
            _words([w.di_water_ml for w in wafers], "DI water") + _key(wafers),
        )
        + "</div>"
    )
    return Section("usage", "Slurry and water", charts)


def _words(values_ml: list[float], what: str) -> str:
    finite = [v for v in values_ml if known(v)]
    if not finite:
        return f"{what}: not recorded."
    total_ml = math.fsum(finite)
    each = f"{num(total_ml / len(finite), 0)} ml per wafer"
    return f"{what}: {each}, {num(total_ml / 1000.0, 1)} l in all."


def _key(wafers: list[WaferLine]) -> str:
    if not any(known(w.polish_water_ml) and known(w.clean_water_ml) for w in wafers):
        return ""
    return (
        ' <span class="block" style="background:var(--g0)"></span>lower: polisher '
        '<span class="block" style="background:var(--g2)"></span>upper: cleaner'
    )


def _frame(name: str, wafers: list[WaferLine], highest: float, label: str) -> Plot:
    slots = [w.slot for w in wafers]
    plot = Plot(name, _FRAME, (min(slots) - 0.7, max(slots) + 0.7), (0.0, 1.12 * highest if highest else 1.0))
    plot.axis_y(label)
    shown = slots if len(slots) <= 13 else slots[::2]
    plot.axis_x("slot", shown, [str(slot) for slot in shown])
    return plot


def _slurry(wafers: list[WaferLine]) -> str:
    highest = max((w.slurry_ml for w in wafers if known(w.slurry_ml)), default=0.0)
    plot = _frame("slurry", wafers, highest, "slurry, ml")
    for w in wafers:
        if known(w.slurry_ml):
            plot.bar(
                (w.slot - 0.38, 0.0), (0.76, w.slurry_ml), "bar-a", f"slot {w.slot}: {num(w.slurry_ml, 0)} ml slurry"
            )
    return plot.svg("Slurry per wafer")


def _water(wafers: list[WaferLine]) -> str:
    """Stack polisher and cleaner where the record tells them apart; else one bar of the total."""
    highest = max((w.di_water_ml for w in wafers if known(w.di_water_ml)), default=0.0) / 1000.0
    plot = _frame("water", wafers, highest, "DI water, l")
    for w in wafers:
        polish_l, clean_l = w.polish_water_ml / 1000.0, w.clean_water_ml / 1000.0
        if known(polish_l) and known(clean_l):
            title = f"slot {w.slot}: {num(polish_l, 2)} l in the polisher, {num(clean_l, 2)} l in the cleaner"
            plot.bar((w.slot - 0.38, 0.0), (0.76, polish_l), "bar-a", title)
            plot.bar((w.slot - 0.38, polish_l), (0.76, clean_l), "bar-b", title)
        elif known(w.di_water_ml):
            litres = w.di_water_ml / 1000.0
            plot.bar((w.slot - 0.38, 0.0), (0.76, litres), "bar-a", f"slot {w.slot}: {num(litres, 2)} l")
    return plot.svg("DI water per wafer, polisher and cleaner")
