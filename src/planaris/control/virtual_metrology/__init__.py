"""Virtual metrology: a value for every polished wafer, with an interval and a word on whether to rely on it."""

from planaris.control.virtual_metrology.artefact import ModelArtefact, artefact_document, artefact_from, artefact_of
from planaris.control.virtual_metrology.causal_replay import Method, replay, with_history
from planaris.control.virtual_metrology.conformal import Conformal
from planaris.control.virtual_metrology.evaluation import (
    METHOD,
    Covered,
    Evaluation,
    Judged,
    Scored,
    Span,
    evaluate_causal,
    evaluate_contest,
    regime_name,
)
from planaris.control.virtual_metrology.ewma import ConstantGain, RegimeMean
from planaris.control.virtual_metrology.line_history import HISTORY_FEATURES
from planaris.control.virtual_metrology.line_model import LineModel, LineState
from planaris.control.virtual_metrology.memory_of_fits import MemoryOfFits
from planaris.control.virtual_metrology.observations import Estimate, LabelCame, Observation, StepEnded
from planaris.control.virtual_metrology.phm2016 import line_of, phm_method, phm_station
from planaris.control.virtual_metrology.reliance import (
    RELIANCE_THRESHOLD,
    SIMILARITY_THRESHOLD,
    Similarity,
    reliance_index,
    similarity_to,
)
from planaris.control.virtual_metrology.scores import Mean
from planaris.control.virtual_metrology.step_trace import PolishStep, StepTrace
from planaris.control.virtual_metrology.trace_features import CHANNELS, Feature, declared_features, trace_features
from planaris.control.virtual_metrology.tree_model import LABEL_FEATURES, TreeModel, TreeState
from planaris.control.virtual_metrology.virtual_metrology import (
    VirtualMeasurement,
    VirtualMetrology,
    VirtualState,
    virtual_metrology_for,
)

__all__ = [
    "CHANNELS",
    "HISTORY_FEATURES",
    "LABEL_FEATURES",
    "METHOD",
    "RELIANCE_THRESHOLD",
    "SIMILARITY_THRESHOLD",
    "Conformal",
    "ConstantGain",
    "Covered",
    "Estimate",
    "Evaluation",
    "Feature",
    "Judged",
    "LabelCame",
    "LineModel",
    "LineState",
    "Mean",
    "MemoryOfFits",
    "Method",
    "ModelArtefact",
    "Observation",
    "PolishStep",
    "RegimeMean",
    "Scored",
    "Similarity",
    "Span",
    "StepEnded",
    "StepTrace",
    "TreeModel",
    "TreeState",
    "VirtualMeasurement",
    "VirtualMetrology",
    "VirtualState",
    "artefact_document",
    "artefact_from",
    "artefact_of",
    "declared_features",
    "evaluate_causal",
    "evaluate_contest",
    "line_of",
    "phm_method",
    "phm_station",
    "regime_name",
    "reliance_index",
    "replay",
    "similarity_to",
    "trace_features",
    "virtual_metrology_for",
    "with_history",
]
