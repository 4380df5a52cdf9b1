"""What a validation case found, and where its data and pictures are."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
DATA = Path(__file__).parent / "data"
PAGE = ROOT / "docs" / "validation.md"
PLOTS = ROOT / "docs" / "validation"


@dataclass(frozen=True, slots=True)
class Series:
    """Points of a plot: measured against predicted by the model and by plain Preston, or against ``x``.

    ``curve`` over ``curve_x`` is the model between and beyond the points; ``measured`` may hold NaN where only the
    model is shown.
    """

    label: str
    measured: NDArray[np.float64]
    model: NDArray[np.float64]
    preston: NDArray[np.float64] | None = None
    x: NDArray[np.float64] | None = None
    x_label: str = ""
    quantity: str = "rate, nm/min"
    curve_x: NDArray[np.float64] | None = None
    curve: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One row of the page. Errors are mean relative errors in percent; None where the case has none.

    ``limit`` says what is asked, ``ok`` whether it was met.
    """

    case: str
    what: str
    source: str
    rows: int
    constants: int
    model: str
    limit: str
    ok: bool
    error_pct: float | None = None
    left_out_pct: float | None = None
    blind_pct: float | None = None
    preston_pct: float | None = None
    preston_left_out_pct: float | None = None
    published: str = "none given"
    notes: tuple[str, ...] = ()
    series: tuple[Series, ...] = field(default=(), repr=False)
    y_label: str = ""

    @property
    def plot_name(self) -> str:
        """File name of the case's plot."""
        return self.case.lower().replace(" ", "_") + ".png"


def rows_of(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the cases' tables as text by column."""
    lines = (DATA / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def citation(name: str) -> str:
    """Return the first line of a table: where its numbers come from."""
    return (DATA / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0].lstrip("# ")


def mean_error_pct(model: NDArray[np.float64], measured: NDArray[np.float64]) -> float:
    """Return the mean relative error in percent."""
    return float(100.0 * np.mean(np.abs(model / measured - 1.0)))
