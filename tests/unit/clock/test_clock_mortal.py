"""Lives that can be killed: nothing of the dead runs any more, everything else goes on."""

from __future__ import annotations

import asyncio

import pytest

from planaris.clock import KilledError, Life, now_s, run_mortal


def test_the_dead_do_nothing_not_even_at_last_and_the_living_go_on() -> None:
    told: list[str] = []

    async def mortal() -> None:
        asyncio.get_running_loop().call_later(15.0, told.append, "timer of the dead")
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(ticking("child"))
                await ticking("parent")
        finally:
            told.append("finally")

    async def ticking(name: str) -> None:
        while True:
            told.append(f"{name} {now_s():g}")
            await asyncio.sleep(10.0)

    async def story() -> None:
        life = Life(kill_at_s=12.0)
        task = life.begin(mortal())
        other = asyncio.create_task(ticking("other"))
        assert await life.over(task)
        await asyncio.sleep(18.5)
        other.cancel()

    run_mortal(story())
    assert [t for t in told if t.startswith(("parent", "child"))] == ["parent 0", "child 0", "parent 10", "child 10"]
    assert [t for t in told if t.startswith("other")] == ["other 0", "other 10", "other 20", "other 30"]
    assert len(told) == 8  # no timer, no finally


@pytest.mark.parametrize("more_count", range(5))
def test_a_life_dies_between_two_callbacks_as_many_later_as_was_said(more_count: int) -> None:
    steps: list[int] = []

    async def mortal() -> None:
        for step in range(10):
            steps.append(step)
            await asyncio.sleep(0)

    async def story() -> None:
        life = Life(kill_at_s=0.0, more_count=more_count)
        assert await life.over(life.begin(mortal()))

    run_mortal(story())
    assert steps == list(range(more_count))


def test_a_callback_that_ends_its_own_life_is_cut_off_there() -> None:
    told: list[str] = []

    async def mortal(life: Life) -> None:
        try:
            told.append("before")
            life.kill()
            raise KilledError
        except Exception:
            told.append("caught")

    async def story() -> None:
        life = Life()
        assert await life.over(life.begin(mortal(life)))
        await asyncio.sleep(1.0)

    run_mortal(story())
    assert told == ["before"]


def test_a_life_that_is_not_killed_ends_by_itself_with_its_result() -> None:
    async def work() -> int:
        await asyncio.sleep(5.0)
        return 7

    async def story() -> int:
        life = Life()
        task = life.begin(work())
        assert not await life.over(task)
        return int(task.result())

    assert run_mortal(story()) == 7
