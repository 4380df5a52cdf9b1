"""Signatures: which features a fault moves, and to which side. Read from a data file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from planaris.model import ProcessFault

_SIDES = {"low": -1, "high": 1, "any": 0}


def general(feature: str) -> str:
    """Return a feature's name with a zone's number left out: zone2_leak_kPa is a zone_leak_kPa."""
    return f"zone_{feature.partition('_')[2]}" if feature.startswith("zone") else feature


@dataclass(frozen=True, slots=True)
class Signature:
    """One fault: whether it is a platen's or a head's, the feature that tells it, and those that move along.

    A side is +1, -1, or 0 for either.
    """

    fault: ProcessFault
    place: str
    driver: str
    driver_side: int
    along: Mapping[str, int]

    def is_told_by(self, moved: Mapping[str, float]) -> bool:
        """Say whether the driver is among features that moved, to its side."""
        return any(general(f) == self.driver and _agrees(z, self.driver_side) for f, z in moved.items())

    def explains(self, feature: str, z: float) -> bool:
        """Say whether a feature's move is this fault's doing."""
        name = general(feature)
        if name == self.driver:
            return _agrees(z, self.driver_side)
        return name in self.along and _agrees(z, self.along[name])


def _agrees(z: float, side: int) -> bool:
    return side == 0 or z * side > 0


@cache
def signatures() -> tuple[Signature, ...]:
    """Return the signatures of all faults."""
    text = resources.files("planaris.control.fault_detection").joinpath("signatures.toml").read_text(encoding="utf-8")
    found: list[Signature] = []
    for name, row in tomllib.loads(text).items():
        ((driver, side),) = row["driver"].items()
        along = {feature: _SIDES[which] for feature, which in row["with"].items()}
        found.append(Signature(ProcessFault(name), row["place"], driver, _SIDES[side], along))
    return tuple(found)
