"""The short form of the fault campaign: a seed of each kind, all invariants held; mutants of the controller caught."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from planaris.app.faults import FaultKind, SeedResult, draw, play
from planaris.app.kills import with_slots
from planaris.formats import JobFiles, load_job
from planaris.tool.wet import WetWatch

KINDS = list(FaultKind)
WAFERS = 8


@cache
def job() -> JobFiles:
    return load_job(Path("examples/oxide_ild/lot.toml"), None)


def run(seed: int) -> SeedResult:
    scenario = draw(seed, job().tool, WAFERS, 1)
    return play(with_slots(job(), scenario.slots), scenario)


def kinds_of(seed: int) -> str:
    return "-".join(fault.kind.value for fault in draw(seed, job().tool, WAFERS, 1).faults)


@pytest.mark.parametrize("seed", range(1, len(KINDS) + 1), ids=kinds_of)
def test_no_invariant_is_broken(seed: int) -> None:
    assert list(run(seed).violations) == []


def test_every_kind_is_among_the_seeds_of_the_short_form() -> None:
    assert {f.kind for seed in range(1, len(KINDS) + 1) for f in draw(seed, job().tool, WAFERS, 1).faults} == set(KINDS)


def test_a_seed_replays_exactly() -> None:
    assert replace(run(15), wall_s=0.0) == replace(run(15), wall_s=0.0)


# -- mutants ----------------------------------------------------------------------------------------------------


def nothing(*_arguments: object) -> None: ...


# What is taken out of the controller, and a seed whose fault it is there for.
MUTANTS: Mapping[str, tuple[type, str, Callable[..., object], int]] = {
    "no alarm when a wet limit passes": (WetWatch, "_passed", nothing, 4),
    "no water over a waiting wafer": (WetWatch, "_rinse", nothing, 1),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_controller_with_a_part_taken_out_is_caught(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, stub, seed = MUTANTS[mutant]
    monkeypatch.setattr(owner, name, stub)
    assert run(seed).violations
