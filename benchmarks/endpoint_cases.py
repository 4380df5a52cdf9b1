"""Detectors as the endpoint bench runs them: from nominal constants, with the live code; and what came of a wafer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import endpoint_optics as truth
from endpoint_plant import (
    CENTER_DISTANCE_MM,
    FILM_NM,
    NITRIDE_NM,
    RATE_NM_MIN,
    TARGET_NM,
    WINDOW_RADIUS_MM,
    Wafer,
    spectra_blocks,
)
from planaris.control import (
    Decision,
    DecisionKind,
    DelayPath,
    Expectation,
    FieldPrior,
    NominalStack,
    SpectralTarget,
    StepEndDetector,
    WindowTrack,
    nominal_stack,
)
from planaris.model import FilmStack, Layer

EARLIEST_S, LATEST_S = 30.0, 180.0
TRACK = WindowTrack(CENTER_DISTANCE_MM, WINDOW_RADIUS_MM)
STACK = FilmStack((Layer("TEOS", FILM_NM), Layer("SiN", NITRIDE_NM)), "Si")
# Declared path; the bench draws the true one below it.
PATH = DelayPath(0.04, 0.06, 0.5, 0.5)


def oxide_prior(film_nm: float = FILM_NM, rate_nm_min: float = RATE_NM_MIN) -> FieldPrior:
    """Return what is believed of an oxide wafer beforehand, from incoming ±5 % and rates ±20 %."""
    return FieldPrior(
        thickness_common_nm=0.15 * film_nm,
        thickness_profile_nm=0.02 * film_nm,
        tilt_nm=0.02 * film_nm,
        rate_nm_min=rate_nm_min,
        rate_common_nm_min=0.3 * rate_nm_min,
        rate_profile_nm_min=0.06 * rate_nm_min,
        rate_walk_nm_min_s=0.01 * rate_nm_min,
        profile_walk_nm_min_s=0.003 * rate_nm_min,
    )


def true_stack() -> NominalStack:
    """Return the stack with the truth's own constants: the matched case."""
    return NominalStack(
        truth.WAVELENGTH_NM,
        truth.silica(),
        FILM_NM,
        (truth.nitride(),),
        (NITRIDE_NM,),
        truth.silicon(),
        truth.WATER,
    )


def oxide_detector(*, matched: bool = False) -> StepEndDetector:
    """Return oxide to target by spectrum, as a recipe's step asks for it."""
    stack = true_stack() if matched else nominal_stack(STACK, truth.WAVELENGTH_NM)
    target = SpectralTarget(
        stack, TARGET_NM, oxide_prior(), track=TRACK, expected=Expectation(FILM_NM, TARGET_NM), lead_s=1.5
    )
    return StepEndDetector(target, EARLIEST_S, LATEST_S, path=PATH)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One wafer: the final decision, and true minus wanted area mean after heads-up, and at the call."""

    decision: Decision
    error_nm: float
    call_error_nm: float


def polish(wafer: Wafer, detector: StepEndDetector) -> Outcome:
    """Run the live detector on a wafer until it stops; the true path is drawn within the declared one."""
    rng = np.random.default_rng([wafer.seed, 2])
    state = detector.start(0.0)
    decision: Decision | None = None
    for block in spectra_blocks(wafer):
        state, decision = detector.step(state, block)
        if decision.is_final:
            break
    assert decision is not None
    wanted_s = decision.stop_s if decision.stop_s is not None else LATEST_S
    order_s = max(wanted_s, decision.time_s + rng.uniform(0.5, 1.0) * PATH.sample_to_decision_s)
    plc_s = rng.uniform(0.5, 1.0) * PATH.decision_to_stop_s
    final_nm = wafer.mean_after_stop(order_s, plc_s, PATH.lift_ramp_s * rng.uniform(0.9, 1.1))
    seen_nm = decision.thickness_nm if decision.kind is DecisionKind.CALL else None
    call_error_nm = np.nan if seen_nm is None else seen_nm - wafer.mean_at(decision.time_s)
    return Outcome(decision, final_nm - TARGET_NM, call_error_nm)
