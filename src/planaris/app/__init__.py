"""Composition root: the only place that wires a tool."""

from planaris.app.door_socket import ask_door
from planaris.app.endpoint_trial import EndpointTrial, TrialRequest, try_endpoint
from planaris.app.listening import ListenError, cause
from planaris.app.office import give, recipe_versions
from planaris.app.request import EstimateSummary, Progress, RunProfile, RunRequest, RunSummary, WaferSummary
from planaris.app.runner import run_lot
from planaris.app.serve import ServeReady, ServeRequest, serve
from planaris.app.twin_process import TwinReady, TwinRequest, run_twin

__all__ = [
    "EndpointTrial",
    "EstimateSummary",
    "ListenError",
    "Progress",
    "RunProfile",
    "RunRequest",
    "RunSummary",
    "ServeReady",
    "ServeRequest",
    "TrialRequest",
    "TwinReady",
    "TwinRequest",
    "WaferSummary",
    "ask_door",
    "cause",
    "give",
    "recipe_versions",
    "run_lot",
    "run_twin",
    "serve",
    "try_endpoint",
]
