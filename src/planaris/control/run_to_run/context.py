"""What a wafer is polished with: the threads that its result belongs to and that share what is learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Context:
    """Threads of one wafer.

    ``product`` is recipe and product; ``head`` the carrier head with its parts. ``pads`` names the pad that it meets on
    each platen (``platen1/SERIAL``), ``pad_age_h`` its age in polish hours when the wafer begins, negative where nobody
    saw it put on, and ``share_fraction`` what of the nominal removal is done there. ``slurry`` names the batches.
    """

    product: str
    head: str
    pads: tuple[str, ...]
    pad_age_h: tuple[float, ...]
    share_fraction: tuple[float, ...]
    slurry: str = ""


@dataclass(frozen=True, slots=True)
class Residual:
    """What a label says: natural logarithm of measured over nominal, of the wafer ``number`` in the tool's count."""

    context: Context
    number: int
    log_ratio: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """Expected logarithm of the ratio to nominal, its 1 sigma, and how many labels its product thread rests on."""

    log_ratio: float
    sigma_ratio: float
    labels_count: int


class Estimator(Protocol):
    """One method of learning: state in, state out; states are plain data.

    ``noise_ratio`` is what a label is off by beside the estimate's sigma, 0 where that has it in already.
    """

    @property
    def noise_ratio(self) -> float: ...

    def start(self) -> Any:
        """Return the state that knows nothing yet."""
        ...

    def expect(self, state: Any, context: Context, number: int) -> Estimate:
        """Return what a wafer's ratio is expected to be."""
        ...

    def step(self, state: Any, seen: Residual) -> tuple[Any, Estimate]:
        """Take a label; return the next state and what had been expected of that wafer."""
        ...


def changed(before: Mapping[str, str], pads: tuple[str, ...]) -> tuple[str, ...]:
    """Return the places (``platen1``) whose pad is another than the one noted in ``before``."""
    now = dict(pad.split("/", 1) for pad in pads)
    return tuple(place for place, serial in now.items() if before.get(place, serial) != serial)
