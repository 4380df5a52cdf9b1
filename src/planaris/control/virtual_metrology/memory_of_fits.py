"""Fits that are asked for again are answered from memory: replays that differ in label delay alone share them."""

from __future__ import annotations

import hashlib

from planaris.control.virtual_metrology.gaussian_process import fit
from planaris.control.virtual_metrology.kernel import Floats, Inputs, Shape


class MemoryOfFits:
    """`gaussian_process.fit`, remembered by everything that it is given. Not for use from several threads."""

    def __init__(self) -> None:
        self._known: dict[bytes, Floats] = {}
        self.asked_count = 0

    @property
    def made_count(self) -> int:
        """How many fits were worked out."""
        return len(self._known)

    def __call__(self, shape: Shape, start: Floats, steps: Inputs, labels: Floats, rounds: int) -> Floats:
        """Return the parameters that `fit` finds."""
        self.asked_count += 1
        digest = hashlib.sha256(repr((shape, rounds)).encode())
        for values in (start, steps.time_h, steps.regime, steps.wear, steps.trace, labels):
            digest.update(values.tobytes())
        key = digest.digest()
        if key not in self._known:
            self._known[key] = fit(shape, start, steps, labels, rounds)
        return self._known[key].copy()
