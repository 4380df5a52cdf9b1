"""A wafer: what it is. Where it is stands in the material map; what it truly carries only the twin knows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from planaris.model.film import FilmStack


class WaferKind(StrEnum):
    """What a wafer is for."""

    PRODUCT = "product"
    MONITOR = "monitor"
    DUMMY = "dummy"
    QUALIFICATION = "qualification"


class WaferState(StrEnum):
    """Processing state of a wafer, after SEMI E90's substrate states."""

    WAITING = "waiting"
    IN_PROCESS = "in_process"
    PROCESSED = "processed"
    ABORTED = "aborted"
    SCRAPPED = "scrapped"
    LOST = "lost"


class Face(StrEnum):
    """Which way a wafer's polished side looks: up in the dry part and the cleaner, down at the heads."""

    UP = "up"
    DOWN = "down"

    @property
    def other(self) -> Face:
        """The other way round."""
        return Face.DOWN if self is Face.UP else Face.UP


@dataclass(frozen=True, slots=True)
class Wafer:
    """One wafer of a lot."""

    wafer_id: str
    lot_id: str
    slot: int
    kind: WaferKind
    stack: FilmStack
    diameter_mm: float = 200.0
    notch_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Defect:
    """A place on a wafer that an inspection found. Nothing makes them yet; files and records have room."""

    x_mm: float
    y_mm: float
    size_um: float
    defect_class: str


@dataclass(frozen=True, slots=True)
class WaferTimes:
    """Times of one wafer on its way through the tool, seconds of tool time; NaN where it has not been."""

    wafer_id: str
    left_carrier_s: float
    polish_start_s: float
    polish_end_s: float
    clean_start_s: float
    clean_end_s: float
    returned_s: float
    polish_s: float
    wait_s: float
    wet_s: float
