"""Fringes: one wavelength mistakes a film a fringe off for the nominal one; two do not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from endpoint_blocks import blocks, first_call, play

from planaris.control import StepContext, detector_of
from planaris.model import Block, DetectorKind, DetectorSetting, EndKind, FilmStack, Layer, StepEnd
from planaris.physics import spectrum_of

FILM_NM, TARGET_NM, RATE_NM_MIN = 1500.0, 900.0, 330.0
LASER_NM = (650.0, 532.0)
# λ/2n of oxide at 650 nm.
FRINGE_NM = 650.0 / (2 * 1.4565)
CONTEXT = StepContext(FilmStack((Layer("TEOS", FILM_NM),), "Si"), RATE_NM_MIN, laser_nm=LASER_NM)


def lasers(incoming_nm: float, rate_nm_min: float, seed: int, until_s: float = 170.0) -> Iterator[Block]:
    """Yield what two lasers see of an even film: one crossing of 0.17 s a turn, slow gain drift, 1 % noise."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(0.0, until_s, 0.01)
    angle = 360.0 * 93.0 / 60.0 * time_s
    under = np.abs(angle % 360.0 - 180.0) < 45.0
    removed = rate_nm_min / 60.0 * np.maximum(time_s - 1.0, 0.0)  # half of the ramp of 2 s
    film = np.maximum(incoming_nm - removed, 0.0)
    shown = spectrum_of(["TEOS"], film[:, None], np.array(LASER_NM))
    gain = 0.8 * (1.0 + 0.02 * time_s / 60.0)[:, None]
    shown = gain * shown + rng.normal(0.0, 0.002, shown.shape)
    zero = np.zeros_like(time_s)
    signals = {
        "laser_reflectance": shown[:, 0],
        "laser2_reflectance": shown[:, 1],
        "window_angle_deg": angle % 360.0,
        "window_head_angle_deg": zero,
        "window_sweep_mm": zero,
        "window_under_wafer": under.astype(np.float64),
    }
    return blocks(time_s, signals, 50, "platen1.optical")


def left_nm(incoming_nm: float, rate_nm_min: float, lasers_count: int) -> float:
    """Return what is really left when the detector stops."""
    setting = DetectorSetting(DetectorKind.FRINGE, target_nm=TARGET_NM, lasers_count=lasers_count)
    end = StepEnd(EndKind.ENDPOINT, 110.0, 30.0, 165.0, detectors=(setting,))
    call = first_call(play(detector_of(end, CONTEXT), 0.0, lasers(incoming_nm, rate_nm_min, 1)))
    assert call is not None
    assert call.endpoint_s is not None
    return incoming_nm - rate_nm_min / 60.0 * (call.endpoint_s - 1.0)


@pytest.mark.parametrize("rate_nm_min", [290.0, 330.0, 370.0])
@pytest.mark.parametrize("lasers_count", [1, 2])
def test_a_film_near_nominal_is_stopped_by_either(rate_nm_min: float, lasers_count: int) -> None:
    # A twentieth of a fringe, which is what 1 % of noise leaves of the phase.
    assert left_nm(FILM_NM + 20.0, rate_nm_min, lasers_count) == pytest.approx(TARGET_NM, abs=0.05 * FRINGE_NM)


def test_one_wavelength_stops_a_film_that_is_a_fringe_thicker_a_fringe_early() -> None:
    assert left_nm(FILM_NM + FRINGE_NM, 330.0, 1) == pytest.approx(TARGET_NM + FRINGE_NM, abs=0.1 * FRINGE_NM)


@pytest.mark.parametrize("fringes", [-1.0, 1.0])
def test_two_wavelengths_tell_which_fringe_it_is(fringes: float) -> None:
    left = left_nm(FILM_NM + fringes * FRINGE_NM, 330.0, 2)
    assert left == pytest.approx(TARGET_NM, abs=0.1 * FRINGE_NM)
