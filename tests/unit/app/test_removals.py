"""Steps by removal take as long as the nominal rate needs; what cannot be is told for all steps at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from planaris.app.nominal import nominal_rate_nm_min
from planaris.app.removals import removals_timed
from planaris.formats import JobFiles, load_job
from planaris.model import EndKind, FilmStack, InputError, Layer
from planaris.processes import load_package

OXIDE = load_job(Path(__file__).parents[3] / "examples" / "oxide_ild" / "lot.toml")
PACKAGE = load_package("oxide_ild")
P1, P2 = 0, 2


def by_removal(**removal_nm_of_step: float) -> JobFiles:
    """Return the example with steps by removal: ``P1=200``."""
    steps = list(OXIDE.recipe.steps)
    for name, removal_nm in removal_nm_of_step.items():
        number = {"P1": P1, "P2": P2}[name]
        end = replace(steps[number].end, kind=EndKind.REMOVAL, removal_nm=removal_nm)
        steps[number] = replace(steps[number], end=end)
    return replace(OXIDE, recipe=replace(OXIDE.recipe, steps=tuple(steps)))


def test_a_step_by_removal_becomes_one_by_the_time_that_the_nominal_rate_takes() -> None:
    step = removals_timed(by_removal(P1=200.0), PACKAGE).recipe.steps[P1]
    rate = nominal_rate_nm_min(PACKAGE, OXIDE.tool, step, "TEOS")
    assert step.end.kind is EndKind.TIME
    # Half of the ramp counts; times are rounded to 0.1 s.
    assert step.end.time_s == pytest.approx(60.0 * 200.0 / rate + 0.5 * step.ramp_s, abs=0.06)


def test_a_job_without_such_steps_stays_as_it_is() -> None:
    assert removals_timed(OXIDE, PACKAGE) == OXIDE


def test_a_time_outside_the_steps_own_limits_is_told_with_the_rate_for_all_steps() -> None:
    with pytest.raises(InputError) as caught:
        removals_timed(by_removal(P1=20.0, P2=500.0), PACKAGE)
    faults = caught.value.faults
    assert [f.path for f in faults] == ["steps[0].end.removal_nm", "steps[2].end.removal_nm"]
    assert all("nominal" in f.problem for f in faults)


def test_a_film_that_is_not_thick_enough_is_told() -> None:
    files = by_removal(P1=200.0)
    thin = FilmStack((Layer("TEOS", 150.0),), "Si")
    lot = replace(files.lot, wafers=tuple(replace(w, stack=thin) for w in files.lot.wafers), incoming=())
    with pytest.raises(InputError, match="all of the TEOS that is left"):
        removals_timed(replace(files, lot=lot), PACKAGE)
