"""The one dictionary: every variable, constant, event, alarm and command of a tool, declared once as data."""

from planaris.dictionary.build import Dictionary, UnknownNameError, build
from planaris.dictionary.maintenance import ChangeSequence, MaintenanceStep, change_sequences
from planaris.dictionary.manual import ManualVerb, manual_verbs
from planaris.dictionary.markdown import markdown
from planaris.dictionary.places import UnknownStationError
from planaris.dictionary.source import alarm_templates
from planaris.dictionary.types import (
    Alarm,
    AlarmTemplate,
    Code,
    CodeList,
    Command,
    Constant,
    EventEntry,
    Parameter,
    Place,
    Scope,
    Text,
    Variable,
    VariableTemplate,
    Verb,
)

__all__ = [
    "Alarm",
    "AlarmTemplate",
    "ChangeSequence",
    "Code",
    "CodeList",
    "Command",
    "Constant",
    "Dictionary",
    "EventEntry",
    "MaintenanceStep",
    "ManualVerb",
    "Parameter",
    "Place",
    "Scope",
    "Text",
    "UnknownNameError",
    "UnknownStationError",
    "Variable",
    "VariableTemplate",
    "Verb",
    "alarm_templates",
    "build",
    "change_sequences",
    "manual_verbs",
    "markdown",
]
