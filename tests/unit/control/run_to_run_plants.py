"""Plants of the run-to-run literature, many runs side by side, controlled by the methods that run live."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planaris.control import DoubleEwma, Ewma

Array = NDArray[np.float64]
DATA = Path(__file__).with_name("data") / "run_to_run"
FWC_A = np.array([[0.5, -0.2], [0.25, 0.15]])
FWC_C = np.array([[0.0, 0.085], [0.5, 0.0], [0.05, 0.025], [0.0, 0.2], [0.15, 0.0], [0.0, 0.0]])
FWC_D = np.array([[0.1, 0.0], [0.05, 0.0]])


def rows(name: str) -> list[dict[str, str]]:
    """Return a reference table."""
    with (DATA / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def siso_errors(
    method: Ewma | DoubleEwma,
    gain_ratio: float,
    drift: float,
    theta: float,
    chance: np.random.Generator,
    *,
    plants: int = 2000,
    runs: int = 400,
    dropped: int = 200,
) -> Array:
    """Return y − T of y = ξu + δt + n with model gain 1, (runs − dropped, plants); n = e − θ·e of the run before."""
    state = method.start(np.zeros(plants))
    expected = np.zeros(plants)
    before, walk = np.zeros(plants), np.zeros(plants)
    seen: list[Array] = []
    for run in range(runs):
        shock = chance.standard_normal(plants)
        # IMA(1,1): its first difference is e − θ·e before; white noise where θ is 1.
        walk = walk + (1.0 - theta) * before if theta < 1.0 else walk
        before = shock
        u = -expected
        y = gain_ratio * u + drift * run + walk + shock
        state, expected = method.step(state, y - u)  # pyright: ignore[reportArgumentType]
        seen.append(y)
    return np.array(seen[dropped:])


def fwc_outputs(
    method: Ewma | DoubleEwma | None,
    chance: np.random.Generator,
    *,
    every: int = 1,
    plants: int = 400,
    runs: int = 1000,
) -> Array:
    """Return outputs of the factory-wide example, (runs − 200, plants, 2); target 0, labels every so-many runs."""
    state = None if method is None else method.start(np.zeros((plants, 2)))
    expected, inverse = np.zeros((plants, 2)), np.linalg.inv(FWC_A)
    seen: list[Array] = []
    for run in range(runs):
        u = np.zeros((plants, 2)) if method is None else -expected @ inverse
        v1, v3, v5 = (
            chance.normal(1.0, 0.2**0.5, plants),
            chance.uniform(0.2, 1.2, plants),
            chance.uniform(0.0, 0.4, plants),
        )
        v = np.stack([v1, 2.0 * v1, v3, 3.0 * v3, v5, chance.normal(-0.6, 0.2**0.5, plants)], axis=1)
        ramp = np.array([run % 100, run % 200]) @ FWC_D
        y = u @ FWC_A + v @ FWC_C + ramp + chance.standard_normal((plants, 2)) * np.array([0.1, 0.2]) ** 0.5
        if method is not None and run % every == 0:
            state, expected = method.step(state, y - u @ FWC_A)  # pyright: ignore[reportArgumentType]
        seen.append(y)
    return np.array(seen[200:])
