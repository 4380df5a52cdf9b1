"""Endpoint by spectrum: thickness of each spectrum of a sweep, tracked over the wafer, foreseen to the target."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from planaris.control.endpoint.decision import Decision, DecisionKind
from planaris.control.endpoint.foresight import foreseen
from planaris.control.endpoint.recognition import VOTES_COUNT, Expectation, recognise
from planaris.control.endpoint.signals import FloatArray, has_signal, signal
from planaris.control.endpoint.spectral_fit import Shared, SweepFit, fit_sweep, median_of, nominal_shared
from planaris.control.endpoint.spectral_library import SpectralLibrary, library_of, misfits
from planaris.control.endpoint.spectral_model import Expansion, NominalStack, expand, film_phase, interfaces
from planaris.control.endpoint.spectral_model import spectra as spectra_of
from planaris.control.endpoint.spectral_window import WindowTerms, window_terms
from planaris.control.endpoint.spectrum_health import SpectrumLimits, believable, without_spikes
from planaris.control.endpoint.sweeps import SweepState, gather
from planaris.control.endpoint.thickness_field import Field, FieldGeometry, FieldPrior, begin, predict, rows, update
from planaris.control.endpoint.window_track import WindowTrack
from planaris.model import Block

# Deviation of one spectrum's thickness that neighbours do not share: its spot, its place and the model, nm.
_SPOT_SIGMA_NM = 1.0
# A thickness farther than this many deviations, and at least so many nm, from where it is expected is an outlier.
_OUTLIER_SIGMA, _OUTLIER_NM = 6.0, 15.0
# The expansion is renewed where s or u have moved by these.
_INDEX_MOVE, _UNDER_MOVE = 1e-3, 3e-3
# A wafer brighter than bare silicon by more than lamps differ is covered by a metal.
_BRIGHTER = 1.15
# Sweeps without a believable fit before the sensor is called faulty, and the film is searched for anew.
_BAD_SWEEPS_COUNT = 3


@dataclass(frozen=True, slots=True)
class SpectralState:
    """The crossing under way, the field, what the wafer's spectra share, and how the last sweeps went."""

    start_s: float
    about: Expansion
    sweeps: SweepState = field(default_factory=SweepState)
    shared: Shared = field(default_factory=nominal_shared)
    film: Field | None = None
    last_spectrum: FloatArray | None = None
    good_count: int = 0
    bad_count: int = 0
    votes: tuple[str, ...] = ()
    said: Decision | None = None


@dataclass(frozen=True, slots=True)
class SpectralTarget:
    """Call so that the area mean of the film is ``target_nm``; abort a wafer that is not the expected one.

    ``expected`` None leaves recognition out. ``lead_s`` is how long before the endpoint a call is made known: at
    least a sweep's time and the path's charge.
    """

    stack: NominalStack
    target_nm: float
    prior: FieldPrior
    geometry: FieldGeometry = field(default_factory=FieldGeometry)
    track: WindowTrack = field(default_factory=WindowTrack)
    limits: SpectrumLimits = field(default_factory=SpectrumLimits)
    expected: Expectation | None = None
    lead_s: float = 1.5
    settle_sweeps_count: int = 5
    library: SpectralLibrary = field(init=False, repr=False, compare=False)
    nominal: Expansion = field(init=False, repr=False, compare=False)
    bare: SpectralLibrary = field(init=False, repr=False, compare=False)
    bare_level: float = field(init=False, repr=False, compare=False)
    window: WindowTerms = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "library", library_of(self.stack, 1.4 * self.stack.film_nm))
        object.__setattr__(self, "nominal", expand(self.stack))
        object.__setattr__(self, "window", window_terms(self.stack.wavelength_nm))
        bare = replace(self.stack, under_index=(), under_nm=())
        object.__setattr__(self, "bare", library_of(bare, 0.0))
        level = float(spectra_of(interfaces(bare), film_phase(bare, np.zeros(1))).mean())
        object.__setattr__(self, "bare_level", level)

    def start(self, start_s: float) -> SpectralState:
        """Return the state at the start of a step."""
        return SpectralState(start_s, self.nominal)

    def step(self, state: SpectralState, block: Block) -> tuple[SpectralState, Decision]:
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

    def _crossing(self, state: SpectralState, crossing: Block, now_s: float) -> SpectralState:
        r_mm, azimuth_rad = self.track.places(crossing)
        spectra = signal(crossing, "spectrum")
        inside = self.geometry.counts(r_mm)
        good, fault = believable(spectra, state.last_spectrum, self.limits)
        state = replace(state, last_spectrum=spectra[-1])
        good &= inside & np.isfinite(azimuth_rad)
        if fault or np.count_nonzero(good) < 3:
            return self._bad(state, now_s, fault or "too few spectra")
        cleaned = without_spikes(spectra[good])
        time_s = crossing.time_s[good]
        if state.film is None or state.bad_count >= _BAD_SWEEPS_COUNT:
            return self._acquire(state, time_s, r_mm[good], azimuth_rad[good], cleaned, now_s)
        middle_s = float(time_s.mean())
        film = predict(state.film, self.prior, middle_s)
        seen = rows(self.geometry, r_mm[good], azimuth_rad[good], time_s - middle_s)
        guess_nm = np.maximum(seen @ film.mean, 0.0)
        # A film that is tracked is foreseen to a nanometre, where the fit is straight.
        passes = 1 if state.good_count >= self.settle_sweeps_count else 2
        fit = fit_sweep(self.stack, self.window, state.about, state.shared, cleaned, guess_nm, passes)
        fault = self._fit_fault(fit)
        if fault:
            return self._bad(state, now_s, fault)
        return self._take(state, film, seen, fit, now_s)

    def _fit_fault(self, fit: SweepFit) -> str:
        """Name what is wrong with most fits of a sweep, '' if they are good."""
        gain = median_of(fit.gain)
        if gain < self.limits.gain_low:
            return "fouled window or weak lamp"
        if gain > self.limits.gain_high or median_of(fit.misfit) > self.limits.misfit:
            return "spectra do not fit the stack"
        return ""

    def _acquire(
        self,
        state: SpectralState,
        time_s: FloatArray,
        r_mm: FloatArray,
        azimuth_rad: FloatArray,
        spectra: FloatArray,
        now_s: float,
    ) -> SpectralState:
        """Find the film without a guess, in the library, and begin to track it."""
        found = misfits(self.library, spectra)
        guess_nm = self.library.effective_nm[found.argmin(axis=1)]
        # Neighbours on a wafer are near each other: a spectrum that found another fringe follows the others.
        guess_nm = np.where(np.abs(guess_nm - np.median(guess_nm)) > 60.0, np.median(guess_nm), guess_nm)
        fit = fit_sweep(self.stack, self.window, self.nominal, nominal_shared(), spectra, guess_nm, passes=4)
        bare = float(np.median(misfits(self.bare, spectra)[:, 0]))
        thickness_nm = float(np.median(fit.effective_nm)) / fit.shared.index_scale
        misfit = float(np.median(fit.misfit))
        dim = float(np.median(fit.gain)) < self.limits.gain_low
        bright = float(np.median(fit.gain)) > self.limits.gain_high
        brighter = float(np.median(spectra.mean(axis=1))) > _BRIGHTER * self.bare_level
        vote = self._vote(thickness_nm, misfit, bare, bright=bright, brighter=brighter) if not dim else ""
        votes = (*state.votes, vote)[-VOTES_COUNT:]
        state = replace(state, votes=votes)
        if vote and len(votes) == VOTES_COUNT and len(set(votes)) == 1:
            why = f"{vote.replace('_', ' ')}: {thickness_nm:.0f} nm with a misfit of {100 * misfit:.1f} %"
            end = Decision(DecisionKind.ABORT, now_s, why, thickness_nm=thickness_nm, recognised=vote)
            return replace(state, said=end)
        fault = self._fit_fault(fit)
        if fault:
            return self._bad(state, now_s, fault)
        if vote:  # wait for the sweeps that must agree
            return replace(state, said=Decision(DecisionKind.NONE, now_s, f"looks like {vote.replace('_', ' ')}"))
        middle_s = float(time_s.mean())
        film = begin(self.geometry, self.prior, middle_s, float(np.median(fit.effective_nm)))
        seen = rows(self.geometry, r_mm, azimuth_rad, time_s - middle_s)
        state = replace(state, good_count=0, bad_count=0, shared=nominal_shared(), about=self.nominal)
        return self._take(state, film, seen, fit, now_s)

    def _vote(self, thickness_nm: float, misfit: float, bare: float, *, bright: bool, brighter: bool) -> str:
        if self.expected is None:
            return ""
        limit = self.limits.misfit
        return recognise(self.expected, thickness_nm, misfit, limit, bare, bright=bright, brighter=brighter)

    def _take(self, state: SpectralState, film: Field, seen: FloatArray, fit: SweepFit, now_s: float) -> SpectralState:
        """Update the field with a good sweep, and decide."""
        sigma_nm = np.hypot(fit.sigma_nm, _SPOT_SIGMA_NM)
        spread = np.sqrt(np.einsum("ki,ij,kj->k", seen, film.covariance, seen) + sigma_nm**2)
        off = np.abs(fit.effective_nm - seen @ film.mean)
        keep = (fit.misfit < 2.0 * self.limits.misfit) & (off < np.maximum(_OUTLIER_SIGMA * spread, _OUTLIER_NM))
        if np.mean(keep) < self.limits.fewest_fraction:
            return self._bad(state, now_s, "thicknesses jump")
        film = update(film, seen[keep], fit.effective_nm[keep], sigma_nm[keep])
        about, shared = state.about, fit.shared
        moved = abs(shared.index_scale - about.index_scale) > _INDEX_MOVE
        if moved or abs(shared.under_scale - about.under_scale) > _UNDER_MOVE:
            about = expand(self.stack, shared.index_scale, shared.under_scale)
        state = replace(state, film=film, shared=shared, about=about, bad_count=0, good_count=state.good_count + 1)
        confidence = float(np.mean(keep)) * max(0.0, 1.0 - median_of(fit.misfit) / (2.0 * self.limits.misfit))
        return replace(state, said=self._decide(state, film, now_s, confidence))

    def _bad(self, state: SpectralState, now_s: float, fault: str) -> SpectralState:
        """Count a sweep that says nothing; the third in a row is a fault. No call is made meanwhile."""
        bad_count = state.bad_count + 1
        kind = DecisionKind.FAULT if bad_count >= _BAD_SWEEPS_COUNT else DecisionKind.NONE
        said = state.said or Decision(DecisionKind.NONE, now_s)
        said = replace(
            said, kind=kind, time_s=now_s, why=f"spectrum: {fault}", endpoint_s=None, confidence_fraction=0.0
        )
        return replace(state, bad_count=bad_count, good_count=0, said=said)

    def _decide(self, state: SpectralState, film: Field, now_s: float, confidence: float) -> Decision:
        seen = foreseen(film, self.geometry, state.shared.index_scale, self.target_nm, now_s)
        kind, why = DecisionKind.NONE, ""
        if (
            seen.endpoint_s is not None
            and seen.endpoint_s - self.lead_s <= now_s
            and state.good_count >= self.settle_sweeps_count
        ):
            kind, why = DecisionKind.CALL, f"{seen.thickness_nm:.1f} nm, foreseen to reach {self.target_nm:g} nm"
        return Decision(
            kind,
            now_s,
            why,
            endpoint_s=seen.endpoint_s,
            thickness_nm=seen.thickness_nm,
            sigma_nm=seen.sigma_nm,
            rate_nm_min=seen.rate_nm_min,
            zones_nm=seen.zones_nm,
            zone_rates_nm_min=seen.zone_rates_nm_min,
            confidence_fraction=confidence,
        )
