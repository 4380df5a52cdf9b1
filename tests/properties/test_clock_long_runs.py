"""Long virtual times: small timers go on however late it is, from seconds to centuries."""

from __future__ import annotations

import asyncio
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from planaris import clock

YEAR_S = 365 * 24 * 3600.0


@settings(max_examples=50, deadline=None)
@given(st.floats(0.0, 300 * YEAR_S), st.floats(1e-9, 10.0), st.integers(1, 50))
def test_small_timers_progress_at_any_time(start_s: float, delay_s: float, count: int) -> None:
    async def main() -> float:
        for _ in range(count):
            await asyncio.sleep(delay_s)
        return clock.now_s()

    expected = start_s
    for _ in range(count):
        expected += delay_s
    assert clock.run(main(), start_s=start_s) == expected


@settings(max_examples=30, deadline=None)
@given(st.floats(0.0, YEAR_S), st.floats(0.0, 100.0))
def test_deadlines_a_hair_apart_keep_their_order_and_none_is_early(start_s: float, delay_s: float) -> None:
    when = start_s + delay_s
    deadlines = [when, math.nextafter(when, math.inf), math.nextafter(when, 0.0), when]

    async def main() -> list[tuple[int, bool]]:
        loop = asyncio.get_running_loop()
        seen: list[tuple[int, bool]] = []
        for n, deadline in enumerate(deadlines):
            loop.call_at(deadline, lambda n=n, deadline=deadline: seen.append((n, loop.time() >= deadline)))
        await asyncio.sleep(delay_s + 1.0)
        return seen

    seen = clock.run(main(), start_s=start_s)
    if delay_s > 0 and when > start_s:
        assert seen == [(2, True), (0, True), (3, True), (1, True)]
    assert all(in_time for _, in_time in seen)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_a_year_of_periodic_work_ends_on_the_second(periods_d: list[int]) -> None:
    day_s = 24 * 3600.0

    async def main() -> list[float]:
        async def periodic(period_s: float) -> float:
            for _ in range(int(YEAR_S // period_s)):
                await asyncio.sleep(period_s)
                async with asyncio.timeout(10.0):
                    await asyncio.sleep(1e-3)
                await asyncio.sleep(-1e-3)
            return clock.now_s()

        return await asyncio.gather(*(periodic(d * day_s) for d in periods_d))

    ended = clock.run(main())
    for period_d, end_s in zip(periods_d, ended, strict=True):
        turns = int(YEAR_S // (period_d * day_s))
        # Each turn takes 1 ms more; sums near a year are rounded to 4e-9 s.
        assert abs(end_s - turns * (period_d * day_s + 1e-3)) <= turns * 2 * 4e-9
