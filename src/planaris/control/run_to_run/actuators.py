"""From what is to be removed to step times and zone pressures: a small bounded least-squares problem.

Wanted is the target in the mean and in each zone whose pressure may be moved, with the smallest move from the recipe's
own values, within limits and rate limits (both boxes). The removal is bilinear in time and pressure: two Gauss-Newton
rounds solve it to far below what a label resolves. `scipy.optimize.lsq_linear` solves each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.control.run_to_run.removal_model import RemovalModel

Array = NDArray[np.float64]
# Weight of the move from the recipe's values, against an error of the removal, both relative: it shares the work out
# among the actuators, and leaves an error of about its square [design].
_MOVE_WEIGHT = 0.01
_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Actuator:
    """A released parameter: a step's time (``zone`` None) or the pressure of one of its zones; values in s or kPa.

    ``nominal`` is the recipe's value. No wafer's value leaves ``lowest`` … ``highest``, nor differs by more than
    ``largest_step`` from the one before it on the same head; a change within ``dead_band`` is none. ``resolution`` is
    what an order is rounded to.
    """

    step: int
    zone: int | None
    nominal: float
    lowest: float
    highest: float
    largest_step: float
    dead_band: float
    resolution: float


@dataclass(frozen=True, slots=True)
class Move:
    """Values to order, what they leave expected beside the target (nm, mean of the sites), and which are at a limit.

    ``kept`` says that the move was within the dead band of every actuator.
    """

    values: tuple[float, ...]
    error_nm: float
    at_limit: tuple[int, ...]
    kept: bool


@dataclass(frozen=True, slots=True)
class Actuators:
    """The released parameters of a recipe and what they do."""

    model: RemovalModel
    parameters: tuple[Actuator, ...]

    @property
    def zones(self) -> tuple[int, ...]:
        """Zones of which a pressure may be moved."""
        return tuple(sorted({a.zone for a in self.parameters if a.zone is not None}))

    @property
    def nominal(self) -> tuple[float, ...]:
        """The recipe's own values."""
        return tuple(a.nominal for a in self.parameters)

    def removed_nm(self, values: tuple[float, ...]) -> Array:
        """Return nominal removal by step and zone under values, (n_step, n_zone)."""
        times, pressures = dict[int, float](), dict[tuple[int, int], float]()
        for actuator, value in zip(self.parameters, values, strict=True):
            if actuator.zone is None:
                times[actuator.step] = value
            else:
                pressures[actuator.step, actuator.zone] = value
        return self.model.zones_nm(times, pressures)

    def outputs_nm(self, values: tuple[float, ...]) -> Array:
        """Return nominal removal in the mean of the sites and in each of `zones`."""
        by_zone = self.removed_nm(values).sum(axis=0)
        return np.array([by_zone @ np.array(self.model.site_fraction), *(by_zone[z] for z in self.zones)])

    def towards(self, target_nm: Array, ratio: Array, last: tuple[float, ...]) -> Move:
        """Return what brings `outputs_nm`, each times its ``ratio``, to ``target_nm``, from the ``last`` values."""
        lowest = np.array([max(a.lowest, v - a.largest_step) for a, v in zip(self.parameters, last, strict=True)])
        highest = np.array([min(a.highest, v + a.largest_step) for a, v in zip(self.parameters, last, strict=True)])
        nominal, scale = np.array(self.nominal), np.array([max(abs(a.nominal), 1e-9) for a in self.parameters])
        values = np.clip(np.array(last), lowest, highest)
        for _ in range(_ROUNDS):
            values = self._round(values, target_nm, ratio, nominal, scale, lowest, highest)
        steps = np.array([a.resolution for a in self.parameters])
        rounded = np.clip(np.round(values / steps) * steps, lowest, highest)
        kept = all(abs(v - w) <= a.dead_band for a, v, w in zip(self.parameters, rounded, last, strict=True))
        ordered = tuple(last) if kept else tuple(round(float(v), 6) for v in rounded)
        error = float(ratio[0] * self.outputs_nm(ordered)[0] - target_nm[0])
        at_limit = tuple(
            i for i, a in enumerate(self.parameters) if not kept and (ordered[i] <= a.lowest or ordered[i] >= a.highest)
        )
        return Move(ordered, error, at_limit, kept)

    def _round(
        self, values: Array, target_nm: Array, ratio: Array, nominal: Array, scale: Array, lowest: Array, highest: Array
    ) -> Array:
        """Return the solution of the problem made linear at ``values``; unknowns are relative to nominal values."""
        here = ratio * self.outputs_nm(tuple(values))
        jacobian = np.empty((len(here), len(values)))
        for i, size in enumerate(scale):
            moved = values.copy()
            moved[i] += 1e-4 * size
            jacobian[:, i] = (ratio * self.outputs_nm(tuple(moved)) - here) / (1e-4 * target_nm)
        # J·(x − x0) = (target − here)/target, and weight·(x − nominal) = 0, with x = values/scale.
        left = np.vstack([jacobian, _MOVE_WEIGHT * np.eye(len(values))])
        right = np.concatenate(
            [(target_nm - here) / target_nm + jacobian @ (values / scale), _MOVE_WEIGHT * nominal / scale]
        )
        from scipy.optimize import lsq_linear

        low, high = lowest / scale, highest / scale
        fixed = high - low < 1e-12  # lsq_linear wants room
        solved = lsq_linear(left, right, (np.where(fixed, low - 1e-9, low), np.where(fixed, high + 1e-9, high)))
        return np.clip(solved.x * scale, lowest, highest)
