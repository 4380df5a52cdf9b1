"""The short form of the fuzz campaign: a server in a process of its own outlives frames that are wrong in any way."""

from __future__ import annotations

import asyncio
import random

from hand_frames import frames
from hsms_fuzz import GROWTH_LIMIT_MB, fuzz, good, mutated


def test_a_server_outlives_mutated_frames() -> None:
    result = asyncio.run(fuzz(20_000, seed=1))
    assert result.checks_count == 2
    # Some links end early, by a Separate that chance made.
    assert result.taken_count > 0.9 * result.frames_count
    assert result.growth_MB < GROWTH_LIMIT_MB


def test_a_campaign_is_repeatable_and_most_of_its_frames_are_damaged() -> None:
    one, other = random.Random(5), random.Random(5)
    drawn = [mutated(one) for _ in range(500)]
    assert drawn == [mutated(other) for _ in range(500)]
    assert list(frames(b"".join(drawn))) == drawn
    undamaged = [good(random.Random(k)) == mutated(random.Random(k)) for k in range(500)]
    # One draw in six changes nothing; some changes write what was there.
    assert 0.1 < sum(undamaged) / 500 < 0.4
