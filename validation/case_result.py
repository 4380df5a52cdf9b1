"""What a validation case found, and where its data and pictures are."""

from __future__ import annotations

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
    """Points of a plot: measured against predicted by the model and by plain Preston, or against ``x``."""

    label: str
    measured: NDArray[np.float64]
    model: NDArray[np.float64]
    preston: NDArray[np.float64] | None = None
    x: NDArray[np.float64] | None = None
    x_label: str = ""
    quantity: str = "rate, nm/min"


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

    @property
    def plot_name(self) -> str:
        """File name of the case's plot."""
        return self.case.lower().replace(" ", "_") + ".png"
