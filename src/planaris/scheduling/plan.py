"""What a plan or a played run consists of: operations with start and end. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class What(StrEnum):
    """Kind of an operation."""

    PICK = "pick"
    PLACE = "place"
    GOTO = "goto"
    WORK = "work"
    VISIT = "visit"
    UNLOAD = "unload"
    LOAD = "load"
    RINSE = "rinse"
    INDEX = "index"
    SWING = "swing"
    CARRY = "carry"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of one resource: ``source`` and ``destination`` are places, '' where there is none.

    PICK ends with the wafer on the arm, PLACE with it down; both include the arm's way. CARRY is a cleaner's own
    transfer. WORK is what a place does to a wafer; VISIT a head's stay on a platen, source the head. INDEX turns
    all heads by one station; SWING brings a unit's head, its source, over its destination, with or without a wafer.
    """

    what: What
    resource: str
    wafer_id: str
    source: str
    destination: str
    start_s: float
    end_s: float
