"""From a step's end and what is known of wafer and tool to its detector: where platens and replay begin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from planaris.control.endpoint.combination import After, AllOf, FirstOf
from planaris.control.endpoint.decision import DelayPath, Detector
from planaris.control.endpoint.eddy_target import EddyTarget
from planaris.control.endpoint.fixed_time import FixedTime
from planaris.control.endpoint.friction_clearing import FrictionClearing
from planaris.control.endpoint.fringe_phase import FringePhase
from planaris.control.endpoint.metal_library import beside_of
from planaris.control.endpoint.nominal import nominal_stack, unknown_optics
from planaris.control.endpoint.over_polish import OverPolish
from planaris.control.endpoint.recognition import Expectation
from planaris.control.endpoint.reflectance_clearing import ReflectanceClearing
from planaris.control.endpoint.sensor_health import SensorLimits
from planaris.control.endpoint.signals import FloatArray
from planaris.control.endpoint.slope import SlopeChange
from planaris.control.endpoint.spectral_target import SpectralTarget
from planaris.control.endpoint.step_end import StepEndDetector
from planaris.control.endpoint.thickness_field import FieldGeometry, FieldPrior
from planaris.control.endpoint.window_track import WindowTrack
from planaris.model import Combine, DetectorKind, DetectorSetting, EndKind, FilmStack, InputFault, StepEnd
from planaris.physics import EddyCoil, FILM_RESISTIVITY_Ohm_m, sheet_conductance_S, spectrum_wavelengths_nm

# Deviations that are believed in beforehand, relative: incoming film, its profile and tilt, rate, and how far a rate
# wanders in a second. Of incoming ±5 % and rates ±20 % with room to spare, so that no wafer is outside.
_COMMON, _PROFILE, _RATE, _RATE_PROFILE, _WALK, _PROFILE_WALK = 0.15, 0.02, 0.3, 0.06, 0.01, 0.003
# Fringes cannot tell more than a beat of two lasers.
_FRINGE_RANGE, _FRINGE_SIGMA = 0.25, 0.05
# Ranges of the platen's scalar sensors (dictionary): at or beyond them a sample is gone or saturated.
SENSOR_LIMITS: Mapping[str, SensorLimits] = MappingProxyType(
    {
        "torque_Nm": SensorLimits(0.0, 400.0),
        "motor_current_A": SensorLimits(0.0, 60.0),
        "pad_temperature_C": SensorLimits(0.0, 90.0),
        "laser_reflectance": SensorLimits(0.005, 1.2),
        "laser2_reflectance": SensorLimits(0.005, 1.2),
    }
)
_LASERS = ("laser_reflectance", "laser2_reflectance")


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a detector may know beforehand: the lot's nominal films, the package's rate and friction, the tool.

    ``rate_nm_min`` is the nominal rate of the top film under the step's pressures and speeds.
    ``friction_step_fraction`` is what clearing it does to the torque, relative (μ below/μ of the film − 1), None where
    the package has no friction of both.
    """

    films: FilmStack
    rate_nm_min: float
    friction_step_fraction: float | None = None
    track: WindowTrack = field(default_factory=WindowTrack)
    geometry: FieldGeometry = field(default_factory=FieldGeometry)
    path: DelayPath = field(default_factory=DelayPath)
    coil: EddyCoil = field(default_factory=EddyCoil)
    wavelength_nm: FloatArray = field(default_factory=spectrum_wavelengths_nm)
    laser_nm: tuple[float, ...] = (650.0, 470.0)
    lead_s: float = 1.5


def step_faults(end: StepEnd, context: StepContext, at: str = "end.") -> tuple[InputFault, ...]:
    """Return why a step's detectors cannot work on these films; () where they can. Paths begin with ``at``."""
    faults: list[InputFault] = []
    for index, setting in enumerate(end.detectors):
        path = f"{at}detectors[{index}]."
        kind, top = setting.detector, context.films.top
        optical = kind in (DetectorKind.SPECTRUM, DetectorKind.FRINGE, DetectorKind.REFLECTANCE)
        unknown = unknown_optics(context.films) if optical else ()
        if unknown:
            problem, remedy = "has no optical constants of the wafer's films", "use another detector"
            faults.append(InputFault(path + "detector", kind, problem, ", ".join(unknown), remedy=remedy))
        if kind is DetectorKind.REFLECTANCE and len(context.films.layers) < 2:
            faults.append(InputFault(path + "detector", kind, "has nothing below the film to clear to", "two films"))
        if kind is DetectorKind.EDDY and top.material not in FILM_RESISTIVITY_Ohm_m:
            known = ", ".join(FILM_RESISTIVITY_Ohm_m)
            faults.append(InputFault(path + "detector", kind, f"{top.material} does not conduct", known))
        if setting.target_nm is not None and setting.target_nm >= top.thickness_nm:
            limit = f"< {top.thickness_nm:g}"
            problem = f"is not less than the incoming {top.material}"
            faults.append(InputFault(path + "target_nm", f"{setting.target_nm:g}", problem, limit, "nm"))
        if kind is DetectorKind.FRICTION and setting.step_pct is None and context.friction_step_fraction is None:
            problem, remedy = "the process package has no friction of both films", "give step_pct"
            faults.append(InputFault(path + "step_pct", "(missing)", problem, unit="%", remedy=remedy))
    return tuple(faults)


def detector_of(end: StepEnd, context: StepContext) -> StepEndDetector:
    """Return the detector of a step's end; an end by time or removal is one by fixed time.

    Call ``start(start_s)`` when the film begins to be removed, then ``step(state, block)`` with every block of the
    platen's sensors, of any rate class, in the order of their times; act on the first decision that `is_final`.
    Raises `ValueError` listing `step_faults`.
    """
    faults = step_faults(end, context)
    if faults:
        raise ValueError("; ".join(map(str, faults)))
    if end.kind is EndKind.ENDPOINT:
        members = tuple(_BUILDERS[s.detector](s, context) for s in end.detectors)
        whole = {Combine.FIRST: FirstOf, Combine.ALL: AllOf, Combine.AFTER: After}[end.combine](members)
        detector: Detector = members[0] if len(members) == 1 else whole
    else:
        detector = FixedTime(end.time_s, context.lead_s)
    over = OverPolish(end.over_polish_s, end.over_polish_pct, end.over_polish_nm)
    return StepEndDetector(detector, end.min_s, end.max_s, over, context.path)


def _prior(context: StepContext) -> FieldPrior:
    nm, rate = context.films.top.thickness_nm, context.rate_nm_min
    return FieldPrior(
        thickness_common_nm=_COMMON * nm,
        thickness_profile_nm=_PROFILE * nm,
        tilt_nm=_PROFILE * nm,
        rate_nm_min=rate,
        rate_common_nm_min=_RATE * rate,
        rate_profile_nm_min=_RATE_PROFILE * rate,
        rate_walk_nm_min_s=_WALK * rate,
        profile_walk_nm_min_s=_PROFILE_WALK * rate,
    )


def _target_nm(setting: DetectorSetting) -> float:
    assert setting.target_nm is not None, "the recipe's edge asks for it"
    return setting.target_nm


def _time(setting: DetectorSetting, context: StepContext) -> Detector:
    assert setting.time_s is not None, "the recipe's edge asks for it"
    return FixedTime(setting.time_s, context.lead_s)


def _spectrum(setting: DetectorSetting, context: StepContext) -> Detector:
    target_nm, film_nm = _target_nm(setting), context.films.top.thickness_nm
    expected = Expectation(film_nm, target_nm)
    if setting.incoming_tolerance_pct is not None:
        expected = Expectation(film_nm, target_nm, 0.01 * setting.incoming_tolerance_pct)
    return SpectralTarget(
        nominal_stack(context.films, context.wavelength_nm),
        target_nm,
        _prior(context),
        context.geometry,
        context.track,
        expected=expected,
        lead_s=context.lead_s,
    )


def _fringe(setting: DetectorSetting, context: StepContext) -> Detector:
    count = setting.lasers_count or len(context.laser_nm)
    film_nm = context.films.top.thickness_nm
    wavelengths = spectrum_wavelengths_nm(1, context.laser_nm[0], context.laser_nm[0])
    if count > 1:
        wavelengths = spectrum_wavelengths_nm(2, context.laser_nm[0], context.laser_nm[1])
    return FringePhase(
        nominal_stack(context.films, wavelengths),
        _LASERS[:count],
        _target_nm(setting),
        context.rate_nm_min,
        incoming_sigma_nm=_FRINGE_SIGMA * film_nm,
        range_nm=_FRINGE_RANGE * film_nm,
        limits=SENSOR_LIMITS["laser_reflectance"],
        track=context.track,
        lead_s=context.lead_s,
    )


def _reflectance(setting: DetectorSetting, context: StepContext) -> Detector:
    stack = nominal_stack(context.films, context.wavelength_nm)
    beside = beside_of(context.films, context.wavelength_nm)
    if setting.clear_pct is None:
        return ReflectanceClearing(stack, context.geometry, context.track, beside=beside)
    clear = min(0.01 * setting.clear_pct, 0.99)
    return ReflectanceClearing(
        stack,
        context.geometry,
        context.track,
        open_fraction=max(0.0, clear - 0.25),
        clear_fraction=clear,
        beside=beside,
    )


def _friction(setting: DetectorSetting, context: StepContext) -> Detector:
    step = context.friction_step_fraction if setting.step_pct is None else 0.01 * setting.step_pct
    assert step is not None, "step_faults asks for it"
    source = setting.source or "torque_Nm"
    baseline_s = 20.0 if setting.window_s is None else setting.window_s
    return FrictionClearing(step, SENSOR_LIMITS[source], source, baseline_s=baseline_s)


def _eddy(setting: DetectorSetting, context: StepContext) -> Detector:
    top, *under = context.films.layers
    below_S = float(sheet_conductance_S([f.material for f in under], np.array([f.thickness_nm for f in under])))
    return EddyTarget(
        top.material,
        top.thickness_nm,
        _target_nm(setting),
        _prior(context),
        context.coil,
        context.geometry,
        context.track,
        under_S=below_S,
        lead_s=context.lead_s,
    )


def _slope(setting: DetectorSetting, context: StepContext) -> Detector:
    del context
    assert setting.source is not None, "the recipe's edge asks for it"
    assert setting.steep_per_s is not None, "the recipe's edge asks for it"
    assert setting.level_per_s is not None, "the recipe's edge asks for it"
    window_s = 5.0 if setting.window_s is None else setting.window_s
    return SlopeChange(
        setting.source, setting.steep_per_s, setting.level_per_s, SENSOR_LIMITS[setting.source], window_s
    )


_BUILDERS: Mapping[DetectorKind, Callable[[DetectorSetting, StepContext], Detector]] = MappingProxyType(
    {
        DetectorKind.TIME: _time,
        DetectorKind.SPECTRUM: _spectrum,
        DetectorKind.FRINGE: _fringe,
        DetectorKind.REFLECTANCE: _reflectance,
        DetectorKind.FRICTION: _friction,
        DetectorKind.EDDY: _eddy,
        DetectorKind.SLOPE: _slope,
    }
)
