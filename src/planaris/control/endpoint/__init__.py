"""Endpoint detectors: stop each wafer at the right nanometre; one method a file, state and block in, decision out."""

from planaris.control.endpoint.combination import After, AllOf, CombinationState, FirstOf
from planaris.control.endpoint.decision import PATH_LIMIT_S, Decision, DecisionKind, DelayPath, Detector
from planaris.control.endpoint.fixed_time import FixedTime
from planaris.control.endpoint.friction_clearing import FrictionClearing, FrictionState
from planaris.control.endpoint.over_polish import OverPolish
from planaris.control.endpoint.sensor_health import SensorHealth, SensorLimits, check_samples
from planaris.control.endpoint.slope import SlopeChange, SlopeState
from planaris.control.endpoint.step_end import StepEndDetector, StepEndState

__all__ = [
    "PATH_LIMIT_S",
    "After",
    "AllOf",
    "CombinationState",
    "Decision",
    "DecisionKind",
    "DelayPath",
    "Detector",
    "FirstOf",
    "FixedTime",
    "FrictionClearing",
    "FrictionState",
    "OverPolish",
    "SensorHealth",
    "SensorLimits",
    "SlopeChange",
    "SlopeState",
    "StepEndDetector",
    "StepEndState",
    "check_samples",
]
