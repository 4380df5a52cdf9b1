"""Which alarm a failure sets, and at which place."""

from __future__ import annotations

from planaris.hardware import DeviceFailedError, DeviceTimeoutError, HandshakeLostError, PortError
from planaris.modules import (
    ClosedError,
    FaceError,
    IllegalTransitionError,
    PadOccupiedError,
    ProcessDeviationError,
    RingPressureLowError,
    WaferLeftOnPadError,
    WaferNotSeenError,
    WaferSlippedError,
)
from planaris.tool.interlocks import InterlockError
from planaris.tool.material import MaterialError


class HeadNotUpError(DeviceFailedError):
    """A head did not come up: what moves it must not until a person has seen to it."""

    def __init__(self, head: str, module: str) -> None:
        remedy = f"see what holds {head} down, then retry {module}"
        super().__init__(module, "move", f"{head} did not come up", remedy)


class StoppedError(DeviceFailedError):
    """Polishing was ended by a person or by the engine itself, not by a failure of the machine."""

    def __init__(self, module: str, why: str) -> None:
        super().__init__(module, "polish", why, "the wafer is cleaned and marked; decide on rework")


# What may go wrong with a machine. Anything else is a fault of the software or of the records.
EXPECTED: tuple[type[Exception], ...] = (
    DeviceFailedError,
    InterlockError,
    IllegalTransitionError,
    MaterialError,
    PortError,
)
_ALARMS: tuple[tuple[type[Exception], str], ...] = (
    (HandshakeLostError, "handshake_lost"),
    (DeviceTimeoutError, "device_timeout"),
    (WaferNotSeenError, "wafer_not_seen"),
    (FaceError, "flip_not_confirmed"),
    (HeadNotUpError, "index_blocked"),
    (RingPressureLowError, "ring_pressure_low"),
    (ProcessDeviationError, "process_aborted"),
    (WaferSlippedError, "wafer_slip"),
    (WaferLeftOnPadError, "wafer_left_on_pad"),
    (PadOccupiedError, "wafer_left_on_pad"),
    (PortError, "link_lost"),
    (DeviceFailedError, "device_error"),
)


# Alarms of failed work. A restart looks at the work anew: what is still wrong sets them again.
FAILURE_ALARMS = frozenset(name for _, name in _ALARMS) | {"unexpected_wafer"}


def alarm_of(error: Exception) -> str:
    """Return the catalogue's name for what an error says; '' for work that was only held back."""
    if isinstance(error, ClosedError):
        return ""
    if isinstance(error, InterlockError):
        return error.alarm
    if isinstance(error, WaferNotSeenError) and not error.expected:
        return "unexpected_wafer"
    if isinstance(error, HeadNotUpError) and error.device.startswith("swing"):
        return "swing_blocked"
    return next((name for kind, name in _ALARMS if isinstance(error, kind)), "device_error")


def sources_of(error: Exception, resource: str) -> tuple[str, ...]:
    """Return the places an alarm may be set at, the nearest to the cause first."""
    if isinstance(error, WaferNotSeenError):
        return (error.sensor.removesuffix(".wafer_present"), error.device, resource)
    if isinstance(error, FaceError):
        return (error.arm, error.device, resource)
    if isinstance(error, DeviceFailedError):
        return (error.device, resource)
    return (resource, "tool")
