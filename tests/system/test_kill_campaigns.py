"""Short form of `make kills`: controller, or controller and twin, die at random instants; nothing is lost."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from planaris.app.kills import KILLS_COUNT, At, Campaign, KillRun, plan, run_kills, with_slots
from planaris.formats import JobFiles, load_job

EXAMPLE = Path(__file__).parents[2] / "examples" / "oxide_ild" / "lot.toml"
SEEDS = (1, 2, 3, 4)


@cache
def job() -> JobFiles:
    return with_slots(load_job(EXAMPLE, None), (1, 2, 3, 4, 5, 6))


@cache
def runs(campaign: Campaign) -> tuple[KillRun, ...]:
    return tuple(run_kills(job(), seed, campaign) for seed in SEEDS)


def always_made(source: bool | None, destination: bool | None) -> bool:
    del source, destination
    return True


def never_made(source: bool | None, destination: bool | None) -> bool:
    del source, destination
    return False


@pytest.mark.parametrize("campaign", list(Campaign))
def test_twenty_deaths_lose_no_wafer_and_the_map_is_true_after_each(campaign: Campaign) -> None:
    for run in runs(campaign):
        assert run.failures == []
        assert run.outcome == "completed"
        assert all(death.differences == () for death in run.deaths)
    assert sum(len(run.deaths) for run in runs(campaign)) == KILLS_COUNT * len(SEEDS)
    # The deaths were no idle ones: wafers were on their way, and polishing was cut off.
    assert sum(death.moves_count for run in runs(campaign) for death in run.deaths) >= 5


def test_deaths_are_drawn_at_callbacks_and_at_both_sides_of_commits() -> None:
    kinds = {kill.at for seed in SEEDS for kill in plan(seed, Campaign.BOTH)}
    assert kinds == set(At)


def test_a_seed_replays_exactly() -> None:
    again = run_kills(job(), SEEDS[0], Campaign.BOTH)
    assert again == runs(Campaign.BOTH)[0]


def test_a_recovery_that_believes_the_intent_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutant that takes every move under way as made must not pass."""
    monkeypatch.setattr("planaris.tool.recovery._made", always_made)
    broken = [run_kills(job(), seed, campaign) for seed in SEEDS for campaign in Campaign]
    assert any("believed at" in failure for run in broken for failure in run.failures)


def test_a_recovery_that_believes_the_last_place_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutant that takes no move under way as made must not pass."""
    monkeypatch.setattr("planaris.tool.recovery._made", never_made)
    broken = [run_kills(job(), seed, campaign) for seed in SEEDS for campaign in Campaign]
    assert any("believed at" in failure for run in broken for failure in run.failures)
