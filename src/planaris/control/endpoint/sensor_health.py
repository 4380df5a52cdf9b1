"""Health of a scalar sensor: drop-out, stuck, spike, saturation. Sick samples are left out and never make a call."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planaris.control.endpoint.signals import FloatArray

# Samples behind the running centre and spread that a spike is judged by.
_MEMORY_COUNT = 64
# A tenth of the samples of a good sensor may be left out before it counts as sick.
_SICK_FRACTION = 0.35
# 1.4826 turns a median absolute deviation into the standard deviation of Gaussian noise.
_MAD_TO_SIGMA = 1.4826
# Fewest samples for a spread.
_SPREAD_COUNT = 12


@dataclass(frozen=True, slots=True)
class SensorLimits:
    """What a healthy sensor may say: its range, how long one value may repeat, how far a sample may jump.

    ``low`` and ``high`` are in the signal's unit; a sample at or beyond them is a drop-out or saturated.
    """

    low: float
    high: float
    stuck_count: int = 8
    spike_sigma: float = 4.5


@dataclass(frozen=True, slots=True)
class SensorHealth:
    """What is remembered of a sensor: its last good samples, the last value and how often it came again, sick share."""

    recent: tuple[float, ...] = ()
    last: float = float("nan")
    repeated_count: int = 0
    sick_fraction: float = 0.0
    fault: str = ""


def check_samples(health: SensorHealth, samples: FloatArray, limits: SensorLimits) -> tuple[SensorHealth, FloatArray]:
    """Return the next health and the samples with NaN where they say nothing.

    ``fault`` names what is wrong now and is '' for a sensor that may be believed.
    """
    gone = ~np.isfinite(samples) | (samples <= limits.low)
    full = samples >= limits.high
    before = np.concatenate([[health.last], samples[:-1]])
    same = (samples == before) & ~gone
    good = ~(gone | full | same)
    spikes = np.zeros_like(good)
    recent = np.asarray(health.recent)
    if recent.size >= _SPREAD_COUNT:
        centre = _middle(recent)
        spread = _MAD_TO_SIGMA * _middle(np.abs(recent - centre))
        # A level that has moved is no spike: where half of the samples stand apart, they are the new level.
        spikes = good & (np.abs(samples - centre) > limits.spike_sigma * max(spread, 1e-12))
        if np.count_nonzero(spikes) > 0.5 * max(1, np.count_nonzero(good)) and np.count_nonzero(good) > 2:
            spikes[:] = False
        good &= ~spikes
    kept = np.where(good, samples, np.nan)
    repeated = _trailing(same, health.repeated_count)
    share = health.sick_fraction
    for sick in (~good).tolist():
        share += (float(sick) - share) / _MEMORY_COUNT * 4.0
    # Spikes are remembered too: a level that stays is the centre after half a memory.
    memory = (*health.recent, *samples[good | spikes].tolist())[-_MEMORY_COUNT:]
    fault = _fault(repeated, limits, share, gone, full, health)
    last = float(samples[-1]) if samples.size else health.last
    return replace(health, recent=memory, last=last, repeated_count=repeated, sick_fraction=share, fault=fault), kept


def _middle(values: FloatArray) -> float:
    """Return the median; of so few values sorting is quicker than NumPy's own."""
    ordered, half = np.sort(values), values.size // 2
    return float(ordered[half]) if values.size % 2 else 0.5 * float(ordered[half - 1] + ordered[half])


def _trailing(same: np.ndarray, before: int) -> int:
    """Return how many of the last samples, over blocks, repeat the one before them."""
    if same.all():
        return before + same.size
    return int(np.argmin(same[::-1]))


def _fault(
    repeated: int, limits: SensorLimits, share: float, gone: np.ndarray, full: np.ndarray, health: SensorHealth
) -> str:
    if share > _SICK_FRACTION and gone.any():
        return "drop-out"
    if share > _SICK_FRACTION and full.any():
        return "saturated"
    if repeated >= limits.stuck_count:
        return "stuck"
    if share <= _SICK_FRACTION:
        return ""
    return health.fault or "spikes"
