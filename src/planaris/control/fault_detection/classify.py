"""Name the fault that explains which features moved; "unknown" where none does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planaris.control.fault_detection.signatures import Signature, signatures
from planaris.model import UNKNOWN_FAULT

# What is left unexplained of all that moved, by squared distance, before it is another, unknown fault [design].
UNEXPLAINED_FRACTION = 0.2


@dataclass(frozen=True, slots=True)
class NamedFault:
    """A fault with its kind of place ("platen" or "head"), its share of what moved, and the features it moved."""

    fault: str
    place: str
    share_fraction: float
    features: tuple[str, ...]


def classify(moved: Mapping[str, float]) -> tuple[NamedFault, ...]:
    """Return the faults behind features beyond their limits, ``moved`` in sigma, the largest first.

    A fault is named when the feature that only it moves is beyond its limit; each takes what it explains of the rest.
    Where more than a fifth of the squared distance is left, that is an unknown fault.
    """
    total = sum(z * z for z in moved.values())
    left = dict(moved)
    found: list[NamedFault] = []
    while candidates := [s for s in signatures() if s.is_told_by(left)]:
        best = max(candidates, key=lambda s: _explained(s, left))
        mine = tuple(f for f, z in left.items() if best.explains(f, z))
        found.append(NamedFault(best.fault.value, best.place, _energy(left, mine) / total, mine))
        left = {f: z for f, z in left.items() if f not in mine}
    if left and _energy(left, tuple(left)) > (UNEXPLAINED_FRACTION * total if found else 0.0):
        names = tuple(sorted(left, key=lambda f: -abs(left[f])))
        found.append(NamedFault(UNKNOWN_FAULT, "platen", _energy(left, names) / total, names))
    return tuple(found)


def _explained(signature: Signature, moved: Mapping[str, float]) -> float:
    return sum(z * z for f, z in moved.items() if signature.explains(f, z))


def _energy(moved: Mapping[str, float], names: tuple[str, ...]) -> float:
    return sum(moved[f] ** 2 for f in names)
