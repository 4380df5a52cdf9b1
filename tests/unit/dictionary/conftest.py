"""Tools that the dictionary's tests build for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planaris.dictionary import Dictionary, build
from planaris.model import (
    Architecture,
    CleanerDescription,
    HeadDescription,
    LoadCupTimes,
    MetrologyDescription,
    PlatenDescription,
    RobotTimes,
    ToolDescription,
    UnitsDescription,
)

CAROUSEL = ToolDescription(
    name="carousel tool",
    architecture=Architecture.CAROUSEL,
    wafer_diameter_mm=200.0,
    load_ports=2,
    heads=4,
    platens=3,
    head=HeadDescription((40.0, 80.0, 100.0), 100.5, 120.0),
    platen=PlatenDescription(254.0, 125.0, 5.0, 2),
    dry_robot=RobotTimes(3.0, 3.0, 2.5, 2.0),
    wet_robot=RobotTimes(4.0, 4.0, 3.0, 3.0),
    aligner_s=6.0,
    carrier_map_s=20.0,
    carousel_index_s=5.0,
    load_cup=LoadCupTimes(6.0, 10.0, 4.0, 5.0),
    touch_down_s=3.0,
    lift_s=1.0,
    cleaner=CleanerDescription(("megasonic", "brush1", "brush2", "srd"), 10.0),
    metrology=MetrologyDescription("reflectometer", {"9": 25.0, "49": 90.0}),
    ranges=(),
    consumable_limits={},
)


@pytest.fixture(scope="session")
def carousel() -> ToolDescription:
    """The reference tool with a carousel."""
    return CAROUSEL


@pytest.fixture(scope="session")
def largest() -> ToolDescription:
    """A tool with as many places as ids are kept for."""
    stations = tuple(f"{kind}{n}" for kind in ("megasonic", "brush", "srd") for n in range(1, 11))
    head = replace(CAROUSEL.head, zone_outer_mm=tuple(12.5 * n for n in range(1, 9)))
    cleaner = CleanerDescription(stations, 10.0)
    return replace(CAROUSEL, name="largest", load_ports=10, heads=10, platens=10, head=head, cleaner=cleaner)


@pytest.fixture(scope="session")
def dictionary() -> Dictionary:
    """The reference tool's dictionary."""
    return build(CAROUSEL)


@pytest.fixture(scope="session")
def units() -> ToolDescription:
    """A tool of two units: a head and two tables each, dual-arm robots, a stage in and a stage out."""
    dual = replace(CAROUSEL.wet_robot, arms=2, swap_s=6.0)
    return replace(
        CAROUSEL, name="tool of units", architecture=Architecture.UNITS, heads=2, platens=4, stages=2,
        dry_robot=dual, wet_robot=dual, units=UnitsDescription(2, 4.0, 5.0), route=((1, 3), (2, 4)),
    )  # fmt: skip


@pytest.fixture(scope="session")
def units_dictionary(units: ToolDescription) -> Dictionary:
    """The dictionary of the tool of units."""
    return build(units)
