"""Bands: a quantity outside its band for longer than allowed is told once, however the samples come in."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from module_bench import recipe_ild
from numpy.typing import NDArray

from planaris.model import Band, Block, Conditioning, ConditioningMode, PolishStep, Quality
from planaris.modules import DEFAULT_BANDS, BandMonitor, Deviation

RATE_Hz = 100
PLATEN_TAGS = ("platen1.speed_rpm", "platen1.slurry_flow_ml_min", "platen1.conditioner_force_N")
HEAD_TAGS = tuple(f"head2.{n}" for n in (
    "zone1_pressure_kPa", "zone2_pressure_kPa", "zone3_pressure_kPa", "ring_pressure_kPa", "speed_rpm",
))  # fmt: skip


def step(*bands: Band) -> PolishStep:
    return replace(recipe_ild().steps[0], bands=bands)


MAIN = recipe_ild().steps[0]
SET_POINTS = {
    "platen1.speed_rpm": MAIN.platen_speed_rpm,
    "platen1.slurry_flow_ml_min": MAIN.slurry_flow_ml_min,
    "platen1.conditioner_force_N": MAIN.conditioning.downforce_N,
    "head2.zone1_pressure_kPa": MAIN.zone_pressure_kPa[0],
    "head2.zone2_pressure_kPa": MAIN.zone_pressure_kPa[1],
    "head2.zone3_pressure_kPa": MAIN.zone_pressure_kPa[2],
    "head2.ring_pressure_kPa": MAIN.ring_pressure_kPa,
    "head2.speed_rpm": MAIN.head_speed_rpm,
}


def block(
    start_s: float, off_pct: dict[str, NDArray[np.float64]], tags: tuple[str, ...] = PLATEN_TAGS, count: int = 0
) -> Block:
    """Return samples from ``start_s`` on, each tag off its set-point by so many percent, zero if not named."""
    n = count or max(len(v) for v in off_pct.values())
    columns = [SET_POINTS[t] * (1.0 + 0.01 * off_pct.get(t, np.zeros(n))) for t in tags]
    rate_class = tags[0].split(".")[0] + ".fast"
    times = start_s + np.arange(n) / RATE_Hz
    quality = np.full(n, Quality.GOOD, dtype=np.uint8)
    return Block(rate_class, tags, times, np.stack(columns, axis=1).astype(np.float32), quality, 0)


def off(tag: str, pct: float, time_s: float, after_s: float = 0.0) -> dict[str, NDArray[np.float64]]:
    """Return a tag that is on its set-point for ``after_s`` and then off by ``pct`` for ``time_s``."""
    return {tag: np.r_[np.zeros(round(after_s * RATE_Hz)), np.full(round(time_s * RATE_Hz), pct)]}


def started(*bands: Band, settle_s: float = 0.0) -> BandMonitor:
    monitor = BandMonitor(1, 2)
    monitor.start(step(*bands), 0.0, settle_s)
    return monitor


def told(found: list[Deviation]) -> list[tuple[str, bool]]:
    return [(d.tag, d.aborts) for d in found]


SPEED = Band("platen_speed", warn_pct=2.0, abort_pct=5.0, persist_s=3.0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_warning_comes_after_the_allowed_time_and_says_what_was_seen(sign: float) -> None:
    assert started(SPEED).check(block(0.0, off("platen1.speed_rpm", 3.0 * sign, 2.9))) == []
    (found,) = started(SPEED).check(block(0.0, off("platen1.speed_rpm", 3.0 * sign, 3.1)))
    assert (found.quantity, found.tag, found.aborts) == ("platen_speed", "platen1.speed_rpm", False)
    assert (found.limit_pct, found.persist_s, found.set_point) == (2.0, 3.0, MAIN.platen_speed_rpm)
    assert found.seen == pytest.approx(MAIN.platen_speed_rpm * (1.0 + 0.03 * sign), rel=1e-6)


def test_beyond_the_abort_limit_the_step_is_aborted_and_not_warned_first() -> None:
    found = started(SPEED).check(block(0.0, off("platen1.speed_rpm", 6.0, 3.1)))
    assert told(found) == [("platen1.speed_rpm", True)]
    assert found[0].limit_pct == 5.0


def test_a_warning_that_grows_into_an_abort_tells_both_each_once() -> None:
    monitor = started(SPEED)
    seen = [
        told(monitor.check(block(4.0 * k, off("platen1.speed_rpm", pct, 4.0))))
        for k, pct in enumerate([3.0, 3.0, 6.0, 6.0, 3.0])
    ]
    speed = "platen1.speed_rpm"
    assert seen == [[(speed, False)], [], [(speed, True)], [], []]


def test_coming_back_in_time_starts_the_clock_again() -> None:
    monitor = started(SPEED)
    for k in range(5):
        assert monitor.check(block(3.0 * k, off("platen1.speed_rpm", 9.0, 2.9, after_s=0.1))) == []


def test_time_outside_goes_on_across_the_border_of_two_blocks() -> None:
    monitor = started(SPEED)
    assert monitor.check(block(0.0, off("platen1.speed_rpm", 3.0, 2.0, after_s=2.0))) == []
    assert told(monitor.check(block(4.0, off("platen1.speed_rpm", 3.0, 1.2)))) == [("platen1.speed_rpm", False)]


def test_a_block_that_is_inside_ends_what_a_block_before_it_began() -> None:
    monitor = started(SPEED)
    monitor.check(block(0.0, off("platen1.speed_rpm", 3.0, 2.0)))
    monitor.check(block(2.0, off("platen1.speed_rpm", 0.0, 1.0)))
    assert monitor.check(block(3.0, off("platen1.speed_rpm", 3.0, 2.0))) == []


def test_nothing_is_checked_while_the_step_settles_or_before_it_began() -> None:
    monitor = started(SPEED, settle_s=5.0)
    assert monitor.check(block(0.0, off("platen1.speed_rpm", 9.0, 5.0))) == []
    assert monitor.check(block(5.0, off("platen1.speed_rpm", 9.0, 2.9))) == []
    assert told(monitor.check(block(7.9, off("platen1.speed_rpm", 9.0, 0.2)))) == [("platen1.speed_rpm", True)]


def test_a_stopped_monitor_is_silent_and_a_new_step_starts_afresh() -> None:
    monitor = started(SPEED)
    assert told(monitor.check(block(0.0, off("platen1.speed_rpm", 9.0, 4.0)))) == [("platen1.speed_rpm", True)]
    monitor.stop()
    assert monitor.check(block(4.0, off("platen1.speed_rpm", 9.0, 4.0))) == []
    monitor.start(step(SPEED), 8.0, 0.0)
    assert told(monitor.check(block(8.0, off("platen1.speed_rpm", 9.0, 4.0)))) == [("platen1.speed_rpm", True)]


def test_a_monitor_that_was_never_started_is_silent() -> None:
    assert BandMonitor(1, 2).check(block(0.0, off("platen1.speed_rpm", 50.0, 9.0))) == []


ON_THE_HEAD = ("zone1_pressure_kPa", "zone2_pressure_kPa", "zone3_pressure_kPa", "ring_pressure_kPa", "speed_rpm")


@pytest.mark.parametrize(
    ("tag", "abort_pct"),
    [
        # docs/reference/design-values.md: head pressure 15 %, slurry flow and conditioner force 20 %, longer than 3 s;
        # 5 rpm of the platen's 93 and 3 rpm of the head's 87 are 5.4 and 3.4 %.
        ("platen1.slurry_flow_ml_min", 20.0),
        ("platen1.conditioner_force_N", 20.0),
        ("platen1.speed_rpm", 5.4),
        ("head2.speed_rpm", 3.5),
        *[(f"head2.{name}", 15.0) for name in ON_THE_HEAD if name.endswith("kPa")],
    ],
)
def test_without_bands_of_its_own_a_step_has_the_default_limits(tag: str, abort_pct: float) -> None:
    tags = HEAD_TAGS if tag.startswith("head") else PLATEN_TAGS
    assert told(started().check(block(0.0, off(tag, abort_pct + 0.1, 3.2), tags))) == [(tag, True)]
    assert [d for d in started().check(block(0.0, off(tag, abort_pct + 0.1, 2.9), tags)) if d.aborts] == []
    assert [d for d in started().check(block(0.0, off(tag, 0.8 * abort_pct, 60.0), tags)) if d.aborts] == []


def test_a_steps_own_bands_replace_the_default_ones() -> None:
    monitor = started(SPEED)
    assert monitor.check(block(0.0, off("platen1.slurry_flow_ml_min", 90.0, 9.0))) == []


def test_platen_and_head_blocks_are_told_apart() -> None:
    monitor = started(Band("head_speed", 2.0, 3.0), SPEED)
    both = off("platen1.speed_rpm", 9.0, 4.0)
    assert told(monitor.check(block(0.0, both))) == [("platen1.speed_rpm", True)]
    assert told(monitor.check(block(0.0, off("head2.speed_rpm", 9.0, 4.0), HEAD_TAGS))) == [("head2.speed_rpm", True)]


def test_several_quantities_are_told_together() -> None:
    tags = {**off("platen1.speed_rpm", 9.0, 4.0), **off("platen1.slurry_flow_ml_min", 30.0, 4.0)}
    assert sorted(told(started().check(block(0.0, tags)))) == [
        ("platen1.slurry_flow_ml_min", True),
        ("platen1.speed_rpm", True),
    ]


def test_what_is_set_to_zero_is_not_watched() -> None:
    """A rinse has no slurry, a step without conditioning no force: percent of nothing is nothing."""
    rest = Conditioning(ConditioningMode.OFF, 20.0, 70.0, 10.0)
    quiet = replace(step(), slurry_flow_ml_min=0.0, conditioning=rest)
    monitor = BandMonitor(1, 2)
    monitor.start(quiet, 0.0, 0.0)
    assert monitor.check(block(0.0, off("platen1.slurry_flow_ml_min", -100.0, 9.0))) == []
    assert monitor.check(block(0.0, off("platen1.conditioner_force_N", -100.0, 9.0))) == []


@given(
    pct=st.lists(st.sampled_from([0.0, 1.0, 3.0, 6.0]), min_size=1, max_size=12),
    cuts=st.lists(st.integers(1, 1079), max_size=8, unique=True),
)
def test_what_is_told_does_not_depend_on_how_samples_were_cut_into_blocks(pct: list[float], cuts: list[int]) -> None:
    """Up to 10.8 s in stretches of 0.9 s, so that none ends at the limit itself, in one block and in any number."""
    course = np.repeat(pct, round(0.9 * RATE_Hz))
    at_once = told(started(SPEED).check(block(0.0, {"platen1.speed_rpm": course})))
    borders = [0, *sorted(c for c in cuts if c < len(course)), len(course)]
    monitor = started(SPEED)
    in_pieces: list[tuple[str, bool]] = []
    for first, last in pairwise(borders):
        in_pieces += told(monitor.check(block(first / RATE_Hz, {"platen1.speed_rpm": course[first:last]})))
    # In one block a warning that grows into an abort is told as the abort alone.
    assert (("platen1.speed_rpm", True) in at_once) == (("platen1.speed_rpm", True) in in_pieces)
    assert bool(at_once) == bool(in_pieces)
    assert len(in_pieces) == len(set(in_pieces))


def test_samples_may_come_one_by_one() -> None:
    monitor, found = started(SPEED), list[int]()
    for k in range(400):
        if monitor.check(block(k / RATE_Hz, {"platen1.speed_rpm": np.array([3.0])})):
            found.append(k)
    assert len(found) == 1
    assert 298 <= found[0] <= 302  # 3 s, to the sample at either end


def test_the_default_bands_warn_before_they_abort() -> None:
    assert all(0 < band.warn_pct < band.abort_pct for band in DEFAULT_BANDS)
    assert all(band.persist_s == 3.0 for band in DEFAULT_BANDS)


ZONE = Band("zone_pressure", 10.0, 15.0)


def test_samples_before_a_zones_move_are_held_to_what_was_asked_then() -> None:
    """A block of 4 s may come after the move that ended its time."""
    monitor = started(ZONE)
    set_point = np.array(MAIN.zone_pressure_kPa)
    first = block(0.0, {"head2.zone3_pressure_kPa": np.zeros(400)}, HEAD_TAGS)
    monitor.move_zones(tuple(1.25 * set_point), 3.9)
    moved = np.full(500, 25.0)
    assert monitor.check(first) == []
    zones = {tag: moved for tag in HEAD_TAGS if "zone" in tag}
    assert monitor.check(block(4.0, zones, HEAD_TAGS)) == []
    (found, *_) = monitor.check(block(9.0, {"head2.zone3_pressure_kPa": np.zeros(500)}, HEAD_TAGS))
    assert found.set_point == pytest.approx(1.25 * set_point[0])
