"""Zone control: moves towards finishing together, within limits; and what it wins on uneven films."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from endpoint_zones import FIVE_ZONES, best_wiwnu_pct, final_wiwnu_pct, uneven
from planaris.control import Decision, DecisionKind, ZoneProfileControl, zone_control_of
from planaris.formats import load_recipe, load_tool
from planaris.model import ZoneControl

EXAMPLE = Path(__file__).parents[3] / "examples" / "oxide_ild" / "recipe.toml"
CONTROL = ZoneProfileControl((20.0, 20.0, 20.0), (16.0,) * 3, (24.0,) * 3, 0.5, 2.0, 900.0)
SEEN = Decision(
    DecisionKind.NONE,
    10.0,
    thickness_nm=1200.0,
    rate_nm_min=300.0,
    zones_nm=(1200.0, 1260.0, 1140.0),
    zone_rates_nm_min=(300.0, 300.0, 300.0),
    confidence_fraction=0.8,
)


def test_thick_zones_get_more_pressure_and_thin_ones_less() -> None:
    _, ordered = CONTROL.step(CONTROL.start(0.0), SEEN)
    assert ordered is not None
    assert ordered[0] == pytest.approx(20.0)
    assert ordered[1] == pytest.approx(20.5)  # cut at the largest step
    assert ordered[2] == pytest.approx(19.5)


def test_pressures_stay_within_limits_however_long_it_pushes() -> None:
    state, ordered = CONTROL.start(0.0), None
    for turn in range(60):
        state, order = CONTROL.step(state, replace(SEEN, time_s=10.0 + 2.0 * turn))
        ordered = order or ordered
    assert ordered is not None
    assert ordered == pytest.approx((20.0, 24.0, 16.0))


@pytest.mark.parametrize(
    "seen",
    [
        replace(SEEN, kind=DecisionKind.FAULT),
        replace(SEEN, confidence_fraction=0.1),
        replace(SEEN, zones_nm=(), zone_rates_nm_min=()),
        replace(SEEN, thickness_nm=905.0),  # a second from the end
        replace(SEEN, time_s=3.0),  # before the rates are known
    ],
)
def test_what_is_not_sure_or_too_late_moves_nothing(seen: Decision) -> None:
    assert CONTROL.step(CONTROL.start(0.0), seen)[1] is None


def test_moves_are_no_more_frequent_than_the_recipe_says() -> None:
    state, first = CONTROL.step(CONTROL.start(0.0), SEEN)
    assert first is not None
    assert CONTROL.step(state, replace(SEEN, time_s=11.0))[1] is None
    assert CONTROL.step(state, replace(SEEN, time_s=12.0))[1] is not None


def test_limits_come_from_the_recipe_and_the_tool() -> None:
    step = load_recipe(EXAMPLE, load_tool()).steps[0]
    assert zone_control_of(step, 900.0) is None
    control = zone_control_of(replace(step, zone_control=ZoneControl(0.8, 1.2, 0.7)), 900.0, (5.0, 30.0))
    assert control is not None
    assert control.lowest_kPa == pytest.approx([0.8 * p for p in step.zone_pressure_kPa])
    assert control.highest_kPa == pytest.approx([min(30.0, 1.2 * p) for p in step.zone_pressure_kPa])


@pytest.mark.parametrize("lag_s", [3.0, 6.0, 15.0, 25.0])
@pytest.mark.parametrize(("max_step_kPa", "update_s"), [(0.7, 2.0), (5.0, 1.0)])
def test_zones_do_not_swing_however_late_rates_are_seen(lag_s: float, max_step_kPa: float, update_s: float) -> None:
    """A film of three zones that go by Preston; the control sees rates that lag behind, and may move by much."""
    control = ZoneProfileControl((20.0,) * 3, (4.0,) * 3, (40.0,) * 3, max_step_kPa, update_s, 900.0)
    film_nm, per_kPa = np.array([1500.0, 1545.0, 1470.0]), np.array([13.0, 15.0, 17.0]) / 60.0
    pressure_kPa = np.array(control.set_point_kPa)
    seen = per_kPa * pressure_kPa
    # What would let all zones finish together from the start, pressing as hard as before on the mean.
    best_kPa = (film_nm - 900.0) / per_kPa
    best_kPa *= (per_kPa * pressure_kPa).mean() / (per_kPa * best_kPa).mean()
    state, time_s, highest, lowest = control.start(0.0), 0.0, pressure_kPa, pressure_kPa
    while film_nm.mean() > 900.0:
        time_s += 0.5
        film_nm = film_nm - 0.5 * per_kPa * pressure_kPa
        seen = seen + (per_kPa * pressure_kPa - seen) * (1.0 - np.exp(-0.5 / lag_s))
        told = replace(
            SEEN, time_s=time_s, thickness_nm=float(film_nm.mean()), rate_nm_min=60.0 * float(seen.mean()),
            zones_nm=tuple(film_nm.tolist()), zone_rates_nm_min=tuple((60.0 * seen).tolist()),
        )  # fmt: skip
        state, order = control.step(state, told)
        pressure_kPa = pressure_kPa if order is None else np.asarray(order)
        highest, lowest = np.maximum(highest, pressure_kPa), np.minimum(lowest, pressure_kPa)
    assert np.ptp(film_nm) < 3.0  # of 75
    away_kPa = np.abs(best_kPa - 20.0).max()
    assert (highest - 20.0).max() < 2.0 * away_kPa
    assert (20.0 - lowest).max() < 2.0 * away_kPa


def test_a_zone_without_pressure_gets_none() -> None:
    control = replace(
        CONTROL, set_point_kPa=(20.0, 20.0, 0.0), lowest_kPa=(16.0, 16.0, 0.0), highest_kPa=(24.0, 24.0, 0.0)
    )
    _, ordered = control.step(control.start(0.0), replace(SEEN, zone_rates_nm_min=(300.0, 300.0, 0.0)))
    assert ordered is not None
    assert ordered[2] == 0.0


def test_uneven_films_end_as_even_as_the_best_even_pressures_make_them() -> None:
    """The goal is half of open loop; on the first wafer of each case the best pressures leave a quarter."""
    wafers = [uneven(seed, case) for seed, case in enumerate(("dish", "dome", "cone"))]
    controlled, open_loop = (
        np.mean([final_wiwnu_pct(wafer, FIVE_ZONES, moves=moves) for wafer in wafers]) for moves in (True, False)
    )
    assert controlled <= 0.3 * open_loop
    assert controlled <= 1.1 * np.mean([best_wiwnu_pct(wafer, FIVE_ZONES) for wafer in wafers])
