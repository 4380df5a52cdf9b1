"""Record what passes a port, and drive the controller again with such a record."""

from planaris.hardware.replay.port import EXACT_S, Divergence, ReplayPort
from planaris.hardware.replay.record import RECORD_FILE, RecordError, RunRecord
from planaris.hardware.replay.recording import PortRecording

__all__ = ["EXACT_S", "RECORD_FILE", "Divergence", "PortRecording", "RecordError", "ReplayPort", "RunRecord"]
