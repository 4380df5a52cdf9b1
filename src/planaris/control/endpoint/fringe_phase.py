"""Endpoint by fringes of one or two wavelengths: which course of thickness fits the reflectance seen so far.

One wavelength repeats every λ/2n of thickness: two courses a fringe apart fit equally well, and the nominal incoming
thickness decides, rightly or not. A second wavelength repeats at another thickness; together they repeat only after
λ₁λ₂/(2n|λ₁ − λ₂|).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from planaris.control.endpoint.decision import Decision, DecisionKind
from planaris.control.endpoint.sensor_health import SensorHealth, SensorLimits, check_samples
from planaris.control.endpoint.signals import FloatArray, has_signal, signal
from planaris.control.endpoint.spectral_model import NominalStack, film_phase, interfaces, spectra
from planaris.control.endpoint.sweeps import SweepState, gather
from planaris.control.endpoint.window_track import WindowTrack
from planaris.model import Block

# Hypotheses: start thicknesses this far apart and rates this far apart, relative.
_START_STEP_NM, _RATE_STEP = 2.0, 0.015
# What one sweep forgets: a memory of about 40 sweeps, in which a rate may be taken as steady.
_FORGET = 0.975
# Courses within this of the best at the present belong to its fringe, nm.
_NEAR_NM = 40.0
# Error of the model relative to the level: nominal indices, an uneven film under one reading, drift within the memory.
_MODEL_FLOOR = 0.01
# The pressure ramp of a step's start removes as if polishing had begun half of it later.
_RAMP_S = 2.0


@dataclass(frozen=True, slots=True)
class FringeState:
    """Running sums of each hypothesis' fit (waves, starts, rates), the crossing under way, health of the sensors."""

    start_s: float
    sums: FloatArray | None = None
    seen: FloatArray | None = None
    sweeps: SweepState = field(default_factory=SweepState)
    health: tuple[SensorHealth, ...] = ()
    count: int = 0
    said: Decision | None = None


@dataclass(frozen=True, slots=True)
class FringePhase:
    """Call when the likeliest course of thickness reaches ``target_nm``.

    ``stack`` is nominal at the lasers' wavelengths, one for each of ``sources``. Starts reach ``range_nm`` to both
    sides of nominal, with a deviation of ``incoming_sigma_nm`` believed in beforehand; rates reach 40 %.
    """

    stack: NominalStack
    sources: tuple[str, ...]
    target_nm: float
    rate_nm_min: float
    incoming_sigma_nm: float
    range_nm: float
    limits: SensorLimits
    track: WindowTrack = field(default_factory=WindowTrack)
    within_mm: float = 85.0
    lead_s: float = 1.5
    settle_sweeps_count: int = 25

    def start(self, start_s: float) -> FringeState:
        """Return the state at the start of a step."""
        return FringeState(start_s, health=(SensorHealth(),) * len(self.sources))

    def step(self, state: FringeState, block: Block) -> tuple[FringeState, Decision]:
        """Take one block of the platen's optical sensors; the answer changes with each complete crossing."""
        now_s = float(block.time_s[-1])
        if not all(has_signal(block, source) for source in self.sources):
            return state, state.said or Decision(DecisionKind.NONE, now_s)
        sweeps, whole = gather(state.sweeps, block)
        state = replace(state, sweeps=sweeps)
        for crossing in whole:
            state = self._crossing(state, crossing, now_s)
        if sweeps.is_silent(now_s):
            silent = Decision(DecisionKind.FAULT, now_s, "no crossing under the wafer")
            state = replace(state, said=silent, count=0)
        return state, state.said or Decision(DecisionKind.NONE, now_s)

    def _crossing(self, state: FringeState, crossing: Block, now_s: float) -> FringeState:
        r_mm, _ = self.track.places(crossing)
        inside = r_mm <= self.within_mm
        checked = [
            check_samples(health, signal(crossing, source)[inside], self.limits)
            for health, source in zip(state.health, self.sources, strict=True)
        ]
        state = replace(state, health=tuple(health for health, _ in checked))
        faults = [f"{s}: {h.fault}" for s, h in zip(self.sources, state.health, strict=True) if h.fault]
        good = np.isfinite(np.stack([samples for _, samples in checked])).all(axis=0)
        if faults or np.count_nonzero(good) < 2:
            kind = DecisionKind.FAULT if faults else DecisionKind.NONE
            return replace(state, said=Decision(kind, now_s, "; ".join(faults)), count=0)
        seen = np.array([float(np.mean(samples[good])) for _, samples in checked])
        middle_s = float(crossing.time_s[inside][good].mean())
        return self._weigh(state, seen, middle_s, now_s)

    def _courses(self) -> tuple[FloatArray, FloatArray]:
        """Return the hypotheses: start thicknesses (a,) and rates in nm/s (b,)."""
        n = int(self.range_nm / _START_STEP_NM)
        starts = self.stack.film_nm + _START_STEP_NM * np.arange(-n, n + 1, dtype=np.float64)
        rates = self.rate_nm_min / 60.0 * (1.0 + _RATE_STEP * np.arange(-27, 28, dtype=np.float64))
        return starts, rates

    def _weigh(self, state: FringeState, seen: FloatArray, time_s: float, now_s: float) -> FringeState:
        starts, rates = self._courses()
        elapsed_s = max(0.0, time_s - state.start_s - 0.5 * _RAMP_S)
        courses = starts[:, None] - rates[None, :] * elapsed_s
        table_nm = np.arange(0.0, float(courses.max()) + 2.0)
        table = spectra(interfaces(self.stack), film_phase(self.stack, table_nm))
        model = table[np.clip(np.rint(courses), 0, table_nm.size - 1).astype(int)].transpose(2, 0, 1)
        y = seen[:, None, None]
        new = np.stack([np.ones_like(model), model, model * model, model * y])
        sums = new if state.sums is None else _FORGET * state.sums + new
        mine = np.stack([seen, seen * seen])
        kept = mine if state.seen is None else _FORGET * state.seen + mine
        state = replace(state, sums=sums, seen=kept, count=state.count + 1)
        weight = sums[0, 0, 0, 0]
        across = sums[3] - sums[1] * kept[0][:, None, None] / weight
        spread = sums[2] - sums[1] ** 2 / weight
        power = kept[1] - kept[0] ** 2 / weight
        # Gain and background are free for each wavelength; a gain below zero would turn fringes upside down.
        rest = power[:, None, None] - np.maximum(across, 0.0) ** 2 / np.maximum(spread, 1e-12)
        rest = np.maximum(rest, 1e-9 * power[:, None, None])
        # Each wavelength by its own noise, as the best course leaves it, and no finer than the model is.
        noise = np.maximum(rest.min(axis=(1, 2)) / weight, (_MODEL_FLOOR * kept[0] / weight) ** 2)
        score = (rest / noise[:, None, None]).sum(axis=0)
        score = score + ((starts - self.stack.film_nm)[:, None] / self.incoming_sigma_nm) ** 2
        return replace(state, said=self._decide(state, courses, rates, score, time_s, now_s))

    def _decide(
        self,
        state: FringeState,
        courses: FloatArray,
        rates: FloatArray,
        score: FloatArray,
        time_s: float,
        now_s: float,
    ) -> Decision:
        best = np.unravel_index(int(np.argmin(score)), score.shape)
        chance = np.exp(-0.5 * (score - score[best]))
        near = np.abs(courses - courses[best]) < _NEAR_NM
        mine = np.where(near, chance, 0.0)
        total = float(mine.sum())
        rate = float((mine * rates[None, :]).sum()) / total
        nm = float((mine * courses).sum()) / total - rate * (now_s - time_s)
        sigma_nm = float(np.sqrt((mine * (courses - courses[best]) ** 2).sum() / total))
        confidence = total / float(chance.sum())
        endpoint_s = now_s + (nm - self.target_nm) / rate
        ready = state.count >= self.settle_sweeps_count and endpoint_s - self.lead_s <= now_s
        return Decision(
            DecisionKind.CALL if ready else DecisionKind.NONE,
            now_s,
            f"fringes say {nm:.0f} nm" if ready else "",
            endpoint_s=endpoint_s,
            thickness_nm=nm,
            sigma_nm=sigma_nm,
            rate_nm_min=60.0 * rate,
            confidence_fraction=confidence,
        )
