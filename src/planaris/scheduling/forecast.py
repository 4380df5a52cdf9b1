"""Forecasts of a carousel floor: when the line takes the next wafer, when the load cup is served, how long a way is.

All in seconds from now. They assume that what is under way goes on as expected and that arms do not wait for each
other; the rule asks again at every event, so an error is put right at the next look.
"""

from __future__ import annotations

from planaris.scheduling.floor import Floor
from planaris.scheduling.line import Line
from planaris.scheduling.pacing import LineWafer, line_free_s

# Kept of a wet limit for what cannot be foreseen: device time spread, a look that comes late [design].
WET_MARGIN_S = 6.0
FEEDING = ("dry_robot", "wet_robot", "aligner", "loadcup")


def to_cup_s(line: Line, turns: int, stop_s: float) -> float:
    """Return the shortest time from polish end to the wafer in the load cup, ``turns`` turns away.

    At each stop on the way the carousel stands for ``stop_s``.
    """
    return turns * line.index_s + (turns - 1) * stop_s + line.unload_s


def from_cup_s(line: Line) -> float:
    """Return the time from the wafer in the load cup to the wafer in the cleaner, the arm waiting at the cup."""
    return line.wet.pick_s + line.wet.move_s + line.wet.place_s


def load_s(line: Line) -> float:
    """Return the time from the stage to the head, the arm waiting at the stage."""
    return from_cup_s(line) + line.load_s + line.chuck_s


def turns_to_cup(line: Line, platen: int) -> int:
    """Return how many turns bring the head over a platen back to the load cup."""
    return line.heads - platen


def rides_too_long(floor: Floor, wafer: str) -> bool:
    """Whether a wafer's way from its last platen to the cleaner breaks its wet limit if others polish at the stops."""
    visits = floor.todo.get(wafer, ())
    line = floor.line
    if line is None or not visits or wafer not in floor.wet_limit_s:
        return False
    longest_s = max((v.time_s for todo in floor.todo.values() for v in todo), default=0.0)
    turns = turns_to_cup(line, visits[-1].platen)
    return to_cup_s(line, turns, longest_s) + from_cup_s(line) > floor.wet_limit_s[wafer]


def ends_beside_another(floor: Floor, wafer: str) -> bool:
    """Whether a wafer, loaded now, ends its polish at the same stop as another and one would wait wet too long for it.

    Both ride back with the same turns; the cleaner takes the second when its first place is free again.
    """
    line, visits = floor.line, floor.todo.get(wafer, ())
    if line is None or not visits:
        return False
    for platen, head in enumerate(floor.heads_at_platens, start=1):
        other = floor.at.get(head, "")
        theirs = floor.todo.get(other, ())
        if not theirs or theirs[-1].platen - platen != visits[-1].platen:
            continue
        first, second = sorted(
            ((one, done[-1].platen) for one, done in ((wafer, visits), (other, theirs))), key=lambda it: -it[1]
        )
        takt_s = floor.clean_s[first[0]][0] + line.exchange_s if first[0] in floor.clean_s else 0.0
        wait_s = to_cup_s(line, turns_to_cup(line, first[1]), 0.0) + takt_s + from_cup_s(line)
        if wait_s + WET_MARGIN_S > floor.wet_limit_s.get(second[0], float("inf")):
            return True
    return False


def cleaner_free_s(floor: Floor, wafer: str) -> float:
    """Return when the cleaner can take one more wafer than those it has or gets, and pass it on within its limits.

    Finished wafers on heads count where they come before this one; those that come after it would be waited for in
    vain.
    """
    line = floor.line
    assert line is not None
    if floor.down & {*floor.cleaner, "metrology", "dry_robot", "wet_robot"}:
        return float("inf")
    dry = line.dry
    places = (*floor.cleaner, "metrology") if floor.has_metrology else floor.cleaner
    leave_s = [line.exchange_s] * (len(floor.cleaner) - 1) + [dry.pick_s] * (2 if floor.has_metrology else 1)
    carry_s = [0.0] * (len(floor.cleaner) - 1) + [dry.move_s + dry.place_s]
    wafers = [
        LineWafer(place, floor.due_s.get(name, 0.0), floor.clean_s[floor.at[name]])
        for place, name in reversed(list(enumerate(places)))
        if name in floor.at
    ]
    # A wafer on the dry arm is for metrology or its slot; one on its way holds no place of this line.
    for place, wait_s in (
        ("wet_robot", floor.due_s.get("wet_robot", 0.0)),
        ("loadcup", from_cup_s(line)),
        (floor.head_at_cup, line.unload_s + from_cup_s(line)),
    ):
        if place in floor.at and floor.at[place] in floor.polished:
            wafers.append(LineWafer(-1, wait_s, floor.clean_s[floor.at[place]]))
    stop_s = max((floor.due_s.get(head, 0.0) for head in floor.heads_at_platens), default=0.0)
    for platen in range(line.platens, 0, -1):
        head = floor.heads_at_platens[platen - 1]
        if floor.at.get(head) == wafer:
            break
        if head in floor.at and floor.at[head] in floor.polished:
            way_s = to_cup_s(line, turns_to_cup(line, platen), stop_s) + from_cup_s(line)
            wafers.append(LineWafer(-1, way_s, floor.clean_s[floor.at[head]]))
    most_s = floor.between_s.get(wafer, float("inf")) - WET_MARGIN_S
    wet = len(floor.cleaner) - 1  # in the last place it dries, and then may wait
    return line_free_s(leave_s, wafers, carry_s, process_s=floor.clean_s[wafer], most_wait_s=(most_s,) * wet)


def feed_s(floor: Floor) -> float:
    """Return when the next wafer is on the stage."""
    line = floor.line
    assert line is not None
    dry = line.dry
    carry_s = dry.move_s + dry.place_s
    transfer_s = dry.empty_move_s + dry.pick_s + carry_s
    if "stage" in floor.at:
        return floor.due_s.get("stage", 0.0)
    if "dry_robot" in floor.at and floor.at["dry_robot"] not in floor.polished:
        # Whether it goes to the aligner or the stage is not told; the longer way is assumed.
        return carry_s + (0.0 if "aligner" in floor.at else line.aligner_s + transfer_s)
    arm_s = carry_s if "dry_robot" in floor.at else 0.0
    if "aligner" in floor.at:
        return max(floor.due_s.get("aligner", 0.0), arm_s) + transfer_s
    return arm_s + transfer_s + line.aligner_s + transfer_s


def cup_served_s(floor: Floor, *, more_to_load: bool) -> float:
    """Return when the load cup's work at this stop is over: unloaded, and loaded again if there is a wafer."""
    line = floor.line
    assert line is not None
    wet = line.wet
    head, cup = floor.at.get(floor.head_at_cup), floor.at.get("loadcup")
    arm_s = floor.due_s.get("wet_robot", 0.0)
    served_s = floor.due_s.get("loadcup", 0.0)
    if cup is not None and cup not in floor.polished:
        return max(served_s, arm_s) + line.load_s + line.chuck_s if head is None else served_s
    if head is not None and head not in floor.polished:
        return served_s
    rinsed_s = served_s
    if head is not None and cup is None:
        served_s = max(served_s, line.unload_s)
    if head is not None or cup is not None:
        picked_s = max(served_s, arm_s) + wet.pick_s
        arm_s = picked_s + wet.move_s + wet.place_s + wet.empty_move_s
        rinsed_s = picked_s + line.head_rinse_s
    if not more_to_load:
        return max(served_s, rinsed_s)
    return max(arm_s, feed_s(floor), rinsed_s) + wet.pick_s + wet.move_s + wet.place_s + line.load_s + line.chuck_s
