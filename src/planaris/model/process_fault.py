"""Slow faults of a process that fault detection names, each with its warning band: the unit of a fault's severity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class ProcessFault(StrEnum):
    """What may be wrong with a process that still runs."""

    SLURRY_DROP = "slurry_drop"
    WORN_DISK = "worn_disk"
    RING_WEAR = "ring_wear"
    MEMBRANE_LEAK = "membrane_leak"
    HEAD_SPEED_DRIFT = "head_speed_drift"


# What fault detection says of a change that no fault explains.
UNKNOWN_FAULT = "unknown"


@dataclass(frozen=True, slots=True)
class SetPointBand:
    """How far a quantity may be from its set-point before a person is warned."""

    warn_pct: float
    abort_pct: float


# Warning is two thirds of the abort limit [design]; abort limits: slurry flow 20 % of set-point, head speed 3 rpm of
# some 90 (both Y: plausible public text of unknown origin).
SLURRY_FLOW_BAND = SetPointBand(13.0, 20.0)
HEAD_SPEED_BAND = SetPointBand(2.0, 3.0)
# Parts warn at this share of their life (Y).
LIFE_WARN_PCT = 90.0
# A closed zone's loss of pressure in a leak test of 30 s: alarm 2.07 kPa (0.3 psi, Y), warning two thirds [design].
LEAK_TEST_S = 30.0
LEAK_ALARM_kPa = 2.07
LEAK_WARN_kPa = 1.38
# The test's pressure, 3 psi, and the gas behind one zone, with hose and regulator [design].
LEAK_TEST_kPa = 20.7
ZONE_VOLUME_l = 0.5
ATMOSPHERE_kPa = 101.3


@dataclass(frozen=True, slots=True)
class WarningBand:
    """The band of a fault in words; ``severity`` 1 of a fault stands at it, 1.5 half as far again."""

    quantity: str
    source: str


WARNING_BANDS: Mapping[ProcessFault, WarningBand] = MappingProxyType(
    {
        ProcessFault.SLURRY_DROP: WarningBand("slurry flow 13 % below its set-point", "2/3 of the abort limit"),
        ProcessFault.WORN_DISK: WarningBand("hours of the disk at 90 % of its life", "warn at 90 % of life"),
        ProcessFault.RING_WEAR: WarningBand("ring height lost at 90 % of what it may lose", "warn at 90 % of life"),
        ProcessFault.MEMBRANE_LEAK: WarningBand("1.38 kPa lost in 30 s at 20.7 kPa", "2/3 of the alarm limit"),
        ProcessFault.HEAD_SPEED_DRIFT: WarningBand("head speed 2 % off its set-point", "2/3 of the abort limit"),
    }
)


def leak_l_min_kPa(lost_kPa: float) -> float:
    """Return the gas that a leak takes, l/min at standard pressure for each kPa in the zone.

    ``lost_kPa`` is what the closed zone would lose in the leak test: flow = V·dp/dt at the test's pressure.
    """
    return ZONE_VOLUME_l * lost_kPa / ATMOSPHERE_kPa / (LEAK_TEST_S / 60.0) / LEAK_TEST_kPa
