"""Sensor faults for the endpoint bench: each is put over a wafer's blocks from a time on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from planaris.model import Block, Quality

FAULTS = ("drop-out", "bad quality", "stuck", "spikes", "saturated", "fouled")
# Where a sensor's scale ends: reflectance, torque in N·m.
_FULL = {"spectrum": 1.25, "torque_Nm": 160.0}
_NONE = {"spectrum": 0.0, "torque_Nm": -60.0}
_FOULS_S = 6.0


def with_fault(blocks: Iterator[Block], fault: str, from_s: float, seed: int) -> Iterator[Block]:
    """Yield the blocks with one of `FAULTS` in their spectrum or torque from a time on."""
    rng = np.random.default_rng([seed, 6])
    last: np.ndarray | None = None
    for block in blocks:
        width = block.widths[0] if block.widths else 1
        name = block.tags[0].rpartition(".")[2]
        values, quality = block.values.copy(), block.quality.copy()
        sick = block.time_s >= from_s
        shown = values[:, :width]
        if fault == "stuck":
            for row in np.flatnonzero(sick):
                if last is not None:
                    shown[row] = last
                elif np.any(shown[row]):
                    last = shown[row].copy()
        elif fault == "drop-out":
            shown[sick] = _NONE[name]
        elif fault == "bad quality":
            quality[sick] = int(Quality.BAD)
        elif fault == "saturated":
            shown[sick] = _FULL[name]
        elif fault == "spikes":
            hit = sick & (rng.uniform(size=sick.size) < 0.15)
            shown[hit] = np.where(rng.uniform(size=(int(hit.sum()), 1)) < 0.5, _NONE[name], _FULL[name] * 0.9)
        elif fault == "fouled":
            # A window that dims to a tenth and reddens; a torque whose gain is lost to a third.
            way = np.clip((block.time_s - from_s) / _FOULS_S, 0.0, 1.0)[:, None]
            tint = 1.0 - 0.3 * way * np.linspace(1.0, 0.0, width) if width > 1 else 1.0
            floor = 0.1 if width > 1 else 0.3
            shown[:] = np.where(sick[:, None], shown * (1.0 - (1.0 - floor) * way) * tint, shown)
        yield replace(block, values=values, quality=quality)
