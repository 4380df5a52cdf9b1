"""Interlocks of polishing units: rules 5, 6 and 11 of the catalogue for swing arms and exchange stations."""

from __future__ import annotations

from planaris.tool.interlock_rule import Facts, Rule

UNITS_MOTION = ("exchange.load", "exchange.unload", "swing.to")


def _head_up(facts: Facts, subject: str) -> str:
    unit = _unit_of(subject)
    if not facts.watch.is_on(f"head{unit}.up"):
        return f"head{unit} not up"
    return "" if facts.watch.is_on(f"exchange{unit}.down") else f"exchange{unit} is not down"


def _conditioners_up(facts: Facts, subject: str) -> str:
    """The arms of the tables that the head leaves and reaches; elsewhere conditioning may go on."""
    unit, reached = _unit_of(subject), subject.rsplit(" to ", maxsplit=1)[-1]
    tables = facts.tool.platens_of(unit)
    position = int(facts.watch[f"swing{unit}.position"])
    ends = {tables[position - 1]} if position else set[int]()
    if reached.startswith("platen"):
        ends.add(int(reached.removeprefix("platen")))
    down = [f"conditioner{n}" for n in sorted(ends) if not facts.watch.is_on(f"conditioner{n}.up")]
    return f"{', '.join(down)} not up, in the head's path" if down else ""


def _slipped(facts: Facts, subject: str) -> str:
    """A head whose wafer slipped out stays where it is: what lies on its pad is looked for first."""
    head = f"head{_unit_of(subject)}"
    return f"a wafer slipped out at {head}" if ("wafer_slip", head) in facts.alarms else ""


def _arm_clear(facts: Facts, subject: str) -> str:
    station = f"exchange{subject.removeprefix('head')}"
    return f"the wet robot's arm is in {station}" if facts.arm_inside(station) else ""


def _station_down(facts: Facts, subject: str) -> str:
    if subject.startswith("exchange") and not facts.watch.is_on(f"{subject}.down"):
        return f"{subject} is not down"
    return ""


def _unit_of(subject: str) -> int:
    return int(subject.partition(" ")[0].removeprefix("swing"))


UNITS_RULES: tuple[Rule, ...] = (
    Rule("5", ("swing.to",), "head or exchange station not in place", _head_up),
    Rule("6", ("exchange.load", "exchange.unload"), "arm in the exchange station", _arm_clear),
    Rule("6", ("wet_robot.pick", "wet_robot.place"), "exchange station not down", _station_down),
    Rule("8", ("swing.to",), "wafer slipped out", _slipped),
    Rule("11", ("swing.to",), "conditioner in the head's path", _conditioners_up),
)
