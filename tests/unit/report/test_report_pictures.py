"""Wafer pictures: colours, orientation, and a PNG that another decoder reads."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from planaris.physics import PolarGrid
from planaris.report.palette import css_gradient, measured_ramp, truth_ramp
from planaris.report.raster import data_uri, picture

GRID = PolarGrid()


def _decode(uri: str) -> NDArray[np.uint8]:
    head, _, body = uri.partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(body))).convert("RGBA"))


def _lightness(ramp: NDArray[np.uint8]) -> NDArray[np.float64]:
    """CIE L* of sRGB (IEC 61966-2-1, CIE 15), independent of the OKLab that made the ramps."""
    c = ramp / 255.0
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    y = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(y > 0.008856, 116 * np.cbrt(y) - 16, 903.3 * y)


def test_ramps_grow_lighter_all_the_way() -> None:
    for ramp in (measured_ramp(), truth_ramp()):
        lightness = _lightness(ramp)
        assert np.all(np.diff(lightness[::8]) > 0)
        assert lightness[-1] - lightness[0] > 60


def test_measured_and_truth_differ_in_hue_at_every_level() -> None:
    # Half of the 8-bit range in one channel at least: nobody takes one for the other.
    far = np.abs(measured_ramp()[:230].astype(int) - truth_ramp()[:230].astype(int)).max(axis=1)
    assert far[20:].min() > 40


def test_the_gradient_runs_from_low_to_high() -> None:
    css = css_gradient(measured_ramp(), 3)
    first, last = (bytes(measured_ramp()[k].tolist()).hex() for k in (0, 255))
    assert css.startswith(f"linear-gradient(to right, #{first}")
    assert css.endswith(f"#{last})")


def test_a_picture_has_its_top_at_positive_y_and_its_right_at_positive_x() -> None:
    r, theta = GRID.r_mm[:, None], GRID.theta_rad[None, :]
    up, right = picture(r * np.sin(theta), GRID, 100), picture(r * np.cos(theta), GRID, 100)
    # Pixel centres: row 10 is y = 79 mm, column 90 is x = 81 mm; bilinear error of the 32 angles is below 1 %.
    np.testing.assert_allclose([up[10, 50], right[50, 90]], [79.0, 81.0], rtol=0.01)
    np.testing.assert_allclose(up[90, 50], -81.0, rtol=0.01)


def test_nothing_is_shown_beyond_the_edge() -> None:
    shown = picture(np.full((64, 32), 5.0), GRID, 100, edge_mm=97.0)
    assert np.isnan(shown[0, 0])
    assert np.isnan(shown[50, 99])  # x = 99 mm
    assert shown[50, 97] == 5.0  # x = 95 mm


def test_values_take_their_colour_missing_ones_are_transparent_and_what_is_beyond_the_ends_is_clipped() -> None:
    shown = np.array([[0.0, 1.0, np.nan], [-9.0, 9.0, 0.5]])
    pixels = _decode(data_uri(shown, 0.0, 1.0, measured_ramp()))
    low, high = measured_ramp()[0], measured_ramp()[255]
    assert pixels[0, 0].tolist() == [*low.tolist(), 255]
    assert pixels[0, 1].tolist() == [*high.tolist(), 255]
    assert pixels[0, 2, 3] == 0
    assert pixels[1, 0, :3].tolist() == low.tolist()
    assert pixels[1, 1, :3].tolist() == high.tolist()
    assert np.abs(pixels[1, 2, :3].astype(int) - measured_ramp()[127]).max() <= 2


def test_equal_limits_do_not_divide_by_zero() -> None:
    assert _decode(data_uri(np.full((4, 4), 3.0), 3.0, 3.0, truth_ramp())).shape == (4, 4, 4)
