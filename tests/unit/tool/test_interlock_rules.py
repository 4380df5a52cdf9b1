"""Interlock rules, each with a state of the tags that it blocks and one that it permits (design values)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from tool_bench import Bench

from planaris.hardware import Value
from planaris.stream import InterlockRefused
from planaris.tool import RULES, InterlockError, Interlocks
from planaris.tool.interlocks_units import UNITS_MOTION

# A tool at rest where everything may begin: heads and cup in place, pads wet, wafers held, nothing tripped.
AT_REST: Mapping[str, Value] = {
    **{f"head{h}.up": True for h in (1, 2, 3, 4)},
    **{f"head{h}.wafer_present": True for h in (1, 2, 3, 4)},
    **{f"platen{p}.pad_wet": True for p in (1, 2, 3)},
    "loadcup.down": True,
    "safety.healthy": True,
}
LOAD_CUP_STATION, STAGE_STATION = 13, 12
ARM_IN_CUP: Mapping[str, Value] = {"wet_robot.cmd.arg1": LOAD_CUP_STATION, "wet_robot.sts.busy": True}

# One legal subject for each action that moves something.
SUBJECTS = {
    "loadport.map": "loadport1",
    "dry_robot.pick": "loadport1.05",
    "dry_robot.place": "aligner",
    "dry_robot.goto": "srd",
    "wet_robot.pick": "stage",
    "wet_robot.place": "loadcup",
    "wet_robot.goto": "stage",
    "loadcup.load": "head1",
    "loadcup.unload": "head1",
    "carousel.index": "carousel",
    "head.touch_down": "head2 on platen1",
    "cleaner.process": "megasonic",
    "cleaner.transfer": "brush1",
}


@dataclass(frozen=True)
class Case:
    """A rule at work: ``tags`` on top of the tool at rest block the action; ``said`` stands in the reason."""

    rule: str
    action: str
    subject: str
    tags: Mapping[str, Value]
    said: str
    mismatched: frozenset[str] = frozenset()
    still_permitted: tuple[tuple[str, str], ...] = field(default_factory=tuple[tuple[str, str], ...])


def every(rule: str, tag: str, said: str, *but: str) -> list[Case]:
    return [Case(rule, a, s, {tag: True}, said) for a, s in SUBJECTS.items() if a not in but]


CASES: list[Case] = [
    *every("1", "safety.emo", "EMO"),
    # A head may still touch down with a door of the robot zone open: the wafer in process is finished.
    *every("2", "safety.door_open", "door", "head.touch_down"),
    Case("3", "head.touch_down", "head2 on platen1", {"safety.leak": True}, "leak"),
    Case("3", "cleaner.process", "brush1", {"safety.leak": True}, "leak"),
    *[
        Case("5", "carousel.index", "carousel", {f"head{h}.up": False}, f"head{h}")
        for h in (1, 2, 3, 4)
    ],
    Case("5", "carousel.index", "carousel", {"loadcup.down": False}, "load cup"),
    Case(
        "6", "loadcup.load", "head1", ARM_IN_CUP, "arm",
        still_permitted=(("cleaner.process", "megasonic"), ("dry_robot.place", "aligner")),
    ),
    Case("6", "loadcup.unload", "head3", ARM_IN_CUP, "arm"),
    Case(
        "6", "wet_robot.pick", "loadcup", {"loadcup.down": False}, "load cup",
        still_permitted=(("wet_robot.pick", "stage"),),
    ),
    Case("6", "wet_robot.place", "loadcup", {"loadcup.down": False}, "load cup"),
    Case(
        "7", "head.touch_down", "head2 on platen1", {"head2.wafer_present": False}, "head2",
        still_permitted=(("head.touch_down", "head3 on platen2"),),
    ),
    Case(
        "9", "head.touch_down", "head2 on platen3", {"platen3.pad_wet": False}, "platen3",
        still_permitted=(("head.touch_down", "head2 on platen1"),),
    ),
    Case(
        "12", "dry_robot.place", "metrology", {"metrology.wafer_present": True}, "metrology",
        still_permitted=(("dry_robot.place", "aligner"), ("dry_robot.pick", "metrology")),
    ),
    Case("12", "wet_robot.place", "megasonic", {"megasonic.wafer_present": True}, "megasonic"),
    Case("12", "cleaner.transfer", "brush2", {"brush2.wafer_present": True}, "brush2"),
    Case(
        "15", "dry_robot.pick", "loadport1.05", {}, "loadport1", frozenset({"loadport1"}),
        still_permitted=(("dry_robot.pick", "loadport2.05"), ("dry_robot.pick", "srd")),
    ),
    Case("15", "dry_robot.place", "loadport2.25", {}, "loadport2", frozenset({"loadport2"})),
]  # fmt: skip


@pytest.fixture
def interlocks(bench: Bench) -> Interlocks:
    bench.set_tags(AT_REST)
    return Interlocks(bench.watch, bench.tool, bench.dictionary, bench.stream)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.rule}-{c.action}-{c.subject}-{'-'.join(c.tags)}")
def test_a_rule_blocks_says_why_and_lets_go(bench: Bench, interlocks: Interlocks, case: Case) -> None:
    interlocks.permit(case.action, case.subject)
    assert bench.events == []
    bench.set_tags(case.tags)
    interlocks.mismatched_ports |= case.mismatched
    with pytest.raises(InterlockError) as caught:
        interlocks.permit(case.action, case.subject)
    assert (caught.value.rule, caught.value.action) == (case.rule, f"{case.action} {case.subject}")
    assert case.said in caught.value.reason
    assert bench.events == [InterlockRefused(case.rule, case.action, caught.value.reason)]
    for action, subject in case.still_permitted:
        interlocks.permit(action, subject)
    bench.set_tags({tag: AT_REST.get(tag, False) for tag in case.tags})
    interlocks.mismatched_ports.clear()
    interlocks.permit(case.action, case.subject)


def test_every_rule_and_every_action_it_names_has_a_case() -> None:
    declared = {(rule.number, action) for rule in RULES for action in rule.actions if action not in UNITS_MOTION}
    assert declared == {(case.rule, case.action) for case in CASES}


def test_an_arm_elsewhere_or_at_rest_is_not_in_the_cup(bench: Bench, interlocks: Interlocks) -> None:
    bench.set_tags({"wet_robot.cmd.arg1": STAGE_STATION, "wet_robot.sts.busy": True})
    interlocks.permit("loadcup.load", "head1")
    bench.set_tags({"wet_robot.cmd.arg1": LOAD_CUP_STATION, "wet_robot.sts.busy": False})
    interlocks.permit("loadcup.load", "head1")


def test_an_arm_that_comes_to_stand_before_the_cup_does_not_reach_in(bench: Bench, interlocks: Interlocks) -> None:
    goto = bench.dictionary.verb("wet_robot", "goto").value
    bench.set_tags({**ARM_IN_CUP, "wet_robot.cmd.verb": goto})
    interlocks.permit("loadcup.load", "head1")


def test_all_heads_that_are_not_up_are_named(bench: Bench, interlocks: Interlocks) -> None:
    bench.set_tags({"head1.up": False, "head4.up": False})
    with pytest.raises(InterlockError, match="head1, head4"):
        interlocks.permit("carousel.index", "carousel")


def test_one_refusal_is_one_event_however_many_rules_would_block(bench: Bench, interlocks: Interlocks) -> None:
    bench.set_tags({"safety.emo": True, "safety.door_open": True, "head1.up": False})
    with pytest.raises(InterlockError) as caught:
        interlocks.permit("carousel.index", "carousel")
    assert caught.value.rule == "1"
    assert len(bench.events) == 1
