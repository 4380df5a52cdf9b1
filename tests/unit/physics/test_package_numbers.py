"""The shipped oxide package and the constants' defaults say the same, so that neither drifts from the other's tests."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from planaris import physics
from planaris.processes import load_package

PACKAGE = load_package("oxide_ild")
GROUPS: list[tuple[Any, str]] = [
    (physics.DEFAULT_EDGE, "edge"),
    (physics.HeatConstants(), "heat"),
    (physics.FreshnessConstants(), "pad"),
    (physics.PadConstants(), "pad"),
    (physics.DiskConstants(), "conditioner"),
    (physics.RingConstants(), "ring"),
    (physics.SlurryConstants(), "law"),
    (physics.MembraneConstants(), "membrane"),
]


@pytest.mark.parametrize(("constants", "group"), GROUPS)
def test_defaults_are_the_package_s(constants: Any, group: str) -> None:
    given = PACKAGE.group(group)
    shared = {f.name for f in fields(constants)} & set(given)
    assert shared, "no name in common: the twin would run on defaults"
    assert {name: getattr(constants, name) for name in shared} == {name: given[name] for name in shared}


def test_kernel_and_friction_are_the_package_s() -> None:
    assert PACKAGE.value("edge.kernel_length_mm") == physics.KERNEL_LENGTH_MM
    assert PACKAGE.value("ring.factor_ratio") == physics.RING_FACTOR_RATIO
    assert PACKAGE.value("friction.friction_coefficient") == physics.FRICTION_COEFFICIENT["TEOS"]


def test_package_edge_meets_the_published_non_uniformity() -> None:
    edge = physics.EdgeTerm(PACKAGE.value("edge.amplitude_ratio"), PACKAGE.value("edge.decay_length_mm"))
    kernel = PACKAGE.value("edge.kernel_length_mm")
    found = [
        physics.edge_nonuniformity_pct(edge, a.ring_pressure_kPa, kernel_length_mm=kernel) for a in physics.LEE_2026
    ]
    assert found == pytest.approx([4.5, 6.1], abs=0.05)  # V13 allows a whole point


def test_every_field_of_the_law_is_stated_or_neutral() -> None:
    given = PACKAGE.group("law")
    neutral = {"corner_ratio": 1.0, "exponent_solids_mechanical": 0.0}
    wanting = {f.name for f in fields(physics.RemovalLaw)} - set(given)
    assert wanting == set(neutral)
