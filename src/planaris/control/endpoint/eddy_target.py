"""Endpoint by eddy current: sheet conductance to thickness, tracked over the wafer, foreseen to the target."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from planaris.control.endpoint.decision import Decision, DecisionKind
from planaris.control.endpoint.foresight import foreseen
from planaris.control.endpoint.sensor_health import SensorHealth, SensorLimits, check_samples
from planaris.control.endpoint.signals import FloatArray, has_signal, signal
from planaris.control.endpoint.sweeps import SweepState, gather
from planaris.control.endpoint.thickness_field import Field, FieldGeometry, FieldPrior, begin, predict, rows, update
from planaris.control.endpoint.window_track import WindowTrack
from planaris.model import Block
from planaris.physics import EddyCoil, FILM_RESISTIVITY_Ohm_m, conductance_of_signals_S

# A sample farther than this many deviations, and at least so many nm, from where it is expected is an outlier.
_OUTLIER_SIGMA, _OUTLIER_NM = 6.0, 30.0
_SOURCES = ("eddy_resistive", "eddy_reactive")
# A coil that sees less than this is blind, over any film: its noise is a few 1e-4 of full scale.
_LIMITS = (SensorLimits(1e-6, 2.0), SensorLimits(-2.0, 2.0))


@dataclass(frozen=True, slots=True)
class EddyState:
    """The crossing under way, health of both signals, the field, and how many sweeps have been good in a row."""

    sweeps: SweepState = field(default_factory=SweepState)
    health: tuple[SensorHealth, SensorHealth] = (SensorHealth(), SensorHealth())
    film: Field | None = None
    good_count: int = 0
    said: Decision | None = None


@dataclass(frozen=True, slots=True)
class EddyTarget:
    """Call so that the area mean of a conducting film is ``target_nm``.

    ``under_S`` is the sheet conductance of what conducts below it. The ratio of the two signals is taken, in which the
    coupling cancels; below ``least_nm`` the coil sees too little and no sample counts. ``sigma_nm`` is of one sample.
    """

    material: str
    film_nm: float
    target_nm: float
    prior: FieldPrior
    coil: EddyCoil = field(default_factory=EddyCoil)
    geometry: FieldGeometry = field(default_factory=FieldGeometry)
    track: WindowTrack = field(default_factory=WindowTrack)
    under_S: float = 0.0
    least_nm: float = 30.0
    sigma_nm: float = 8.0
    lead_s: float = 1.5
    settle_sweeps_count: int = 8

    def start(self, start_s: float) -> EddyState:
        """Return the state at the start of a step; nothing depends on when that is."""
        del start_s
        return EddyState()

    def step(self, state: EddyState, block: Block) -> tuple[EddyState, Decision]:
        """Take one block of the platen's optical and eddy sensors."""
        now_s = float(block.time_s[-1])
        if not all(has_signal(block, source) for source in _SOURCES):
            return state, state.said or Decision(DecisionKind.NONE, now_s)
        sweeps, whole = gather(state.sweeps, block)
        state = replace(state, sweeps=sweeps)
        for crossing in whole:
            state = self._crossing(state, crossing, now_s)
        if sweeps.is_silent(now_s):
            state = self._faulty(state, now_s, "no crossing under the wafer")
        return state, state.said or Decision(DecisionKind.NONE, now_s)

    def thickness_nm(self, resistive: FloatArray, reactive: FloatArray) -> FloatArray:
        """Return the film's thickness that two signals say."""
        conductance_S = conductance_of_signals_S(resistive, reactive, self.coil) - self.under_S
        return conductance_S * FILM_RESISTIVITY_Ohm_m[self.material] * 1e9

    def _crossing(self, state: EddyState, crossing: Block, now_s: float) -> EddyState:
        r_mm, azimuth_rad = self.track.places(crossing)
        inside = self.geometry.counts(r_mm)
        first, resistive = check_samples(state.health[0], signal(crossing, _SOURCES[0])[inside], _LIMITS[0])
        second, reactive = check_samples(state.health[1], signal(crossing, _SOURCES[1])[inside], _LIMITS[1])
        state = replace(state, health=(first, second))
        if first.fault or second.fault:
            return self._faulty(state, now_s, f"eddy current: {first.fault or second.fault}")
        nm = self.thickness_nm(resistive, reactive)
        good = np.isfinite(nm) & (nm > self.least_nm)
        if np.count_nonzero(good) < 3:
            return self._faulty(state, now_s, "eddy current: film below the coil's range")
        time_s, nm = crossing.time_s[inside][good], nm[good]
        middle_s = float(time_s.mean())
        seen = rows(self.geometry, r_mm[inside][good], azimuth_rad[inside][good], time_s - middle_s)
        film = state.film
        film = (
            begin(self.geometry, self.prior, middle_s, self.film_nm)
            if film is None
            else predict(film, self.prior, middle_s)
        )
        spread = np.sqrt(np.einsum("ki,ij,kj->k", seen, film.covariance, seen) + self.sigma_nm**2)
        keep = np.abs(nm - seen @ film.mean) < np.maximum(_OUTLIER_SIGMA * spread, _OUTLIER_NM)
        if np.mean(keep) < 0.5:
            return self._faulty(state, now_s, "eddy current: thickness jumps")
        film = update(film, seen[keep], nm[keep], np.full(int(keep.sum()), self.sigma_nm))
        state = replace(state, film=film, good_count=state.good_count + 1)
        return replace(state, said=self._decide(state, film, now_s, float(np.mean(keep))))

    def _faulty(self, state: EddyState, now_s: float, why: str) -> EddyState:
        return replace(state, good_count=0, said=Decision(DecisionKind.FAULT, now_s, why))

    def _decide(self, state: EddyState, film: Field, now_s: float, confidence: float) -> Decision:
        seen = foreseen(film, self.geometry, 1.0, self.target_nm, now_s)
        due = seen.endpoint_s is not None and seen.endpoint_s - self.lead_s <= now_s
        call = due and state.good_count >= self.settle_sweeps_count
        return Decision(
            DecisionKind.CALL if call else DecisionKind.NONE,
            now_s,
            f"{seen.thickness_nm:.0f} nm, foreseen to reach {self.target_nm:g} nm" if call else "",
            endpoint_s=seen.endpoint_s,
            thickness_nm=seen.thickness_nm,
            sigma_nm=seen.sigma_nm,
            rate_nm_min=seen.rate_nm_min,
            zones_nm=seen.zones_nm,
            zone_rates_nm_min=seen.zone_rates_nm_min,
            confidence_fraction=confidence,
        )
