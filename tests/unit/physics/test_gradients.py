"""Gradients by JAX through the physics as the twin runs it, against closed forms and central differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jax as jax_module
import numpy as np
import pytest
from polish_case import LAW, PSI_KPA, drive, model, state

from planaris import physics

# Physics is annotated for NumPy; what it is given here is foreign to its annotations.
jax: Any = jax_module
jnp: Any = jax_module.numpy

# Central differences of step h leave h²·f'''/6 and ε/h: with h 1e-5 relative both are below 1e-8 of these rates.
STEP = 1e-5
AGREEMENT = 1e-6


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    before = bool(jax.config.read("jax_enable_x64"))
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def by_differences(of: Callable[[Any], Any], at: float) -> float:
    h = STEP * abs(at)
    return (float(of(at + h)) - float(of(at - h))) / (2.0 * h)


def gradient(of: Callable[[Any], Any], at: float) -> float:
    return float(jax.grad(of)(jnp.asarray(at)))


def test_preston_s_slope_is_k_times_v() -> None:
    law = physics.RemovalLaw(1.5e-13)

    def rate(p: Any) -> Any:
        return physics.removal_rate_nm_min(p, 1.2, 30.0, law)

    assert gradient(rate, 20.0) == pytest.approx(1.5e-13 * 6e13 * 1.2, rel=1e-12)


def test_two_steps_in_series_have_the_slope_of_the_parallel_square() -> None:
    law = physics.RemovalLaw(1.5e-13, k2_nm_min=400.0)
    mechanical = 1.5e-13 * 6e13 * 20.0 * 1.2
    rate = float(physics.removal_rate_nm_min(20.0, 1.2, 25.0, law))

    def of(p: Any) -> Any:
        return physics.removal_rate_nm_min(p, 1.2, 25.0, law)

    assert gradient(of, 20.0) == pytest.approx((rate / mechanical) ** 2 * mechanical / 20.0, rel=1e-12)


@pytest.mark.parametrize("name", ["pressure", "velocity", "temperature", "solids"])
def test_every_argument_of_the_whole_law(name: str) -> None:
    law = replace(LAW, exponent_p=0.9, exponent_v=0.7, threshold_kPa_m_s=2.0, corner_ratio=2.0)
    base = {"pressure": 20.0, "velocity": 1.2, "temperature": 35.0, "solids": 0.8}

    def rate(x: Any) -> Any:
        at = {**base, name: x}
        return physics.removal_rate_nm_min(
            at["pressure"], at["velocity"], at["temperature"], law, solids_ratio=at["solids"]
        )

    assert gradient(rate, base[name]) == pytest.approx(by_differences(rate, base[name]), rel=AGREEMENT)


def test_pressure_under_the_wafer_is_linear_in_what_presses() -> None:
    matrix = model().pressure_matrix
    zones, ring = jnp.full((3,), 20.0), jnp.asarray(26.0)

    def pressure(z: Any) -> Any:
        return physics.wafer_pressure(jnp.asarray(matrix), z, ring)

    slope: Any = jax.jacobian(pressure)(zones)
    np.testing.assert_allclose(np.asarray(slope), matrix[:, :3], rtol=1e-12, atol=1e-12)


def test_the_edge_s_numbers_have_gradients() -> None:
    radii = jnp.asarray(model().geometry.radii_mm)

    def rim(decay: Any) -> Any:
        edge = physics.EdgeTerm(amplitude_ratio=-1.0, decay_length_mm=decay)
        return physics.wafer_pressure(physics.pressure_matrix(radii, (85.0, 95.0, 99.0), edge),
                                      jnp.full((3,), 20.0), jnp.asarray(28.0))[-3]  # fmt: skip

    assert gradient(rim, 6.6) == pytest.approx(by_differences(rim, 6.6), rel=AGREEMENT)


def mean_rate(pressure_kPa: Any, k2_nm_min: Any = LAW.k2_nm_min, downforce: Any = 1.0) -> Any:
    """Return the mean rate of a whole polish step at its end: zones, ring, heat, slurry and pad."""
    n_t, plain = 20, drive(20)
    scale = pressure_kPa / (3.0 * PSI_KPA)
    pressed = replace(
        plain,
        zone_pressures_kPa=jnp.asarray(plain.zone_pressures_kPa) * scale,
        ring_pressure_kPa=jnp.asarray(plain.ring_pressure_kPa) * scale,
        cut_um_h=jnp.asarray(plain.cut_um_h) * downforce,
    )
    start = state(theta=0.6, solids_ratio=0.5)
    here = physics.PlatenState(jnp.asarray(start.temperature_C), jnp.asarray(start.populations), jnp.asarray(0.5))
    block = physics.polish_block(here, pressed, replace(model(), law=replace(LAW, k2_nm_min=k2_nm_min)), 1.0)
    assert block.rate_nm_min.shape == (n_t, 64)
    return jnp.mean(block.rate_nm_min[-1])


def with_cut(downforce: Any) -> Any:
    return mean_rate(3.0 * PSI_KPA, downforce=downforce)


@pytest.mark.parametrize(
    ("of", "at"),
    [
        (mean_rate, 3.0 * PSI_KPA),
        (with_cut, 1.0),
    ],
    ids=["pressure", "conditioner cut"],
)
def test_a_whole_polish_step(of: Callable[[Any], Any], at: float) -> None:
    assert gradient(of, at) == pytest.approx(by_differences(of, at), rel=AGREEMENT)


def test_a_whole_polish_step_by_jax_is_that_of_numpy() -> None:
    block = physics.polish_block(state(theta=0.6, solids_ratio=0.5), drive(20), model(), 1.0)
    assert float(mean_rate(3.0 * PSI_KPA)) == pytest.approx(float(block.rate_nm_min[-1].mean()), rel=1e-12)


def test_polishing_through_films_has_a_gradient_on_both_sides_of_clearing() -> None:
    def left_nm(rate: Any) -> Any:
        films = jnp.asarray([[[100.0]], [[50.0]]])
        return jnp.sum(physics.polish_through(films, jnp.stack([rate, 0.1 * rate])[:, None, None]))

    # Before clearing a unit of rate takes a unit; 100 + 50 - 0.1·(rate - 100) after.
    assert gradient(left_nm, 60.0) == pytest.approx(-1.0, rel=1e-12)
    assert gradient(left_nm, 160.0) == pytest.approx(-0.1, rel=1e-12)
