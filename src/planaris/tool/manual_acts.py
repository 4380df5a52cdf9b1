"""What each verb of manual mode does: which module method, on what, and which wafer it carries where."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from planaris.model import CleanerStation, Face
from planaris.modules import (
    Aligner,
    Carousel,
    Cleaner,
    LoadCup,
    LoadPort,
    Metrology,
    Module,
    Platen,
    Robot,
    Swing,
)
from planaris.tool.commands import Argument
from planaris.tool.tool import Tool
from planaris.tool.work import WorkRefusedError

Arguments = Mapping[str, Argument]


@dataclass(frozen=True, slots=True)
class Act:
    """A manual verb made definite.

    ``subject`` is what the interlocks are asked about; ``source`` and ``destination`` are the places of the wafer it
    carries, '' where it carries none; ``witness`` is the one of the two whose sensor says where the wafer is.
    ``face`` is the way the wafer on the arm ``subject`` is turned to, None where none is.
    """

    do: Callable[[], Awaitable[object]]
    subject: str
    source: str = ""
    destination: str = ""
    witness: str = ""
    face: Face | None = None


# First fit: an exchange station is a load cup, a robot of two arms a robot.
_KINDS: tuple[tuple[type[Module], str], ...] = (
    (LoadPort, "loadport"),
    (Robot, "robot"),
    (Aligner, "aligner"),
    (LoadCup, "cup"),
    (Carousel, "carousel"),
    (Swing, "swing"),
    (Platen, "platen"),
    (Cleaner, "cleaner"),
    (Metrology, "metrology"),
)


def kind_of(module: Module) -> str:
    """Return the kind under which a module's manual verbs are declared."""
    return next(kind for of, kind in _KINDS if isinstance(module, of))


def act(tool: Tool, module: Module, verb: str, given: Arguments) -> Act:
    """Make a verb definite. Raises `WorkRefusedError` where the module cannot do it as it stands."""
    if isinstance(module, LoadPort):
        return Act(module.map if verb == "map" else module.release, module.name)
    if isinstance(module, Robot):
        if verb == "flip":
            return _flip(tool, module, str(given["face"]))
        return _robot(tool, module, verb, str(given["place"]))
    if isinstance(module, Aligner):
        return Act(lambda: module.align(float(given["angle_deg"])), module.name)
    if isinstance(module, LoadCup):
        return _cup(tool, module, verb)
    if isinstance(module, Carousel):
        return _index(tool, module, int(given["position"]))
    if isinstance(module, Swing):
        return _swing(tool, module, int(given["platen"]))
    if isinstance(module, Platen):
        return _platen(tool, module, verb, given)
    if isinstance(module, Cleaner):
        return _cleaner(tool, module, verb, given)
    assert isinstance(module, Metrology)
    plan = str(given["plan"])
    description = tool.description.metrology
    if description is None or plan not in description.time_s_by_plan:
        raise WorkRefusedError(f"no site plan {plan}")
    return Act(lambda: module.measure(plan), module.name)


def _robot(tool: Tool, robot: Robot, verb: str, place: str) -> Act:
    if not robot.reaches(place):
        raise WorkRefusedError(f"{robot.name} does not reach {place}")
    if verb == "goto":
        return Act(lambda: robot.goto(place), place)
    fits = [arm for arm in robot.arms if (arm in tool.material.at) is (verb == "place")]
    if not fits:
        raise WorkRefusedError(f"{robot.name} holds " + ("no wafer" if verb == "place" else "a wafer on every arm"))
    arm = fits[0]
    if verb == "pick":
        return Act(lambda: robot.pick(place, arm), place, place, arm, arm)
    return Act(lambda: robot.place(place, arm), place, arm, place, arm)


def _flip(tool: Tool, robot: Robot, word: str) -> Act:
    if robot is not tool.wet_robot or not tool.description.wet_robot.flip_s:
        raise WorkRefusedError(f"{robot.name} turns no wafers over")
    if word not in tuple(Face):
        raise WorkRefusedError(f"face {word} is neither up nor down")
    face = Face(word)
    loaded = [arm for arm in robot.arms if arm in tool.material.at]
    if not loaded:
        raise WorkRefusedError(f"{robot.name} holds no wafer")
    arm = next((a for a in loaded if tool.material.face(tool.material.at[a].wafer_id) is not face), loaded[0])
    return Act(lambda: robot.flip(face, arm=arm), arm, face=face)


def _cup(tool: Tool, cup: LoadCup, verb: str) -> Act:
    number = cup.name.removeprefix("exchange")
    head = int(number) if number.isdigit() else tool.carousel.head_at(0)
    above, name = f"head{head}", cup.name
    if number.isdigit() and tool.swings[head].platen:
        raise WorkRefusedError(f"{above} is not over {name}")
    if verb == "rinse":
        if above in tool.material.at:
            raise WorkRefusedError(f"{above} holds {tool.material.at[above].wafer_id}; an empty head is rinsed")
        return Act(lambda: cup.rinse(head), above)
    if verb == "load":
        return Act(lambda: cup.load(head), above, name, above, above)
    return Act(lambda: cup.unload(head), above, above, name, above)


def _index(tool: Tool, carousel: Carousel, position: int) -> Act:
    heads = range(1, tool.description.heads + 1)
    if not 0 <= position < len(heads):
        raise WorkRefusedError(f"position {position} is none of 0 to {len(heads) - 1}")
    loaded = frozenset(h for h in heads if f"head{h}" in tool.material.at)
    return Act(lambda: carousel.index(loaded, position), carousel.name)


def _swing(tool: Tool, swing: Swing, platen: int) -> Act:
    if platen and platen not in tool.description.platens_of(swing.unit):
        raise WorkRefusedError(f"platen{platen} is none of {swing.name}'s")
    place = f"platen{platen}" if platen else f"exchange{swing.unit}"
    loaded = f"head{swing.head}" in tool.material.at
    return Act(lambda: swing.to(platen, loaded=loaded), f"{swing.name} to {place}")


def _platen(tool: Tool, platen: Platen, verb: str, given: Arguments) -> Act:
    head = tool.head_over(platen.number)
    subject = f"head{head} on {platen.name}"
    if verb == "head_lift":
        if not head:
            raise WorkRefusedError(f"no head is over {platen.name}")
        return Act(lambda: platen.lift_head(head), subject)
    if verb.startswith("conditioner"):
        if not head and verb == "conditioner_down":
            subject = f"head{tool.description.unit_of(platen.number)} on {platen.name}"
        return Act(lambda: platen.condition(on=verb == "conditioner_down"), subject)
    if verb.startswith("rinse"):
        return Act(lambda: platen.rinse(on=verb == "rinse_on"), platen.name)
    line = int(given.get("line", 0))
    if verb == "slurry_on" and not 1 <= line <= tool.description.platen.slurry_lines:
        raise WorkRefusedError(f"no slurry line {line}; there are {tool.description.platen.slurry_lines}")
    return Act(lambda: platen.slurry(line), platen.name)


def _cleaner(tool: Tool, cleaner: Cleaner, verb: str, given: Arguments) -> Act:
    name, stations = cleaner.name, tool.description.cleaner.stations
    wafer = tool.material.at.get(name)
    if wafer is None:
        raise WorkRefusedError(f"no wafer is known at {name}")
    if verb == "process":
        time_s = float(given["time_s"])
        if not time_s > 0:
            raise WorkRefusedError("the time must be above 0 s")
        return Act(lambda: cleaner.process(wafer.wafer_id, CleanerStation(name, time_s)), name)
    if name == stations[-1]:
        raise WorkRefusedError(f"{name} is the last station")
    following = stations[stations.index(name) + 1]
    return Act(lambda: cleaner.transfer(following), following, name, following, following)
