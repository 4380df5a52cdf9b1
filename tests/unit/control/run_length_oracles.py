"""Mean run lengths of control charts by other ways than the charts' own: integral equations and Markov chains."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Array = NDArray[np.float64]
_SQRT_2PI = math.sqrt(2.0 * math.pi)


def _density(x: Array) -> Array:
    return np.exp(-0.5 * x * x) / _SQRT_2PI


def shewhart_length(limit_sigma: float, shift_sigma: float = 0.0) -> float:
    """Return 1/P(beyond the limit)."""
    return 1.0 / float(1.0 - ndtr(limit_sigma - shift_sigma) + ndtr(-limit_sigma - shift_sigma))


def ewma_length(weight: float, limit_sigma: float, shift_sigma: float = 0.0, nodes: int = 200) -> float:
    """Return the zero-state mean run length of an EWMA chart with limits of final width (Crowder 1987).

    L(u) = 1 + 1/λ·∫ L(y)·φ((y - (1 - λ)u)/λ - shift) dy over the limits, by Gauss-Legendre.
    """
    h = limit_sigma * math.sqrt(weight / (2.0 - weight))
    x, w = np.polynomial.legendre.leggauss(nodes)
    y, w = h * x, h * w
    kernel = _density((y[None, :] - (1.0 - weight) * y[:, None]) / weight - shift_sigma) / weight * w
    lengths = np.linalg.solve(np.eye(nodes) - kernel, np.ones(nodes))
    at_zero = _density(y / weight - shift_sigma) / weight * w
    return 1.0 + float(at_zero @ lengths)


def one_sided_cusum_length(slack_sigma: float, limit_sigma: float, shift_sigma: float, states: int = 600) -> float:
    """Return the zero-state mean run length of S = max(0, S + x - k) by a Markov chain (Brook and Evans 1972).

    The first state is 0 itself and the others' middles lie so that the chain converges with the square of their number.
    """
    width = 2.0 * limit_sigma / (2 * states - 1)
    middles = width * np.arange(states)
    upper = middles + 0.5 * width
    drift = shift_sigma - slack_sigma
    below = ndtr(upper[None, :] - middles[:, None] - drift)
    steps = np.diff(below, axis=1, prepend=0.0)  # all that falls below 0 is caught in the first state
    return float(np.linalg.solve(np.eye(states) - steps, np.ones(states))[0])


def cusum_length(slack_sigma: float, limit_sigma: float, shift_sigma: float = 0.0) -> float:
    """Return the mean run length of both sides together: 1/L = 1/L⁺ + 1/L⁻ (Van Dobben de Bruyn 1968)."""
    high = one_sided_cusum_length(slack_sigma, limit_sigma, shift_sigma)
    low = one_sided_cusum_length(slack_sigma, limit_sigma, -shift_sigma)
    return 1.0 / (1.0 / high + 1.0 / low)


# What the rules still look at, by side: beyond 2 sigma of the last two, beyond 1 of the last four; the run on one side.
_Zones = tuple[tuple[bool, ...], tuple[bool, ...], tuple[bool, ...], tuple[bool, ...], int]


def _signals(state: _Zones, zone: int) -> bool:
    high2, low2, high1, low1, run = state
    beyond3 = zone in (0, 7)
    beyond2 = (zone >= 6 and any(high2)) or (zone <= 1 and any(low2))
    beyond1 = (zone >= 5 and sum(high1) >= 3) or (zone <= 2 and sum(low1) >= 3)
    return beyond3 or beyond2 or beyond1 or (run >= 7 if zone >= 4 else run <= -7)


def _after(state: _Zones, zone: int) -> _Zones:
    high2, low2, high1, low1, run = state
    signed = max(run, 0) + 1 if zone >= 4 else min(run, 0) - 1
    return (*high2, zone >= 6)[-2:], (*low2, zone <= 1)[-2:], (*high1, zone >= 5)[-4:], (*low1, zone <= 2)[-4:], signed


def western_electric_length() -> float:
    """Return the in-control mean run length of Western Electric's four rules by a Markov chain.

    A point is in one of eight zones, by side and whole sigma. Champ and Woodall (1987) find 91.75.
    """
    chance = np.diff(ndtr(np.array([-np.inf, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, np.inf])))
    start: _Zones = ((), (), (), (), 0)
    index: dict[_Zones, int] = {start: 0}
    queue: list[_Zones] = [start]
    moves: list[tuple[int, int, float]] = []
    while queue:
        state = queue.pop()
        for zone in range(8):
            if _signals(state, zone):
                continue
            following = _after(state, zone)
            if following not in index:
                index[following] = len(index)
                queue.append(following)
            moves.append((index[state], index[following], float(chance[zone])))
    matrix = np.zeros((len(index), len(index)))
    for here, there, share in moves:
        matrix[here, there] += share
    return float(np.linalg.solve(np.eye(len(index)) - matrix, np.ones(len(index)))[0])
