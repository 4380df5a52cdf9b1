"""What an endpoint detector says, and the path that a call takes to the machine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from planaris.model import Block

# The longest path from a sample to the PLC's stop that an endpoint step may have (docs/explanations/endpoint.md).
PATH_LIMIT_S = 0.1


class DecisionKind(StrEnum):
    """What is to be done.

    ``none``: polish on. ``call``: the endpoint is reached or foreseen; stop at ``stop_s``. ``fault``: the sensor
    cannot be trusted; polish on, to the latest time if nothing else calls. ``hold``: no endpoint by the latest time;
    stop and keep the wafer for a person. ``abort``: not the wafer that the recipe means; stop at once and keep it.
    """

    NONE = "none"
    CALL = "call"
    FAULT = "fault"
    HOLD = "hold"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer of a detector.

    ``time_s`` is the tool time of the newest sample behind it; ``endpoint_s`` when the film reaches the endpoint, as
    foreseen, and ``stop_s`` when the PLC is to be told to stop, over-polish and path included (a step's detector fills
    it in, a bare one does not). ``thickness_nm`` and ``rate_nm_min`` are area means of the film that is polished,
    ``zones_nm`` the means of the head's pressure zones from the centre out; None or empty where the detector sees no
    thickness. ``confidence_fraction`` is 0 to 1. ``recognised`` names what an abort found.
    """

    kind: DecisionKind
    time_s: float
    why: str = ""
    endpoint_s: float | None = None
    stop_s: float | None = None
    thickness_nm: float | None = None
    sigma_nm: float | None = None
    rate_nm_min: float | None = None
    zones_nm: tuple[float, ...] = ()
    zone_rates_nm_min: tuple[float, ...] = ()
    confidence_fraction: float = 0.0
    recognised: str = ""

    @property
    def is_final(self) -> bool:
        """Say whether the step ends by it."""
        return self.kind in (DecisionKind.CALL, DecisionKind.HOLD, DecisionKind.ABORT)


@dataclass(frozen=True, slots=True)
class DelayPath:
    """Declared path of a stop: sample → decision → PLC, then the lift's ramp, in which the film goes on.

    ``share_fraction`` is what is removed during the ramp over what full pressure would remove in that time: half for
    a linear ramp and a rate proportional to pressure. Raises `ValueError` where sample to stop takes longer than 0.1 s.
    """

    sample_to_decision_s: float = 0.04
    decision_to_stop_s: float = 0.06
    lift_ramp_s: float = 0.5
    share_fraction: float = 0.5

    def __post_init__(self) -> None:
        if self.delay_s > PATH_LIMIT_S * (1.0 + 1e-9):
            raise ValueError(f"sample to stop takes {self.delay_s:g} s, more than {PATH_LIMIT_S:g} s")

    @property
    def delay_s(self) -> float:
        """Time from a sample to the PLC's stop."""
        return self.sample_to_decision_s + self.decision_to_stop_s

    @property
    def charge_s(self) -> float:
        """Time at full rate that the film loses after the stop is ordered: the order's own way and the ramp."""
        return self.decision_to_stop_s + self.lift_ramp_s * self.share_fraction


class Detector(Protocol):
    """A detector: ``start`` gives its state at a step's start, ``step`` takes one block and returns the next state.

    Nothing is kept between calls but the state, so the same blocks give the same decisions again. Blocks of rate
    classes that a detector does not read leave it as it is.
    """

    def start(self, start_s: float) -> Any:
        """Return the state at the start of a step, at a tool time."""
        ...

    def step(self, state: Any, block: Block) -> tuple[Any, Decision]:
        """Return the next state and what is to be done."""
        ...
