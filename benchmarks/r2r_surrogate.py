"""Run-to-run control on recorded wafers: what each wafer's own rate was in a whole tool, polished again as ordered.

A campaign in the mode "advise" leaves every wafer's threads, target and label in its events. Its label over the nominal
removal is that wafer's rate; any control can then be played against these rates in a second instead of minutes. How
near that comes to the whole tool under the same control is measured, wafer by wafer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.control import Context, Due, Estimator, Label, Order, RunToRun, Safety, Taken
from planaris.stream import Committed, RecipeAdjusted, RemovalLabelled
from planaris.tool import RecipeControl
from planaris.tool.run_to_run_memory import context_of

Array = NDArray[np.float64]
# Head-to-head and lot statistics leave out the lots before the first labels are known and learned from.
START_LOTS = 4


@dataclass(frozen=True)
class Recorded:
    """Wafers in the order of their polish: threads, what was to be removed, what was removed and under which values."""

    names: tuple[str, ...]
    contexts: tuple[Context, ...]
    target_nm: Array
    removed_nm: Array
    values: tuple[tuple[float, ...], ...]
    heads: Array

    @property
    def error_nm(self) -> Array:
        """What was left too much of each film (negative: too little)."""
        return self.target_nm - self.removed_nm


def recorded(events: Sequence[Committed], control: RecipeControl) -> Recorded:
    """Return the wafers of a campaign from its events."""
    decided = [e.event for e in events if isinstance(e.event, RecipeAdjusted)]
    labels = {e.event.wafer_id: e.event.label_nm[0] for e in events if isinstance(e.event, RemovalLabelled)}
    decided = [e for e in decided if e.wafer_id in labels]
    nominal = control.control.actuators.nominal
    return Recorded(
        tuple(e.wafer_id for e in decided),
        tuple(context_of(e, control) for e in decided),
        np.array([e.target_nm for e in decided]),
        np.array([labels[e.wafer_id] for e in decided]),
        tuple(e.time_after_s if e.mode == "control" else nominal for e in decided),
        np.array([float(e.head) for e in decided]),
    )


@dataclass(frozen=True)
class Sampling:
    """One wafer in ``every_count`` is measured; its label is known ``delay_count`` wafers later."""

    every_count: int = 5
    delay_count: int = 50


def replayed(
    wafers: Recorded, control: RecipeControl, estimator: Estimator, sampling: Sampling, safety: Safety | None = None
) -> Array:
    """Return the error in nm (as `Recorded.error_nm`) of every wafer, polished at its own rate as control orders."""
    actuators = control.control.actuators
    one = RunToRun(estimator, actuators, safety or control.control.safety, sampling.every_count, sampling.delay_count)
    state = one.start()
    errors = np.empty(len(wafers.names))
    for k, name in enumerate(wafers.names):
        context, target = wafers.contexts[k], float(wafers.target_nm[k])
        _, order = one.step(state, Due(name, context, (target,)))
        assert isinstance(order, Order)
        state, _ = one.step(state, Taken(name, context, order.values))
        rate_ratio = float(wafers.removed_nm[k] / actuators.outputs_nm(wafers.values[k])[0])
        removed = rate_ratio * float(actuators.outputs_nm(order.values)[0])
        state, _ = one.step(state, Label(name, (removed,)))
        errors[k] = target - removed
    return errors


def head_nm(error_nm: Array, heads: Array) -> float:
    """Return the head-to-head component: 1 sigma of the heads' means."""
    return float(np.std([error_nm[heads == h].mean() for h in np.unique(heads)]))


def cpk(error_nm: Array, tolerance_nm: float) -> float:
    """Return the capability of a thickness that may be off by so much either way."""
    return (tolerance_nm - abs(float(error_nm.mean()))) / (3.0 * float(error_nm.std()))


def lowest_autocorrelation(error_nm: Array, lot_count: int, lags: int = 8) -> float:
    """Return the lowest autocorrelation of lot means over lags of 1 to ``lags`` lots: an oscillation is near −1."""
    means = error_nm.reshape(-1, lot_count).mean(axis=1)
    means = means - means.mean()
    power = float(means @ means)
    return min(float(means[lag:] @ means[:-lag]) / power for lag in range(1, lags + 1))


def strongest_line(error_nm: Array, lot_count: int) -> float:
    """Return the share of the lot means' variance that lies at one period of 2 to 8 lots: near 1 for an oscillation."""
    means = error_nm.reshape(-1, lot_count).mean(axis=1)
    power = np.abs(np.fft.rfft(means - means.mean()))[1:] ** 2
    period = len(means) / np.arange(1, len(power) + 1)
    return float(power[period <= 8.0].max() / power.sum()) if math.isfinite(power.sum()) else math.nan
