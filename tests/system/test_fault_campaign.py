"""The short form of the fault campaign: a seed of each kind, all invariants held; mutants of the controller caught."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from planaris.app.faults import FaultKind, draw, run_fault
from planaris.app.faults import run as run_module
from planaris.app.kills import with_slots
from planaris.formats import JobFiles, load_job, load_tool
from planaris.modules import Platen
from planaris.tool.handling import Handling
from planaris.tool.wet import WetWatch

KINDS = list(FaultKind)


@cache
def job() -> JobFiles:
    return with_slots(load_job(Path("examples/oxide_ild/lot.toml"), None), (1, 2, 3, 4))


def kind_of(seed: int) -> str:
    return KINDS[seed % len(KINDS)].value


@pytest.mark.parametrize("seed", range(1, len(KINDS) + 1), ids=kind_of)
def test_no_invariant_is_broken(seed: int) -> None:
    run = run_fault(job(), seed)
    assert run.broken == []
    assert run.kind == kind_of(seed)


def test_a_seed_replays_exactly() -> None:
    assert run_fault(job(), 15) == run_fault(job(), 15)


def test_every_kind_comes_and_seeds_differ() -> None:
    tool = load_tool()
    drawn = [draw(seed, tool) for seed in range(1, 8 * len(KINDS) + 1)]
    assert {s.kind for s in drawn} == set(FaultKind)
    assert len({s.time_s for s in drawn}) == len(drawn)
    assert [draw(s.seed, tool) for s in drawn] == drawn


# -- mutants ----------------------------------------------------------------------------------------------------


def nothing(*_arguments: object) -> None: ...


async def nothing_done(*_arguments: object) -> None: ...


def never(*_arguments: object) -> bool:
    return False


# What is taken out of the controller, and a seed whose fault it is there for.
MUTANTS: Mapping[str, tuple[type, str, Callable[..., object], int]] = {
    "no water over a waiting wafer": (WetWatch, "_rinse", nothing, 55),
    "a retry does not look where the wafer is": (Handling, "seen_moved", never, 3),
    "a wafer left on the pad is not pulled up again": (Platen, "rechuck", nothing_done, 34),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_controller_with_a_part_taken_out_is_caught(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, stub, seed = MUTANTS[mutant]
    assert run_fault(job(), seed).broken == []
    monkeypatch.setattr(owner, name, stub)
    monkeypatch.setattr(run_module, "RUN_LIMIT_S", 3000.0)
    assert run_fault(job(), seed).broken != []
