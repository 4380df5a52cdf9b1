"""What a run's profile means for the twin, the controller's constants and the records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planaris.app.request import RunProfile
from planaris.modules import ControlConstants
from planaris.twin import CAMPAIGN, FULL, TwinProfile


@dataclass(frozen=True, slots=True)
class ProfileParts:
    """The twin's profile, the controller's constants, and whether traces are recorded."""

    twin: TwinProfile
    constants: ControlConstants
    traces: bool


PROFILES: Mapping[RunProfile, ProfileParts] = {
    RunProfile.FULL: ProfileParts(FULL, ControlConstants(), traces=True),
    # A deviation shows up to 5 s late instead of 4 s: the length of a block, within the constant's legal range.
    RunProfile.CAMPAIGN: ProfileParts(CAMPAIGN, ControlConstants(trace_block_s=5.0), traces=False),
}
