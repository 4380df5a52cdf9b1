"""V14: anchors of in-situ sensors: fringe, filter delay, skin depth, reflectances of metals."""

from __future__ import annotations

import numpy as np

from case_result import CaseResult, citation, rows_of
from planaris.physics import (
    COPPER_RESISTIVITY_Ohm_m,
    delay_nm,
    reflectance,
    refractive_index,
    skin_depth_um,
    spectrum_of,
    symmetric_mean_delay_s,
)

_NAME = "endpoint"
_LIMIT_PCT, _R_LIMIT_PCT = 1.0, 5.0
_METALS = ("Cu", "Ti", "W", "Ta")


def run() -> list[CaseResult]:
    """Return the formulas' anchors and the metals' reflectances."""
    values = {r["quantity"]: float(r["value"]) for r in rows_of(_NAME)}
    return [_anchors(values), _metals(values)]


def _fringe_period_nm() -> float:
    """Return the distance of two maxima of R over thickness, n 1.46 on Si at 600 nm under water."""
    wave, d = np.array([600.0]), np.arange(0.0, 1000.0, 0.02)
    seen = reflectance(wave, np.array([[1.46 + 0j]]), d[:, None], refractive_index("Si", wave), 1.33)[:, 0]
    peaks = d[1:-1][(seen[1:-1] > seen[:-2]) & (seen[1:-1] >= seen[2:])]
    return float(np.diff(peaks).mean())


def _anchors(values: dict[str, float]) -> CaseResult:
    delay_s = symmetric_mean_delay_s(121, 12.15)
    made = {
        "fringe_period_n1.46_600nm": _fringe_period_nm(),
        "filter_delay_121pts_12.15Hz": delay_s,
        "filter_removal_229nm_min": delay_nm(229.0, delay_s),
        "skin_depth_Cu_2MHz": skin_depth_um(COPPER_RESISTIVITY_Ohm_m, 2.0),
    }
    errors = np.array([100.0 * abs(value / values[name] - 1.0) for name, value in made.items()])
    return CaseResult(
        case="V14 anchors",
        what="fringe period, filter delay and what is removed during it, skin depth",
        source=citation(_NAME),
        rows=len(made),
        constants=0,
        model="transfer matrix; (N-1)/(2f); sqrt(rho/(pi f mu0))",
        limit=f"{_LIMIT_PCT:g} %",
        ok=bool(errors.max() <= _LIMIT_PCT),
        error_pct=float(errors.mean()),
        notes=tuple(f"{name}: {value:.4g} against {values[name]:g}" for name, value in made.items()),
    )


def _metals(values: dict[str, float]) -> CaseResult:
    wave = np.array([650.0])
    made = {m: float(spectrum_of((m,), np.array([1000.0]), wave, ambient="air")[0]) for m in _METALS}
    errors = np.array([100.0 * abs(r / values[f"R_{m}_650nm"] - 1.0) for m, r in made.items()])
    return CaseResult(
        case="V14 metals",
        what="reflectance of four metals at 650 nm in air",
        source=citation(_NAME),
        rows=len(made),
        constants=1,
        model="Fresnel with published n and k; those of Ta assumed",
        limit=f"{_R_LIMIT_PCT:g} %",
        ok=bool(errors.max() <= _R_LIMIT_PCT),
        error_pct=float(errors.mean()),
        notes=(
            *(f"{m}: {r:.3f} against {values[f'R_{m}_650nm']:g}" for m, r in made.items()),
            "no table of Ta was at hand: its constants were set to this reflectance, so its row proves nothing",
        ),
    )
