"""Where wafers are after a death: the journal's map, held to what sensors and scans show. Pure; nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """What a person must look at. ``wafer_id`` is '' for a wafer that is seen where the map has none."""

    wafer_id: str
    candidates: tuple[str, ...]
    why: str
    look_at: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResolvedMove:
    """A move that was under way, and whether sensors show that it was made."""

    wafer_id: str
    source: str
    destination: str
    made: bool


@dataclass(frozen=True, slots=True)
class Reconciled:
    """``places`` holds every wafer whose place is known; the others are in ``questions``."""

    places: Mapping[str, str]
    moves: tuple[ResolvedMove, ...]
    questions: tuple[Question, ...]


def reconcile(places: Mapping[str, str], in_motion: Mapping[str, str], seen: Mapping[str, bool]) -> Reconciled:
    """Hold the map to what is seen.

    ``places`` maps wafer to where it was confirmed last, ``in_motion`` wafer to the destination of a move that was
    intended and not confirmed. ``seen`` says of every place that has a sensor, and of every slot of a scanned carrier,
    whether a wafer is there; a place that it does not hold cannot be seen.
    """
    known: dict[str, str] = {}
    moves: list[ResolvedMove] = []
    questions: list[Question] = []
    for wafer, source in places.items():
        destination = in_motion.get(wafer)
        if destination is None:
            if seen.get(source) is False:
                questions.append(_ask(wafer, (source,), f"it was at {source}, where no wafer is seen"))
            else:
                known[wafer] = source
            continue
        made = _made(seen.get(source), seen.get(destination))
        if made is None:
            why = f"it was going from {source} to {destination}; {_says(source, seen)}, {_says(destination, seen)}"
            questions.append(_ask(wafer, (source, destination), why))
            continue
        known[wafer] = destination if made else source
        moves.append(ResolvedMove(wafer, source, destination, made))
    taken: dict[str, str] = {}
    for wafer, place in tuple(known.items()):
        if place in taken:
            why = f"the map has it at {place}, and {taken[place]} too"
            questions.append(_ask(wafer, (place,), why))
            del known[wafer]
        else:
            taken[place] = wafer
    open_places = {place for question in questions for place in question.candidates}
    lost = tuple(q.wafer_id for q in questions)
    for place, there in seen.items():
        if there and place not in taken and place not in open_places:
            why = f"a wafer is seen at {place}, where the map has none"
            questions.append(Question("", lost, why, (place,)))
    return Reconciled(known, tuple(moves), tuple(questions))


def _made(source: bool | None, destination: bool | None) -> bool | None:
    """Return whether a move was made, by what is seen at its ends; None where that does not tell."""
    if destination is True and source is not True:
        return True
    if source is True and destination is not True:
        return False
    return None


def _says(place: str, seen: Mapping[str, bool]) -> str:
    there = seen.get(place)
    if there is None:
        return f"{place} cannot be seen"
    return f"{place} shows {'a wafer' if there else 'none'}"


def _ask(wafer: str, candidates: tuple[str, ...], why: str) -> Question:
    return Question(wafer, candidates, why, candidates)
