"""Wafers for the endpoint bench: a plant of its own, vectorised over a wafer's whole polish, for thousands of them.

It is not the twin. What deviates from nominal is drawn per wafer from a seed and told to no estimator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from endpoint_optics import WATER, WAVELENGTH_NM, FloatArray, below, film_reflectance, nitride, silica, silicon
from planaris.model import Block, Quality

# Tool A: centres, window, speeds, sampling; platen and head turn while the window crosses (physics.md section 4).
CENTER_DISTANCE_MM, WINDOW_RADIUS_MM, WAFER_MM, INSIDE_MM = 125.0, 125.0, 100.0, 97.0
PLATEN_RPM, HEAD_RPM, SWEEP_MM, SWEEP_PER_MIN = 93.0, 87.0, 5.0, 10.0
SAMPLE_HZ = 100.0
FILM_NM, NITRIDE_NM, TARGET_NM, RATE_NM_MIN = 1500.0, 100.0, 900.0, 330.0
LONGEST_S = 190.0
_GRID_S = 0.01
_WIDTHS = (256, 1, 1, 1, 1)
_TAGS = (
    "platen1.spectrum",
    "platen1.window_angle_deg",
    "platen1.window_head_angle_deg",
    "platen1.window_sweep_mm",
    "platen1.window_under_wafer",
)


@dataclass(frozen=True, slots=True)
class Deviations:
    """How far truth may be from nominal, half widths of even distributions unless said; zeros are the matched plant."""

    index: float = 0.01
    under: float = 0.03
    dispersion: float = 0.1
    lamp: float = 0.1
    lamp_drift: float = 0.05
    wear: float = 0.3
    slope: float = 0.1
    background: float = 0.02
    head: float = 0.03
    residual: float = 0.05


MISMATCHED = Deviations()
MATCHED = Deviations(*(0.0,) * 10)


@dataclass(frozen=True, slots=True)
class Wafer:
    """One wafer's truth: film (r, tilt), relative rate profile, and removal over time of a place with profile 1."""

    seed: int
    r_mm: FloatArray
    film_nm: FloatArray
    tilt_nm: tuple[float, float]
    profile: FloatArray
    time_s: FloatArray
    removal_nm: FloatArray
    rate_nm_s: FloatArray
    index: FloatArray
    under_nm: float
    deviations: Deviations
    noise: float = 0.002

    def film_at(self, time_s: FloatArray, r_mm: FloatArray, azimuth_rad: FloatArray) -> FloatArray:
        """Return the film's thickness at places and times."""
        x, y = r_mm / WAFER_MM * np.cos(azimuth_rad), r_mm / WAFER_MM * np.sin(azimuth_rad)
        start = np.interp(r_mm, self.r_mm, self.film_nm) + self.tilt_nm[0] * x + self.tilt_nm[1] * y
        gone = np.interp(r_mm, self.r_mm, self.profile) * np.interp(time_s, self.time_s, self.removal_nm)
        return np.maximum(start - gone, 0.0)

    def mean_nm(self, removal_nm: float) -> float:
        """Return the area mean inside 3 mm; a tilt has none."""
        return float(np.average(self.film_nm - self.profile * removal_nm, weights=self.r_mm))

    def mean_at(self, time_s: float) -> float:
        """Return the area mean inside 3 mm at a time."""
        return self.mean_nm(float(np.interp(time_s, self.time_s, self.removal_nm)))

    def mean_after_stop(self, order_s: float, plc_s: float, ramp_s: float) -> float:
        """Return the area mean after heads-up: the order's way, then pressure down linearly."""
        begin_s = order_s + plc_s
        rate = float(np.interp(begin_s, self.time_s, self.rate_nm_s))
        return self.mean_nm(float(np.interp(begin_s, self.time_s, self.removal_nm)) + 0.5 * ramp_s * rate)


def even(rng: np.random.Generator, half: float) -> float:
    """Return a number from an even distribution about 0."""
    return float(rng.uniform(-half, half)) if half else 0.0


def draw_wafer(seed: int, deviations: Deviations) -> Wafer:
    """Return one wafer: rates ±20 %, incoming ±5 %, bowed and tilted, on a pad of any age."""
    rng = np.random.default_rng(seed)
    r_mm = np.linspace(0.25, INSIDE_MM - 0.25, 195)
    x = r_mm / WAFER_MM
    film_nm = FILM_NM * (1.0 + even(rng, 0.05) + even(rng, 0.02) * (x**2 - 0.5))
    turn, tilt = rng.uniform(0.0, 2.0 * np.pi), 0.01 * FILM_NM * rng.uniform()
    edge = np.exp(-(WAFER_MM - r_mm) / 6.0)
    profile = 1.0 + even(rng, 0.06) * (x**2 - 0.5) + even(rng, 0.12) * edge
    profile = profile + even(rng, deviations.residual) * np.sin(1.5 * np.pi * x) * 0.5
    profile = profile / np.average(profile, weights=r_mm)
    time_s = np.arange(0.0, LONGEST_S, _GRID_S)
    rate = RATE_NM_MIN / 60.0 * (1.0 + even(rng, 0.20)) * (1.0 + even(rng, deviations.head))
    # A worn pad loses up to a tenth of its rate over a minute of polish, a fresh one nothing; heat adds up to 6 %.
    age, heat = rng.uniform(), rng.uniform(0.0, 0.06)
    course = (1.0 - 0.1 * age * np.log1p(time_s / 20.0)) * (1.0 + heat * (1.0 - np.exp(-time_s / 20.0)))
    sweep = 2.0 * np.pi * SWEEP_PER_MIN / 60.0
    course = course * (1.0 + SWEEP_MM / CENTER_DISTANCE_MM * np.sin(sweep * time_s))
    wander = np.interp(time_s, np.arange(0.0, LONGEST_S + 5.0, 5.0), rng.normal(0.0, 0.015, round(LONGEST_S / 5.0) + 1))
    rate_nm_s = rate * course * (1.0 + wander) * np.clip(time_s / 2.0, 0.0, 1.0)
    wave_um2 = (1e-3 * WAVELENGTH_NM) ** 2
    bend = 1.0 + 0.01 * even(rng, deviations.dispersion) * (0.3 / wave_um2 - 1.0)
    index = silica().real * (1.0 + even(rng, deviations.index)) * bend
    under_nm = NITRIDE_NM * (1.0 + even(rng, deviations.under))
    removal_nm = np.concatenate([[0.0], np.cumsum(0.5 * (rate_nm_s[1:] + rate_nm_s[:-1]) * _GRID_S)])
    tilts = (tilt * float(np.cos(turn)), tilt * float(np.sin(turn)))
    return Wafer(seed, r_mm, film_nm, tilts, profile, time_s, removal_nm, rate_nm_s, index, under_nm, deviations)


FilmAt = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]


def spectra_blocks(wafer: Wafer, until_s: float = LONGEST_S, film_at: FilmAt | None = None) -> Iterator[Block]:
    """Yield one block of optical sensors for each turn of the platen: the window's crossing and one sample after it.

    ``film_at`` says the film's thickness instead of the wafer, where something else than the wafer's course acts on it.
    """
    rng = np.random.default_rng([wafer.seed, 1])
    d = wafer.deviations
    first, head = rng.uniform(0.0, 2.0 * np.pi, 2)
    time_s = np.arange(rng.uniform(0.0, 1.0 / SAMPLE_HZ), until_s, 1.0 / SAMPLE_HZ)
    theta = first + 2.0 * np.pi * PLATEN_RPM / 60.0 * time_s
    sweep_mm = SWEEP_MM * np.sin(2.0 * np.pi * SWEEP_PER_MIN / 60.0 * time_s)
    head_rad = head + 2.0 * np.pi * HEAD_RPM / 60.0 * time_s
    e_mm = CENTER_DISTANCE_MM + sweep_mm
    x_mm, y_mm = WINDOW_RADIUS_MM * np.cos(theta) + e_mm, WINDOW_RADIUS_MM * np.sin(theta)
    r_mm, azimuth = np.hypot(x_mm, y_mm), np.arctan2(y_mm, x_mm) - head_rad
    is_under = r_mm < WAFER_MM - 1.0
    slope = even(rng, d.slope)
    gain = (1.0 + even(rng, d.lamp)) * (1.0 + even(rng, d.lamp_drift) * time_s / 60.0)
    # A worn window passes less and scatters more, the more so in the blue; by which power, nobody is told.
    wear = 1.0 - rng.uniform(0.0, 1.0) * d.wear * (600.0 / WAVELENGTH_NM) ** rng.uniform(1.0, 3.0)
    tint = wear * (1.0 + slope * (WAVELENGTH_NM - 600.0) / 200.0)
    background = rng.uniform(0.0, 1.0) * d.background * (600.0 / WAVELENGTH_NM) ** rng.uniform(1.0, 3.0)
    under = below([(nitride() * (1.0 + even(rng, d.index)), wafer.under_nm)], silicon())
    turns = np.floor((theta - np.pi * 0.5) / (2.0 * np.pi)).astype(int)  # a crossing lies within one count
    for sequence, turn in enumerate(range(int(turns[0]), int(turns[-1]) + 1)):
        at = np.flatnonzero(is_under & (turns == turn))
        if not at.size or at[-1] + 1 >= time_s.size:
            continue
        film_nm = (film_at or wafer.film_at)(time_s[at], r_mm[at], azimuth[at])
        shown = film_reflectance(wafer.index, film_nm, under, WATER)
        # Slurry under the window dims one sample in a hundred.
        dim = np.where(rng.uniform(size=at.size) < 0.01, rng.uniform(0.3, 0.7, at.size), 1.0)
        shown = (dim * gain[at])[:, None] * tint * shown + background
        shown = shown + rng.normal(0.0, wafer.noise, shown.shape)
        rows = np.append(at, at[-1] + 1)
        values = np.zeros((rows.size, sum(_WIDTHS)), dtype=np.float32)
        values[:-1, :256] = shown
        values[:, 256] = np.rad2deg(theta[rows]) % 360.0
        values[:, 257] = np.rad2deg(head_rad[rows]) % 360.0
        values[:, 258] = sweep_mm[rows]
        values[:-1, 259] = 1.0
        quality = np.full(rows.size, int(Quality.GOOD), dtype=np.uint8)
        yield Block("platen1.optical", _TAGS, time_s[rows], values, quality, sequence, widths=_WIDTHS)
