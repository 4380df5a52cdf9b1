"""Colour ramps of the maps, made in OKLab so that lightness rises evenly: readable in grey and by any eye."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# OKLab to linear sRGB (Ottosson, "A perceptual color space for image processing", 2020).
_LAB_TO_LMS = np.array(
    [[1.0, 0.3963377774, 0.2158037573], [1.0, -0.1055613458, -0.0638541728], [1.0, -0.0894841775, -1.2914855480]]
)
_LMS_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)

# Anchors (lightness, a, b) from low to high. Measured goes blue, green, yellow; the twin's truth purple, rose, cream.
_MEASURED = ((0.28, 0.00, -0.13), (0.48, -0.07, -0.06), (0.69, -0.13, 0.06), (0.92, -0.05, 0.17))
_TRUTH = ((0.26, 0.09, -0.10), (0.48, 0.18, -0.05), (0.69, 0.12, 0.06), (0.94, 0.02, 0.06))


@cache
def measured_ramp() -> NDArray[np.uint8]:
    """Return the ramp of measured maps, (256, 3) sRGB bytes."""
    return _ramp(_MEASURED)


@cache
def truth_ramp() -> NDArray[np.uint8]:
    """Return the ramp of the twin's truth, (256, 3) sRGB bytes."""
    return _ramp(_TRUTH)


def _ramp(anchors: tuple[tuple[float, float, float], ...]) -> NDArray[np.uint8]:
    stops = np.array(anchors)
    at = np.linspace(0.0, 1.0, 256)
    lightness = stops[0, 0] + (stops[-1, 0] - stops[0, 0]) * at
    where = (stops[:, 0] - stops[0, 0]) / (stops[-1, 0] - stops[0, 0])
    lab = np.column_stack([lightness, *(np.interp(at, where, stops[:, k]) for k in (1, 2))])
    linear = np.clip((lab @ _LAB_TO_LMS.T) ** 3 @ _LMS_TO_RGB.T, 0.0, 1.0)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255.0 * encoded).astype(np.uint8)


def css_gradient(ramp: NDArray[np.uint8], stops: int = 12) -> str:
    """Return a ramp as a CSS gradient, low to high from left to right."""
    picked = ramp[np.linspace(0, 255, stops).astype(int)]
    return f"linear-gradient(to right, {', '.join('#' + bytes(rgb).hex() for rgb in picked.tolist())})"
