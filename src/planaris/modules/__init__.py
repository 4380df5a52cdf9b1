"""The tool's modules: each owns its state and talks to the port through device handshakes."""

from planaris.modules.after_polish import Cleaner, Metrology
from planaris.modules.bands import (
    DEFAULT_BANDS,
    BandMonitor,
    Deviation,
    ProcessDeviationError,
    RingPressureLowError,
    error_of,
)
from planaris.modules.context import (
    CheckLimits,
    ClosedError,
    ControlConstants,
    EndpointOf,
    Gate,
    ModuleContext,
    StartTrace,
    StepSpan,
    TraceFile,
    TraceHeader,
    TraceRecording,
)
from planaris.modules.endpoint_watch import FAST_BLOCK_S, StepControl, Trail, reads_fast
from planaris.modules.handling import (
    Aligner,
    Carousel,
    FaceError,
    LoadCup,
    LoadPort,
    Robot,
    WaferNotSeenError,
    face_shown,
)
from planaris.modules.module import ActionRefusedError, IllegalTransitionError, Module, StateTable
from planaris.modules.platen import (
    PadOccupiedError,
    Platen,
    WaferLeftOnPadError,
    WaferSlippedError,
)
from planaris.modules.units import DualArmRobot, Exchange, Swing
from planaris.modules.visit import Visit, VisitResult, rest_of_end
from planaris.modules.window_tap import WINDOW_BLOCK_S

__all__ = [
    "DEFAULT_BANDS",
    "FAST_BLOCK_S",
    "WINDOW_BLOCK_S",
    "ActionRefusedError",
    "Aligner",
    "BandMonitor",
    "Carousel",
    "CheckLimits",
    "Cleaner",
    "ClosedError",
    "ControlConstants",
    "Deviation",
    "DualArmRobot",
    "EndpointOf",
    "Exchange",
    "FaceError",
    "Gate",
    "IllegalTransitionError",
    "LoadCup",
    "LoadPort",
    "Metrology",
    "Module",
    "ModuleContext",
    "PadOccupiedError",
    "Platen",
    "ProcessDeviationError",
    "RingPressureLowError",
    "Robot",
    "StartTrace",
    "StateTable",
    "StepControl",
    "StepSpan",
    "Swing",
    "TraceFile",
    "TraceHeader",
    "TraceRecording",
    "Trail",
    "Visit",
    "VisitResult",
    "WaferLeftOnPadError",
    "WaferNotSeenError",
    "WaferSlippedError",
    "error_of",
    "face_shown",
    "reads_fast",
    "rest_of_end",
]
