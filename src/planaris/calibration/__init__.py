"""Calibration: a table of measured removal rates in; a law, how sure it is and where it holds, out."""

from planaris.calibration.features import LawForm
from planaris.calibration.fitting import calibrate
from planaris.calibration.form import Form, Threshold
from planaris.calibration.law import (
    CalibratedLaw,
    Candidate,
    Errors,
    GroupLaw,
    Parameter,
    Refusal,
    Unidentified,
)
from planaris.calibration.law_text import LAW_SCHEMA, law_from_toml, law_to_toml
from planaris.calibration.predicting import Prediction, predict
from planaris.calibration.table import Labels, Table, labels_of, table_from_columns

__all__ = [
    "LAW_SCHEMA",
    "CalibratedLaw",
    "Candidate",
    "Errors",
    "Form",
    "GroupLaw",
    "Labels",
    "LawForm",
    "Parameter",
    "Prediction",
    "Refusal",
    "Table",
    "Threshold",
    "Unidentified",
    "calibrate",
    "labels_of",
    "law_from_toml",
    "law_to_toml",
    "predict",
    "table_from_columns",
]
