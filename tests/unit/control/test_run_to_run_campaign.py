"""Short form of `make bench ARGS=run_to_run`: a recorded campaign of the whole tool, polished again as ordered.

500 wafers in lots of 25, new pads before lots 6, 11 and 16, one wafer in five measured, each label 50 wafers late.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from run_to_run_bench import SAFETY, SHARES, actuators
from run_to_run_plants import rows

from planaris.control import Context, Due, Estimator, Ewma, Label, Order, RunToRun, StateSpace, Taken, Threads

Array = NDArray[np.float64]
LOT, START = 25, 100
TOLERANCE_nm = 30.0
NOMINAL_nm = 600.0


@dataclass(frozen=True)
class Wafer:
    """One recorded wafer."""

    context: Context
    target_nm: float
    rate_ratio: float


def wafers() -> list[Wafer]:
    """Return the recorded campaign in the order of polish."""
    found: list[Wafer] = []
    for row in rows("campaign_seed1"):
        ages = tuple(float(age) for age in row["pad_age_h"].split())
        context = Context("ild", row["head"], tuple(row["pads"].split()), ages, SHARES)
        found.append(Wafer(context, float(row["target_nm"]), float(row["rate_ratio"])))
    return found


WAFERS = wafers()
HEADS = np.array([wafer.context.head for wafer in WAFERS])


def under(estimator: Estimator, delay_count: int = 2 * LOT, every_count: int = 5) -> Array:
    """Return what was removed less its target, in nm, wafer by wafer."""
    control = RunToRun(estimator, actuators(), replace(SAFETY, stale_count=150), every_count, delay_count)
    state, errors = control.start(), list[float]()
    for number, wafer in enumerate(WAFERS):
        name = f"W{number}"
        _, order = control.step(state, Due(name, wafer.context, (wafer.target_nm,)))
        assert isinstance(order, Order)
        state, _ = control.step(state, Taken(name, wafer.context, order.values))
        removed = wafer.rate_ratio * float(control.actuators.outputs_nm(order.values)[0])
        state, _ = control.step(state, Label(name, (removed,)))
        errors.append(removed - wafer.target_nm)
    return np.array(errors)


def heads_nm(errors: Array) -> float:
    """Return the head-to-head component: 1 sigma of the heads' means."""
    return float(np.std([errors[START:][HEADS[START:] == head].mean() for head in np.unique(HEADS)]))


@pytest.fixture(scope="module")
def alone() -> Array:
    """The recipe's own times."""
    return np.array([wafer.rate_ratio * NOMINAL_nm - wafer.target_nm for wafer in WAFERS])


@pytest.fixture(scope="module")
def controlled() -> Array:
    return under(StateSpace())


def test_thickness_varies_half_as_much_or_less(alone: Array, controlled: Array) -> None:
    assert controlled[START:].std() <= 0.5 * alone[START:].std()
    # With the first lots, which nobody has labels for yet.
    assert controlled.std() <= 0.5 * alone.std()


def test_head_to_head_is_halved(alone: Array, controlled: Array) -> None:
    assert heads_nm(controlled) <= 0.5 * heads_nm(alone)


def test_no_constant_gain_average_does_better(controlled: Array) -> None:
    # The search of the study finds its best at the least weights: late labels of new pads mislead an average.
    weights = [(0.005, 0.1), (0.02, 0.1), (0.1, 0.1), (0.33, 0.1)]
    best = min(float(under(Threads(Ewma(w), h, restarts=False, pad_restarts=False))[START:].std()) for w, h in weights)
    assert controlled[START:].std() <= 1.15 * best


@pytest.mark.parametrize("lots", [0, 1, 4])
def test_no_delay_makes_it_swing_or_worse_than_none(alone: Array, lots: int) -> None:
    calm = under(StateSpace(), lots * LOT)[2 * START :]
    assert calm.std() < 0.7 * alone[2 * START :].std()
    means = calm.reshape(-1, LOT).mean(axis=1)
    means -= means.mean()
    # 12 lots of white noise have autocorrelations of 0 ± 0.29; a swing is near −1 at half its period.
    lowest = min(float(means[lag:] @ means[:-lag]) / float(means @ means) for lag in range(1, 7))
    assert lowest > -0.6
    # Of white noise one line of six rarely holds more; a swing is one line.
    power = np.abs(np.fft.rfft(means))[2:] ** 2
    assert power.max() < 0.6 * np.sum(np.abs(np.fft.rfft(means))[1:] ** 2)


def test_capability_rises(alone: Array, controlled: Array) -> None:
    def cpk(errors: Array) -> float:
        return (TOLERANCE_nm - abs(float(errors[START:].mean()))) / (3.0 * float(errors[START:].std()))

    assert cpk(controlled) > 2.0 * cpk(alone)
