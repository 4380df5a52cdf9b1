"""Interlocks: declarative rules, each with its number in docs/reference/design-values.md and a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from planaris.dictionary import Dictionary
from planaris.hardware import TagWatch
from planaris.model import ToolDescription
from planaris.stream import EventStream, InterlockRefused


class InterlockError(Exception):
    """An action may not start: which rule, and why."""

    def __init__(self, rule: str, verb: str, subject: str, reason: str) -> None:
        self.rule, self.verb, self.subject, self.reason = rule, verb, subject, reason
        self.action = f"{verb} {subject}"
        super().__init__(f"interlock {rule} blocks {self.action}: {reason}")


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may look at: tags, the tool, its codes, and ports whose slot map and tracked wafers disagree."""

    watch: TagWatch
    tool: ToolDescription
    mismatched_ports: frozenset[str]
    load_cup_station: int


@dataclass(frozen=True, slots=True)
class Rule:
    """``blocked`` returns the reason why the action on the subject may not start, '' if it may."""

    number: str
    actions: tuple[str, ...]
    blocked: Callable[[Facts, str], str]


_MOTION = (
    "loadport.map",
    "dry_robot.pick",
    "dry_robot.place",
    "wet_robot.pick",
    "wet_robot.place",
    "loadcup.load",
    "loadcup.unload",
    "carousel.index",
    "head.touch_down",
    "cleaner.process",
    "cleaner.transfer",
)


def _emo(facts: Facts, _subject: str) -> str:
    return "an EMO button is pressed" if facts.watch.is_on("safety.emo") else ""


def _door(facts: Facts, _subject: str) -> str:
    return "a door is open" if facts.watch.is_on("safety.door_open") else ""


def _leak(facts: Facts, _subject: str) -> str:
    return "a leak is detected" if facts.watch.is_on("safety.leak") else ""


def _heads_up(facts: Facts, _subject: str) -> str:
    down = [f"head{h}" for h in range(1, facts.tool.heads + 1) if not facts.watch.is_on(f"head{h}.up")]
    if down:
        return f"{', '.join(down)} not up"
    return "" if facts.watch.is_on("loadcup.down") else "the load cup is not down"


def _arm_clear(facts: Facts, _subject: str) -> str:
    inside = facts.watch["wet_robot.cmd.arg1"] == facts.load_cup_station
    return "the wet robot's arm is in the load cup" if inside and facts.watch.is_on("wet_robot.sts.busy") else ""


def _cup_down(facts: Facts, subject: str) -> str:
    if subject == "loadcup" and not facts.watch.is_on("loadcup.down"):
        return "the load cup is not down"
    return ""


def _pad_wet(facts: Facts, subject: str) -> str:
    platen = subject.rsplit(" on ", maxsplit=1)[-1]
    return "" if facts.watch.is_on(f"{platen}.pad_wet") else f"{platen} has no slurry flow and its pad is dry"


def _wafer_held(facts: Facts, subject: str) -> str:
    head = subject.split(" on ", maxsplit=1)[0]
    return "" if facts.watch.is_on(f"{head}.wafer_present") else f"{head} shows no wafer or weak chuck vacuum"


def _station_free(facts: Facts, subject: str) -> str:
    station = subject.partition(".")[0]
    if station.startswith("loadport"):
        return ""
    return f"{station} is occupied" if facts.watch.is_on(f"{station}.wafer_present") else ""


def _map_agrees(facts: Facts, subject: str) -> str:
    port = subject.partition(".")[0]
    return f"the slot map of {port} and the tracked wafers differ" if port in facts.mismatched_ports else ""


RULES: tuple[Rule, ...] = (
    Rule("1", _MOTION, _emo),
    Rule("2", tuple(a for a in _MOTION if a != "head.touch_down"), _door),
    Rule("3", ("head.touch_down", "cleaner.process"), _leak),
    Rule("5", ("carousel.index",), _heads_up),
    Rule("6", ("loadcup.load", "loadcup.unload"), _arm_clear),
    Rule("6", ("wet_robot.pick", "wet_robot.place"), _cup_down),
    Rule("7", ("head.touch_down",), _wafer_held),
    Rule("9", ("head.touch_down",), _pad_wet),
    Rule("12", ("dry_robot.place", "wet_robot.place", "cleaner.transfer"), _station_free),
    Rule("15", ("dry_robot.pick", "dry_robot.place"), _map_agrees),
)


class Interlocks:
    """Asks every rule of an action; the first that blocks is published and raised."""

    def __init__(self, watch: TagWatch, tool: ToolDescription, dictionary: Dictionary, stream: EventStream) -> None:
        self._watch, self._tool, self._stream = watch, tool, stream
        self._load_cup_station = dictionary.code("wet_station", "loadcup")
        self._by_action: Mapping[str, tuple[Rule, ...]] = {
            action: tuple(rule for rule in RULES if action in rule.actions) for action in _MOTION
        }
        self.mismatched_ports: set[str] = set()

    def reason(self, action: str, subject: str) -> str:
        """Return why an action may not start now, '' if it may; says nothing to anybody."""
        facts = Facts(self._watch, self._tool, frozenset(self.mismatched_ports), self._load_cup_station)
        reasons = (rule.blocked(facts, subject) for rule in self._by_action[action])
        return next((reason for reason in reasons if reason), "")

    def permit(self, action: str, subject: str) -> None:
        """Raise `InterlockError` if the action may not start."""
        facts = Facts(self._watch, self._tool, frozenset(self.mismatched_ports), self._load_cup_station)
        for rule in self._by_action[action]:
            reason = rule.blocked(facts, subject)
            if reason:
                self._stream.publish(InterlockRefused(rule.number, action, reason))
                raise InterlockError(rule.number, action, subject, reason)
