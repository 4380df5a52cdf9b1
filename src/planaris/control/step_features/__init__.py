"""Step features: what one number says of a polish step, declared by name, from the tool's traces."""

from planaris.control.step_features.catalogue import FeatureSpec, catalogue, fault_bands
from planaris.control.step_features.compute import END_S, LEAST_S, HeadGeometry, StepTrace, settled_rows, step_features
from planaris.control.step_features.observation import StepFeatures

__all__ = [
    "END_S",
    "LEAST_S",
    "FeatureSpec",
    "HeadGeometry",
    "StepFeatures",
    "StepTrace",
    "catalogue",
    "fault_bands",
    "settled_rows",
    "step_features",
]
