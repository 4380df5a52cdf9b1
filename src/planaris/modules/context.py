"""What every module is given: the port, the watch on its tags, devices, and where to announce things."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from planaris.dictionary import Dictionary
from planaris.hardware import Device, DeviceFailedError, HandshakeLimits, Port, TagWatch
from planaris.model import Block, Recipe, Severity, ToolDescription
from planaris.modules.endpoint_watch import StepControl
from planaris.stream import Event


class Permit(Protocol):
    """Ask the interlocks; raises if the action may not start."""

    def __call__(self, action: str, subject: str) -> None: ...


class RaiseAlarm(Protocol):
    """Set an alarm."""

    def __call__(self, alarm: str, source: str, severity: Severity, detail: str, wafer_id: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class StepSpan:
    """When a step ran, tool time."""

    name: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class TraceHeader:
    """What a trace is of: one wafer's visit to a platen; ``kind`` is "optical" for what its window saw."""

    wafer_id: str
    slot: int
    platen: int
    head: int
    recipe: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class TraceFile:
    """A trace that was handed over for writing; ``file`` is relative to the run's folder."""

    file: str
    rows_count: int
    tags_count: int


class TraceRecording(Protocol):
    """Takes a trace's samples as they come in."""

    def append(self, time_s: NDArray[np.float64], values: NDArray[np.float32]) -> None:
        """Add samples: time (n,), values (n, columns); a tag with a shape takes as many columns."""
        ...

    def finish(self, spans: Sequence[StepSpan]) -> TraceFile:
        """Hand the trace over; writing may go on after this returns."""
        ...


class CheckLimits(Protocol):
    """Hold a block against the watched limits, set and clear their alarms, and return why the step must be aborted."""

    def __call__(self, block: Block, wafer_id: str = "") -> Sequence[str]: ...


class StartTrace(Protocol):
    """Begin a trace with columns named without instance numbers: ``platen.speed_rpm``.

    ``widths`` says how many numbers of a row each column takes; empty where each takes one.
    """

    def __call__(
        self, header: TraceHeader, columns: tuple[str, ...], widths: tuple[int, ...] = ()
    ) -> TraceRecording: ...


class EndpointOf(Protocol):
    """Return what ends a step of a recipe by endpoint for a wafer; None where nobody knows how.

    ``into_s``: for so long the step was polished before it was cut off; what ends it ends the rest.
    """

    def __call__(self, wafer_id: str, recipe: Recipe, step: int, into_s: float) -> StepControl | None: ...


def _no_endpoint(wafer_id: str, recipe: Recipe, step: int, into_s: float) -> None:
    del wafer_id, recipe, step, into_s


@dataclass(frozen=True, slots=True)
class ControlConstants:
    """Equipment constants of the controller; their ranges stand in the dictionary.

    Band checks begin ``settle_s`` after a step's ramp, when pressures and speeds have settled [design].
    """

    trace_block_s: float = 4.0
    device_margin_ratio: float = 3.0
    device_margin_s: float = 10.0
    heartbeat_period_s: float = 1.0
    settle_s: float = 3.0
    handshake: HandshakeLimits = field(default_factory=HandshakeLimits)

    def limit_s(self, nominal_s: float) -> float:
        """Return the time limit of a motion of nominal length."""
        return nominal_s * self.device_margin_ratio + self.device_margin_s


def _no_limits(block: Block, wafer_id: str = "") -> Sequence[str]:
    del block, wafer_id
    return ()


class ClosedError(DeviceFailedError):
    """No move may start now; only the way to safety is open."""

    def __init__(self, device: str, verb: str, why: str) -> None:
        super().__init__(device, verb, f"no move starts: {why}", "clear the cause; a person then lets the tool go on")


# Commands on the way to safety: heads and conditioners up, rinse, slurry off. They are never held back.
_TO_SAFETY = frozenset({("head", "lift"), ("conditioner", "up"), ("platen", "rinse")})


@dataclass(slots=True)
class Gate:
    """Whether devices may be told to move; ``closed`` says why not."""

    closed: str = ""

    def check(self, device: str, verb: str, arg2: float) -> None:
        """Raise `ClosedError` for a command that does not lead to safety while the gate is closed."""
        if not self.closed:
            return
        kind = device.rstrip("0123456789")
        if (kind, verb) in _TO_SAFETY or ((kind, verb) == ("platen", "slurry") and not arg2):
            return
        raise ClosedError(device, verb, self.closed)


class ModuleContext:
    """Shared by the modules of one tool."""

    def __init__(
        self,
        tool: ToolDescription,
        dictionary: Dictionary,
        port: Port,
        watch: TagWatch,
        announce: Callable[[Event], None],
        permit: Permit,
        alarm: RaiseAlarm,
        start_trace: StartTrace,
        constants: ControlConstants | None = None,
        check_limits: CheckLimits = _no_limits,
        endpoint_of: EndpointOf = _no_endpoint,
    ) -> None:
        self.tool = tool
        self.dictionary = dictionary
        self.port = port
        self.watch = watch
        self.announce = announce
        self.permit = permit
        self.alarm = alarm
        self.start_trace = start_trace
        self.constants = constants or ControlConstants()
        self.check_limits = check_limits
        self.endpoint_of = endpoint_of
        self.gate = Gate()

    def codes(self, name: str) -> Mapping[str, int]:
        """Return a code list as name -> integer."""
        return {code.name: code.value for code in self.dictionary.code_list(name).by_name.values()}

    def device(self, name: str) -> Device:
        """Return the client side of a device's handshake."""
        verbs = {verb.name: verb.value for verb in self.dictionary.verbs_of(name)}
        errors = {value: text for text, value in self.codes("device_error").items()}
        return Device(self.port, self.watch, name, verbs, errors, self.constants.handshake, self.gate.check)

    def limit_s(self, nominal_s: float) -> float:
        """Return the time limit of a motion of nominal length."""
        return self.constants.limit_s(nominal_s)
