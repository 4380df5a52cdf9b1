"""Timers of virtual time against a plain model: order, cancellation, exact times, whatever the program."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from planaris import clock

# Few values, so that deadlines are often equal; 0.1 + 0.2 against 0.3 among them.
DELAYS_S = st.sampled_from([0.0, 0.1, 0.2, 0.3, 1.0, 1e-7, 3600.0])


@dataclass(frozen=True, slots=True)
class Action:
    """A timer of a program: when it fires it sets ``children`` and cancels timer ``cancels`` (by number set)."""

    delay_s: float
    children: tuple[Action, ...] = ()
    cancels: int | None = None


LEAVES = st.builds(Action, DELAYS_S, st.just(()), st.none() | st.integers(0, 30))
ACTIONS = st.recursive(
    LEAVES, lambda inner: st.builds(Action, DELAYS_S, st.lists(inner, max_size=3).map(tuple), st.none()), max_leaves=12
)
PROGRAMS = st.lists(ACTIONS, min_size=1, max_size=10)

Log = list[tuple[int, float]]


@dataclass(slots=True)
class Model:
    """Timers as a plain list: the next to fire is the earliest, of equals the one set first."""

    now_s: float = 0.0
    timers: list[tuple[float, int, Action]] = field(default_factory=list[tuple[float, int, Action]])
    count: int = 0
    log: Log = field(default_factory=Log)

    def set(self, action: Action) -> None:
        self.timers.append((self.now_s + action.delay_s, self.count, action))
        self.count += 1

    def run(self, program: list[Action]) -> Log:
        for action in program:
            self.set(action)
        while self.timers:
            when, number, action = min(self.timers, key=lambda timer: timer[:2])
            self.timers.remove((when, number, action))
            self.now_s = max(self.now_s, when)
            self.log.append((number, self.now_s))
            for child in action.children:
                self.set(child)
            self.timers = [timer for timer in self.timers if timer[1] != action.cancels]
        return self.log


def on_the_clock(program: list[Action]) -> Log:
    """Run a program of timers on the clock: (number, time) of each that fired."""

    async def main() -> Log:
        loop = asyncio.get_running_loop()
        handles: list[asyncio.TimerHandle] = []
        log: Log = []

        def set_timer(action: Action) -> None:
            handles.append(loop.call_later(action.delay_s, fire, len(handles), action))

        def fire(number: int, action: Action) -> None:
            log.append((number, loop.time()))
            for child in action.children:
                set_timer(child)
            if action.cancels is not None and action.cancels < len(handles):
                handles[action.cancels].cancel()

        for action in program:
            set_timer(action)
        await asyncio.sleep(1e9)
        return log

    return clock.run(main())


@settings(deadline=None)
@given(PROGRAMS)
def test_timers_fire_as_in_the_model(program: list[Action]) -> None:
    assert on_the_clock(program) == Model().run(program)


@settings(deadline=None)
@given(PROGRAMS)
def test_the_same_program_runs_the_same_way_twice(program: list[Action]) -> None:
    assert on_the_clock(program) == on_the_clock(program)


@settings(deadline=None)
@given(st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=1, max_size=40))
def test_equal_deadlines_fire_first_in_first_out(delays_s: list[float]) -> None:
    program = [Action(delay_s) for delay_s in delays_s]
    fired = [number for number, _ in on_the_clock(program)]
    assert fired == sorted(range(len(delays_s)), key=lambda n: delays_s[n])


@settings(deadline=None)
@given(
    st.lists(st.floats(0.0, 1e6, allow_nan=False), min_size=1, max_size=30),
    st.lists(st.integers(0, 29), max_size=30, unique=True),
)
def test_exactly_the_cancelled_timers_do_not_fire(delays_s: list[float], cancelled: list[int]) -> None:
    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        fired: list[int] = []
        handles = [loop.call_later(delay_s, fired.append, n) for n, delay_s in enumerate(delays_s)]
        for n in cancelled:
            if n < len(handles):
                handles[n].cancel()
        await asyncio.sleep(2e6)
        return fired

    assert sorted(clock.run(main())) == [n for n in range(len(delays_s)) if n not in cancelled]


@settings(deadline=None)
@given(st.integers(101, 600), st.data())
def test_sweeping_many_cancelled_timers_loses_none(count: int, data: st.DataObject) -> None:
    kept = data.draw(st.sets(st.integers(0, count - 1), max_size=20))

    async def main() -> tuple[list[int], int]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, clock.VirtualTimeLoop)
        fired: list[int] = []
        handles = [loop.call_later(1.0 + n % 7, fired.append, n) for n in range(count)]
        for n, handle in enumerate(handles):
            if n not in kept:
                handle.cancel()
        queued = loop.timers_count
        await asyncio.sleep(10.0)
        for handle in handles:
            handle.cancel()  # after the fact: changes nothing
        await asyncio.sleep(1.0)
        assert loop.timers_count == 0
        return fired, queued

    fired, queued = clock.run(main())
    assert sorted(fired) == sorted(kept)
    assert fired == sorted(kept, key=lambda n: (n % 7, n))
    # Cancelled ones stay while they are not more than 100, or not the greater part.
    assert queued <= max(2 * len(kept), len(kept) + 101)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(DELAYS_S, max_size=6), min_size=1, max_size=6))
def test_each_task_sees_its_own_delays_add_up_and_time_never_goes_back(delays_s: list[list[float]]) -> None:
    async def main() -> tuple[list[list[float]], list[float]]:
        all_times: list[float] = []

        async def sleeper(mine: list[float]) -> list[float]:
            seen = [clock.now_s()]
            for delay_s in mine:
                await asyncio.sleep(delay_s)
                seen.append(clock.now_s())
                all_times.append(clock.now_s())
            return seen

        return await asyncio.gather(*(sleeper(mine) for mine in delays_s)), all_times

    seen, all_times = clock.run(main())
    assert all_times == sorted(all_times)
    for mine, times in zip(delays_s, seen, strict=True):
        expected = [0.0]
        for delay_s in mine:
            expected.append(expected[-1] + delay_s)
        assert times == expected
