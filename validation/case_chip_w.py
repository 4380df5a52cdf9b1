"""V15: dishing and erosion of tungsten against how selective its slurry is to the liner."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from case_result import CaseResult, Series, citation, rows_of
from chip_lines import lines
from planaris.model import Layer
from planaris.planarity import ClearEndpoint, PatternStack, PolishStage, chip_process, polish

_ROWS = "w_dishing_erosion_avanzino1999"
# What the patent does not state: films of a plug process in nm, oxide's rate under all three slurries in nm/min,
# over-polish of all in percent of the time to clear the liner (A).
_W_nm, _LINER_nm, _OXIDE_nm, _TRENCH_nm = 600.0, 50.0, 2000.0, 800.0
_OXIDE_nm_min, _OVER_POLISH_PCT = 50.0, 100.0
_ARRAY_um, _LINE_um, _SPACE_um = 1.0, 10.0, 100.0


def polished(tungsten_nm_min: float, liner_nm_min: float) -> tuple[float, float]:
    """Return (dishing of a 10 µm line, erosion of a 50 % array) in nm under a slurry."""
    usual = chip_process("w")
    stack = PatternStack(
        (Layer("W", _W_nm), Layer("Ti", _LINER_nm), Layer("TEOS", _OXIDE_nm)),
        (Layer("W", _W_nm + _TRENCH_nm + _OXIDE_nm),), 0.0, up_drawn=False,
    )  # fmt: skip
    rates = {"W": tungsten_nm_min, "Ti": liner_nm_min, "TEOS": _OXIDE_nm_min}
    stage = PolishStage(rates, ClearEndpoint(film="TEOS", overpolish_pct=_OVER_POLISH_PCT, latest_s=3600.0))
    process = replace(usual, stack=stack, stages=(stage,))
    line = polish(lines(_LINE_um, _SPACE_um), process)
    array = polish(lines(_ARRAY_um, _ARRAY_um), process)
    return float(line.dishing_nm[0, 0]), float(array.erosion_nm[0, 0])


def run() -> list[CaseResult]:
    """Return the case."""
    rows = rows_of(_ROWS)
    ratio = np.array([float(r["W_A_min"]) / float(r["Ti_A_min"]) for r in rows])
    found = np.array([polished(0.1 * float(r["W_A_min"]), 0.1 * float(r["Ti_A_min"])) for r in rows])
    high, middle, low = (int(np.argmin(np.abs(np.log(ratio / near)))) for near in (19.0, 4.0, 0.9))
    both = found.sum(axis=1)
    ordered = bool(both[middle] < both[low] and found[high, 0] > found[middle, 0])
    measured = np.array([0.1 * float(r["dishing_10um_A"]) for r in rows])
    eroded = np.array([0.1 * float(r["erosion_50pct_A"] or "nan") for r in rows])
    order = np.argsort(ratio)
    at = np.log10(ratio[order])
    return [
        CaseResult(
            case="V15",
            what="W: dishing and erosion against the ratio of W and Ti rates",
            source=citation(_ROWS),
            rows=len(rows),
            constants=0,
            model="W package marched until the liner is gone, and as long again",
            limit="ordering: sum lower at 4 than at 0.9, dishing larger at 19",
            ok=ordered,
            notes=(
                *(
                    f"W:Ti {ratio[k]:.2g}: dishing {10.0 * found[k, 0]:.0f} Å ({10.0 * measured[k]:.0f}), erosion "
                    f"{10.0 * found[k, 1]:.0f} Å ({'not given' if np.isnan(eroded[k]) else f'{10.0 * eroded[k]:.0f}'})"
                    for k in (high, middle, low)
                ),
                "a slow liner leaves its plugs to be dished while it clears; slow tungsten makes over-polish long and "
                "oxide "
                "pays for it",
                "only the order is asked: films, oxide rate and over-polish are not stated (600 and 50 nm; 50 nm/min "
                "under all "
                "slurries; 100 %). With 20 % over-polish the sum at 0.9 is the lowest instead, for any oxide rate "
                "from 50 to "
                "120 nm/min: that the liner's slurry wins is a matter of long over-polish",
                "recess constants: exponents of copper, the scale from these same dishings (package w_plug)",
            ),
            series=(
                Series("dishing, 10 µm line", measured[order], found[order, 0], x=at, x_label="log10 of W:Ti"),
                Series("erosion, 50 % array", eroded[order], found[order, 1], x=at, x_label="log10 of W:Ti"),
            ),
            y_label="nm",
        )
    ]
