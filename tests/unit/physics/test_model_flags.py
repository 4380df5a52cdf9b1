"""Flags: raised where a model's range is left, never elsewhere, and always explained."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from planaris.physics import (
    FLAG_TEXT,
    EddyCoil,
    ModelFlag,
    consumable_flags,
    density_flags,
    eddy_flags,
    flag_names,
    flag_texts,
    hydrodynamic_flags,
    pressure_flags,
    slurry_flags,
    temperature_flags,
)


def consumables(*, depth: float = 0.5, sharp: float = 0.7, theta: float = 0.8, lost: float = 0.2) -> ModelFlag:
    return consumable_flags(
        groove_depth_mm=np.array([depth, 0.6]),
        groove_min_mm=0.25,
        sharpness=sharp,
        theta=np.array([theta, 0.9]),
        ring_lost_mm=lost,
        ring_limit_mm=1.5,
    )


NONE = ModelFlag.NONE
CASES: list[tuple[Callable[[], ModelFlag], ModelFlag]] = [
    (lambda: pressure_flags(np.array([20.0, 20.0]), 26.0, 20.0), NONE),
    (lambda: pressure_flags(np.array([20.0, 61.0]), 76.0, 61.0), ModelFlag.PRESSURE_RANGE),
    (lambda: pressure_flags(np.array([4.9, 20.0]), 26.0, 20.0), ModelFlag.PRESSURE_RANGE),
    (lambda: pressure_flags(20.0, 15.9, 20.0), ModelFlag.RING_RANGE),
    (lambda: pressure_flags(20.0, 50.1, 20.0), ModelFlag.RING_RANGE),
    (lambda: pressure_flags(20.0, 16.0, 20.0), NONE),
    (lambda: temperature_flags(np.array([30.0, 54.9])), NONE),
    (lambda: temperature_flags(np.array([30.0, 55.1])), ModelFlag.TEMPERATURE_RANGE),
    (lambda: temperature_flags(19.9), ModelFlag.TEMPERATURE_RANGE),
    (lambda: slurry_flags(200.0, 0.87), NONE),
    (lambda: slurry_flags(401.0, 0.98), ModelFlag.FLOW_RANGE),
    (lambda: slurry_flags(80.0, 0.56), ModelFlag.SLURRY_SUPPLY),
    (lambda: slurry_flags(40.0, 0.34), ModelFlag.FLOW_RANGE | ModelFlag.SLURRY_SUPPLY),
    (lambda: hydrodynamic_flags(0.2, None), NONE),
    (lambda: hydrodynamic_flags(0.2, 0.1), ModelFlag.HYDRODYNAMIC),
    (consumables, NONE),
    (lambda: consumables(depth=0.24), ModelFlag.PAD_LIFE),
    (lambda: consumables(sharp=0.19), ModelFlag.DISK_LIFE),
    (lambda: consumables(theta=0.29), ModelFlag.PAD_GLAZED),
    (lambda: consumables(lost=1.51), ModelFlag.RING_LIFE),
    (lambda: density_flags(np.array([0.05, 0.95])), NONE),
    (lambda: density_flags(np.array([0.04, 0.5])), ModelFlag.DENSITY_RANGE),
    (lambda: eddy_flags(np.array([60.0]), EddyCoil()), ModelFlag.EDDY_RANGE),
    (lambda: temperature_flags(np.array([float("nan")])), ModelFlag.TEMPERATURE_RANGE),
]


@pytest.mark.parametrize(("raised", "expected"), CASES)
def test_a_flag_says_which_range_was_left(raised: Callable[[], ModelFlag], expected: ModelFlag) -> None:
    assert raised() == expected


def test_every_flag_can_be_raised_and_is_explained() -> None:
    reached = NONE
    for raised, _ in CASES:
        reached |= raised()
    everything = ~NONE
    assert reached == everything
    assert set(FLAG_TEXT) == set(everything)


def test_names_and_texts_follow_the_flags() -> None:
    flags = ModelFlag.PAD_GLAZED | ModelFlag.RING_RANGE
    assert flag_names(flags) == ("ring_range", "pad_glazed")
    assert [text.split(" ")[0] for text in flag_texts(flags)] == ["ring", "pad"]
    assert flag_names(NONE) == ()


def test_what_is_masked_is_not_judged() -> None:
    ramp = np.array([[1.0, 1.0], [20.0, 20.0]])
    steady = np.array([False, True])
    assert pressure_flags(ramp, np.array([0.1, 26.0]), np.array([1.0, 20.0]), where=steady) == NONE
    assert pressure_flags(ramp, np.array([0.1, 26.0]), np.array([1.0, 20.0])) == (
        ModelFlag.PRESSURE_RANGE | ModelFlag.RING_RANGE
    )
