"""A reader of frames holds what has come and no more, and nothing after an impossible length."""

from __future__ import annotations

import tracemalloc

from hand_frames import LINKTEST_REQ, data, hand

from planaris.factory.hsms.framing import FrameReader

TEST = hand(LINKTEST_REQ, 1)


def test_frames_come_without_their_length_and_the_rest_is_held() -> None:
    reader = FrameReader(1_000)
    assert reader.feed(TEST + TEST + TEST[:6]) == ([TEST[4:], TEST[4:]], None)
    assert (reader.held_bytes, reader.wanted_bytes) == (6, 14)
    assert reader.feed(TEST[6:] + TEST[:2]) == ([TEST[4:]], None)
    assert (reader.held_bytes, reader.wanted_bytes) == (2, 4)
    assert reader.feed(TEST[2:]) == ([TEST[4:]], None)
    assert (reader.held_bytes, reader.wanted_bytes) == (0, 4)


def test_nothing_is_held_after_an_impossible_length() -> None:
    for first in (b"", TEST[:3]):
        reader = FrameReader(1_000)
        reader.feed(first)
        rest = TEST[len(first) :]
        frames, wrong = reader.feed(rest + (1_001).to_bytes(4, "big") + bytes(500))
        assert frames == [TEST[4:]]
        assert wrong is not None
        assert (wrong.length_bytes, wrong.limit_bytes, reader.held_bytes) == (1_001, 1_000, 0)
        assert reader.feed(TEST) == ([TEST[4:]], None)


def test_an_announced_length_is_not_allocated() -> None:
    announced = 100_000_000
    tracemalloc.start()
    readers = [FrameReader(announced) for _ in range(10)]
    for reader in readers:
        reader.feed(announced.to_bytes(4, "big") + bytes(100))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < announced // 100


def test_a_long_frame_byte_by_byte_takes_no_longer_for_its_length() -> None:
    """What is held grows in place: a copy for each byte would take hours for this frame."""
    frame = data(7, 3, 1, b"\x23\x07\xa1\x20" + bytes(500_000))
    reader = FrameReader(1_000_000)
    found = [whole for k in range(len(frame)) for whole in reader.feed(frame[k : k + 1])[0]]
    assert found == [frame[4:]]
