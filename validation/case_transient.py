"""V16: the start-up transient of the blanket Cu rate, averaged over time, with its author's constants."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from case_result import CaseResult, Series, rows_of

_NM_MIN_PER_A_S = 6.0


def mean_rate(time_s: NDArray[np.float64], a1: float, a2: float, tau_s: float) -> NDArray[np.float64]:
    """Return the mean of max(0, a1 − (a2/τ)·exp(−t/τ)) from 0 to ``time_s``, in the unit of a1 (Tugbawa 2002)."""
    start = max(0.0, tau_s * float(np.log(a2 / (tau_s * a1))))
    removed = a1 * (time_s - start) - a2 * (np.exp(-start / tau_s) - np.exp(-time_s / tau_s))
    return np.where(time_s > start, removed, 0.0) / time_s


def run() -> list[CaseResult]:
    """Compare the averaged transient with the averaged rates of experiment 1."""
    constants = next(row for row in rows_of("cu_blanket_rate_tugbawa2002") if row["experiment"] == "1")
    points = rows_of("cu_blanket_avg_rate_exp1_fig3_19")
    time_s = np.array([float(p["time_s"]) for p in points])
    measured = np.array([float(p["avg_rate_A_s"]) for p in points])
    made = mean_rate(time_s, float(constants["a1_A_s"]), float(constants["a2_A"]), float(constants["tau_s"]))
    error = 100.0 * np.abs(made / measured - 1.0)
    series = Series(
        "time average, experiment 1", _NM_MIN_PER_A_S * measured, _NM_MIN_PER_A_S * made, x=time_s, x_label="time, s"
    )
    return [
        CaseResult(
            case="V16",
            what="Cu: time average of the start-up transient",
            source="T. Tugbawa, PhD thesis, MIT EECS (2002), hdl 1721.1/8083, blanket rates and Fig. 3.19",
            rows=len(points),
            constants=0,
            model="a1 - (a2/tau)·exp(-t/tau), not below 0, averaged",
            limit="22 % in the first two rows, 4 % later",
            ok=bool(np.all(error[:2] <= 22.0) and np.all(error[2:] <= 4.0)),
            error_pct=float(np.mean(error)),
            published=f"rms {float(constants['rms_A']):g} Å in thickness (author)",
            notes=(
                "the author's constants are taken as printed; nothing is fitted",
                "errors by row: " + ", ".join(f"{e:.1f} %" for e in error),
            ),
            series=(series,),
        )
    ]
