"""Interlock rules, each with a state of the tags that it blocks and one that it permits (design values)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from tool_bench import Bench

from planaris.hardware import Value
from planaris.modules import RingPressureLowError
from planaris.stream import InterlockRefused
from planaris.tool import JOB_START, MOTION, RULES, InterlockError, Interlocks
from planaris.tool.failures import alarm_of, sources_of
from planaris.tool.interlocks_units import UNITS_MOTION

# A tool at rest where everything may begin: heads and cup in place, pads wet, wafers held, nothing tripped.
AT_REST: Mapping[str, Value] = {
    **{f"head{h}.up": True for h in (1, 2, 3, 4)},
    **{f"head{h}.wafer_present": True for h in (1, 2, 3, 4)},
    **{f"platen{p}.pad_wet": True for p in (1, 2, 3)},
    **{f"conditioner{p}.up": True for p in (1, 2, 3)},
    "loadcup.down": True,
    "wet_robot.wrist": 2,
    "wet_robot.flip_clear": True,
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
    "wet_robot.flip": "wet_robot",
    "loadcup.load": "head1",
    "loadcup.unload": "head1",
    "carousel.index": "carousel",
    "head.touch_down": "head2 on platen1",
    "conditioner.down": "head2 on platen1",
    "cleaner.process": "megasonic",
    "cleaner.transfer": "brush1",
    "module.motion": "aligner",
    "platen.slurry_on": "platen1",
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
    alarms: frozenset[tuple[str, str]] = frozenset()
    expired: tuple[str, ...] = ()
    linked: bool = True
    still_permitted: tuple[tuple[str, str], ...] = field(default_factory=tuple[tuple[str, str], ...])


# A sweep so wide that the ring comes within 165 mm of the disk; 170 mm are needed.
WIDE: Mapping[str, Value] = {"head2.sp_sweep_amplitude_mm": 10.0}


def alarmed(rule: str, action: str, subject: str, alarm: str, source: str, said: str) -> Case:
    return Case(rule, action, subject, {}, said, alarms=frozenset({(alarm, source)}))


def every(rule: str, tag: str, said: str) -> list[Case]:
    return [Case(rule, action, subject, {tag: True}, said) for action, subject in SUBJECTS.items()]


CASES: list[Case] = [
    *every("1", "safety.emo", "EMO"),
    *every("2", "safety.door_open", "door"),
    *[
        Case("3", action, subject, {f"safety.{tag}": True}, said)
        for tag, said in (("leak", "leak"), ("drain_full", "drain"), ("exhaust_low", "exhaust"))
        for action, subject in (
            ("head.touch_down", "head2 on platen1"),
            ("cleaner.process", "brush1"),
            ("platen.slurry_on", "platen1"),
        )
    ],
    *every("4", "safety.over_temperature", "over its temperature"),
    *every("4", "safety.over_pressure", "relief limit"),
    *[Case("0", a, s, {}, "PLC does not answer", linked=False) for a, s in SUBJECTS.items()],
    alarmed("7", "head.touch_down", "head2 on platen1", "chuck_vacuum_weak", "head2", "vacuum is weak"),
    alarmed("8", "carousel.index", "carousel", "wafer_slip", "platen2", "slipped out at platen2"),
    alarmed("10", "head.touch_down", "head2 on platen1", "ring_pressure_low", "head2", "ring pressure"),
    *[
        Case("11", action, "head2 on platen1", WIDE | {down: False}, said,
             still_permitted=((action, "head3 on platen2"),))
        for action, down, said in (
            ("head.touch_down", "conditioner1.up", "conditioner1 is down and the paths come within 165 mm"),
            ("conditioner.down", "head2.up", "head2 is down and the paths come within 165 mm"),
        )
    ],
    alarmed("13", "dry_robot.pick", "loadport1.05", "di_pressure_lost", "facility", "di_pressure_lost"),
    alarmed("13", "dry_robot.pick", "loadport2.01", "cda_pressure_out_of_range", "facility", "cda"),
    alarmed("13", "dry_robot.pick", "loadport1.25", "vacuum_weak", "facility", "vacuum_weak"),
    Case("14", JOB_START, "L1", {}, "pad of platen1", expired=("pad of platen1",)),
    Case("12", "cleaner.transfer", "srd", {"srd.lid_shut": True}, "lid of srd"),
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
    *[
        Case("16", "wet_robot.place", place, {"wet_robot.wafer_present": True, "wet_robot.wrist": wrist}, said,
             still_permitted=(("wet_robot.place", other), ("wet_robot.pick", place)))
        for place, wrist, said, other in (
            ("loadcup", 1, "loadcup takes wafers face down", "megasonic"),
            ("megasonic", 2, "megasonic takes wafers face up", "loadcup"),
            ("stage", 2, "stage takes wafers face up", "loadcup"),
        )
    ],
    Case("16", "wet_robot.place", "loadcup", {"wet_robot.wafer_present": True, "wet_robot.wrist": 0}, "face down"),
    Case("16", "wet_robot.flip", "wet_robot", {"wet_robot.flip_clear": False}, "not clear",
         still_permitted=(("wet_robot.place", "loadcup"), ("wet_robot.goto", "stage"))),
    Case("15", "dry_robot.place", "loadport2.25", {}, "loadport2", frozenset({"loadport2"})),
]  # fmt: skip


@dataclass
class Around:
    """What rules ask besides tags."""

    alarms: frozenset[tuple[str, str]] = frozenset()
    expired: tuple[str, ...] = ()
    linked: bool = True


@pytest.fixture
def around() -> Around:
    return Around()


@pytest.fixture
def interlocks(bench: Bench, around: Around) -> Interlocks:
    bench.set_tags(AT_REST)
    return Interlocks(
        bench.watch,
        bench.tool,
        bench.dictionary,
        bench.stream,
        alarms=lambda: around.alarms,
        expired=lambda: around.expired,
        linked=lambda: around.linked,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.rule}-{c.action}-{c.subject}-{'-'.join(c.tags)}")
def test_a_rule_blocks_says_why_and_lets_go(bench: Bench, interlocks: Interlocks, around: Around, case: Case) -> None:
    interlocks.permit(case.action, case.subject)
    assert bench.events == []
    bench.set_tags(case.tags)
    interlocks.mismatched_ports |= case.mismatched
    around.alarms, around.expired, around.linked = case.alarms, case.expired, case.linked
    with pytest.raises(InterlockError) as caught:
        interlocks.permit(case.action, case.subject)
    assert (caught.value.rule, caught.value.action) == (case.rule, f"{case.action} {case.subject}")
    assert case.said in caught.value.reason
    assert bench.events == [InterlockRefused(case.rule, case.action, caught.value.reason)]
    around.linked = True
    for action, subject in case.still_permitted:
        interlocks.permit(action, subject)
    bench.set_tags({tag: AT_REST.get(tag, False) for tag in case.tags})
    interlocks.mismatched_ports.clear()
    around.alarms, around.expired, around.linked = frozenset(), (), True
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


def test_every_motion_verb_asks_for_emo_and_link() -> None:
    """No verb that moves something is without the rules of the emergency stop and of the link."""
    for number in ("0", "1", "4"):
        asked = {action for rule in RULES if rule.number == number for action in rule.actions}
        assert set(MOTION) <= asked


def test_a_supply_that_is_lost_lets_wafers_that_are_out_go_on(interlocks: Interlocks, around: Around) -> None:
    around.alarms = frozenset({("di_pressure_lost", "facility")})
    for action, subject in (("dry_robot.pick", "srd"), ("wet_robot.pick", "loadcup"), ("carousel.index", "carousel")):
        interlocks.permit(action, subject)


def test_a_ring_below_its_minimum_sets_the_alarm_that_rule_10_reads() -> None:
    error = RingPressureLowError("head2", "polish", "2 kPa", "check the ring")
    assert (alarm_of(error), sources_of(error, "platen1")[0]) == ("ring_pressure_low", "head2")
