"""A column of films being worn from its top: which shows at a depth, and how deep a dose of polish reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.model import Layer

Array = NDArray[np.float64]

# A film thinner than this is gone: rounding of the depths.
_GONE_NM = 1e-9


@dataclass(frozen=True, slots=True)
class FilmColumn:
    """Films from the top: depth of each one's bottom, blanket rate in nm/s, a number for its material, its threshold.

    What lies below the last film is not removed. A film's rate under a relative pressure p is K·max(0, p − t)/(1 − t):
    the blanket rate at p = 1, nothing below the threshold t.
    """

    bottoms_nm: tuple[float, ...]
    rates_nm_s: tuple[float, ...]
    materials: tuple[int, ...]
    thresholds: tuple[float, ...]

    def showing(self, depth_nm: Array, xp: Any) -> tuple[Array | float, Array | int, Array | float]:
        """Return (rate, material, threshold) of what shows at depths; plain numbers where one film shows everywhere."""
        first, last = 0, len(self.bottoms_nm)
        if xp is np:
            first = self._index(float(depth_nm.min()))
            last = self._index(float(depth_nm.max()))
        rates, materials, thresholds = (*self.rates_nm_s, 0.0), (*self.materials, -1), (*self.thresholds, 0.0)
        rate: Any = rates[last]
        material: Any = materials[last]
        threshold: Any = thresholds[last]
        for k in range(last - 1, first - 1, -1):
            here = depth_nm < self.bottoms_nm[k] - _GONE_NM
            rate, material = xp.where(here, rates[k], rate), xp.where(here, materials[k], material)
            if any(self.thresholds):
                threshold = xp.where(here, thresholds[k], threshold)
        return rate, material, threshold

    def _index(self, depth_nm: float) -> int:
        for k, bottom in enumerate(self.bottoms_nm):
            if depth_nm < bottom - _GONE_NM:
                return k
        return len(self.bottoms_nm)

    def share_to_end(self, depth_nm: Array, wear_nm: Array, xp: Any) -> Array | float:
        """Return at which share of a wear the film that shows ends; above 1 where it does not."""
        if xp is np:
            first = self._index(float(depth_nm.min()))
            if self._index(float((depth_nm + wear_nm).max())) == first:
                return 2.0
        share: Any = 2.0
        wear = xp.where(wear_nm > 0.0, wear_nm, 1.0)
        for bottom in reversed(self.bottoms_nm):
            room = bottom - depth_nm
            ends = xp.where(wear_nm > 0.0, room / wear, 2.0)
            share = xp.where(room > _GONE_NM, ends, share)
        return share

    def worn(self, depth_nm: Array, dose_s: Array, factor: Array | float, xp: Any) -> Array:
        """Return the depths after doses (relative pressure × time, see `pressed`); ``factor`` multiplies the rates.

        A film takes what clears it, the next one the rest.
        """
        if xp is np:
            first = self._index(float(depth_nm.min()))
            rate = (*self.rates_nm_s, 0.0)[first]
            after = depth_nm + (rate * factor) * dose_s
            if self._index(float(after.max())) == first:
                return after
        left, depth = dose_s, depth_nm
        for bottom, rate in zip(self.bottoms_nm, self.rates_nm_s, strict=True):
            room = xp.maximum(bottom - depth, 0.0)
            if rate > 0.0:
                taken = xp.minimum(room, (rate * factor) * left)
                depth, left = depth + taken, xp.maximum(left - taken / (rate * factor), 0.0)
            else:
                left = xp.where(room > _GONE_NM, 0.0, left)
        return depth


def pressed(pressure: Array, threshold: Array | float, xp: Any) -> Array:
    """Return max(0, p − t)/(1 − t): rate over blanket rate at a relative pressure."""
    if isinstance(threshold, float) and threshold == 0.0:
        return pressure
    return xp.maximum(pressure - threshold, 0.0) / (1.0 - threshold)


def pressed_slope(pressure: Array, threshold: Array | float, xp: Any) -> Array | float:
    """Return the slope of `pressed` by pressure."""
    if isinstance(threshold, float) and threshold == 0.0:
        return 1.0
    return xp.where(pressure > threshold, 1.0, 0.0) / (1.0 - threshold)


def film_column(
    layers: Sequence[Layer],
    rates_nm_min: Mapping[str, float],
    codes: Mapping[str, int],
    thresholds: Mapping[str, float],
) -> FilmColumn:
    """Return the column of layers from the top; KeyError for a material without a rate."""
    return FilmColumn(
        tuple(accumulate(layer.thickness_nm for layer in layers)),
        tuple(rates_nm_min[layer.material] / 60.0 for layer in layers),
        tuple(codes[layer.material] for layer in layers),
        tuple(thresholds.get(layer.material, 0.0) for layer in layers),
    )
