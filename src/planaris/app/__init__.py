"""Composition root: the only place that wires a tool."""

from planaris.app.office import give, recipe_versions
from planaris.app.request import Progress, RunProfile, RunRequest, RunSummary, WaferSummary
from planaris.app.runner import run_lot

__all__ = [
    "Progress",
    "RunProfile",
    "RunRequest",
    "RunSummary",
    "WaferSummary",
    "give",
    "recipe_versions",
    "run_lot",
]
