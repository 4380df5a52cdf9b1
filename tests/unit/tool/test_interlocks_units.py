"""Interlocks of polishing units, each with tags that block it and tags that do not (design values)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tool_bench import Bench

from planaris.formats import load_tool
from planaris.hardware import Value
from planaris.tool import InterlockError, Interlocks
from planaris.tool.interlocks_units import UNITS_MOTION, UNITS_RULES

AT_REST: Mapping[str, Value] = {
    **{f"head{h}.up": True for h in (1, 2)},
    **{f"exchange{u}.down": True for u in (1, 2)},
    **{f"conditioner{p}.up": True for p in (1, 2, 3, 4)},
}
EXCHANGE2 = 42
SUBJECTS = {"exchange.load": "head2", "exchange.unload": "head2", "swing.to": "swing2 to platen3"}
ARM_IN_2: Mapping[str, Value] = {
    "wet_robot.cmd.arg1": EXCHANGE2,
    "wet_robot.cmd.verb": 1,
    "wet_robot.sts.busy": True,
}

# rule, action, subject, tags that block it, what the reason names, actions that stay permitted
CASES: list[tuple[str, str, str, Mapping[str, Value], str, tuple[tuple[str, str], ...]]] = [
    *[("1", action, subject, {"safety.emo": True}, "EMO", ()) for action, subject in SUBJECTS.items()],
    *[("2", action, subject, {"safety.door_open": True}, "door", ()) for action, subject in SUBJECTS.items()],
    ("5", "swing.to", "swing2 to platen3", {"head2.up": False}, "head2", (("swing.to", "swing1 to platen1"),)),
    ("5", "swing.to", "swing2 to exchange2", {"exchange2.down": False}, "exchange2", ()),
    ("6", "exchange.load", "head2", ARM_IN_2, "arm is in exchange2", (("exchange.load", "head1"),)),
    ("6", "exchange.unload", "head2", ARM_IN_2, "arm is in exchange2", (("swing.to", "swing2 to platen3"),)),
    ("6", "wet_robot.pick", "exchange1", {"exchange1.down": False}, "exchange1", (("wet_robot.pick", "exchange2"),)),
    ("6", "wet_robot.place", "exchange1", {"exchange1.down": False}, "exchange1", (("wet_robot.goto", "exchange1"),)),
    # What the head reaches and what it leaves; the table that it does neither with may be conditioned meanwhile.
    (
        "11", "swing.to", "swing2 to platen4", {"conditioner4.up": False}, "conditioner4",
        (("swing.to", "swing2 to platen3"),),
    ),
    ("11", "swing.to", "swing1 to exchange1", {"swing1.position": 2, "conditioner2.up": False}, "conditioner2", ()),
    ("11", "swing.to", "swing1 to platen1", {"swing1.position": 2, "conditioner2.up": False}, "conditioner2", ()),
]  # fmt: skip


@pytest.fixture
def bench() -> Bench:
    found = Bench(load_tool("tool_b"))
    found.set_tags(AT_REST)
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]}-{c[1]}-{c[2]}-{'-'.join(c[3])}".replace(" ", "_"))
def test_a_rule_of_units_blocks_says_why_and_lets_go(
    bench: Bench, case: tuple[str, str, str, Mapping[str, Value], str, tuple[tuple[str, str], ...]]
) -> None:
    rule, action, subject, tags, said, still = case
    interlocks = Interlocks(bench.watch, bench.tool, bench.dictionary, bench.stream)
    interlocks.permit(action, subject)
    bench.set_tags(tags)
    with pytest.raises(InterlockError) as caught:
        interlocks.permit(action, subject)
    assert (caught.value.rule, said in caught.value.reason) == (rule, True)
    for other, other_subject in still:
        interlocks.permit(other, other_subject)
    bench.set_tags({tag: AT_REST.get(tag, 0 if tag.endswith("position") else False) for tag in tags})
    interlocks.permit(action, subject)


def test_every_rule_of_units_has_a_case() -> None:
    # Rule 8 looks at alarms and not at tags: it has a test of its own.
    declared = {(rule.number, action) for rule in UNITS_RULES for action in rule.actions if rule.number != "8"}
    declared |= {(rule, action) for rule in ("1", "2") for action in UNITS_MOTION}
    assert declared == {(case[0], case[1]) for case in CASES}


def test_conditioning_of_the_other_table_does_not_hold_the_head(bench: Bench) -> None:
    bench.set_tags({"conditioner2.up": False, "conditioner3.up": False})
    Interlocks(bench.watch, bench.tool, bench.dictionary, bench.stream).permit("swing.to", "swing1 to platen1")


def test_a_head_whose_wafer_slipped_out_stays_and_the_other_unit_goes_on(bench: Bench) -> None:
    alarms: set[tuple[str, str]] = set()
    interlocks = Interlocks(bench.watch, bench.tool, bench.dictionary, bench.stream, alarms=lambda: alarms)
    alarms.add(("wafer_slip", "head2"))
    with pytest.raises(InterlockError, match="slipped out at head2") as caught:
        interlocks.permit("swing.to", "swing2 to exchange2")
    assert caught.value.rule == "8"
    interlocks.permit("swing.to", "swing1 to platen1")
    alarms.clear()
    interlocks.permit("swing.to", "swing2 to exchange2")
