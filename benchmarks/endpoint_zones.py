"""Zone profile control on dished and coned wafers: the live detector and control against the same step without moves.

Zones press around the wafer's centre alike: they can flatten what is uneven from centre to edge (a dish, a cone), not a
film that is tilted across the wafer; a small tilt is part of every wafer and stays.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from endpoint_cases import LATEST_S, PATH, STACK, TRACK, oxide_prior
from endpoint_optics import WAVELENGTH_NM, FloatArray
from endpoint_plant import FILM_NM, MISMATCHED, TARGET_NM, WAFER_MM, Wafer, draw_wafer, spectra_blocks
from planaris.control import (
    DecisionKind,
    FieldGeometry,
    SpectralTarget,
    StepEndDetector,
    ZoneProfileControl,
    nominal_stack,
)

# A head of five zones, and tool A's of three (Lee 2026), whose first is seven tenths of the wafer.
FIVE_ZONES, THREE_ZONES = (40.0, 65.0, 85.0, 95.0, 99.0), (85.0, 95.0, 99.0)
SET_POINT_kPa = 27.6
CASES = ("dish", "dome", "cone")
# A zone acts over its border by some millimetres (physics.md section 1.2), and a pressure follows its order with a lag.
_BLUR_MM, _LAG_S = 6.0, 0.5


def uneven(seed: int, case: str) -> Wafer:
    """Return a mismatched wafer that comes in dished, domed or coned by 3 to 5 % from centre to edge."""
    wafer = draw_wafer(seed, MISMATCHED)
    rng = np.random.default_rng([seed, 9])
    x = wafer.r_mm / WAFER_MM
    shape = {"dish": x**2 - 0.5, "dome": 0.5 - x**2, "cone": x - 2.0 / 3.0}[case]
    film_nm = FILM_NM * (1.0 + rng.uniform(-0.03, 0.03) + rng.uniform(0.03, 0.05) * shape)
    tilt = (0.3 * wafer.tilt_nm[0], 0.3 * wafer.tilt_nm[1])
    return replace(wafer, film_nm=film_nm, tilt_nm=tilt)


def shares(r_mm: FloatArray, zones: tuple[float, ...]) -> FloatArray:
    """Return how much of each zone's pressure acts at radii, (radii, zones), rows summing to 1."""
    fine = np.linspace(0.0, WAFER_MM, 401)
    inner = (0.0, *zones[:-1])
    acts = np.stack([(fine >= a) & (fine < b) for a, b in zip(inner, zones, strict=True)], axis=1).astype(np.float64)
    acts[fine >= zones[-1], -1] = 1.0
    kernel = np.exp(-0.5 * ((r_mm[:, None] - fine[None, :]) / _BLUR_MM) ** 2)
    return (kernel / kernel.sum(axis=1, keepdims=True)) @ acts


def final_wiwnu_pct(wafer: Wafer, zones: tuple[float, ...], *, moves: bool) -> float:
    """Return 100·std/mean of what is left inside 3 mm after one step to the target."""
    target = SpectralTarget(
        nominal_stack(STACK, WAVELENGTH_NM),
        TARGET_NM,
        oxide_prior(),
        FieldGeometry(zone_outer_mm=zones),
        TRACK,
    )
    detector = StepEndDetector(target, 20.0, LATEST_S, path=PATH)
    point = (SET_POINT_kPa,) * len(zones)
    low, high = tuple(0.75 * p for p in point), tuple(1.25 * p for p in point)
    control = ZoneProfileControl(point, low, high, 0.7, 2.0, TARGET_NM)
    state, zone_state = detector.start(0.0), control.start(0.0)
    acts = shares(wafer.r_mm, zones)
    ordered = pressing = np.asarray(point)
    # The wafer's own removal is that of even set-points; moves add what they remove more or less, turn by turn.
    film, last_s = wafer.film_nm, 0.0
    stop_s = LATEST_S

    def film_at(time_s: FloatArray, r_mm: FloatArray, azimuth_rad: FloatArray) -> FloatArray:
        return replace(wafer, film_nm=film).film_at(time_s, r_mm, azimuth_rad)

    for block in spectra_blocks(wafer, film_at=film_at):
        now_s = float(block.time_s[-1])
        before_nm, after_nm = np.interp([last_s, now_s], wafer.time_s, wafer.removal_nm).tolist()
        pressing = pressing + (ordered - pressing) * (1.0 - np.exp(-(now_s - last_s) / _LAG_S))
        film = film - wafer.profile * (after_nm - before_nm) * (acts @ (pressing / SET_POINT_kPa) - 1.0)
        last_s = now_s
        state, decision = detector.step(state, block)
        if moves:
            zone_state, order = control.step(zone_state, decision)
            ordered = ordered if order is None else np.asarray(order)
        if decision.kind is DecisionKind.CALL or now_s > LATEST_S:
            stop_s = decision.stop_s or LATEST_S
            break
    left = film - wafer.profile * float(np.interp(stop_s, wafer.time_s, wafer.removal_nm))
    mean = float(np.average(left, weights=wafer.r_mm))
    return _wiwnu_pct(wafer, left - mean) * TARGET_NM / mean


def best_wiwnu_pct(wafer: Wafer, zones: tuple[float, ...]) -> float:
    """Return the WIWNU that the best even pressures of the zones would leave at the target, known beforehand."""
    gone_nm = wafer.profile[:, None] * shares(wafer.r_mm, zones)
    weight = np.sqrt(wafer.r_mm)
    found = np.linalg.lstsq(weight[:, None] * gone_nm, weight * (wafer.film_nm - TARGET_NM), rcond=None)[0]
    return _wiwnu_pct(wafer, wafer.film_nm - TARGET_NM - gone_nm @ found)


def _wiwnu_pct(wafer: Wafer, off_nm: FloatArray) -> float:
    """Return 100·std/target of rings that are off their mean, with the tilt's variance: ½·x² of its amplitude."""
    tilt = 0.5 * (wafer.tilt_nm[0] ** 2 + wafer.tilt_nm[1] ** 2) * (wafer.r_mm / WAFER_MM) ** 2
    return 100.0 * float(np.average(off_nm**2 + tilt, weights=wafer.r_mm)) ** 0.5 / TARGET_NM
