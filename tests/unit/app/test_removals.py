"""Steps by removal take as long as the nominal rate needs; what cannot be is told for all steps at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from planaris.app.endpoints import Endpoints, check_endpoints
from planaris.app.nominal import nominal_rate_nm_min
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


def seconds(files: JobFiles, into_s: float = 0.0) -> float:
    """Return how long the first wafer's first step takes."""
    control = Endpoints(PACKAGE, files.tool, [files])(files.lot.wafers[0].wafer_id, files.recipe, P1, into_s)
    assert control is not None
    assert control.time_s is not None
    return control.time_s


def test_a_step_by_removal_lasts_as_long_as_the_nominal_rate_takes() -> None:
    files = by_removal(P1=200.0)
    check_endpoints(files, PACKAGE)
    step = files.recipe.steps[P1]
    rate = nominal_rate_nm_min(PACKAGE, OXIDE.tool, step, "TEOS")
    # Half of the ramp counts; times are rounded to 0.1 s.
    assert seconds(files) == pytest.approx(60.0 * 200.0 / rate + 0.5 * step.ramp_s, abs=0.06)


def test_the_rest_of_one_that_was_cut_off_is_what_is_left_of_its_time() -> None:
    files = by_removal(P1=200.0)
    assert seconds(files, 15.0) == pytest.approx(seconds(files) - 15.0)


def test_a_time_outside_the_steps_own_limits_is_told_with_the_rate_for_all_steps() -> None:
    with pytest.raises(InputError) as caught:
        check_endpoints(by_removal(P1=20.0, P2=500.0), PACKAGE)
    faults = caught.value.faults
    assert [f.path for f in faults] == ["steps[0].end.removal_nm", "steps[2].end.removal_nm"]
    assert all("nominal" in f.problem for f in faults)


def test_a_film_that_is_not_thick_enough_is_told() -> None:
    files = by_removal(P1=200.0)
    thin = FilmStack((Layer("TEOS", 150.0),), "Si")
    lot = replace(files.lot, wafers=tuple(replace(w, stack=thin) for w in files.lot.wafers), incoming=())
    with pytest.raises(InputError, match="all of the TEOS that is left"):
        check_endpoints(replace(files, lot=lot), PACKAGE)
