"""Composition root: the only place that wires a tool."""

from planaris.app.request import Progress, RunRequest, RunSummary, WaferSummary
from planaris.app.runner import run_lot

__all__ = ["Progress", "RunRequest", "RunSummary", "WaferSummary", "run_lot"]
