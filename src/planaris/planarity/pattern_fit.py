"""Constants of the chip-scale model from a table of patterns: planarization length, contact scale, recess, selectivity.

Two kinds of rows. *Steps*: a block of some density in a field of another, its step before and after a time of polish;
they fix L, σ and the width gain α. *Recesses*: lines of a fast film between a slow one after a time of over-polish,
with dishing or erosion; they fix the recess B·w^α·s^β, the selectivity and the rounding. Every row is one cell of the
same march that polishes chips. What the rows do not vary is not fitted and said so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from planaris.model import Layer
from planaris.physics import ContactConstants, edge_rounding_factor, recess_limit_nm
from planaris.planarity.load_split import bending_per_nm
from planaris.planarity.pad_kernel import kernel_weights
from planaris.planarity.pattern_process import PatternConstants, PatternProcess, PatternStack, PolishStage
from planaris.planarity.stage_march import march_stages
from planaris.planarity.surface_march import CellConstants

Array = NDArray[np.float64]
Columns = Mapping[str, Array]

STEP_COLUMNS = ("density", "time_s", "blanket_nm_min", "start_step_nm", "step_nm")
RECESS_COLUMNS = ("width_um", "space_um", "time_s", "fast_nm_min")
MEASURED_RECESS = ("dishing_nm", "erosion_nm")
_DEEP_nm = 1e9
# Rows of a recess never show one film: no contact scale bounds their time steps, and the march is exact for any.
_NO_CONTACT = ContactConstants(1e12)
# A parameter is fitted only from more rows than this beyond the number of parameters.
_SPARE_ROWS = 1
_FOLDS, _NORMAL_95 = 6, 1.96
_CELLS_A_LENGTH = 40
_FULL = 1.0 - 1e-9


@dataclass(frozen=True, slots=True)
class FittedConstant:
    """A constant of the model as fitted: name as in a package's ``pattern`` numbers, value, 95 % interval."""

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PatternFit:
    """What a table says: constants, root mean square misfit, the same with rows left out, and what it cannot say.

    ``held`` are values that were taken and not fitted, each with why.
    """

    kind: str
    constants: tuple[FittedConstant, ...]
    rows: int
    rms_nm: float
    left_out_nm: float
    held: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    start: float
    low: float
    high: float
    identified: bool
    held: str


def fit_steps(table: Columns) -> PatternFit:
    """Fit L, σ and α to rows of steps.

    Columns of `STEP_COLUMNS`, and ``field_density`` with ``block_mm`` for L, ``down_width_um`` for α. Raises ValueError
    naming columns that lack, and for too few rows.
    """
    _need(table, STEP_COLUMNS)
    rows = len(table["density"])
    blocks = "field_density" in table and "block_mm" in table
    apart = blocks and bool(np.any(np.abs(table["field_density"] - table["density"]) > 0.05))
    wide = "down_width_um" in table and _varies(table["down_width_um"])
    parameters = (
        _Parameter("sigma_nm", 130.0, 5.0, 2000.0, True, ""),
        _Parameter("planarization_length_mm", 3.0, 0.05, 50.0, apart, "no blocks in a field of another density"),
        _Parameter("width_gain_ratio", 5.0, 1e-3, 1e3, wide, "one trench width, or none given: no width term"),
    )

    def made(values: Mapping[str, float], at: NDArray[np.intp]) -> Array:
        part = {name: column[at] for name, column in table.items()}
        rho = part["density"]
        if apart:
            within = _block_share(part["block_mm"] / values["planarization_length_mm"])
            rho = part["field_density"] + (rho - part["field_density"]) * within
        alpha = values["width_gain_ratio"] if wide else 0.0
        contact = ContactConstants(values["sigma_nm"], alpha)
        bend = bending_per_nm(contact, part["down_width_um"]) if wide else 0.0
        removed = part["blanket_nm_min"] * part["time_s"] / 60.0
        cells = CellConstants(np.clip(rho, 1e-6, _FULL), part["start_step_nm"], bend, 1.0, 1.0)
        up, down = _march(cells, removed, contact, 1.0)
        return part["start_step_nm"] - up + down

    return _fit("steps", parameters, made, table["step_nm"], rows)


def fit_recesses(table: Columns) -> PatternFit:
    """Fit recess constants, selectivity and rounding to rows of dishing and erosion.

    Columns of `RECESS_COLUMNS`, at least one of `MEASURED_RECESS` (NaN where a row has none), and ``density`` of the
    slow film where it is not that of the lines. Raises ValueError naming columns that lack, and for too few rows.
    """
    _need(table, RECESS_COLUMNS)
    if not any(name in table for name in MEASURED_RECESS):
        raise ValueError(f"the table measures nothing: one of {', '.join(MEASURED_RECESS)} is needed")
    n = len(table["width_um"])
    nothing = np.full(n, np.nan)
    dishing, erosion = (table.get(name, nothing) for name in MEASURED_RECESS)
    of_dishing, of_erosion = np.flatnonzero(np.isfinite(dishing)), np.flatnonzero(np.isfinite(erosion))
    measured = np.concatenate([dishing[of_dishing], erosion[of_erosion]])
    at_row = np.concatenate([of_dishing, of_erosion])
    eroded = np.arange(measured.size) >= of_dishing.size
    spaced = _varies(table["space_um"])
    parameters = (
        _Parameter("recess_scale_nm", 30.0, 0.1, 5000.0, True, ""),
        _Parameter("exponent_recess_width", 0.3, 1e-3, 2.0, _varies(table["width_um"]), "one line width: 0.303"),
        _Parameter("exponent_recess_space", 0.25, 1e-3, 2.0, spaced, "one space: 0.259"),
        _Parameter("selectivity_ratio", 50.0, 1.01, 1e4, of_erosion.size > 0, "no erosion: 90"),
        _Parameter("rounding_ratio", 3.0, 1e-3, 100.0, spaced and of_erosion.size > 2, "no erosion over spaces: none"),
    )
    taken = {"exponent_recess_width": 0.303, "exponent_recess_space": 0.259, "selectivity_ratio": 90.0,
             "rounding_ratio": 0.0}  # fmt: skip

    def made(values: Mapping[str, float], at: NDArray[np.intp]) -> Array:
        rows, is_erosion = at_row[at], eroded[at]
        part = {name: column[rows] for name, column in table.items()}
        width, space = part["width_um"], part["space_um"]
        rho = part.get("density", space / (width + space))
        of = {**taken, **values}
        largest = recess_limit_nm(
            width, space, of["recess_scale_nm"], of["exponent_recess_width"], of["exponent_recess_space"]
        )
        rounding = edge_rounding_factor(space, of["rounding_ratio"])
        removed = part["fast_nm_min"] * part["time_s"] / 60.0
        cells = CellConstants(np.clip(rho, 1e-6, _FULL), np.zeros(len(rows)), 0.0, largest, rounding)
        up, down = _march(cells, removed, _NO_CONTACT, 1.0 / of["selectivity_ratio"])
        return np.where(is_erosion, up, down - up)

    return _fit("recesses", parameters, made, measured, measured.size)


def _march(
    cells: CellConstants, removed_nm: Array, contact: ContactConstants, slow_ratio: float
) -> tuple[Array, Array]:
    """Return depths on up and down places of rows whose blanket removals differ: each under its own load, for 1 min."""
    most = float(removed_nm.max())
    slow, fast = Layer("slow", _DEEP_nm), Layer("fast" if slow_ratio != 1.0 else "slow", _DEEP_nm)
    process = PatternProcess(
        "rows",
        PatternStack((slow,), (fast,), 0.0, up_drawn=True),
        PatternConstants(1.0, contact),
        (PolishStage({"slow": most * slow_ratio, "fast": most}, 60.0),),
    )
    loaded = replace(cells, load_ratio=removed_nm / most)
    wear, _, _ = march_stages(process, loaded, (60.0,), None, 60.0, 1, np)
    return wear.up_nm, wear.down_nm


def _block_share(block_over_length: Array) -> Array:
    """Return the kernel's weight over a square block around its centre, by the block's side over L."""
    weights = kernel_weights(1.0, 1e-3 * _CELLS_A_LENGTH)
    middle = weights.shape[0] // 2
    # A window of 2k+1 cells; its side over L.
    shares = [float(weights[middle - k : middle + k + 1, middle - k : middle + k + 1].sum()) for k in range(middle + 1)]
    sides = (2.0 * np.arange(middle + 1) + 1.0) / _CELLS_A_LENGTH
    return np.interp(block_over_length, np.concatenate([[0.0], sides]), np.concatenate([[0.0], shares]))


def _varies(column: Array) -> bool:
    return bool(np.ptp(column) > 0.2 * float(np.abs(column).max()))


def _need(table: Columns, names: Sequence[str]) -> None:
    if lacking := [name for name in names if name not in table]:
        raise ValueError(f"columns lack: {', '.join(lacking)}")


def _fit(
    kind: str,
    parameters: Sequence[_Parameter],
    made: Callable[[Mapping[str, float], NDArray[np.intp]], Array],
    measured: Array,
    rows: int,
) -> PatternFit:
    free = [p for p in parameters if p.identified]
    if rows < len(free) + _SPARE_ROWS:
        needed = len(free) + _SPARE_ROWS
        raise ValueError(f"{rows} measured numbers for {len(free)} constants: at least {needed} are needed")

    def values(logs: Array) -> dict[str, float]:
        return {p.name: float(v) for p, v in zip(free, np.exp(logs), strict=True)}

    def solve(at: NDArray[np.intp], start: Array) -> tuple[Array, Array]:
        bounds = [p.low for p in free], [p.high for p in free]
        found = least_squares(
            lambda logs: made(values(logs), at) - measured[at],
            start,
            bounds=(np.log(bounds[0]), np.log(bounds[1])),
            diff_step=[1e-5] * len(free),
        )
        return found.x, np.asarray(found.jac, dtype=np.float64)

    every = np.arange(rows)
    logs, slopes = solve(every, np.log([p.start for p in free]))
    misfit = made(values(logs), every) - measured
    variance = float((misfit**2).sum()) / max(rows - len(free), 1)
    spread = np.sqrt(np.diag(np.linalg.pinv(slopes.T @ slopes)) * variance) * _NORMAL_95
    constants = tuple(
        FittedConstant(p.name, float(np.exp(v)), float(np.exp(v - min(s, 20.0))), float(np.exp(v + min(s, 20.0))))
        for p, v, s in zip(free, logs, spread, strict=True)
    )
    left = np.empty(rows)
    for fold in np.array_split(every, min(rows, _FOLDS)):
        rest = np.setdiff1d(every, fold)
        if rest.size < len(free):
            return PatternFit(kind, constants, rows, _rms(misfit), float("nan"), _held(parameters))
        left[fold] = made(values(solve(rest, logs)[0]), fold) - measured[fold]
    return PatternFit(kind, constants, rows, _rms(misfit), _rms(left), _held(parameters))


def _held(parameters: Sequence[_Parameter]) -> tuple[str, ...]:
    return tuple(f"{p.name}: {p.held}" for p in parameters if not p.identified)


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))
