"""Reflectance of film stacks: against an independent code, exact limits, and what a pattern and a thin metal show."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from planaris.physics import (
    area_reflectance,
    has_optics,
    reflectance,
    refractive_index,
    spectrum_of,
    spectrum_wavelengths_nm,
    transmittance,
)

Array = NDArray[np.float64]

WAVELENGTH = spectrum_wavelengths_nm(32)
STACKS: list[tuple[str, ...]] = [
    ("TEOS",),
    ("HDP", "SiN"),
    ("Cu", "Ta", "TEOS"),
    ("W", "Ti", "TEOS"),
    ("poly-Si", "TEOS"),
]


def index_of(materials: tuple[str, ...], wavelength: Array = WAVELENGTH) -> NDArray[np.complex128]:
    return np.stack([refractive_index(m, wavelength) for m in materials])


def oracle(index: Any, thickness: Any, substrate: Any, ambient: complex, wavelength: Array) -> tuple[Array, Array]:
    """R and T by the tmm package, which has n + ik and takes one wavelength at a time."""
    tmm: Any = importlib.import_module("tmm")
    rows: list[tuple[float, float]] = []
    for k, wave in enumerate(wavelength.tolist()):
        n = [ambient, *np.conj(index[:, k]).tolist(), complex(np.conj(substrate[k]))]
        made = tmm.coh_tmm("s", n, [np.inf, *list(thickness), np.inf], 0.0, wave)
        rows.append((float(made["R"]), float(made["T"])))
    both = np.array(rows)
    return both[:, 0], both[:, 1]


@pytest.mark.parametrize("materials", STACKS)
@pytest.mark.parametrize("ambient", [1.0, 1.33])
def test_equal_to_an_independent_transfer_matrix(materials: tuple[str, ...], ambient: float) -> None:
    index, substrate = index_of(materials), refractive_index("Si", WAVELENGTH)
    rng = np.random.default_rng(5)
    thickness = rng.uniform(0.0, 900.0, (4, len(materials)))
    thickness[0, 0] = 0.0
    made = reflectance(WAVELENGTH, index, thickness, substrate, ambient)
    passed = transmittance(WAVELENGTH, index, thickness, substrate, ambient)
    for k in range(4):
        r, t = oracle(index, thickness[k], substrate, ambient, WAVELENGTH)
        # The goal of the page that asks for it: 1e-10.
        assert np.abs(made[k] - r).max() < 1e-10
        assert np.abs(passed[k] - t).max() < 1e-10


def test_no_film_is_fresnel() -> None:
    substrate = refractive_index("Si", WAVELENGTH)
    bare = reflectance(WAVELENGTH, np.zeros((0, 32), dtype=np.complex128), np.zeros((3, 0)), substrate, 1.33)
    expected = np.abs((1.33 - substrate) / (1.33 + substrate)) ** 2
    assert bare.shape == (3, 32)
    assert np.abs(bare - expected).max() < 1e-15
    assert np.abs(spectrum_of((), np.zeros(0), WAVELENGTH) - expected).max() < 1e-15


def test_lossless_stack_keeps_all_light() -> None:
    index = index_of(("SiO2", "SiN", "SiO2"))
    glass = refractive_index("SiO2", WAVELENGTH)
    thickness = np.random.default_rng(1).uniform(10.0, 2000.0, (50, 3))
    r = reflectance(WAVELENGTH, index, thickness, glass)
    t = transmittance(WAVELENGTH, index, thickness, glass)
    assert np.abs(r + t - 1.0).max() < 1e-12


def test_period_in_thickness_is_half_a_wavelength_in_the_film() -> None:
    wave, index = np.array([600.0]), np.array([[1.46 + 0j]])
    si = refractive_index("Si", wave)
    period_nm = 600.0 / (2.0 * 1.46)
    assert period_nm == pytest.approx(205.5, abs=0.05)
    d = np.linspace(0.0, 1000.0, 101)[:, None]
    first, next_one = (reflectance(wave, index, d + shift, si, 1.33) for shift in (0.0, period_nm))
    assert np.abs(first - next_one).max() < 1e-12
    # And no shorter period: the extremes of one period differ.
    assert np.ptp(first) > 0.05


def test_half_wave_layer_is_absent() -> None:
    wave = np.array([600.0])
    si = refractive_index("Si", wave)
    bare = reflectance(wave, np.zeros((0, 1), dtype=np.complex128), np.zeros(0), si)
    half = reflectance(wave, np.array([[1.46 + 0j]]), np.array([600.0 / 2.92]), si)
    assert half == pytest.approx(bare, abs=1e-14)


def test_pattern_adds_its_areas() -> None:
    oxide = spectrum_of(("TEOS",), np.array([500.0]), WAVELENGTH)
    metal = spectrum_of(("W",), np.array([400.0]), WAVELENGTH)
    both = area_reflectance(np.array([0.3, 0.7]), np.stack([oxide, metal]))
    assert np.abs(both - (0.3 * oxide + 0.7 * metal)).max() < 1e-15


def test_metal_turns_transparent_below_some_30_nm() -> None:
    wave = np.array([650.0])
    d = np.array([[5.0], [30.0], [60.0], [100.0], [200.0]])
    r = spectrum_of(("Cu", "TEOS"), np.concatenate([d, np.full_like(d, 600.0)], axis=1), wave)[:, 0]
    opaque = r[-1]
    assert abs(r[3] / opaque - 1.0) < 0.005
    assert abs(r[2] / opaque - 1.0) < 0.06
    assert abs(r[1] / opaque - 1.0) > 0.2
    assert abs(r[0] / opaque - 1.0) > 0.5


@pytest.mark.parametrize(("metal", "measured"), [("Cu", 0.943), ("Ti", 0.538), ("W", 0.518), ("Ta", 0.460)])
def test_measured_reflectances_at_650_nm(metal: str, measured: float) -> None:
    # Tian 2023; V14 allows 5 %.
    made = spectrum_of((metal,), np.array([1000.0]), np.array([650.0]), ambient="air")
    assert made[0] == pytest.approx(measured, rel=0.05)


@pytest.mark.parametrize(
    ("material", "wavelength", "n", "k"),
    [
        ("TEOS", 400.0, 1.470, 0.0), ("TEOS", 600.0, 1.458, 0.0), ("SiN", 500.0, 2.03, 0.0), ("SiN", 800.0, 2.00, 0.0),
        ("Si", 400.0, 5.57, 0.39), ("Si", 600.0, 3.94, 0.027), ("Cu", 500.0, 1.21, 2.57), ("W", 650.0, 3.68, 2.93),
    ],
)  # fmt: skip
def test_constants_at_printed_wavelengths(material: str, wavelength: float, n: float, k: float) -> None:
    index = refractive_index(material, np.array([wavelength]))[0]
    assert index.real == pytest.approx(n, abs=0.01)
    assert -index.imag == pytest.approx(k, abs=0.005)


def test_polished_under_water_contrast_is_lower_than_in_air() -> None:
    d = np.linspace(0.0, 400.0, 81)[:, None]
    spans = [spectrum_of(("TEOS",), d, np.array([600.0]), ambient=a) for a in ("air", "water")]
    assert spans[0].min() == pytest.approx(0.09, abs=0.005)
    assert spans[0].max() == pytest.approx(0.355, abs=0.005)
    assert spans[1].min() == pytest.approx(0.18, abs=0.005)
    assert spans[1].max() == pytest.approx(0.25, abs=0.005)


def test_an_unknown_material_names_itself_and_what_there_is() -> None:
    assert has_optics("TEOS")
    assert not has_optics("unobtainium")
    with pytest.raises(KeyError, match=r"unobtainium.*SiO2"):
        refractive_index("unobtainium", WAVELENGTH)


def test_one_index_ratio_for_all_or_one_for_each() -> None:
    d = np.array([200.0, 150.0])
    all_one = spectrum_of(("HDP", "SiN"), d, WAVELENGTH, index_ratio=1.01)
    each = spectrum_of(("HDP", "SiN"), d, WAVELENGTH, index_ratio=np.array([1.01, 1.01]))
    assert np.array_equal(all_one, each)
    assert np.abs(all_one - spectrum_of(("HDP", "SiN"), d, WAVELENGTH)).max() > 1e-3


def test_gradient_by_jax_equals_differences() -> None:
    jax: Any = pytest.importorskip("jax")
    with jax.enable_x64(True):
        jnp = jax.numpy
        index, si = jnp.asarray(index_of(("HDP", "SiN"))), jnp.asarray(refractive_index("Si", WAVELENGTH))
        waves = jnp.asarray(WAVELENGTH)

        def mean(d: Any) -> Any:
            return jnp.mean(reflectance(waves, index, d, si, 1.33))

        at = np.array([310.0, 150.0])
        slope = np.asarray(jax.grad(mean)(jnp.asarray(at)))
        step = 1e-3
        for k in range(2):
            up, down = (at + sign * step * np.eye(2)[k] for sign in (1, -1))
            difference = (float(mean(jnp.asarray(up))) - float(mean(jnp.asarray(down)))) / (2 * step)
            # 1e-4 relative in float64 is what physics.md asks of gradients.
            assert slope[k] == pytest.approx(difference, rel=1e-4)
