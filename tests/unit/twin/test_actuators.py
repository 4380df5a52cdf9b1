"""Actuators in closed form against an integrator, and what the closed form must keep."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from planaris.twin.actuators import ActuatorBank

Array = NDArray[np.float64]
TAU_S = (0.25, 0.6, 3.0)
NAMES = ("fast", "middle", "slow")


@dataclass(frozen=True)
class Command:
    time_s: float
    targets: dict[str, float]
    ramp_s: float


COMMANDS = (
    Command(1.0, {"fast": 10.0, "middle": -4.0}, 2.0),
    Command(2.1, {"fast": 3.0}, 1.0),  # in the middle of a ramp; the others go on with theirs
    Command(4.0, {"slow": 50.0, "middle": 1.0}, 0.0),
    Command(4.0, {"fast": 7.0}, 3.0),  # two at one moment
    Command(9.5, {"fast": 0.0, "middle": 0.0, "slow": 0.0}, 0.5),
)


def commanded(until: int = len(COMMANDS)) -> ActuatorBank:
    bank = ActuatorBank(NAMES, TAU_S, (1.0, 0.0, 20.0), 0.0)
    for command in COMMANDS[:until]:
        bank.command(command.time_s, command.targets, command.ramp_s)
    return bank


def reference(name: str, start: float, times_s: Array) -> Array:
    """Return the set-point's course of one actuator, worked out on its own."""
    points: list[tuple[float, float]] = [(0.0, start)]
    course = np.full(len(times_s), start)
    for command in COMMANDS:
        if name not in command.targets:
            continue
        now = float(np.interp(command.time_s, [t for t, _ in points], [value for _, value in points]))
        target, end_s = command.targets[name], command.time_s + command.ramp_s
        points = [p for p in points if p[0] < command.time_s] + [(command.time_s, now)]
        if command.ramp_s:
            points.append((end_s, target))
        later = times_s >= command.time_s
        share = 1.0 if not command.ramp_s else np.clip((times_s[later] - command.time_s) / command.ramp_s, 0.0, 1.0)
        course[later] = now + (target - now) * share
        if not command.ramp_s:
            points.append((command.time_s + 1e-12, target))
    return course


@pytest.mark.parametrize(("row", "start"), [(0, 1.0), (1, 0.0), (2, 20.0)])
def test_the_closed_form_is_what_an_integrator_finds(row: int, start: float) -> None:
    name, tau_s = NAMES[row], TAU_S[row]
    times = np.linspace(0.0, 20.0, 401)
    breaks = sorted({0.0, 21.0, *(c.time_s for c in COMMANDS), *(c.time_s + c.ramp_s for c in COMMANDS)})
    found = np.empty(len(times))
    state = start
    for low_s, high_s in pairwise(breaks):
        inside = (times >= low_s) & (times < high_s)

        def slope(t: float, x: Array, high_s: float = high_s) -> Array:
            # Just before the next command that command is not there yet.
            return (reference(name, start, np.array([min(t, high_s - 1e-12)])) - x) / tau_s

        solved = solve_ivp(slope, (low_s, high_s), [state], t_eval=[*times[inside], high_s], rtol=1e-11, atol=1e-12)
        found[inside] = solved.y[0, :-1]
        state = float(solved.y[0, -1])
    np.testing.assert_allclose(commanded().at(times)[row], found, atol=1e-8)


def test_a_block_is_the_same_as_single_readings() -> None:
    bank, times = commanded(), np.sort(np.random.Generator(np.random.SFC64(1)).uniform(0.0, 60.0, 300))
    single = np.concatenate([bank.at(np.array([t])) for t in times], axis=1)
    np.testing.assert_allclose(bank.at(times), single, rtol=0, atol=1e-12)


def test_once_settled_an_output_is_its_target_to_the_last_bit() -> None:
    bank = commanded()
    # 25 time constants after the last ramp: the slowest takes 10 + 75 s.
    assert (bank.at(np.array([86.0, 1000.0, 1e7])) == 0.0).all()
    bank.command(2000.0, {"slow": 22.2}, 5.0)
    assert bank.at(np.array([2000.0 + 5.0 + 25.0 * 3.0 + 1e-6]))[2, 0] == 22.2
    assert (bank.at(np.array([2000.0, 2100.0]))[:2] == 0.0).all()


def test_settling_cuts_off_no_more_than_its_promise() -> None:
    bank = ActuatorBank(["a"], [0.5], [0.0], 0.0)
    bank.command(0.0, {"a": 100.0}, 0.0)
    times = np.linspace(0.0, 20.0, 2001)
    np.testing.assert_allclose(bank.at(times)[0], 100.0 * (1.0 - np.exp(-times / 0.5)), rtol=0, atol=2e-9)


def test_what_was_known_at_a_time_does_not_hang_on_later_commands() -> None:
    times = np.array([0.5, 1.5, 2.05, 2.3, 4.5, 9.4, 9.9])
    as_of = np.array([0.5, 1.4, 2.05, 2.05, 3.9, 9.4, 9.4])
    before = np.concatenate(
        [
            commanded(sum(c.time_s <= known for c in COMMANDS)).at(np.array([t]))
            for t, known in zip(times, as_of, strict=True)
        ],
        axis=1,
    )
    np.testing.assert_allclose(commanded().at(times, as_of), before, rtol=0, atol=1e-12)


def test_targets_at_tells_what_was_asked_for_then() -> None:
    times = np.array([0.0, 0.999, 1.0, 2.1, 3.999, 4.0, 9.5, 100.0])
    found = commanded().targets_at(times)
    assert found[0].tolist() == [1.0, 1.0, 10.0, 3.0, 3.0, 7.0, 0.0, 0.0]
    assert found[1].tolist() == [0.0, 0.0, -4.0, -4.0, -4.0, 1.0, 0.0, 0.0]
    assert found[2].tolist() == [20.0, 20.0, 20.0, 20.0, 20.0, 50.0, 0.0, 0.0]
    assert commanded().targets() == {"fast": 0.0, "middle": 0.0, "slow": 0.0}


def test_forgetting_leaves_everything_after_as_it_was() -> None:
    times = np.linspace(4.0, 30.0, 200)
    whole, short = commanded(), commanded()
    short.forget_before(4.0)
    np.testing.assert_array_equal(short.at(times), whole.at(times))


def test_an_output_never_passes_its_target_in_a_ramp_from_rest() -> None:
    bank = ActuatorBank(["a"], [0.25], [0.0], 0.0)
    bank.command(0.0, {"a": 27.6}, 2.0)
    course = bank.at(np.linspace(0.0, 10.0, 1001))[0]
    assert (np.diff(course) >= 0.0).all()
    assert course.max() <= 27.6
    # In the ramp it trails the reference by tau times the slope.
    assert bank.at(np.array([1.9]))[0, 0] == pytest.approx(27.6 / 2.0 * (1.9 - 0.25), rel=1e-3)
