"""Interlocks: declarative rules, each with its number in docs/reference/design-values.md and a reason."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from planaris.dictionary import Dictionary
from planaris.hardware import TagWatch
from planaris.model import ToolDescription
from planaris.modules import ActionRefusedError, face_shown
from planaris.stream import EventStream, InterlockRefused
from planaris.tool.interlock_rule import Facts, Rule
from planaris.tool.interlocks_units import UNITS_MOTION, UNITS_RULES

# Sectors of a platen that the conditioner's disk reaches, from the platen's centre [design]: disk radius and the
# smallest distance of its centre while it sweeps. The head stands on the other side of the centre.
DISK_RADIUS_mm = 50.0
DISK_INNERMOST_mm = 50.0


# Alarms of refusals that have one of their own; the others are `interlock_refused`.
ALARM_OF_RULE = {
    "5": "index_blocked",
    "6": "transfer_blocked",
    "9": "pad_dry",
    "11": "path_overlap",
    "12": "station_occupied",
    "16": "flip_blocked",
}


class InterlockError(ActionRefusedError):
    """An action may not start: which rule, and why; ``alarm`` is the one that says so."""

    def __init__(self, rule: str, verb: str, subject: str, reason: str) -> None:
        self.rule, self.verb, self.subject, self.reason = rule, verb, subject, reason
        self.action = f"{verb} {subject}"
        self.alarm = ALARM_OF_RULE.get(rule, "interlock_refused")
        if self.alarm == "index_blocked" and verb.startswith("swing"):
            self.alarm = "swing_blocked"
        super().__init__(f"interlock {rule} blocks {self.action}: {reason}")


# Verbs of the wet robot that do not reach into a station.
OUTSIDE_VERBS = ("goto", "flip", "flip_b")
MOTION = (
    "loadport.map",
    "dry_robot.pick",
    "dry_robot.place",
    "wet_robot.pick",
    "wet_robot.place",
    "dry_robot.goto",
    "wet_robot.goto",
    "wet_robot.flip",
    "loadcup.load",
    "loadcup.unload",
    "carousel.index",
    "head.touch_down",
    "conditioner.down",
    "cleaner.process",
    "cleaner.transfer",
    "module.motion",
    "platen.slurry_on",
    *UNITS_MOTION,
)
JOB_START = "job.start"


def _tripped(tag: str, words: str) -> Callable[[Facts, str], str]:
    def blocked(facts: Facts, _subject: str) -> str:
        return words if facts.watch.is_on(tag) else ""

    return blocked


def _link(facts: Facts, _subject: str) -> str:
    return "" if facts.linked else "the PLC does not answer"


def _heads_up(facts: Facts, _subject: str) -> str:
    down = [f"head{h}" for h in range(1, facts.tool.heads + 1) if not facts.watch.is_on(f"head{h}.up")]
    if down:
        return f"{', '.join(down)} not up"
    return "" if facts.watch.is_on("loadcup.down") else "the load cup is not down"


def _arm_clear(facts: Facts, _subject: str) -> str:
    return "the wet robot's arm is in the load cup" if facts.arm_inside("loadcup") else ""


def _cup_down(facts: Facts, subject: str) -> str:
    if subject == "loadcup" and not facts.watch.is_on("loadcup.down"):
        return "the load cup is not down"
    return ""


def _pad_wet(facts: Facts, subject: str) -> str:
    platen = subject.rsplit(" on ", maxsplit=1)[-1]
    return "" if facts.watch.is_on(f"{platen}.pad_wet") else f"{platen} has no slurry flow and its pad is dry"


def _wafer_held(facts: Facts, subject: str) -> str:
    head = subject.split(" on ", maxsplit=1)[0]
    if not facts.watch.is_on(f"{head}.wafer_present"):
        return f"{head} shows no wafer or weak chuck vacuum"
    return f"{head}'s chuck vacuum is weak" if ("chuck_vacuum_weak", head) in facts.alarms else ""


def _slipped(facts: Facts, _subject: str) -> str:
    places = facts.set_at("wafer_slip")
    return f"a wafer slipped out at {', '.join(places)}" if places else ""


def _ring_holds(facts: Facts, subject: str) -> str:
    head = subject.split(" on ", maxsplit=1)[0]
    return (
        f"{head}'s retaining ring pressure is below its minimum" if ("ring_pressure_low", head) in facts.alarms else ""
    )


def _paths_apart(facts: Facts, subject: str) -> str:
    """Rule 11: the disk, innermost, and the head's ring, swept furthest, must not meet across the platen's centre."""
    head, _, platen = subject.partition(" on ")
    number = platen.removeprefix("platen")
    head_down, disk_down = not facts.watch.is_on(f"{head}.up"), not facts.watch.is_on(f"conditioner{number}.up")
    amplitude_mm = facts.watch[f"{head}.sp_sweep_amplitude_mm"]
    reach_mm = facts.tool.head.ring_outer_mm + DISK_RADIUS_mm
    apart_mm = facts.tool.platen.center_distance_mm - amplitude_mm + DISK_INNERMOST_mm
    if (head_down or disk_down) and apart_mm < reach_mm:
        first = f"conditioner{number}" if disk_down else head
        return f"{first} is down and the paths come within {apart_mm:g} mm, {reach_mm:g} mm are needed"
    return ""


def _station_free(facts: Facts, subject: str) -> str:
    station = subject.partition(".")[0]
    if station.startswith("loadport"):
        return ""
    if station == "srd" and facts.watch.is_on("srd.lid_shut"):
        return "the lid of srd is shut"
    return f"{station} is occupied" if facts.watch.is_on(f"{station}.wafer_present") else ""


def _supplied(facts: Facts, subject: str) -> str:
    """Rule 13: no new wafer while a supply that keeps wafers wet or held is lost. What is out goes on."""
    if not subject.startswith("loadport"):
        return ""
    lost = [a for a in ("di_pressure_lost", "cda_pressure_out_of_range", "vacuum_weak") if facts.set_at(a)]
    return f"no new wafers: {', '.join(lost)}" if lost else ""


def _lives(facts: Facts, _subject: str) -> str:
    return f"past their life: {', '.join(facts.expired)}; change them first" if facts.expired else ""


def _map_agrees(facts: Facts, subject: str) -> str:
    port = subject.partition(".")[0]
    return f"the slot map of {port} and the tracked wafers differ" if port in facts.mismatched_ports else ""


def _faces_right(facts: Facts, subject: str) -> str:
    """Rule 16: no wafer face up to the heads, none face down into the cleaner or a carrier."""
    need = facts.tool.face_at(subject)
    arms = ("wet_robot", "wet_robot_b")[: facts.tool.wet_robot.arms]
    loaded = [arm for arm in arms if need is not None and facts.watch.is_on(f"{arm}.wafer_present")]
    if not loaded or any(face_shown(facts.watch, arm) is need for arm in loaded):
        return ""
    return f"{subject} takes wafers face {need}, and {' and '.join(loaded)} holds none so"


def _flip_room(facts: Facts, subject: str) -> str:
    return "" if facts.watch.is_on(f"{subject}.flip_clear") else f"the room where {subject} turns wafers is not clear"


_CHEMICAL = ("head.touch_down", "cleaner.process", "platen.slurry_on")
_EMO = _tripped("safety.emo", "an EMO button is pressed")
_DOOR = _tripped("safety.door_open", "a door is open")

RULES: tuple[Rule, ...] = (
    Rule("0", MOTION, "no link to the PLC", _link),
    Rule("1", MOTION, "EMO pressed", _EMO),
    Rule("2", MOTION, "door open", _DOOR),
    Rule("3", _CHEMICAL, "leak", _tripped("safety.leak", "a leak is detected")),
    Rule("3", _CHEMICAL, "drain full", _tripped("safety.drain_full", "a drain is full")),
    Rule("3", _CHEMICAL, "exhaust low", _tripped("safety.exhaust_low", "the exhaust is low")),
    Rule("4", MOTION, "drive over-temperature", _tripped("safety.over_temperature", "a drive is over its temperature")),
    Rule("4", MOTION, "gas over-pressure", _tripped("safety.over_pressure", "gas pressure is above the relief limit")),
    Rule("5", ("carousel.index",), "a head not up, or the load cup not down", _heads_up),
    Rule("6", ("loadcup.load", "loadcup.unload"), "arm inside the load cup", _arm_clear),
    Rule("6", ("wet_robot.pick", "wet_robot.place"), "load cup not down", _cup_down),
    Rule("7", ("head.touch_down",), "no wafer seen or vacuum weak", _wafer_held),
    Rule("8", ("carousel.index",), "wafer slipped out", _slipped),
    Rule("9", ("head.touch_down",), "no slurry flow and pad dry", _pad_wet),
    Rule("10", ("head.touch_down",), "ring pressure below its minimum", _ring_holds),
    Rule("11", ("head.touch_down", "conditioner.down"), "paths of conditioner and head overlap", _paths_apart),
    Rule("12", ("dry_robot.place", "wet_robot.place", "cleaner.transfer"), "station occupied or shut", _station_free),
    Rule("13", ("dry_robot.pick",), "a supply lost", _supplied),
    Rule("14", (JOB_START,), "a part past its life", _lives),
    Rule("15", ("dry_robot.pick", "dry_robot.place"), "slot map and tracked wafers differ", _map_agrees),
    Rule("16", ("wet_robot.place",), "wafer faces the wrong way", _faces_right),
    Rule("16", ("wet_robot.flip",), "no room to turn a wafer over", _flip_room),
    *UNITS_RULES,
)


def _by_action() -> Mapping[str, tuple[Rule, ...]]:
    return {action: tuple(r for r in RULES if action in r.actions) for action in (*MOTION, JOB_START)}


def _nothing() -> tuple[()]:
    return ()


@dataclass(slots=True)
class Interlocks:
    """Asks every rule of an action; the first that blocks is published and raised.

    ``alarms`` gives the alarms that are set as (alarm, source), ``expired`` the parts past their life in words.
    """

    watch: TagWatch
    tool: ToolDescription
    dictionary: Dictionary
    stream: EventStream
    alarms: Callable[[], Collection[tuple[str, str]]] = _nothing
    expired: Callable[[], Collection[str]] = _nothing
    linked: Callable[[], bool] = lambda: True
    mismatched_ports: set[str] = field(default_factory=set[str])
    _rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=_by_action)
    _wet_stations: Mapping[str, int] = field(init=False)
    _outside_verbs: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        self._wet_stations = {
            code.name: code.value for code in self.dictionary.code_list("wet_station").by_name.values()
        }
        self._outside_verbs = frozenset(self.dictionary.verb("wet_robot", verb).value for verb in OUTSIDE_VERBS)

    def reason(self, action: str, subject: str) -> str:
        """Return why an action may not start now, '' if it may; says nothing to anybody."""
        facts = self._facts()
        reasons = (rule.blocked(facts, subject) for rule in self._rules[action])
        return next((reason for reason in reasons if reason), "")

    def permit(self, action: str, subject: str) -> None:
        """Raise `InterlockError` if the action may not start."""
        facts = self._facts()
        for rule in self._rules[action]:
            reason = rule.blocked(facts, subject)
            if reason:
                self.stream.publish(InterlockRefused(rule.number, action, reason))
                raise InterlockError(rule.number, action, subject, reason)

    def _facts(self) -> Facts:
        return Facts(
            self.watch,
            self.tool,
            frozenset(self.mismatched_ports),
            self._wet_stations,
            self._outside_verbs,
            self.alarms(),
            self.expired(),
            self.linked(),
        )
