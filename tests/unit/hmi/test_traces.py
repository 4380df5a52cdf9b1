"""Frames: means of bins, gaps as NaN, told values held, nothing twice and nothing before its time."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from planaris.dictionary import build
from planaris.formats import load_tool
from planaris.hmi.protocol import TRACE_HEADER, TRACES_LIMIT
from planaris.hmi.traces import FRAME_SAMPLES, TraceCatalogue, TraceGroup, Wanted
from planaris.model import Block, Quality

CATALOGUE = TraceCatalogue(build(load_tool(None)))
TORQUE, SPEED, ZONE, UP = "platen1.torque_Nm", "platen1.speed_rpm", "head1.zone1_pressure_kPa", "head1.up"


def block(rate_class: str, tags: tuple[str, ...], begin_s: float, values: Any, rate_Hz: float = 100.0) -> Block:
    table = np.asarray(values, dtype=np.float32)
    time_s = begin_s + np.arange(len(table)) / rate_Hz
    return Block(rate_class, tags, time_s, table, np.full(len(table), int(Quality.GOOD), dtype=np.uint8), 1)


def read(frame: bytes) -> tuple[tuple[Any, ...], list[int], NDArray[np.float32]]:
    """Read a frame as a page does."""
    head = struct.unpack(TRACE_HEADER, frame[:24])
    channels, samples = head[2], head[6]
    indices = list(np.frombuffer(frame, "<u2", channels, 24))
    begin = 24 + 2 * (channels + channels % 2)
    assert begin % 4 == 0
    values = np.frombuffer(frame, "<f4", channels * samples, begin).reshape(channels, samples)
    assert len(frame) == begin + 4 * channels * samples
    return head, indices, values


def test_a_sample_is_the_mean_of_its_bin() -> None:
    group = TraceGroup(Wanted((SPEED, TORQUE), 20.0), CATALOGUE, speed=1.0)
    group.take(block("platen1.fast", (TORQUE, SPEED), 10.0, [[i, 100 + i] for i in range(12)]))
    frame = group.frame(10.2)
    assert frame is not None
    head, indices, values = read(frame)
    assert head[:4] == (1, 1, 2, 1)
    assert indices == [0, 1]
    assert (head[4], head[5]) == (pytest.approx(10.0), pytest.approx(0.05))
    # Bins of five samples; the third is not complete.
    np.testing.assert_allclose(values, [[102, 107], [2, 7]])
    assert group.frame(10.2) is None
    group.take(block("platen1.fast", (TORQUE, SPEED), 10.12, [[12 + i, 0] for i in range(8)]))
    following = group.frame(10.3)
    assert following is not None
    head, _, values = read(following)
    assert head[3:5] == (2, pytest.approx(10.1))
    np.testing.assert_allclose(values[1], [12.0])  # samples 10 to 14, of two blocks


def test_a_hurried_tool_gives_no_more_samples() -> None:
    group = TraceGroup(Wanted((TORQUE,), 20.0), CATALOGUE, speed=20.0)
    group.take(block("platen1.fast", (TORQUE,), 0.0, np.arange(1001.0)[:, None]))
    frame = group.frame(10.0)
    assert frame is not None
    head, _, values = read(frame)
    assert head[5] == pytest.approx(1.0)
    np.testing.assert_allclose(values[0], np.arange(10) * 100.0 + 49.5)


def test_what_is_bad_or_missing_is_no_number() -> None:
    group = TraceGroup(Wanted((TORQUE, ZONE), 20.0), CATALOGUE, speed=1.0)
    bad = block("platen1.fast", (TORQUE,), 0.0, np.ones((11, 1)))
    bad.quality[:5] = int(Quality.BAD)
    group.take(bad)
    group.take(block("head1.fast", (ZONE,), 0.05, np.full((6, 1), 20.0)))
    frame = group.frame(0.2)
    assert frame is not None
    np.testing.assert_allclose(read(frame)[2], [[np.nan, 1.0], [np.nan, 20.0]])


def test_one_class_that_is_silent_does_not_hold_the_others_up() -> None:
    group = TraceGroup(Wanted((TORQUE, ZONE), 20.0), CATALOGUE, speed=1.0)
    group.take(block("platen1.fast", (TORQUE,), 0.0, np.ones((300, 1))))
    frame = group.frame(3.0)
    assert frame is not None
    values = read(frame)[2]
    assert np.isfinite(values[0]).all()
    assert np.isnan(values[1]).all()


def test_told_values_are_held() -> None:
    group = TraceGroup(Wanted((UP, TORQUE), 10.0), CATALOGUE, speed=1.0)
    group.take(block("state", (UP,), 0.0, [[1.0]]))
    group.take(block("platen1.fast", (TORQUE,), 0.0, np.ones((21, 1))))
    frame = group.frame(0.3)
    assert frame is not None
    np.testing.assert_allclose(read(frame)[2], [[1.0, 1.0], [1.0, 1.0]])
    alone = TraceGroup(Wanted((UP,), 10.0), CATALOGUE, speed=1.0)
    alone.take(block("state", (UP,), 0.0, [[0.0]]))
    frame = alone.frame(1.0)
    assert frame is not None
    assert read(frame)[2].shape == (1, 1)


def test_a_page_that_was_away_gets_the_newest() -> None:
    group = TraceGroup(Wanted((TORQUE,), 20.0), CATALOGUE, speed=1.0)
    group.take(block("platen1.fast", (TORQUE,), 0.0, np.arange(3001.0)[:, None]))
    frame = group.frame(30.0)
    assert frame is not None
    head, _, values = read(frame)
    assert values.shape == (1, FRAME_SAMPLES)
    assert head[4] + FRAME_SAMPLES * head[5] == pytest.approx(30.0, abs=0.06)


def test_what_may_be_watched() -> None:
    tags = [v.name for v in build(load_tool(None)).tags if v.rate_class.endswith("fast")]
    choice = CATALOGUE.choose([*tags, TORQUE, "nowhere.x_mm", "platen1.spectrum"], 1e6)
    assert choice.wanted.hz == 20.0
    assert len(choice.wanted.tags) == len(set(choice.wanted.tags)) == TRACES_LIMIT
    assert "no tag of this tool" in choice.refused["nowhere.x_mm"]
    assert len(choice.refused) == len(tags) - TRACES_LIMIT + 2
