"""The twin's true wafers and where they truly are. The tool never sees this."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from planaris.model import SlotState, WaferKind
from planaris.twin.patterned import TrueArea

_stamps = itertools.count()


class _Stamped:
    """Gets a stamp that nothing else has or had whenever something of it is set: one look says whether it changed."""

    __slots__ = ("stamp",)
    stamp: int

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)
        object.__setattr__(self, "stamp", next(_stamps))


@dataclass(slots=True)
class TrueWafer(_Stamped):
    """A wafer as it is: film thickness on the polar grid, shape (n_r, n_theta), in nanometres.

    ``thickness_nm`` is the film on top, the one that is polished and measured; ``under_nm`` (n_film - 1, n_r, n_theta)
    are those below it. ``materials`` names all films from the top down; empty for the polished film alone. ``areas``
    are those of a patterned wafer, ``start_nm`` its films' mean thicknesses before any polish. Arrays are never changed
    in place.
    """

    wafer_id: str
    slot: int
    kind: WaferKind
    thickness_nm: NDArray[np.float64]
    before_nm: NDArray[np.float64]
    head: int = 0
    notch_deg: float = 0.0
    wet: bool = False
    face_down: bool = False
    broken: bool = False
    measurement_count: int = 0
    materials: tuple[str, ...] = ()
    under_nm: NDArray[np.float64] | None = None
    areas: tuple[TrueArea, ...] = ()
    start_nm: tuple[float, ...] = ()

    @property
    def films_nm(self) -> NDArray[np.float64]:
        """All films from the top down, (n_film, n_r, n_theta)."""
        top = self.thickness_nm[None]
        return top if self.under_nm is None else np.concatenate([top, self.under_nm])


@dataclass(slots=True)
class TrueCarrier:
    """A cassette on a load port: what its slots truly hold."""

    carrier_id: str
    slots: dict[int, SlotState] = field(default_factory=dict[int, SlotState])

    def code(self, slot: int) -> int:
        """Return the scan code of a slot (dictionary code list `slot_state`)."""
        return list(SlotState).index(self.slots.get(slot, SlotState.EMPTY))


class Places:
    """Location -> true wafer. A location holds at most one."""

    def __init__(self) -> None:
        self._at: dict[str, TrueWafer] = {}

    def get(self, location: str) -> TrueWafer | None:
        """Return the wafer at a location."""
        return self._at.get(location)

    def put(self, location: str, wafer: TrueWafer) -> None:
        """Put a wafer on an empty location."""
        if location in self._at:
            raise ValueError(f"{location} already holds {self._at[location].wafer_id}")
        self._at[location] = wafer

    def move(self, source: str, destination: str) -> TrueWafer:
        """Move a wafer to an empty location."""
        wafer = self._at[source]
        self.put(destination, wafer)
        del self._at[source]
        return wafer

    def take(self, location: str) -> TrueWafer:
        """Remove and return the wafer of a location."""
        return self._at.pop(location)

    def items(self) -> tuple[tuple[str, TrueWafer], ...]:
        """Return all (location, wafer) pairs in the order they came."""
        return tuple(self._at.items())


def slot_location(load_port: int, slot: int) -> str:
    """Return the name of a carrier slot's location."""
    return f"loadport{load_port}.{slot:02d}"
