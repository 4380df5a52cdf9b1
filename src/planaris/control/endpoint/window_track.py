"""Where on the wafer the platen's window looks, from the angles and the sweep that come with each sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planaris.control.endpoint.signals import FloatArray, signal
from planaris.model import Block


@dataclass(frozen=True, slots=True)
class WindowTrack:
    """Geometry of the track: distance of the platen's and the head's centre without sweep, radius of the window."""

    center_distance_mm: float = 125.0
    window_radius_mm: float = 125.0

    def places(self, sweep: Block) -> tuple[FloatArray, FloatArray]:
        """Return radius (mm) and azimuth (rad) on the wafer of each sample of a crossing.

        r² = e² + R_w² + 2eR_w·cos θ (physics.md section 4); the azimuth is the window's, seen from the head's centre,
        less the head's turn.
        """
        theta = np.deg2rad(signal(sweep, "window_angle_deg"))
        e_mm = self.center_distance_mm + signal(sweep, "window_sweep_mm")
        x_mm = self.window_radius_mm * np.cos(theta) + e_mm
        y_mm = self.window_radius_mm * np.sin(theta)
        azimuth = np.arctan2(y_mm, x_mm) - np.deg2rad(signal(sweep, "window_head_angle_deg"))
        return np.hypot(x_mm, y_mm), azimuth
