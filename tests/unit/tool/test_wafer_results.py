"""What two maps say of a wafer, against a calculation by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tool_bench import tool_a, wafer

from planaris.formats import load_recipe
from planaris.model import (
    SITES_9,
    SITES_49,
    MapStage,
    Recipe,
    SitePlan,
    ThicknessMap,
    ring_plan,
)
from planaris.tool import evaluate, incoming_at

EXAMPLE = Path(__file__).parents[3] / "examples" / "oxide_ild"
# Centre, two sites half way out, one on the border of a 3 mm edge exclusion, one beyond it.
PLAN = SitePlan("five", (0.0, 50.0, 0.0, -97.0, 0.0), (0.0, 0.0, -50.0, 0.0, 98.5))
INCOMING_NM = (1500.0, 1510.0, 1490.0, 1505.0, 1520.0)
POST_NM = (900.0, 905.0, 895.0, 900.0, 800.0)


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return replace(load_recipe(EXAMPLE / "recipe.toml", tool_a()), edge_exclusion_mm=3.0)


def incoming(plan: SitePlan, thickness_nm: tuple[float, ...]) -> ThicknessMap:
    return ThicknessMap("L1-01", MapStage.INCOMING, plan, thickness_nm, "upstream")


def test_removal_and_uniformity_of_removal_by_hand(recipe: Recipe) -> None:
    """Removal 600, 605, 595, 605: mean 601.25, s² = 68.75/3 over n-1, range 10."""
    found = evaluate(wafer(1), 2, recipe, incoming(PLAN, INCOMING_NM), PLAN, POST_NM)
    assert (found.wafer_id, found.slot, found.head, found.sites_count) == ("L1-01", 1, 2, 4)
    assert found.incoming_nm == pytest.approx(1501.25)
    assert found.post_nm == pytest.approx(900.0)
    assert found.removal_nm == pytest.approx(601.25)
    assert found.wiwnu_pct == pytest.approx(0.7962, abs=5e-5)
    assert found.range_pct == pytest.approx(0.8316, abs=5e-5)
    assert found.edge_exclusion_mm == 3.0


def test_the_site_in_the_edge_exclusion_counts_when_the_exclusion_is_smaller(recipe: Recipe) -> None:
    found = evaluate(wafer(1), 2, replace(recipe, edge_exclusion_mm=1.5), incoming(PLAN, INCOMING_NM), PLAN, POST_NM)
    assert found.sites_count == 5
    assert found.removal_nm == pytest.approx((600 + 605 + 595 + 605 + 720) / 5)


def test_a_wider_exclusion_leaves_the_inner_sites(recipe: Recipe) -> None:
    found = evaluate(wafer(1), 2, replace(recipe, edge_exclusion_mm=40.0), incoming(PLAN, INCOMING_NM), PLAN, POST_NM)
    assert found.sites_count == 3
    assert found.removal_nm == pytest.approx(600.0)


def test_a_uniform_removal_has_no_nonuniformity_whatever_came_in(recipe: Recipe) -> None:
    post = tuple(t - 600.0 for t in INCOMING_NM)
    found = evaluate(wafer(1), 2, recipe, incoming(PLAN, INCOMING_NM), PLAN, post)
    assert found.removal_nm == pytest.approx(600.0)
    assert found.wiwnu_pct == pytest.approx(0.0, abs=1e-9)


def film_nm(x_mm: float, y_mm: float) -> float:
    """A deposited film: bowl and tilt, smooth over the wafer."""
    return 1500.0 + 12.0 * ((x_mm**2 + y_mm**2) / 1e4 - 0.5) + 0.06 * x_mm - 0.03 * y_mm


def sites(plan: SitePlan) -> list[tuple[float, float]]:
    return list(zip(plan.x_mm, plan.y_mm, strict=True))


def test_sites_that_were_measured_on_the_way_in_are_taken_as_measured() -> None:
    measured = tuple(float(v) for v in np.random.default_rng(1).normal(1500.0, 30.0, len(SITES_49)))
    known = dict(zip(sites(SITES_49), measured, strict=True))
    assert incoming_at(incoming(SITES_49, measured), SITES_9) == tuple(known[s] for s in sites(SITES_9))


def test_sites_that_were_not_measured_come_from_a_smooth_film_through_those_that_were() -> None:
    elsewhere = ring_plan("elsewhere", ((20.0, 3), (50.0, 7), (80.0, 5)))
    known = incoming(SITES_49, tuple(film_nm(x, y) for x, y in sites(SITES_49)))
    expected = [film_nm(x, y) for x, y in sites(elsewhere)]
    # 0.1 nm: a map of 64 x 32 cells cannot follow a bowl and tilt of 12 nm closer; the film varies by 15 nm.
    assert incoming_at(known, elsewhere) == pytest.approx(expected, abs=0.1)


def test_removal_at_sites_of_another_plan_is_that_of_the_wafer(recipe: Recipe) -> None:
    elsewhere = ring_plan("elsewhere", ((20.0, 3), (50.0, 7), (80.0, 5)))
    known = incoming(SITES_49, tuple(film_nm(x, y) for x, y in sites(SITES_49)))
    post = tuple(film_nm(x, y) - 600.0 for x, y in sites(elsewhere))
    found = evaluate(wafer(1), 1, recipe, known, elsewhere, post)
    assert found.removal_nm == pytest.approx(600.0, abs=0.05)
    assert found.wiwnu_pct < 0.02
