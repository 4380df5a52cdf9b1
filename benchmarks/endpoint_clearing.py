"""Wafers whose metal clears, for the endpoint bench: torque at the published sampling, spectra at the tool's.

Fast profiles: rings up to 15 % faster than the mean, films tilted and bowed, so that parts clear long before the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from endpoint_optics import WATER, WAVELENGTH_NM, FloatArray, below, silica, silicon, tungsten
from endpoint_plant import (
    CENTER_DISTANCE_MM,
    HEAD_RPM,
    INSIDE_MM,
    PLATEN_RPM,
    SAMPLE_HZ,
    SWEEP_MM,
    SWEEP_PER_MIN,
    WAFER_MM,
    WINDOW_RADIUS_MM,
    even,
)
from planaris.model import Block, Quality

METAL_NM, OXIDE_NM, METAL_RATE_NM_MIN = 300.0, 800.0, 300.0
# Li 2017: 12.15 samples a second; their mean over 121 delays by 4.9 s. Their noise was not found (A): one deviation of
# a sample is taken as large as the whole step, so that 11 deviations of the published mean stand in it.
FRICTION_HZ, FRICTION_STEP, FRICTION_NOISE = 12.15, -0.25, 1.0
TORQUE_NM, PUBLISHED_DELAY_S = 40.0, 4.9
LAST_S = 110.0
_GRID_S = 0.05
_OPAQUE_NM = 150.0
_PIXELS = 256
_WIDTHS = (_PIXELS, 1, 1, 1, 1)
_NAMES = ("spectrum", "window_angle_deg", "window_head_angle_deg", "window_sweep_mm", "window_under_wafer")
_TAGS = tuple(f"platen1.{name}" for name in _NAMES)


@dataclass(frozen=True, slots=True)
class MetalWafer:
    """One wafer's truth: metal and relative rates on (r, azimuth), removal over time, and the share that is clear."""

    seed: int
    r_mm: FloatArray
    azimuth_rad: FloatArray
    metal_nm: FloatArray
    profile: FloatArray
    time_s: FloatArray
    removal_nm: FloatArray
    clear_fraction: FloatArray
    mismatch: float

    def clear_at(self, time_s: FloatArray) -> FloatArray:
        """Return the area share inside 3 mm that is clear."""
        return np.interp(time_s, self.time_s, self.clear_fraction)

    def when(self, fraction: float) -> float:
        """Return when a share of the area is clear."""
        return float(self.time_s[int(np.argmax(self.clear_fraction >= fraction))])


def draw_metal(seed: int, *, fast: bool, mismatch: float = 1.0) -> MetalWafer:
    """Return one wafer: rates ±20 %, incoming ±5 %, bowed and tilted."""
    rng = np.random.default_rng([seed, 3])
    r_mm = np.linspace(1.0, INSIDE_MM - 1.0, 48)
    azimuth = np.linspace(0.0, 2.0 * np.pi, 13)[:-1]
    x = (r_mm / WAFER_MM)[:, None]
    turn = rng.uniform(0.0, 2.0 * np.pi)
    bow = even(rng, 0.015) * (x**2 - 0.5) + 0.01 * rng.uniform() * x * np.cos(azimuth - turn)
    metal_nm = METAL_NM * (1.0 + even(rng, 0.05) + bow)
    edge = np.exp(-(WAFER_MM - r_mm) / 6.0)[:, None]
    profile = 1.0 + even(rng, 0.04) * (x**2 - 0.5) + even(rng, 0.06) * edge
    if fast:
        place, width, height = rng.uniform(0.0, 97.0), rng.uniform(10.0, 40.0), rng.uniform(0.05, 0.15)
        profile = profile * (1.0 + height * np.exp(-(((r_mm[:, None] - place) / width) ** 2)))
    time_s = np.arange(0.0, LAST_S, _GRID_S)
    rate = METAL_RATE_NM_MIN / 60.0 * (1.0 + even(rng, 0.20)) * (1.0 + mismatch * even(rng, 0.03))
    rate_nm_s = rate * (1.0 - 0.05 * rng.uniform() * np.log1p(time_s / 20.0)) * np.clip(time_s / 2.0, 0.0, 1.0)
    removal_nm = np.cumsum(rate_nm_s) * _GRID_S
    area = np.broadcast_to(r_mm[:, None], metal_nm.shape).ravel()
    goes = (metal_nm / profile).ravel()
    order = np.argsort(goes)
    share = np.cumsum(area[order]) / area.sum()
    clear = np.interp(removal_nm, goes[order], share, left=0.0, right=1.0)
    whole = np.broadcast_to(profile, metal_nm.shape)
    return MetalWafer(seed, r_mm, azimuth, metal_nm, whole, time_s, removal_nm, clear, mismatch)


def torque_of(wafer: MetalWafer, noise: float = FRICTION_NOISE) -> tuple[FloatArray, FloatArray]:
    """Return times and torque: exposed areas by share, drift of the pad, noise of one sample in units of the step."""
    rng = np.random.default_rng([wafer.seed, 4])
    time_s = np.arange(rng.uniform(0.0, 1.0 / FRICTION_HZ), LAST_S - 1.0, 1.0 / FRICTION_HZ)
    step = FRICTION_STEP * (1.0 + wafer.mismatch * even(rng, 0.15))
    level = TORQUE_NM * (1.0 + wafer.mismatch * even(rng, 0.1))
    drift = 1.0 + wafer.mismatch * even(rng, 0.03) * time_s / 60.0
    drift = drift + wafer.mismatch * 0.005 * np.sin(2.0 * np.pi * SWEEP_PER_MIN / 60.0 * time_s)
    shown = level * drift * (1.0 + step * wafer.clear_at(time_s))
    shown = shown * np.clip(time_s / 2.0, 0.2, 1.0)
    return time_s, shown + rng.normal(0.0, noise * abs(FRICTION_STEP) * TORQUE_NM, time_s.size)


def torque_blocks(time_s: FloatArray, torque_Nm: FloatArray, samples: int = 6) -> Iterator[Block]:
    """Yield blocks of the platen's torque, half a second each at the published sampling."""
    for sequence, first in enumerate(range(0, time_s.size, samples)):
        part = slice(first, first + samples)
        quality = np.full(time_s[part].size, int(Quality.GOOD), dtype=np.uint8)
        values = torque_Nm[part, None].astype(np.float32)
        yield Block("platen1.fast", ("platen1.torque_Nm",), time_s[part], values, quality, sequence)


@dataclass(frozen=True, slots=True)
class Light:
    """What the light of one wafer's sensor is like."""

    gain: float
    tint: FloatArray
    background: FloatArray
    noise: float = 0.004


def metal_spectra(metal_nm: FloatArray, under: tuple[np.ndarray, np.ndarray], index: np.ndarray) -> FloatArray:
    """Return reflectances (k, L) of metal of thicknesses (k,) over what is below; opaque from 150 nm."""
    b, c = under
    shown_nm, which = np.unique(np.minimum(metal_nm, _OPAQUE_NM), return_inverse=True)
    # Waves down and up in the metal from what is below it, written without what grows: r = (f + g)/(1 + f·g).
    back, face = (b - c / index) / (b + c / index), (WATER - index) / (WATER + index)
    by_nm = (4.0 * np.pi) * index / WAVELENGTH_NM
    angle = by_nm.real * shown_nm[:, None]
    size = np.exp(-np.abs(by_nm.imag) * shown_nm[:, None])
    real, imag = size * np.cos(angle), -size * np.sin(angle)
    square, w, z = size * size * np.abs(back) ** 2, 2.0 * np.conj(face) * back, 2.0 * face * back
    top = np.abs(face) ** 2 + square + w.real * real - w.imag * imag
    bottom = 1.0 + np.abs(face) ** 2 * square + z.real * real - z.imag * imag
    return (top / bottom)[which]


def clearing_blocks(wafer: MetalWafer, from_s: float, until_s: float) -> Iterator[Block]:
    """Yield optical blocks of each turn between two times; a step's first turns and those about clearing suffice."""
    rng = np.random.default_rng([wafer.seed, 5])
    m = wafer.mismatch
    first, head = rng.uniform(0.0, 2.0 * np.pi, 2)
    light = Light(
        1.0 + m * even(rng, 0.1),
        (1.0 - 0.3 * m * rng.uniform() * (600.0 / WAVELENGTH_NM) ** rng.uniform(1.0, 3.0))
        * (1.0 + m * even(rng, 0.1) * (WAVELENGTH_NM - 600.0) / 200.0),
        0.02 * m * rng.uniform() * (600.0 / WAVELENGTH_NM) ** rng.uniform(1.0, 3.0),
    )
    oxide = silica() * (1.0 + m * even(rng, 0.01))
    under = below([(oxide, OXIDE_NM * (1.0 + m * even(rng, 0.03)))], silicon())
    metal = tungsten() * (1.0 + m * even(rng, 0.01))
    turn_s = 60.0 / PLATEN_RPM
    dt = np.arange(-0.12, 0.13, 1.0 / SAMPLE_HZ)
    for sequence, middle_s in enumerate(np.arange(from_s + (first / (2.0 * np.pi)) * turn_s, until_s, turn_s)):
        time_s = middle_s + dt + rng.uniform(0.0, 1.0 / SAMPLE_HZ)
        theta = np.pi + 2.0 * np.pi * (time_s - middle_s) / turn_s
        sweep_mm = SWEEP_MM * np.sin(2.0 * np.pi * SWEEP_PER_MIN / 60.0 * time_s)
        x_mm = WINDOW_RADIUS_MM * np.cos(theta) + CENTER_DISTANCE_MM + sweep_mm
        y_mm = WINDOW_RADIUS_MM * np.sin(theta)
        head_rad = head + 2.0 * np.pi * HEAD_RPM / 60.0 * time_s
        r_mm, azimuth = np.hypot(x_mm, y_mm), np.arctan2(y_mm, x_mm) - head_rad
        is_under = r_mm < WAFER_MM - 1.0
        ring = np.clip(np.rint((r_mm - 1.0) / (wafer.r_mm[1] - wafer.r_mm[0])), 0, wafer.r_mm.size - 1).astype(int)
        sector = np.rint(azimuth / (wafer.azimuth_rad[1])).astype(int) % wafer.azimuth_rad.size
        gone = np.interp(time_s, wafer.time_s, wafer.removal_nm)
        left_nm = np.maximum(wafer.metal_nm[ring, sector] - wafer.profile[ring, sector] * gone, 0.0)
        at = np.flatnonzero(is_under)
        shown = light.gain * light.tint * metal_spectra(left_nm[at], under, metal) + light.background
        dim = np.where(rng.uniform(size=at.size) < 0.01, rng.uniform(0.3, 0.7, at.size), 1.0)
        shown = dim[:, None] * shown + rng.normal(0.0, light.noise, shown.shape)
        rows = np.append(at, at[-1] + 1)
        values = np.zeros((rows.size, sum(_WIDTHS)), dtype=np.float32)
        values[:-1, :_PIXELS] = shown
        values[:, _PIXELS] = np.rad2deg(theta[rows])
        values[:, _PIXELS + 1] = np.rad2deg(head_rad[rows]) % 360.0
        values[:, _PIXELS + 2] = sweep_mm[rows]
        values[:-1, _PIXELS + 3] = 1.0
        quality = np.full(rows.size, int(Quality.GOOD), dtype=np.uint8)
        yield Block("platen1.optical", _TAGS, time_s[rows], values, quality, sequence, widths=_WIDTHS)
