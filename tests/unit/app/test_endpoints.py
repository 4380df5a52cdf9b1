"""What detectors may know beforehand: nominal rates and films of a lot's steps, friction, and what cannot work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from planaris.app.endpoints import (
    READY_COUNT,
    Endpoints,
    check_endpoints,
    path_after,
    rest_of,
)
from planaris.app.lot_book import LotBook
from planaris.app.nominal import friction_step_fraction, nominal_rate_nm_min
from planaris.app.traces import RunTraces
from planaris.control import DelayPath
from planaris.formats import JobFiles, load_job
from planaris.historian import TraceWriter
from planaris.model import DetectorKind, DetectorSetting, EndKind, FilmStack, InputError, Layer, Recipe, StepEnd
from planaris.modules import TraceHeader
from planaris.processes import load_package
from planaris.tool import JobOrder, RecipeLibrary

EXAMPLES = Path(__file__).parents[3] / "examples"
OXIDE = load_job(EXAMPLES / "oxide_endpoint" / "lot.toml")
PACKAGE = load_package("oxide_ild")
TEOS = FilmStack((Layer("TEOS", 1500.0),), "Si")
P1, P2, P3 = 0, 2, 4


def by_endpoint(recipe: Recipe, number: int, *detectors: DetectorSetting) -> Recipe:
    end = StepEnd(EndKind.ENDPOINT, 40.0, 20.0, 75.0, detectors=detectors)
    steps = list(recipe.steps)
    steps[number] = replace(steps[number], end=end)
    return replace(recipe, steps=tuple(steps))


def with_recipe(recipe: Recipe, files: JobFiles = OXIDE) -> JobFiles:
    return replace(files, recipe=recipe)


# -- rate ---------------------------------------------------------------------------------------------------------
def test_the_nominal_rate_is_what_the_example_asks_for() -> None:
    """600 nm in three times 40 s are 300 nm/min, which the example's page says 4 psi give; the edge zone has more."""
    rate = nominal_rate_nm_min(PACKAGE, OXIDE.tool, OXIDE.recipe.steps[P1], "TEOS")
    assert rate == pytest.approx(300.0, rel=0.1)


def test_more_pressure_and_more_speed_remove_more() -> None:
    step = OXIDE.recipe.steps[P1]
    rates = [
        nominal_rate_nm_min(PACKAGE, OXIDE.tool, s, "TEOS")
        for s in (
            step,
            replace(step, zone_pressure_kPa=tuple(1.2 * p for p in step.zone_pressure_kPa)),
            replace(step, platen_speed_rpm=1.2 * step.platen_speed_rpm, head_speed_rpm=1.2 * step.head_speed_rpm),
        )
    ]
    assert rates[0] < min(rates[1:])


def test_an_unknown_film_has_no_rate() -> None:
    with pytest.raises(KeyError):
        nominal_rate_nm_min(PACKAGE, OXIDE.tool, OXIDE.recipe.steps[P1], "unobtainium")


# -- films over the steps -----------------------------------------------------------------------------------------
def films_at(recipe: Recipe, number: int, stack: FilmStack = TEOS) -> FilmStack:
    context = Endpoints(PACKAGE, OXIDE.tool, [OXIDE]).context(stack, recipe, number)
    assert context is not None
    return context.films


def test_steps_by_time_take_their_nominal_removal_and_rinses_nothing() -> None:
    rate = nominal_rate_nm_min(PACKAGE, OXIDE.tool, OXIDE.recipe.steps[P1], "TEOS")
    left = [films_at(OXIDE.recipe, n).top.thickness_nm for n in range(5)]
    removed_nm = rate * 40.0 / 60.0
    assert left == pytest.approx(
        [1500.0, 1500.0 - removed_nm, 1500.0 - removed_nm, 1500.0 - 2 * removed_nm, 1500.0 - 2 * removed_nm]
    )


def test_a_step_to_a_target_leaves_the_target() -> None:
    recipe = by_endpoint(OXIDE.recipe, P1, DetectorSetting(DetectorKind.SPECTRUM, target_nm=1234.0))
    assert films_at(recipe, P2).top == Layer("TEOS", 1234.0)


def test_a_step_that_clears_leaves_what_is_below() -> None:
    recipe = by_endpoint(OXIDE.recipe, P1, DetectorSetting(DetectorKind.REFLECTANCE))
    stack = FilmStack((Layer("TEOS", 300.0), Layer("SiN", 100.0)), "Si")
    context = Endpoints(load_package("sti_ceria"), OXIDE.tool, [OXIDE])
    assert context._after(stack, recipe.steps[P1]) == FilmStack((Layer("SiN", 100.0),), "Si")  # pyright: ignore[reportPrivateUsage]


def test_where_nothing_is_left_nothing_is_known() -> None:
    thin = FilmStack((Layer("TEOS", 100.0),), "Si")
    assert Endpoints(PACKAGE, OXIDE.tool, [OXIDE]).context(thin, OXIDE.recipe, P3) is None


def test_a_wafer_of_the_lot_has_its_control_and_a_stranger_none() -> None:
    endpoints = Endpoints(PACKAGE, OXIDE.tool, [OXIDE])
    control = endpoints("ILE001-01", OXIDE.recipe, P3)
    assert control is not None
    assert control.zones is not None
    assert control.zones.target_nm == 900.0
    assert endpoints("X-1", OXIDE.recipe, P3) is None


# -- what is left of a step ---------------------------------------------------------------------------------------
def test_the_rest_of_a_step_has_the_rest_of_its_times_and_of_its_film() -> None:
    context = Endpoints(PACKAGE, OXIDE.tool, [OXIDE]).context(TEOS, OXIDE.recipe, P3)
    assert context is not None
    end, rest = rest_of(replace(OXIDE.recipe.steps[P3].end, over_polish_pct=10.0), context, 15.0)
    assert (end.min_s, end.max_s, end.over_polish_s) == pytest.approx((5.0, 60.0, 1.5))
    removed_nm = context.rate_nm_min * 15.0 / 60.0
    assert rest.films.top.thickness_nm == pytest.approx(context.films.top.thickness_nm - removed_nm)
    tolerance_pct = end.detectors[0].incoming_tolerance_pct
    assert tolerance_pct is not None
    assert tolerance_pct > 12.0


def test_the_film_that_is_left_stays_above_the_target() -> None:
    context = Endpoints(PACKAGE, OXIDE.tool, [OXIDE]).context(TEOS, OXIDE.recipe, P3)
    assert context is not None
    end, rest = rest_of(OXIDE.recipe.steps[P3].end, context, 70.0)
    assert rest.films.top.thickness_nm > 900.0
    assert (end.min_s, end.max_s) == pytest.approx((0.0, 5.0))


# -- friction -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("example", "below", "sign"), [("w_plug", "Ti", -1.0), ("cu_two_step", "Ta", 1.0)], ids=["W on Ti", "Cu on Ta"]
)
def test_clearing_moves_the_torque_as_the_films_friction_says(example: str, below: str, sign: float) -> None:
    """W has 0.35 and Ti 0.32: the torque falls. Cu has 0.30 and Ta 0.35: it rises. Ring and disk take their share."""
    job = load_job(EXAMPLES / example / "lot.toml")
    stack = job.lot.wafers[0].stack
    assert stack.layers[1].material == below
    package = load_package(example)
    step = friction_step_fraction(package, job.tool, job.recipe.steps[0], stack)
    assert step is not None
    mu = [package.value("friction.friction_coefficient"), package.value(f"film.{below}.friction_coefficient")]
    assert 0.0 < sign * step < abs(mu[1] / mu[0] - 1.0)


def test_a_single_film_has_no_step_of_friction() -> None:
    assert friction_step_fraction(PACKAGE, OXIDE.tool, OXIDE.recipe.steps[P1], TEOS) is None


# -- path ---------------------------------------------------------------------------------------------------------
def test_a_last_step_stops_by_the_lift_and_one_before_a_rinse_by_its_ramp() -> None:
    last = replace(OXIDE.recipe, steps=OXIDE.recipe.steps[: P3 + 1])
    assert path_after(last, P3) == DelayPath()
    path = path_after(OXIDE.recipe, P3)
    # Down over the rinse's ramp of 1 s to a quarter of the pressure: more than half of it at full rate.
    assert path.lift_ramp_s == OXIDE.recipe.steps[P3 + 1].ramp_s
    assert 0.5 < path.share_fraction < 1.5


def test_a_next_step_on_another_platen_is_no_part_of_the_path() -> None:
    assert path_after(OXIDE.recipe, P1 + 1) == DelayPath()


# -- faults -------------------------------------------------------------------------------------------------------
def test_the_example_passes() -> None:
    check_endpoints(OXIDE, PACKAGE)


def test_all_faults_are_told_at_once() -> None:
    recipe = by_endpoint(OXIDE.recipe, P3, DetectorSetting(DetectorKind.SPECTRUM, target_nm=1600.0))
    blind = replace(OXIDE.tool, endpoint_sensors=None)
    with pytest.raises(InputError) as caught:
        check_endpoints(replace(with_recipe(recipe), tool=blind), PACKAGE)
    told = [(f.path, f.problem) for f in caught.value.faults]
    assert told == [
        ("steps[4].end.detectors[0].target_nm", "is not less than the incoming TEOS"),
        ("steps[4].end.detectors[0].detector", "platen3 has no spectrometer"),
    ]


def test_unknown_optics_and_unknown_films_are_faults_not_crashes() -> None:
    strange = FilmStack((Layer("TEOS", 1500.0), Layer("unobtainium", 100.0)), "Si")
    lot = replace(OXIDE.lot, wafers=tuple(replace(w, stack=strange) for w in OXIDE.lot.wafers))
    with pytest.raises(InputError) as caught:
        check_endpoints(replace(OXIDE, lot=lot), PACKAGE)
    (fault,) = caught.value.faults
    assert fault.path == "steps[4].end.detectors[0].detector"
    assert "unobtainium" in str(fault)


def test_a_film_that_is_gone_before_the_step_is_a_fault() -> None:
    thin = FilmStack((Layer("TEOS", 100.0),), "Si")
    lot = replace(OXIDE.lot, wafers=tuple(replace(w, stack=thin) for w in OXIDE.lot.wafers))
    with pytest.raises(InputError, match="nothing is left"):
        check_endpoints(replace(OXIDE, lot=lot), PACKAGE)


# -- months of lots -----------------------------------------------------------------------------------------------
def test_what_a_tool_keeps_of_lots_does_not_grow_with_them(tmp_path: Path) -> None:
    """Orders go with their jobs, wafers with their orders, but for those that another lot has too."""
    endpoints = Endpoints(PACKAGE, OXIDE.tool, [])
    library = RecipeLibrary(cast("Any", None), OXIDE.tool, cast("Any", None), dict)
    book = LotBook(OXIDE.tool, PACKAGE, library, tmp_path / "lots", endpoints)
    wafer = OXIDE.lot.wafers[0]
    for number in range(300):
        thickness = FilmStack((Layer("TEOS", 1500.0 + number), *wafer.stack.layers[1:]), wafer.stack.substrate)
        own = replace(wafer, wafer_id=f"W{number}", stack=thickness)
        lot = replace(OXIDE.lot, lot_id=f"L{number}", wafers=(own, replace(own, wafer_id="SHARED")), incoming=())
        book.keep(JobOrder(lot, OXIDE.recipe, OXIDE.cleaner))
        assert endpoints(own.wafer_id, OXIDE.recipe, P1) is not None
        book.forget(f"L{number - 3}")
        assert endpoints("SHARED", OXIDE.recipe, P1) is not None
    assert list(book.orders) == list(book.lots) == ["L297", "L298", "L299"]
    assert endpoints("W296", OXIDE.recipe, P1) is None
    assert endpoints.ready_count == READY_COUNT
    assert len(list((tmp_path / "lots").iterdir())) == 300  # the disk keeps them
    again = LotBook(OXIDE.tool, PACKAGE, library, tmp_path / "lots", Endpoints(PACKAGE, OXIDE.tool, []))
    assert list(again.restore(lambda lot: lot.lot_id == "L7")) == ["L7"]


def test_names_of_traces_are_counted_and_not_kept(tmp_path: Path) -> None:
    """A month of visits to one platen asks the disk for one name each, and an earlier life's names stay taken."""
    (tmp_path / "slot01_platen2.parquet").touch()
    (tmp_path / "slot01_platen2_2.parquet").touch()
    with TraceWriter(tmp_path, crash_buffers=False, submit_limit_s=60.0) as writer:
        traces = RunTraces(writer, "run-0001", "twin", tmp_path)
        header = TraceHeader("W1", slot=1, head=1, platen=2, recipe="oxide")
        files = [traces(header, ("platen.torque_Nm",)).finish(()).file for _ in range(50)]
    assert files == [f"traces/slot01_platen2_{n}.parquet" for n in range(3, 53)]
    assert traces.names_count == 1
