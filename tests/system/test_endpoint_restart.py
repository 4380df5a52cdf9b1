"""The controller dies while a step goes by endpoint: the rest of the step ends at the target that the whole has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from planaris.app import kills
from planaris.app.kills import At, Campaign, Kill, KillRun, run_kills, with_slots
from planaris.formats import load_job
from planaris.historian import journal_events
from planaris.stream import Committed, EndpointDecided, StepEnded, StepStarted
from planaris.twin import World

EXAMPLE = Path(__file__).parents[2] / "examples" / "oxide_endpoint" / "lot.toml"
TARGET_nm = 900.0
# As the lot's own test allows; a restart may add what a head that comes up and down again removes beside the estimate.
OFF_nm = 20.0
STEP = 4


def lived(monkeypatch: pytest.MonkeyPatch, after_s: float, away_s: float) -> tuple[KillRun, list[Committed], float]:
    """Return a run of one wafer with one death, its journal, and the wafer's true mean inside 3 mm at the end."""
    found: list[tuple[list[Committed], float]] = []
    check = kills._Scene._check_end

    def look(scene: kills._Scene, world: World) -> None:
        check(scene, world)
        film, grid = world.wafers()[0].after_nm, world.machine.process.grid
        r_mm = grid.r_mm
        inside = r_mm < 97.0
        mean_nm = float(np.average(film.mean(axis=1)[inside], weights=r_mm[inside]))
        found.append((list(journal_events(scene._database, scene._run_id)), mean_nm))

    def one_death(seed: int, campaign: Campaign, kills_count: int) -> tuple[Kill, ...]:
        del seed, campaign, kills_count
        return (Kill(At.CALLBACK, after_s, 0, away_s),)

    monkeypatch.setattr(kills._Scene, "_check_end", look)
    monkeypatch.setattr(kills, "plan", one_death)
    run = run_kills(with_slots(load_job(EXAMPLE), (2,)), 1, Campaign.CONTROLLER)
    assert run.failures == []
    return run, *found[0]


def into_step_s(events: list[Committed], died_s: float) -> float:
    """Return how long the endpoint's step had gone when the controller died."""
    begun = [e.time_s for e in events if isinstance(e.event, StepStarted) and e.event.step == STEP]
    assert begun[0] < died_s, "it died before the step"
    return died_s - begun[0]


@pytest.mark.parametrize("after_s", [203.0, 222.0])
def test_a_step_that_was_cut_off_ends_at_the_target(monkeypatch: pytest.MonkeyPatch, after_s: float) -> None:
    run, events, mean_nm = lived(monkeypatch, after_s, 5.0)
    assert run.outcome == "completed"
    died_s = run.deaths[0].died_s
    assert 5.0 < into_step_s(events, died_s) < 37.0
    decided = [e.event for e in events if isinstance(e.event, EndpointDecided)]
    assert [d.decision for d in decided] == ["call"]
    assert decided[0].called_s > died_s
    ended = [e.event for e in events if isinstance(e.event, StepEnded) and e.event.step == STEP]
    assert ended[-1].reason == "endpoint"
    assert abs(mean_nm - TARGET_nm) < OFF_nm
