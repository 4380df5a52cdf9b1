"""Where on the wafer the platen's window looks, from the angles and the sweep that come with each sample."""

from __future__ import annotations

from dataclasses import dataclass

from planaris.control.endpoint.signals import FloatArray, signal
from planaris.model import Block
from planaris.physics import window_position


@dataclass(frozen=True, slots=True)
class WindowTrack:
    """Geometry of the track: distance of the platen's and the head's centre without sweep, radius of the window."""

    center_distance_mm: float = 125.0
    window_radius_mm: float = 125.0

    def places(self, sweep: Block) -> tuple[FloatArray, FloatArray]:
        """Return radius (mm) and azimuth (rad) on the wafer of each sample of a crossing.

        The sweep moves the head's centre along the line of centres.
        """
        return window_position(
            signal(sweep, "window_angle_deg"),
            signal(sweep, "window_head_angle_deg"),
            center_distance_mm=self.center_distance_mm + signal(sweep, "window_sweep_mm"),
            window_radius_mm=self.window_radius_mm,
        )
