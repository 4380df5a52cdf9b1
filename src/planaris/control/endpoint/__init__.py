"""Endpoint detectors: stop each wafer at the right nanometre; one method a file, state and block in, decision out."""

from planaris.control.endpoint.build import SENSOR_LIMITS, StepContext, detector_of, step_faults
from planaris.control.endpoint.combination import After, AllOf, CombinationState, FirstOf
from planaris.control.endpoint.decision import PATH_LIMIT_S, Decision, DecisionKind, DelayPath, Detector
from planaris.control.endpoint.eddy_target import EddyState, EddyTarget
from planaris.control.endpoint.fixed_time import FixedTime
from planaris.control.endpoint.foresight import Foresight, foreseen
from planaris.control.endpoint.friction_clearing import FrictionClearing, FrictionState
from planaris.control.endpoint.fringe_phase import FringePhase, FringeState
from planaris.control.endpoint.nominal import nominal_stack, unknown_optics
from planaris.control.endpoint.over_polish import OverPolish
from planaris.control.endpoint.recognition import Expectation, recognise
from planaris.control.endpoint.reflectance_clearing import ClearingState, ReflectanceClearing
from planaris.control.endpoint.sensor_health import SensorHealth, SensorLimits, check_samples
from planaris.control.endpoint.slope import SlopeChange, SlopeState
from planaris.control.endpoint.spectral_model import NominalStack
from planaris.control.endpoint.spectral_target import SpectralState, SpectralTarget
from planaris.control.endpoint.spectrum_health import SpectrumLimits
from planaris.control.endpoint.step_end import StepEndDetector, StepEndState
from planaris.control.endpoint.thickness_field import FieldGeometry, FieldPrior
from planaris.control.endpoint.window_track import WindowTrack

__all__ = [
    "PATH_LIMIT_S",
    "SENSOR_LIMITS",
    "After",
    "AllOf",
    "ClearingState",
    "CombinationState",
    "Decision",
    "DecisionKind",
    "DelayPath",
    "Detector",
    "EddyState",
    "EddyTarget",
    "Expectation",
    "FieldGeometry",
    "FieldPrior",
    "FirstOf",
    "FixedTime",
    "Foresight",
    "FrictionClearing",
    "FrictionState",
    "FringePhase",
    "FringeState",
    "NominalStack",
    "OverPolish",
    "ReflectanceClearing",
    "SensorHealth",
    "SensorLimits",
    "SlopeChange",
    "SlopeState",
    "SpectralState",
    "SpectralTarget",
    "SpectrumLimits",
    "StepContext",
    "StepEndDetector",
    "StepEndState",
    "WindowTrack",
    "check_samples",
    "detector_of",
    "foreseen",
    "nominal_stack",
    "recognise",
    "step_faults",
    "unknown_optics",
]
