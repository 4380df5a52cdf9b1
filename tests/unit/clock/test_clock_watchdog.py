"""The watchdog: the longest that callbacks kept the loop from turning."""

from __future__ import annotations

import asyncio
import time

from planaris import clock


def test_a_callback_that_blocks_is_the_longest_pause_and_waiting_is_none() -> None:
    async def main() -> tuple[float, float]:
        await asyncio.sleep(1e6)
        quiet_s = clock.longest_pause_s()
        time.sleep(0.05)  # noqa: ASYNC251
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return quiet_s, clock.longest_pause_s()

    quiet_s, blocked_s = clock.run(main())
    assert quiet_s < 0.05 <= blocked_s


def test_what_was_before_the_watch_began_does_not_count() -> None:
    async def main() -> float:
        time.sleep(0.05)  # noqa: ASYNC251
        clock.watch_pauses()
        await asyncio.sleep(1.0)
        return clock.longest_pause_s()

    assert clock.run(main()) < 0.05


def test_a_loop_that_is_not_the_tools_has_no_watchdog() -> None:
    async def main() -> float:
        return clock.longest_pause_s()

    assert asyncio.run(main()) == 0.0
