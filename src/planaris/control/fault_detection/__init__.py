"""Fault detection on step features: learned limits, named faults, and what the plan has done about them."""

from planaris.control.fault_detection.classify import NamedFault, classify
from planaris.control.fault_detection.decision import FaultDecision, FoundFault, Violation
from planaris.control.fault_detection.detection import DetectionState, FaultDetection, Sighting, StepState
from planaris.control.fault_detection.limits_text import limits_from_text, limits_to_text
from planaris.control.fault_detection.reference import Reference, learn
from planaris.control.fault_detection.signatures import Signature, general, signatures

__all__ = [
    "DetectionState",
    "FaultDecision",
    "FaultDetection",
    "FoundFault",
    "NamedFault",
    "Reference",
    "Sighting",
    "Signature",
    "StepState",
    "Violation",
    "classify",
    "general",
    "learn",
    "limits_from_text",
    "limits_to_text",
    "signatures",
]
