"""Physics runs on the arrays it is given: the same numbers on an array that is not NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from foreign_array import ForeignArray
from polish_case import drive, model, state

from planaris import physics
from planaris.physics import contact
from planaris.physics._namespace import array_namespace, column

F: Any = ForeignArray
RADII = physics.PolarGrid(n_r=8).r_mm
EDGES = np.linspace(0.0, 254.0, 9)
SPEED = np.array([60.0, 93.0, 120.0])
PRESSURE = np.array([[10.0, 20.0], [0.0, 30.0], [25.0, 40.0]])
LAW = physics.RemovalLaw(
    1.6e-13,
    exponent_p=0.9,
    exponent_v=0.8,
    threshold_kPa_m_s=1.0,
    k2_nm_min=900.0,
    activation_kJ_mol=16.6,
    activation_mechanical_kJ_mol=8.0,
    exponent_solids=1.7,
    exponent_solids_mechanical=0.3,
)
CORNER = physics.RemovalLaw(1.6e-13, k2_nm_min=400.0, corner_ratio=3.0)
FRESH = physics.FreshnessConstants()
PAD, RING, MEMBRANE = physics.PadConstants(), physics.RingConstants(), physics.MembraneConstants()
DISK = physics.DiskConstants()
SWEEP = physics.sweep_positions_mm(60.0, 190.0, 5)

# Each case: a function of arrays, and the arrays.
Case = tuple[Callable[..., Any], tuple[Any, ...]]


def case1(function: Callable[[Any], Any], a: Any) -> Case:
    return function, (a,)


def case2(function: Callable[[Any, Any], Any], a: Any, b: Any) -> Case:
    return function, (a, b)


def case3(function: Callable[[Any, Any, Any], Any], a: Any, b: Any, c: Any) -> Case:
    return function, (a, b, c)


def case4(function: Callable[[Any, Any, Any, Any], Any], a: Any, b: Any, c: Any, d: Any) -> Case:
    return function, (a, b, c, d)


CASES: dict[str, Case] = {
    "mean_sliding_speed": case2(
        lambda s, r: physics.mean_sliding_speed(r, s, 0.9 * s, 125.0 + 0.01 * s, 2.0 + 0.0 * s), SPEED, RADII
    ),
    "sampled speed": case1(lambda s: physics.mean_sliding_speed(RADII, s, 0.5 * s, 125.0, n_angles=32), SPEED),
    "sliding_velocity": case2(lambda x, y: physics.sliding_velocity(x, y, 93.0, 87.0, 125.0)[1], RADII, RADII),
    "sweep_position": case1(lambda t: physics.sweep_position(t, 125.0, 5.0, 10.0)[1], SPEED),
    "pad_ring_exposure": case1(lambda r: physics.pad_ring_exposure(r, 100.0, 125.0), EDGES),
    "ring_dwell": case3(physics.ring_dwell, RADII, EDGES, np.array([120.0, 130.0])),
    "ring_cover": case1(lambda e: physics.ring_cover(e, 50.0, 120.0), EDGES),
    "pressure_matrix": case1(lambda r: physics.pressure_matrix(r, (85.0, 95.0, 99.0)), RADII),
    "wafer_pressure": case3(physics.wafer_pressure, np.ones((8, 3)), PRESSURE, SPEED),
    "removal": case4(
        lambda p, v, t, c: physics.removal_rate_nm_min(p, v, t, LAW, solids_ratio=c),
        PRESSURE,
        np.full((3, 2), 1.2),
        np.full((3, 2), 35.0),
        np.full((3, 1), 0.7),
    ),
    "removal with corner": case1(lambda p: physics.removal_rate_nm_min(p, 1.2, 25.0, CORNER), PRESSURE),
    "oxidiser": case1(lambda c: physics.oxidiser_factor(c, 0.2, 3.0), SPEED),
    "hersey": case1(lambda p: physics.lift_factor(physics.hersey_number_um(p, 1.2), 0.1, 2.0), PRESSURE),
    "slurry": case1(lambda q: physics.relative_supply(q, physics.SlurryConstants()), SPEED),
    "work_function": case1(lambda q: physics.work_function(20.0, 93.0, q), SPEED),
    "inlet": case1(lambda q: physics.inlet_concentration(q, np.array([1.0, 0.0])), PRESSURE + 1.0),
    "groove_step": case1(lambda q: physics.groove_step(0.3, 1.0, q, 20.0, 0.1).solute_out_ml, SPEED),
    "dilution": case1(physics.dilution_factor, SPEED),
    "temperature_rates": case2(
        lambda q, a: physics.temperature_rates(
            q, 200.0, 22.0, 20.0, 23.0, ring_area_m2=a, constants=physics.HeatConstants()
        )[0],
        PRESSURE,
        np.array([0.1, 0.2]),
    ),
    "friction_power": case1(lambda p: physics.friction_power_W(0.2, p, 1.2, 0.03), PRESSURE),
    "freshness": case2(
        lambda p, c: physics.rate_factor(physics.freshness(physics.freshness_rates(p, c, FRESH)[0]), 0.34),
        PRESSURE,
        np.array([0.01, 0.02]),
    ),
    "break_in": case1(lambda t: physics.break_in_factor(t, 7.0, 3000.0), SPEED),
    "cut_rate": case2(
        lambda e, s: physics.cut_rate(
            e, s, np.full(5, 0.2), platen_speed_rpm=93.0, disk_speed_rpm=73.0, force_N=22.0, disk=DISK
        ),
        EDGES,
        SWEEP,
    ),
    "disk": case1(lambda h: physics.disk_sharpness(h) * physics.disk_hours_per_s(h), SPEED),
    "renewal": case1(lambda c: physics.renewal_per_s(c, DISK), SPEED),
    "pad_wear": case1(lambda c: physics.groove_depth_mm(physics.pad_wear_um(c, c, 0.1, PAD), PAD), SPEED),
    "groove_volume": case2(lambda d, a: physics.groove_volume_ml(d, a, PAD), SPEED, SPEED),
    "ring_wear": case1(lambda p: physics.worn_ring_factor(physics.ring_wear_um(p, 1.2, 60.0, RING), RING), SPEED),
    "membrane": case1(lambda h: physics.membrane_gain(h, MEMBRANE) + physics.membrane_leak_kPa(h, MEMBRANE), SPEED),
    "torque": case1(
        lambda f: physics.platen_torque_Nm(f, f, friction_wafer=0.2, friction_ring=0.1, center_distance_mm=125.0), SPEED
    ),
    "head_torque": case1(lambda f: physics.head_torque_Nm(f, 93.0 + 0.0 * f, 87.0, 70.7, 125.0), SPEED),
    "mixed_friction": case1(lambda a: physics.mixed_friction(a, np.array([0.2, 0.3])), PRESSURE),
    "motor_current": case1(lambda t: physics.motor_current_A(t, physics.DriveConstants(10.0, 0.5, 1.0)), SPEED),
    "effective pressure": case1(lambda p: contact.effective_pressure_kPa(p, 0.1, 35.0), PRESSURE),
    "exponential summits": case1(
        lambda d: (
            contact.summit_contact(d, contact.SummitPopulation(), 145.0, contact.SummitHeights.EXPONENTIAL).pressure_kPa
        ),
        PRESSURE,
    ),
    "march": case4(physics.march, np.ones(2), PRESSURE, 0.1 * PRESSURE, np.full((3, 1), 0.1)),
    "relax": case4(physics.relax, SPEED, 2.0 * SPEED, 0.1 * SPEED, 0.1),
}


@pytest.mark.parametrize("case", CASES)
def test_a_foreign_array_gives_the_same_numbers(case: str) -> None:
    function, arrays = CASES[case]
    mine = function(*(F(a) if isinstance(a, np.ndarray) else a for a in arrays))
    assert isinstance(mine, ForeignArray)
    np.testing.assert_allclose(mine.held, function(*arrays), rtol=1e-13)


@pytest.mark.parametrize("case", [c for c in CASES if c not in {"inlet"}])
def test_extended_precision_is_kept(case: str) -> None:
    # 80-bit floats differ from doubles in the 17th digit: a function that went through float64 would lose them.
    function, arrays = CASES[case]
    long = function(*(a.astype(np.longdouble) if isinstance(a, np.ndarray) else a for a in arrays))
    assert long.dtype == np.longdouble
    np.testing.assert_allclose(long.astype(float), function(*arrays), rtol=1e-10)


def test_a_whole_block_runs_on_foreign_arrays() -> None:
    here = drive(4)
    there = type(here)(
        **{
            name: F(value) if isinstance(value := getattr(here, name), np.ndarray) else value
            for name in here.__dataclass_fields__
        }
    )
    expected = physics.polish_block(state(), here, model(), 0.1)
    block = physics.polish_block(state(), there, model(), 0.1)
    assert isinstance(block.rate_nm_min, ForeignArray)
    np.testing.assert_allclose(block.rate_nm_min.held, expected.rate_nm_min, rtol=1e-12)
    assert physics.polish_flags(block, there, model()) == physics.polish_flags(expected, here, model())


def test_numbers_and_numpy_arrays_mean_numpy() -> None:
    assert array_namespace(1.0, np.float64(2.0), np.ones(2), None) is np
    assert array_namespace(np.ones(2), F([1.0])) is not np


def test_column_leaves_numbers_alone() -> None:
    assert column(2.0) == 2.0
    assert np.shape(column(np.float64(2.0))) == ()
    assert np.shape(column(np.ones(3))) == (3, 1)
