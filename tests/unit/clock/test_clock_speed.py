"""Live and hurried time. Real time is only bounded from below and, loosely, from above: machines are busy."""

from __future__ import annotations

import asyncio
import itertools
import math
import time

import pytest

from planaris import clock

LATE_S = 5.0  # real seconds that a busy machine may be late


async def _ten_steps(step_s: float) -> list[float]:
    seen: list[float] = []
    for _ in range(10):
        await asyncio.sleep(step_s)
        seen.append(clock.now_s())
    return seen


@pytest.mark.parametrize(("speed", "step_s"), [(1.0, 0.02), (20.0, 0.4), (0.5, 0.01)])
def test_tool_time_runs_at_its_speed(speed: float, step_s: float) -> None:
    begun_s = clock.monotonic_s()
    seen = clock.run(_ten_steps(step_s), speed=speed)
    took_s = clock.monotonic_s() - begun_s
    assert 10 * step_s / speed <= took_s < 10 * step_s / speed + LATE_S
    assert all(b - a >= step_s for a, b in itertools.pairwise(seen))
    assert seen[-1] <= took_s * speed


def test_timers_never_fire_early_live() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        early: list[float] = []

        def check(when: float) -> None:
            if loop.time() < when:
                early.append(when)

        for n in range(100):
            when = loop.time() + 0.0007 * n
            loop.call_at(when, check, when)
        await asyncio.sleep(0.1)
        return early

    assert clock.run(main(), speed=1.0) == []


@pytest.mark.parametrize("speed", [1.0, 20.0])
def test_live_time_goes_on_during_a_job(speed: float) -> None:
    """The job ends by tool time. A job of 0.1 s need not see 20 times as much: hurried time waits for a late loop."""

    async def main() -> float:
        loop = asyncio.get_running_loop()

        def job() -> float:
            began_s, last_s = loop.time(), clock.monotonic_s() + LATE_S
            while (passed_s := loop.time() - began_s) < 0.1 * speed and clock.monotonic_s() < last_s:
                time.sleep(0.001)
            return passed_s

        return await asyncio.to_thread(job)

    assert clock.run(main(), speed=speed) >= 0.1 * speed


def test_hurried_time_waits_for_a_computer_that_is_too_slow() -> None:
    """A callback that blocks for 0.2 s takes at most 0.05 s of tool time, not 10 s; live it takes what it takes."""

    async def main() -> tuple[float, float]:
        began_s = clock.now_s()
        time.sleep(0.2)  # noqa: ASYNC251
        blocked_s = clock.now_s() - began_s
        await asyncio.sleep(0.5)
        return blocked_s, clock.now_s() - began_s

    blocked_s, whole_s = clock.run(main(), speed=50.0)
    assert 0.0 < blocked_s <= 0.05 + 1e-6
    # The deadline may be looked at 0.05 s late, and the turn that does it may last as long.
    assert 0.5 <= whole_s <= 0.05 + 0.5 + 0.1 + 1e-6
    blocked_s, _ = clock.run(main(), speed=1.0)
    assert 0.2 <= blocked_s < 0.2 + LATE_S


def test_a_deadline_is_looked_at_in_time_however_late_the_system_wakes_the_loop() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        late: list[float] = []
        for _ in range(20):
            when = loop.time() + 0.3
            loop.call_at(when, lambda when=when: late.append(loop.time() - when))
            await asyncio.sleep(0.4)
        return late

    assert all(0.0 <= late <= 0.1 + 1e-6 for late in clock.run(main(), speed=1000.0))


def test_the_speed_changes_without_a_jump() -> None:
    async def main() -> list[tuple[float, float]]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, clock.VirtualTimeLoop)
        changes: list[tuple[float, float]] = []
        for speed in (math.inf, 50.0, 1.0, 200.0, math.inf, 1000.0):
            await asyncio.sleep(0.01)
            before_s = loop.time()
            loop.set_speed(speed)
            changes.append((before_s, loop.time()))
            assert loop.speed == speed
        return changes

    changes = clock.run(main(), speed=100.0)
    # Between the two readings only the time of the call itself may pass, at most at 1000 tool seconds a second.
    assert all(0.0 <= after_s - before_s < 1000 * 0.1 for before_s, after_s in changes)
    assert all(b[0] >= a[1] for a, b in itertools.pairwise(changes))


def test_from_virtual_to_live_time_reads_the_same() -> None:
    async def main() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, clock.VirtualTimeLoop)
        await asyncio.sleep(1e6)
        loop.set_speed(1.0)
        first_s = loop.time()
        await asyncio.sleep(0.05)
        return first_s, loop.time()

    first_s, second_s = clock.run(main())
    assert 1e6 <= first_s < 1e6 + LATE_S
    assert 0.05 <= second_s - first_s < 0.05 + LATE_S


def test_a_pending_timer_follows_the_new_speed() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, clock.VirtualTimeLoop)
        loop.call_later(0.0, loop.set_speed, math.inf)
        await asyncio.sleep(3600.0)
        return loop.time()

    begun_s = clock.monotonic_s()
    assert clock.run(main(), speed=1.0) == pytest.approx(3600.0, abs=LATE_S)
    assert clock.monotonic_s() - begun_s < LATE_S


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan])
def test_a_speed_that_is_not_above_zero_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed must be above 0"):
        clock.VirtualTimeLoop(speed)
    loop = clock.VirtualTimeLoop()
    with pytest.raises(ValueError, match="speed must be above 0"):
        loop.set_speed(speed)
    assert loop.speed == math.inf
    loop.close()


def test_peer_time_is_real() -> None:
    first_s = clock.monotonic_s()
    time.sleep(0.01)
    assert clock.monotonic_s() - first_s >= 0.01
    assert clock.utc_now().utcoffset() is not None
