"""What virtual metrology is given: the trace of one polish step, and the step with its features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class StepTrace:
    """The samples of one wafer in one polish step, in order of time.

    ``time_s`` has shape (n,) with n >= 1, each of ``channels`` (n,); ``station`` (n,) says at which of the line's
    stations, from 0, a sample was taken.
    """

    time_s: NDArray[np.float64]
    station: NDArray[np.int64]
    channels: Mapping[str, NDArray[np.float64]]

    @property
    def start_s(self) -> float:
        """Time of the first sample."""
        return float(self.time_s[0])

    @property
    def end_s(self) -> float:
        """Time of the last sample."""
        return float(self.time_s[-1])


@dataclass(frozen=True, slots=True)
class PolishStep:
    """A finished polish step: its name, line (whose steps share consumables), regime within the line, span, features.

    A feature that the trace does not tell is NaN.
    """

    name: str
    line: str
    regime: str
    start_s: float
    end_s: float
    features: Mapping[str, float]
