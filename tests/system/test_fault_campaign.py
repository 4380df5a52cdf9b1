"""The short form of the fault campaign: a seed of each kind, all invariants held; mutants of the controller caught."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from planaris.app.faults import FaultKind, FaultRun, draw, run_fault
from planaris.app.kills import with_slots
from planaris.formats import JobFiles, load_job, load_tool
from planaris.modules import Platen
from planaris.tool.wet import WetWatch

KINDS = list(FaultKind)


@cache
def job() -> JobFiles:
    return with_slots(load_job(Path("examples/oxide_ild/lot.toml"), None), (1, 2, 3, 4))


@pytest.mark.parametrize("seed", range(1, len(KINDS) + 1), ids=lambda s: KINDS[s % len(KINDS)].value)
def test_no_invariant_is_broken(seed: int) -> None:
    run = run_fault(job(), seed)
    assert run.broken == []
    assert run.kind == KINDS[seed % len(KINDS)].value


def test_a_seed_replays_exactly() -> None:
    assert run_fault(job(), 15) == run_fault(job(), 15)


def test_every_kind_comes_and_seeds_differ() -> None:
    tool = load_tool()
    drawn = [draw(seed, tool) for seed in range(1, 8 * len(KINDS) + 1)]
    assert {s.kind for s in drawn} == set(FaultKind)
    assert len({s.time_s for s in drawn}) == len(drawn)
    assert [draw(s.seed, tool) for s in drawn] == drawn


# -- mutants ----------------------------------------------------------------------------------------------------


def watch_nothing(*_arguments: object) -> None: ...


async def not_safe(_self: Platen, _head: int) -> None: ...


# What is taken out of the controller, and the seeds whose faults it is there for.
MUTANTS: Mapping[str, tuple[type, str, Callable[..., object], tuple[int, ...]]] = {
    "no alarm on wet limits": (WetWatch, "_passed", watch_nothing, (1, 2, 13, 16, 17, 19)),
    "an aborted platen is not made safe": (Platen, "_make_safe", not_safe, (18, 40, 62, 10, 32)),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_controller_with_a_part_taken_out_is_caught(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, stub, seeds = MUTANTS[mutant]
    monkeypatch.setattr(owner, name, stub)
    runs: list[FaultRun] = []
    for seed in seeds:
        runs.append(run_fault(job(), seed))
        if runs[-1].broken:
            return
    pytest.fail(f"no seed of {seeds} broke anything: {[r.outcome for r in runs]}")
