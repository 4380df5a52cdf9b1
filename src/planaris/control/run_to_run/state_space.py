"""State-space model of the removal rate, followed by a Kalman filter: products, heads, pads with their age.

The logarithm of a wafer's removal over its nominal one is the sum of its product's level, its head's, its pads' (each
by the share of the removal that is done on it), what the age of these pads makes of them, and noise. What pads have in
common (break-in, slow decay) is learned from all of them; a changed part begins anew by its serial number, with what
its kind is known for. Kalman 1960; threads that share states: Firth, Campbell, Toprac, Edgar 2006 (JADE).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.control.run_to_run.context import Context, Estimate, Residual

Array = NDArray[np.float64]
_SLOPE, _BREAK_IN = "all pads: slope", "all pads: break-in"
_NOTHING = (0.0, (0.0, 0.0))


@dataclass(frozen=True, slots=True)
class SpaceState:
    """Names of the states, their means and covariance (rows), the wafer they stand at, labels by product."""

    names: tuple[str, ...]
    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    number: int = 0
    labels_count: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class StateSpace:
    """Kalman filter on the threads of `Context`. All sigmas are relative (of a rate), 1 sigma [design].

    ``noise_ratio``: wafer to wafer and instrument. ``product_ratio`` … ``slurry_ratio``: what is not known of a part of
    that kind before its first label. ``wander_ratio``: what a product's level moves by chance from wafer to wafer,
    ``pad_wander_ratio`` a pad's. A new pad is slower by ``break_in_ratio`` ± ``break_in_sigma_ratio`` and comes up with
    the time constant ``break_in_h`` of polish under in-situ conditioning: 7–24 % in 50–130 min, of which 95 % then
    (Jeong 2021); ``slope_ratio`` is its further change per hour.
    """

    noise_ratio: float = 0.008
    product_ratio: float = 0.10
    head_ratio: float = 0.02
    pad_ratio: float = 0.03
    slurry_ratio: float = 0.015
    wander_ratio: float = 2e-4
    pad_wander_ratio: float = 4e-4
    break_in_ratio: float = 0.13
    break_in_sigma_ratio: float = 0.05
    break_in_own_ratio: float = 0.04
    break_in_h: float = 0.5
    slope_ratio: float = 0.01

    def start(self) -> SpaceState:
        """Return the state that knows nothing but what pads have in common."""
        return SpaceState(
            (_SLOPE, _BREAK_IN),
            (0.0, self.break_in_ratio),
            ((self.slope_ratio**2, 0.0), (0.0, self.break_in_sigma_ratio**2)),
        )

    def expect(self, state: SpaceState, context: Context, number: int) -> Estimate:
        """Return what a wafer's ratio is expected to be, noise of the wafer left out of its sigma."""
        row, mean, covariance, _ = self._at(state, context, number)
        labels = dict(state.labels_count).get(context.product, 0)
        return Estimate(float(row @ mean), math.sqrt(max(float(row @ covariance @ row), 0.0)), labels)

    def step(self, state: SpaceState, seen: Residual) -> tuple[SpaceState, Estimate]:
        """Take a label; states of pads two changes back are forgotten."""
        row, mean, covariance, names = self._at(state, seen.context, seen.number)
        labels = dict(state.labels_count)
        expected = Estimate(
            float(row @ mean),
            math.sqrt(max(float(row @ covariance @ row), 0.0)),
            labels.get(seen.context.product, 0),
        )
        along = covariance @ row
        gain = along / (float(row @ along) + self.noise_ratio**2)
        mean = mean + gain * (seen.log_ratio - expected.log_ratio)
        # Joseph's form keeps the covariance symmetric and positive over any number of labels.
        left = np.eye(len(row)) - np.outer(gain, row)
        covariance = left @ covariance @ left.T + self.noise_ratio**2 * np.outer(gain, gain)
        kept = _kept(names, seen.context)
        labels[seen.context.product] = expected.labels_count + 1
        return SpaceState(
            tuple(names[i] for i in kept),
            tuple(mean[kept].tolist()),
            tuple(tuple(line) for line in covariance[np.ix_(kept, kept)].tolist()),
            max(seen.number, state.number),
            tuple(labels.items()),
        ), expected

    def _at(self, state: SpaceState, context: Context, number: int) -> tuple[Array, Array, Array, list[str]]:
        """Return a wafer's row of the model, and mean, covariance and names at its place in the count."""
        wanted = self._row(context)
        names, mean = list(state.names), list(state.mean)
        old = len(names)
        for name, (_, prior) in wanted.items():
            if name not in names:
                names.append(name)
                mean.append(prior[0])
        covariance = np.zeros((len(names), len(names)))
        covariance[:old, :old] = np.array(state.covariance)
        for i in range(old, len(names)):
            covariance[i, i] = wanted[names[i]][1][1] ** 2
        passed = max(0, number - state.number)
        for i in range(old):
            covariance[i, i] += passed * self._wander(names[i]) ** 2
        row = np.array([wanted[name][0] if name in wanted else 0.0 for name in names])
        return row, np.array(mean), covariance, names

    def _wander(self, name: str) -> float:
        kind = name.partition(":")[0]
        return {"product": self.wander_ratio, "pad": self.pad_wander_ratio}.get(kind, 0.0)

    def _row(self, context: Context) -> dict[str, tuple[float, tuple[float, float]]]:
        """Return each state's factor for a wafer, and its prior (mean, sigma)."""
        row: dict[str, tuple[float, tuple[float, float]]] = {
            f"product:{context.product}": (1.0, (0.0, self.product_ratio)),
            f"head:{context.head}": (1.0, (0.0, self.head_ratio)),
        }
        if context.slurry:
            row[f"slurry:{context.slurry}"] = (1.0, (0.0, self.slurry_ratio))
        slope = missing = 0.0
        for pad, age_h, share in zip(context.pads, context.pad_age_h, context.share_fraction, strict=True):
            # A wafer may meet a pad twice on its way.
            row[f"pad:{pad}"] = (row.get(f"pad:{pad}", _NOTHING)[0] + share, (0.0, self.pad_ratio))
            if age_h < 0.0:  # it may be old or new: its level says what there is to say
                continue
            new = -share * math.exp(-age_h / self.break_in_h)
            before = row.get(f"break-in:{pad}", _NOTHING)[0]
            row[f"break-in:{pad}"] = (before + new, (0.0, self.break_in_own_ratio))
            slope, missing = slope + share * age_h, missing + new
        return row | {_SLOPE: (slope, (0.0, 0.0)), _BREAK_IN: (missing, (0.0, 0.0))}


def _kept(names: list[str], context: Context) -> list[int]:
    """Return the states to keep: of each platen the pad of this label and the one before, whose labels may be late."""
    kept: list[int] = []
    for i, name in enumerate(names):
        kind, _, part = name.partition(":")
        if kind in {"pad", "break-in"} and part not in context.pads:
            place = part.partition("/")[0]
            later = [n for n in names[i + 1 :] if n.startswith(f"{kind}:{place}/")]
            if len(later) >= 2:
                continue
        kept.append(i)
    return kept
