"""The twin: a machine with physics behind the same tags a real PLC would have."""

from planaris.twin.chunks import CHUNK_S
from planaris.twin.machine import HEARTBEAT_LIMIT_S, LIVE_CHANGE_PERIOD_S, Machine
from planaris.twin.memory import MemoryFile, MemoryFileError, Snapshot, open_memory
from planaris.twin.plc import LinkModel
from planaris.twin.port import TwinPort
from planaris.twin.profile import CAMPAIGN, FULL, TwinProfile
from planaris.twin.restoring import Restored
from planaris.twin.truth import Truth, make_truth, nominal_law
from planaris.twin.unreliable import Unreliable
from planaris.twin.witness import Lapse, Witness
from planaris.twin.world import PartTruth, WaferTruth, World, save_truth

__all__ = [
    "CAMPAIGN",
    "CHUNK_S",
    "FULL",
    "HEARTBEAT_LIMIT_S",
    "LIVE_CHANGE_PERIOD_S",
    "Lapse",
    "LinkModel",
    "Machine",
    "MemoryFile",
    "MemoryFileError",
    "PartTruth",
    "Restored",
    "Snapshot",
    "Truth",
    "TwinPort",
    "TwinProfile",
    "Unreliable",
    "WaferTruth",
    "Witness",
    "World",
    "make_truth",
    "nominal_law",
    "open_memory",
    "save_truth",
]
