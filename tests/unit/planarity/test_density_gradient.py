"""Gradients of a chip's figures by its densities against central differences of whole polishes, and by JAX."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jax as jax_module
import numpy as np
import pytest
from chips import blocks, oxide

from planaris.planarity import PatternMaps, PatternProcess, chip_process, polish, polish_gradient, soft_tir, tir

jax: Any = jax_module
jnp: Any = jax_module.numpy

# Asked of gradients in double precision, relative to the largest.
ASKED = 1e-5
STEP = 1e-5


def fixed(process: PatternProcess, times: tuple[float, ...]) -> PatternProcess:
    stages = zip(process.stages, times, strict=True)
    return replace(process, stages=tuple(replace(stage, ends=time) for stage, time in stages))


def by_differences(value: Callable[[PatternMaps], float], maps: PatternMaps, cell: tuple[int, int]) -> float:
    def at(change: float) -> float:
        density = maps.density.copy()
        density[cell] += change
        return value(replace(maps, density=density))

    return (at(STEP) - at(-STEP)) / (2.0 * STEP)


@pytest.mark.parametrize("name", ["oxide", "sti", "w", "cu"])
def test_the_gradient_of_tir_is_that_of_differences(name: str) -> None:
    maps = blocks(20, 150.0)
    found = polish_gradient(maps, chip_process(name))
    process = fixed(chip_process(name), found.surface.stage_times_s)
    assert found.value == tir(found.surface)[0]
    largest = float(np.abs(found.by_density).max())
    for cell in [(0, 0), (3, 17), (10, 10), (19, 6)]:
        one = by_differences(lambda m: tir(polish(m, process))[0], maps, cell)
        assert found.by_density[cell] == pytest.approx(one, abs=ASKED * largest)


@pytest.mark.parametrize("surround", [None, 0.5])
def test_a_smooth_figure_and_a_chip_in_a_field(surround: float | None) -> None:
    maps, figure = blocks(20, 150.0), soft_tir(20.0)
    found = polish_gradient(maps, oxide(), figure=figure, surround=surround)
    largest = float(np.abs(found.by_density).max())
    for cell in [(0, 0), (7, 3)]:
        one = by_differences(lambda m: figure(polish(m, oxide(), surround=surround))[0], maps, cell)
        assert found.by_density[cell] == pytest.approx(one, abs=ASKED * largest)


def test_a_soft_figure_is_tir_in_its_limit() -> None:
    surface = polish(blocks(), oxide())
    assert soft_tir(1e-3)(surface)[0] == pytest.approx(tir(surface)[0], abs=0.02)


@pytest.fixture
def float64() -> Iterator[None]:
    before = bool(jax.config.read("jax_enable_x64"))
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def scan(step: Any, depths: Any, times: int) -> Any:
    def one(depths: Any, _: Any) -> tuple[Any, None]:
        return step(depths), None

    return jax.lax.scan(one, depths, length=times)[0]


def test_jax_polishes_alike_and_finds_the_same_gradient(float64: None) -> None:
    maps = blocks(20, 150.0)
    ours = polish_gradient(maps, oxide())

    def of(density: Any) -> Any:
        surface = polish(replace(maps, density=density), oxide(), xp=jnp, repeat=scan)
        return surface.surface_nm.max() - surface.surface_nm.min()

    value, gradient = jax.jit(jax.value_and_grad(of))(jnp.asarray(maps.density))
    assert float(value) == pytest.approx(ours.value, rel=1e-12)
    assert np.allclose(np.asarray(gradient), ours.by_density, atol=1e-9 * np.abs(ours.by_density).max())


def test_clearing_is_left_to_numpy() -> None:
    with pytest.raises(ValueError, match="only NumPy finds"):
        polish(blocks(), chip_process("sti"), xp=jnp)
