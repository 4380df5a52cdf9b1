"""Interlocks: declarative rules, each with its number in docs/reference/design-values.md and a reason."""

from __future__ import annotations

from collections.abc import Mapping

from planaris.dictionary import Dictionary
from planaris.hardware import TagWatch
from planaris.model import ToolDescription
from planaris.stream import EventStream, InterlockRefused
from planaris.tool.interlock_rule import Facts, Rule
from planaris.tool.interlocks_units import UNITS_MOTION, UNITS_RULES


class InterlockError(Exception):
    """An action may not start: which rule, and why."""

    def __init__(self, rule: str, verb: str, subject: str, reason: str) -> None:
        self.rule, self.verb, self.subject, self.reason = rule, verb, subject, reason
        self.action = f"{verb} {subject}"
        super().__init__(f"interlock {rule} blocks {self.action}: {reason}")


_MOTION = (
    "loadport.map",
    "dry_robot.pick",
    "dry_robot.place",
    "dry_robot.goto",
    "wet_robot.pick",
    "wet_robot.place",
    "wet_robot.goto",
    "loadcup.load",
    "loadcup.unload",
    "carousel.index",
    "head.touch_down",
    "cleaner.process",
    "cleaner.transfer",
    *UNITS_MOTION,
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
    *UNITS_RULES,
)


class Interlocks:
    """Asks every rule of an action; the first that blocks is published and raised."""

    def __init__(self, watch: TagWatch, tool: ToolDescription, dictionary: Dictionary, stream: EventStream) -> None:
        self._watch, self._tool, self._stream = watch, tool, stream
        self._wet_stations = {code.name: code.value for code in dictionary.code_list("wet_station").by_name.values()}
        self._goto_verb = dictionary.verb("wet_robot", "goto").value
        self._by_action: Mapping[str, tuple[Rule, ...]] = {
            action: tuple(rule for rule in RULES if action in rule.actions) for action in _MOTION
        }
        self.mismatched_ports: set[str] = set()

    def _facts(self) -> Facts:
        return Facts(self._watch, self._tool, frozenset(self.mismatched_ports), self._wet_stations, self._goto_verb)

    def reason(self, action: str, subject: str) -> str:
        """Return why an action may not start now, '' if it may; says nothing to anybody."""
        facts = self._facts()
        reasons = (rule.blocked(facts, subject) for rule in self._by_action[action])
        return next((reason for reason in reasons if reason), "")

    def permit(self, action: str, subject: str) -> None:
        """Raise `InterlockError` if the action may not start."""
        facts = self._facts()
        for rule in self._by_action[action]:
            reason = rule.blocked(facts, subject)
            if reason:
                self._stream.publish(InterlockRefused(rule.number, action, reason))
                raise InterlockError(rule.number, action, subject, reason)
