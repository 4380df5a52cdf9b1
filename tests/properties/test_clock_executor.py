"""Time never jumps while a job runs, however jobs, timers and calls from threads mix."""

from __future__ import annotations

import asyncio
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from planaris import clock

# (tool time when the job is given, real time that it takes, tool time slept after it)
JOBS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 1.0, 2.0]), st.sampled_from([0.0, 0.001, 0.003]), st.sampled_from([0.0, 1.0])),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(JOBS)
def test_a_job_takes_no_tool_time(jobs: list[tuple[float, float, float]]) -> None:
    async def main() -> list[tuple[float, float, float]]:
        seen: list[tuple[float, float, float]] = []

        async def ticker() -> None:
            for _ in range(100):
                await asyncio.sleep(0.05)

        async def one(at_s: float, takes_s: float, after_s: float) -> None:
            await asyncio.sleep(at_s)
            begun_s = clock.now_s()
            await asyncio.to_thread(time.sleep, takes_s)
            ended_s = clock.now_s()
            await asyncio.sleep(after_s)
            seen.append((begun_s, ended_s, clock.now_s()))

        async with asyncio.TaskGroup() as group:
            group.create_task(ticker())
            for job in jobs:
                group.create_task(one(*job))
        return seen

    seen = clock.run(main())
    assert sorted(seen) == sorted((at_s, at_s, at_s + after_s) for at_s, _, after_s in jobs)


@settings(max_examples=20, deadline=None)
@given(JOBS, st.integers(1, 4))
def test_what_runs_beside_jobs_sees_the_same_times_every_time(
    jobs: list[tuple[float, float, float]], tickers: int
) -> None:
    async def main() -> list[list[float]]:
        async def ticker(n: int) -> list[float]:
            seen: list[float] = []
            for _ in range(20):
                await asyncio.sleep(0.1 * (n + 1))
                seen.append(clock.now_s())
            return seen

        async def one(at_s: float, takes_s: float) -> None:
            await asyncio.sleep(at_s)
            await asyncio.to_thread(time.sleep, takes_s)

        async with asyncio.TaskGroup() as group:
            for at_s, takes_s, _ in jobs:
                group.create_task(one(at_s, takes_s))
            tasks = [group.create_task(ticker(n)) for n in range(tickers)]
        return [task.result() for task in tasks]

    first = clock.run(main())
    assert first == clock.run(main())
    for n, seen in enumerate(first):
        expected = [0.0]
        for _ in range(20):
            expected.append(expected[-1] + 0.1 * (n + 1))
        assert seen == expected[1:]
