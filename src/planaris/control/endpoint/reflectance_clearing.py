"""Clearing by reflectance: each spectrum is metal or clear, and an SPRT on the wafer's clear share ends the step."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from planaris.control.endpoint.decision import Decision, DecisionKind
from planaris.control.endpoint.metal_library import Beside, MetalLibrary, metal_left, metal_library
from planaris.control.endpoint.sequential import cusum, sprt_bounds
from planaris.control.endpoint.signals import FloatArray, has_signal, signal
from planaris.control.endpoint.spectral_model import NominalStack
from planaris.control.endpoint.spectrum_health import SpectrumLimits, believable, without_spikes
from planaris.control.endpoint.sweeps import SweepState, gather
from planaris.control.endpoint.thickness_field import FieldGeometry
from planaris.control.endpoint.window_track import WindowTrack
from planaris.model import Block

# Metal below this is gone as far as light can tell: half the library's first step.
_CLEAR_NM = 0.75
# Sweeps without believable spectra before the sensor is called faulty.
_BAD_SWEEPS_COUNT = 3
# Weight of a new sweep in the level that fouling is seen against.
_LEVEL_WEIGHT = 0.1


@dataclass(frozen=True, slots=True)
class ClearingState:
    """The crossing under way, the test's sum, the level of the opaque metal, and how the last sweeps went."""

    sweeps: SweepState = field(default_factory=SweepState)
    score: float = 0.0
    level: float | None = None
    covered_count: int = 0
    bad_count: int = 0
    last_spectrum: FloatArray | None = None
    said: Decision | None = None


@dataclass(frozen=True, slots=True)
class ReflectanceClearing:
    """Call when the metal has gone from nearly all of the wafer inside the edge exclusion.

    ``stack`` has the metal as its film. A spectrum counts by the area it stands for. The test sets a clear share of
    ``open_fraction`` against ``clear_fraction`` and restarts where it has accepted the former. Gain and slope of a
    spectrum are free: a window that dims looks like dimmer metal and not like what is below it. ``beside`` are places
    of a pattern that keep their metal.
    """

    stack: NominalStack
    geometry: FieldGeometry = field(default_factory=FieldGeometry)
    track: WindowTrack = field(default_factory=WindowTrack)
    limits: SpectrumLimits = field(default_factory=lambda: SpectrumLimits(misfit=0.08))
    open_fraction: float = 0.7
    clear_fraction: float = 0.97
    false_call_fraction: float = 1e-6
    covered_sweeps_count: int = 3
    beside: Beside | None = None
    library: MetalLibrary = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "library", metal_library(self.stack, self.beside))

    def start(self, start_s: float) -> ClearingState:
        """Return the state at the start of a step; nothing depends on when that is."""
        del start_s
        return ClearingState()

    def step(self, state: ClearingState, block: Block) -> tuple[ClearingState, Decision]:
        """Take one block of the platen's optical sensors; the answer changes with each complete crossing."""
        now_s = float(block.time_s[-1])
        if not has_signal(block, "spectrum"):
            return state, state.said or Decision(DecisionKind.NONE, now_s)
        sweeps, whole = gather(state.sweeps, block)
        state = replace(state, sweeps=sweeps)
        for crossing in whole:
            state = self._crossing(state, crossing, now_s)
        if sweeps.is_silent(now_s):
            state = self._bad(replace(state, bad_count=_BAD_SWEEPS_COUNT), now_s, "no crossing under the wafer")
        return state, state.said or Decision(DecisionKind.NONE, now_s)

    def _crossing(self, state: ClearingState, crossing: Block, now_s: float) -> ClearingState:
        r_mm, _ = self.track.places(crossing)
        spectra = signal(crossing, "spectrum")
        good, fault = believable(spectra, state.last_spectrum, self.limits)
        state = replace(state, last_spectrum=spectra[-1])
        good &= self.geometry.counts(r_mm)
        if fault or np.count_nonzero(good) < 3:
            return self._bad(state, now_s, fault or "too few spectra")
        cleaned, r_mm = without_spikes(spectra[good]), r_mm[good]
        left_nm, misfit = metal_left(self.library, cleaned)
        fits = misfit < self.limits.misfit
        if np.mean(fits) < self.limits.fewest_fraction:
            return self._bad(state, now_s, "spectra do not fit the stack")
        clear, r_mm, level = left_nm[fits] < _CLEAR_NM, r_mm[fits], float(np.median(cleaned[fits].mean(axis=1)))
        share = r_mm / np.sum(r_mm)
        covered = float(np.sum(share[~clear]))
        if covered > 0.9:  # metal nearly everywhere: what the level of a good window is
            known = level if state.level is None else state.level + _LEVEL_WEIGHT * (level - state.level)
            state = replace(state, level=known, covered_count=state.covered_count + 1)
        elif state.level is not None and level < self.limits.gain_low * state.level * 0.5:
            return self._bad(state, now_s, "fouled window or weak lamp")
        return self._test(replace(state, bad_count=0), clear, share * share.size, 1.0 - covered, now_s)

    def _test(
        self,
        state: ClearingState,
        clear: np.ndarray,
        weight: FloatArray,
        share: float,
        now_s: float,
    ) -> ClearingState:
        yes = math.log(self.clear_fraction / self.open_fraction)
        no = math.log((1.0 - self.clear_fraction) / (1.0 - self.open_fraction))
        scores = weight * np.where(clear, yes, no)
        sums = cusum(state.score, np.array([float(scores.sum())]))
        _, height = sprt_bounds(self.false_call_fraction, 0.01)
        score = float(sums[-1]) if state.covered_count >= self.covered_sweeps_count else 0.0
        call = score > height
        why = f"{100 * share:.0f} % of the wafer is clear: sum {score:.1f} over {height:.1f}" if call else ""
        said = Decision(
            DecisionKind.CALL if call else DecisionKind.NONE,
            now_s,
            why,
            endpoint_s=now_s if call else None,
            confidence_fraction=min(1.0, score / height),
        )
        return replace(state, score=score, said=said)

    def _bad(self, state: ClearingState, now_s: float, fault: str) -> ClearingState:
        """Count a sweep that says nothing; the sum begins again after it."""
        bad_count = state.bad_count + 1
        kind = DecisionKind.FAULT if bad_count >= _BAD_SWEEPS_COUNT else DecisionKind.NONE
        return replace(state, bad_count=bad_count, score=0.0, said=Decision(kind, now_s, f"spectrum: {fault}"))
