"""In-situ profile control: what the endpoint sees of each zone moves the zones' pressures."""

from planaris.control.profile.zone_control import ZoneProfileControl, ZoneState, zone_control_of

__all__ = [
    "ZoneProfileControl",
    "ZoneState",
    "zone_control_of",
]
