"""Compare the models with published data and write docs/validation.md with its plots.

    python validation/run.py [CASE ...]

Every file ``case_*.py`` here that has a ``run()`` returning `CaseResult` rows takes part; a new file is found by
itself. With names only those cases are printed and nothing is written. Exit status 1 where a limit is missed.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import wrap

import numpy as np

from case_result import PAGE, PLOTS, CaseResult, Series

_INTRO = """# Validation against published data

This page is written by `make validate`. Each row compares what Planaris computes with published measurements, as it is
shipped: laws of removal come from `planaris calibrate` with no hand in it; patterns, start-up, pad, heat and edge
from the functions of its physics. Data and citations stand in `validation/data`; all went through secondary sources.

*Left out* is the mean error on conditions that took no part in the fit, each left out in turn. The form of a law is
chosen by it, so it is a little kind; *blind* is stricter: the mean error on a quarter of the rows that was taken away
before the form was chosen, over eight seeded draws (with fewer rows to learn from: six rows leave five). *Preston* is
plain `K·P·V` on the same rows, fitted and left out. Constants are counted as fitted.

"""
_COLUMNS = (
    "case", "what", "rows", "constants", "error %", "left out %", "blind %", "Preston % (left out)", "limit", "met",
    "published",
)  # fmt: skip
_FIGURE_INCHES = (5.2, 3.6)
_DPI = 100


def collect() -> list[CaseResult]:
    """Run all case files, in the order of the cases' numbers."""
    found: list[CaseResult] = []
    for file in sorted(Path(__file__).parent.glob("case_*.py")):
        module = importlib.import_module(file.stem)
        run: Callable[[], list[CaseResult]] | None = getattr(module, "run", None)
        if run is not None:
            found += run()
    return sorted(found, key=lambda r: ([float(n) for n in re.findall(r"\d+(?:\.\d+)?", r.case)][:1], r.case))


def _pct(value: float | None) -> str:
    return "–" if value is None or not np.isfinite(value) else f"{value:.1f}"


def table_lines(results: list[CaseResult]) -> list[str]:
    """Return the page's table."""
    lines = [
        "| " + " | ".join(_COLUMNS) + " |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- | --- |",
    ]
    for r in results:
        preston = f"{_pct(r.preston_pct)} ({_pct(r.preston_left_out_pct)})"
        cells = (
            f"[{r.case}](#{anchor(r)})", r.what, str(r.rows), str(r.constants), _pct(r.error_pct), _pct(r.left_out_pct),
            _pct(r.blind_pct), preston, r.limit, "yes" if r.ok else "**no**", r.published,
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def anchor(result: CaseResult) -> str:
    """Return the place of a case on the page."""
    return "case-" + re.sub(r"[^a-z0-9]+", "-", result.case.lower())


def section_lines(result: CaseResult) -> list[str]:
    """Return a case's section."""
    lines = ["", f"({anchor(result)})=", f"## {result.case}: {result.what}", "", f"Source: {result.source}", ""]
    lines += [f"Model: `{result.model}`", ""]
    lines += [f"- {note}" for note in result.notes]
    if result.series:
        lines += ["", f"![{result.case}](validation/{result.plot_name})"]
    return lines


def draw(result: CaseResult) -> None:
    """Write a case's plot: rates predicted against measured, or both against a condition."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    figure, axes = plt.subplots(figsize=_FIGURE_INCHES, layout="constrained")
    against = result.series[0].x is not None
    for i, series in enumerate(result.series):
        _against(axes, series, i, result.y_label) if against else _parity(axes, series, i)
    if against:
        axes.set_ylim(bottom=0)
    else:
        every = np.concatenate([s.measured for s in result.series])
        ends = np.array([every.min() * 0.8, every.max() * 1.25])
        axes.plot(ends, ends, color="0.4", linewidth=1)
        axes.fill_between(ends, ends * 0.9, ends * 1.1, color="0.85", label="±10 %", zorder=0)
        quantity = result.series[0].quantity
        axes.set(xscale="log", yscale="log", xlabel=f"measured {quantity}", ylabel=f"predicted {quantity}")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axis.set_minor_formatter(NullFormatter())
    axes.set_title("\n".join(wrap(f"{result.case}: {result.what}", 60)), fontsize=9)
    axes.legend(fontsize=8)
    figure.savefig(PLOTS / result.plot_name, dpi=_DPI, metadata={"Software": ""})
    plt.close(figure)


def _parity(axes: object, series: Series, number: int) -> None:
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    axes.plot(series.measured, series.model, "os^"[number % 3], color=f"C{number}", label=series.label)
    if series.preston is not None:
        axes.plot(
            series.measured, series.preston, "x", color=f"C{number}", alpha=0.5, markersize=5,
            label=f"{series.label}, plain Preston",
        )  # fmt: skip


def _against(axes: object, series: Series, number: int, y_label: str) -> None:
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    assert series.x is not None
    name = f"{series.label}: " if series.curve is not None else ""
    measured, model = (f"C{number}", f"C{number}") if name else (f"C{2 * number}", f"C{2 * number + 1}")
    if np.isfinite(series.measured).any():
        axes.plot(series.x, series.measured, "os^"[number % 3], color=measured, label=f"{name}measured")
    if series.curve is not None and series.curve_x is not None:
        axes.plot(series.curve_x, series.curve, "-", color=model, label=f"{name}model", linewidth=1)
    else:
        order = np.argsort(series.x, kind="stable")
        # A line only where the model has one value at each place.
        style = "x-" if len(np.unique(series.x)) == len(series.x) else "x"
        axes.plot(series.x[order], series.model[order], style, color=model, label="model", linewidth=1)
    axes.set(xlabel=series.x_label, ylabel=y_label or series.quantity)


def main(names: list[str]) -> int:
    """Run, print and, without names, write the page; return the exit status."""
    results = [r for r in collect() if not names or r.case in names]
    print("\n".join(table_lines(results)))
    if not names:
        PLOTS.mkdir(exist_ok=True)
        for result in results:
            if result.series:
                draw(result)
        sections = [line for result in results for line in section_lines(result)]
        PAGE.write_text(_INTRO + "\n".join(table_lines(results) + sections) + "\n", encoding="utf-8")
        print(f"\nwritten to {PAGE}")
    missed = [r.case for r in results if not r.ok]
    if missed:
        print("limits missed: " + ", ".join(missed))
    return 1 if missed or not results else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
