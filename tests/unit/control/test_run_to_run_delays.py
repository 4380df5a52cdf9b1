"""Late and few labels: after a step of the rate control comes to its target without swinging, whatever the delay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from run_to_run_bench import SAFETY, actuators, context

from planaris.control import Due, Estimator, Ewma, Label, Order, RunToRun, StateSpace, Taken, Threads

LOT, WAFERS, STEP_AT = 25, 350, 120
STEP = 0.05


def errors_after_step(estimator: Estimator, delay: int, gain_ratio: float) -> np.ndarray:
    """Return relative errors of the removal after a step of the rate by 5 %, one label in five.

    ``gain_ratio`` ξ is what a change of time truly does over what the model says.
    """
    safety = replace(SAFETY, stale_count=150)
    control = RunToRun(estimator, actuators(dead_band_s=0.0), safety, every_count=5, delay_count=delay)
    state, nominal = control.start(), 600.0
    errors: list[float] = []
    for n in range(WAFERS):
        where = context(1 + n % 4)
        _, order = control.step(state, Due(f"W{n}", where, (600.0,)))
        assert isinstance(order, Order)
        state, _ = control.step(state, Taken(f"W{n}", where, order.values))
        modelled = float(control.actuators.outputs_nm(order.values)[0])
        rate = 1.0 - STEP if n >= STEP_AT else 1.0
        removed = rate * (nominal + gain_ratio * (modelled - nominal))
        state, _ = control.step(state, Label(f"W{n}", (removed,)))
        errors.append(removed / 600.0 - 1.0)
    return np.array(errors[STEP_AT:])


CASES = [
    *((StateSpace(), ratio, lots) for ratio in (0.75, 1.25) for lots in range(5)),
    *((Threads(Ewma(0.33), 0.1), ratio, lots) for ratio in (0.75, 1.25) for lots in range(5)),
]


@pytest.mark.parametrize(
    ("estimator", "gain_ratio", "lots"), CASES, ids=[f"{type(e).__name__}-{r}-{n}" for e, r, n in CASES]
)
def test_a_step_is_made_up_for_without_swinging(estimator: Estimator, gain_ratio: float, lots: int) -> None:
    errors = errors_after_step(estimator, lots * LOT, gain_ratio)
    assert errors[0] == pytest.approx(-STEP, abs=0.003)
    # A model gain wrong by a quarter lets the first correction go too far by a quarter, and an average's head offsets,
    # which learn of the same labels, by some more; a swing would come back below.
    assert errors.max() < 0.35 * STEP
    assert errors.min() > -1.2 * STEP
    assert np.abs(errors[-2 * LOT :]).max() < 0.5 * STEP
    crossings = np.count_nonzero(np.diff(np.sign(np.where(np.abs(errors) < 0.1 * STEP, 0.0, errors))) > 1.5)
    assert crossings <= 1
