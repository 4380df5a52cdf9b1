"""Contact of a rigid rough surface with an elastic half-space under a given mean pressure.

The problem: the pressure p ≥ 0 of given mean that makes ½·pᵀKp − pᵀh least, with the heights h of the surface and the
half-space's influence K. Its solution has gap = K·p − h + const ≥ 0 and p·gap = 0 everywhere (Kalker 1977).

The method keeps Polonsky and Keer's (1999) conjugate gradients on the cells in contact and differs in the rest. They
are preconditioned by |q|/2, the inverse of K where all cells touch. The contact set is the one that pressure and gap
together ask for, changed once in a few steps. The load is kept by projection onto {p ≥ 0, mean p = p̄}. An exact line
search between the old and the projected pressure, which costs no transform, keeps the energy falling. Few cells touch,
so that the sums of the conjugate gradients run over those alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.physics.contact.influence import FreeInfluence, Influence, PeriodicInfluence
from planaris.physics.contact.projection import project_onto_load
from planaris.physics.contact.rectangle import influence_um
from planaris.physics.contact.types import Field, Single

# The residual at which a solution counts as found.
TOLERANCE_RATIO = 1e-6
# Passes of the outer loop; rough surfaces take 6 to 15.
PASSES = 100
# Conjugate-gradient steps of one pass: until the preconditioned residual has fallen to a fifth, at most eight. More
# would polish a contact set that the projection changes anyway.
STEPS = 8
STEP_GAIN_RATIO = 0.2
# A cell takes part where p exceeds this share of (gap − mean gap in contact) over the deflection of one loaded cell: it
# lets cells that are about to part leave early. Fewest steps at 0.02 to 0.1, on surfaces of Hurst 0.8.
CELL_SHARE = 0.05
_KPA_PER_MPA = 1000.0


@dataclass(frozen=True, slots=True)
class ContactSolution:
    """Pressure and gap of one contact.

    Shapes (n_y, n_x). ``residual_ratio`` is Σp·gap/(p̄·h_rms·n) with the gap shifted to a least value of zero: an upper
    bound of the energy left to gain, over p̄·h_rms·n. ``approach_um`` is the rigid shift of the surface into the
    half-space from where its zero height meets the free level; ``iterations`` counts conjugate-gradient steps.
    """

    pressure_kPa: Field
    gap_um: Field
    residual_ratio: float
    iterations: int
    converged: bool
    approach_um: float

    @property
    def contact(self) -> NDArray[np.bool_]:
        """Cells that carry pressure."""
        return self.pressure_kPa > 0.0

    @property
    def contact_area_ratio(self) -> float:
        """Part of the cells in contact."""
        return float(np.count_nonzero(self.pressure_kPa)) / self.pressure_kPa.size


def solve_contact(
    heights_um: Field,
    spacing_um: float,
    mean_pressure_kPa: float,
    reduced_modulus_MPa: float,
    *,
    free: bool = False,
    tolerance_ratio: float = TOLERANCE_RATIO,
    passes: int = PASSES,
    workers: int = 1,
) -> ContactSolution:
    """Return the contact of a surface of ``heights_um`` (n_y, n_x; towards the half-space) on square cells.

    The grid repeats, or stands alone with ``free``. A solution that ran out of ``passes`` says so (``converged``).
    ``workers`` is the number of threads of the transforms. Raises ValueError for a grid that is not two-dimensional and
    finite, and for spacing, pressure or modulus that is not positive.
    """
    heights = _checked(heights_um, spacing_um, mean_pressure_kPa, reduced_modulus_MPa)
    influence = _half_space(heights, spacing_um, free=free, workers=workers)
    unit_kPa = _KPA_PER_MPA * reduced_modulus_MPa
    found = _Search(heights, influence, mean_pressure_kPa / unit_kPa, spacing_um)
    found.run(tolerance_ratio, passes)
    gap, approach = found.gap_um.reshape(heights.shape), float(found.gap_um.min())
    return ContactSolution(
        pressure_kPa=unit_kPa * found.pressure.reshape(heights.shape),
        gap_um=gap - approach,
        residual_ratio=found.residual_ratio,
        iterations=found.iterations,
        converged=found.residual_ratio <= tolerance_ratio,
        approach_um=approach,
    )


def complementarity_ratio(
    pressure_kPa: Field,
    heights_um: Field,
    spacing_um: float,
    reduced_modulus_MPa: float,
    *,
    free: bool = False,
    workers: int = 1,
) -> float:
    """Return Σp·gap/(p̄·h_rms·n) of any pressure ≥ 0 (n_y, n_x), whoever found it: what the solver stops on.

    The gap is shifted to a least value of zero over all cells, so that the result is an upper bound of the energy that
    a better pressure of the same load could gain. Raises ValueError as `solve_contact`, and for pressure below zero.
    """
    heights = _checked(heights_um, spacing_um, float(np.mean(pressure_kPa)), reduced_modulus_MPa)
    if pressure_kPa.shape != heights.shape or float(pressure_kPa.min()) < 0.0:
        raise ValueError(
            f"pressure_kPa must be ≥ 0 and of the heights' shape {heights.shape}, got {pressure_kPa.shape}"
        )
    ratio = np.asarray(pressure_kPa, dtype=np.float64) / (_KPA_PER_MPA * reduced_modulus_MPa)
    gap = _half_space(heights, spacing_um, free=free, workers=workers).displacement_um(ratio) - heights
    return float((ratio * (gap - gap.min())).sum() / (ratio.sum() * (heights.std() or 1.0)))


def _half_space(heights: Field, spacing_um: float, *, free: bool, workers: int) -> Influence:
    of: type[FreeInfluence | PeriodicInfluence] = FreeInfluence if free else PeriodicInfluence
    return of((heights.shape[0], heights.shape[1]), spacing_um, workers)


def _checked(heights_um: Field, spacing_um: float, mean_pressure_kPa: float, reduced_modulus_MPa: float) -> Field:
    heights = np.ascontiguousarray(heights_um, dtype=np.float64)
    if heights.ndim != 2 or heights.size == 0:
        raise ValueError(f"heights_um must be a grid (n_y, n_x), got shape {heights.shape}")
    if not np.isfinite(heights).all():
        raise ValueError(f"heights_um has {np.count_nonzero(~np.isfinite(heights))} cells that are not finite")
    numbers = {
        "spacing_um": spacing_um,
        "mean_pressure_kPa": mean_pressure_kPa,
        "reduced_modulus_MPa": reduced_modulus_MPa,
    }
    if wrong := [f"{name} {value}" for name, value in numbers.items() if not (np.isfinite(value) and value > 0.0)]:
        raise ValueError("must be finite and above zero: " + ", ".join(wrong))
    return heights


class _Search:
    """The state of one search; pressure over E*, all fields flat."""

    def __init__(self, heights_um: Field, influence: Influence, mean_pressure: float, spacing_um: float) -> None:
        self._shape, self._influence = heights_um.shape, influence
        self._heights = heights_um.reshape(-1)
        self._load = mean_pressure * heights_um.size
        # A flat surface has no roughness to measure by: any unit will do, since its residual is zero.
        self._scale_um = float(heights_um.std()) or 1.0
        self._field = np.zeros(heights_um.shape, dtype=np.float32)
        self._cell_stiffness = CELL_SHARE / float(influence_um(0.0, 0.0, spacing_um))
        # Were the half-space pulled to touch everywhere, this would be the pressure: exact for one that repeats.
        touching = influence.stiffness(heights_um.astype(np.float32)).reshape(-1).astype(np.float64)
        self.pressure = project_onto_load(mean_pressure - touching.mean() + touching, self._load)
        self.gap_um = self._gap(self.pressure)
        self._loaded = np.flatnonzero(self.pressure)
        self.iterations = 0

    @property
    def _level_um(self) -> float:
        """Return the mean gap in contact, weighted by pressure."""
        return float(self.pressure[self._loaded] @ self.gap_um[self._loaded]) / self._load

    @property
    def residual_ratio(self) -> float:
        """Return Σp·(gap − min gap)/(p̄·h_rms·n)."""
        return (self._level_um - float(self.gap_um.min())) / self._scale_um

    def run(self, tolerance_ratio: float, passes: int) -> None:
        """Pass until the residual is small."""
        for _ in range(passes):
            if self.residual_ratio <= tolerance_ratio:
                self._drop_leftovers(tolerance_ratio)
                return
            level_um = self._level_um
            cells = self._asked_for(level_um)
            if not self._move(cells, self._newton_step(cells), level_um):
                self._move(cells, self._gradient_step(cells), level_um)

    def _asked_for(self, level_um: float) -> NDArray[np.intp]:
        """Return which cells pressure and gap together ask to touch."""
        asked = self.gap_um < level_um
        loaded = self._loaded
        asked[loaded] = self.pressure[loaded] > self._cell_stiffness * (self.gap_um[loaded] - level_um)
        return np.flatnonzero(asked)

    def _drop_leftovers(self, tolerance_ratio: float) -> None:
        """Take what part steps left on cells that no longer touch, where the residual stays within its tolerance."""
        asked = self._asked_for(self._level_um)
        loaded = asked[self.pressure[asked] > 0.0]
        if loaded.size == self._loaded.size:
            return
        before = self.pressure, self.gap_um, self._loaded
        kept = np.zeros_like(self.pressure)
        kept[loaded] = self.pressure[loaded]
        self.pressure, self._loaded = kept * (self._load / kept.sum()), loaded
        self.gap_um = self._gap(self.pressure)
        if self.residual_ratio > tolerance_ratio:
            self.pressure, self.gap_um, self._loaded = before

    def _gap(self, pressure: Field) -> Field:
        gap = self._influence.displacement_um(pressure.reshape(self._shape)).reshape(-1)
        gap -= self._heights
        return gap

    def _on(self, cells: NDArray[np.intp], values: Field, operator: Callable[[Single], Single]) -> Field:
        """Return K (or its approximate inverse) of values on some cells, on those cells.

        In single precision and scaled to one: these steps only steer, what they lead to is measured in double.
        """
        scale = float(np.abs(values).max(initial=0.0)) or 1.0
        flat = self._field.reshape(-1)
        flat[cells] = values / scale
        made = operator(self._field).reshape(-1)[cells]
        flat[cells] = 0.0
        return scale * made.astype(np.float64)

    def _newton_step(self, cells: NDArray[np.intp]) -> Field:
        """Return roughly the change of pressure that makes the gap constant on ``cells`` at equal load."""
        residual = self.gap_um[cells]
        residual -= residual.mean()
        change, direction = np.zeros_like(residual), np.zeros_like(residual)
        first = last = 0.0
        for step in range(STEPS):
            steered = self._on(cells, residual, self._influence.stiffness)
            steered -= steered.mean()
            gain = float(residual @ steered)
            if step == 0:
                first = gain
            if gain <= STEP_GAIN_RATIO**2 * first and (step > 0 or gain <= 0.0):
                break
            direction = steered + (gain / last if step else 0.0) * direction
            last = gain
            answer = self._on(cells, direction, self._influence.displacement_single_um)
            length = gain / float(direction @ answer)
            change -= length * direction
            residual -= length * answer
            residual -= residual.mean()
            self.iterations += 1
        return change

    def _gradient_step(self, cells: NDArray[np.intp]) -> Field:
        """Return the step of steepest descent: slower, and always downhill."""
        residual = self.gap_um[cells]
        residual -= residual.mean()
        self.iterations += 1
        return (
            -float(residual @ residual)
            / float(residual @ self._on(cells, residual, self._influence.displacement_single_um))
            * residual
        )

    def _move(self, cells: NDArray[np.intp], change: Field, level_um: float) -> bool:
        """Go from the pressure towards the projection of pressure + change, as far as the energy falls; say whether."""
        target = project_onto_load(self.pressure[cells] + change, self._load)
        there = np.zeros_like(self.pressure)
        there[cells] = target
        either = np.zeros(self.pressure.size, dtype=np.bool_)
        either[self._loaded] = either[cells] = True
        moved = np.flatnonzero(either)
        way = there[moved] - self.pressure[moved]
        slope = float((self.gap_um[moved] - level_um) @ way)
        if slope >= 0.0:
            return False
        gap = self._gap(there)
        curvature = float((gap[moved] - self.gap_um[moved]) @ way)
        length = min(1.0, -slope / curvature) if curvature > 0.0 else 1.0
        if length == 1.0:
            self.pressure, self.gap_um, self._loaded = there, gap, cells[target > 0.0]
            return True
        self.pressure[moved] += length * way
        self._loaded = moved[self.pressure[moved] > 0.0]
        gap -= self.gap_um
        gap *= length
        self.gap_um += gap
        return True
