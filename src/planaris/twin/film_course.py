"""How films, window and head go through a chunk: where the window is at a time, and what films it looks at.

A course is exact at every instant in the sense of the chunk's own steps: speeds and rates hold within an interval. As
of an interval's start nothing in it depends on what comes later, so a sample is the same whenever it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.physics import PolarGrid
from planaris.twin.patterned import Field, TrueArea

Array = NDArray[np.float64]

# Below this a platen stands: its window samples nothing.
_STANDS_DEG = 1e-9


def turned_deg(start_deg: float, speed_rpm: Array, dt_s: Array) -> Array:
    """Return the angle at all n+1 knots of intervals with constant speeds, not wrapped."""
    angles = np.empty(len(dt_s) + 1)
    angles[0] = start_deg
    np.cumsum(6.0 * speed_rpm * dt_s, out=angles[1:])
    angles[1:] += start_deg
    return angles


def turns_deg(speed_rpm: Array, dt_s: Array) -> float:
    """Return the whole turn of intervals."""
    return 6.0 * float(speed_rpm @ dt_s)


@dataclass(frozen=True, slots=True)
class FilmCourse:
    """One chunk: knots (n+1,), window and head angle at them, sweep at the middles (n,), films and their losses.

    ``films_nm`` (n_film, n_r, n_theta) at the start; ``lost_nm`` (n+1, n_r) is what the top film has lost, times
    ``pattern`` (n_r, n_theta); ``steps_nm`` are all films at the knots where one wore through. ``window_h`` and
    ``pad_lost_mm`` are the age of the window's pad and what its surface has come down by at the window. ``areas`` are a
    patterned wafer's, ``field`` what it is without them.
    """

    knots_s: Array
    middles_s: Array
    window_deg: Array
    head_deg: Array
    touching: NDArray[np.bool_]
    sweep_mm: Array
    sweep_mm_s: Array
    wafer_id: str
    materials: tuple[str, ...]
    films_nm: Array
    lost_nm: Array
    pattern: Array
    steps_nm: tuple[Array, ...]
    window_h: float
    pad_lost_mm: float
    areas: tuple[TrueArea, ...] = ()
    field: Field | None = None

    def interval(self, times_s: Array) -> NDArray[np.intp]:
        """Return the interval of each time."""
        k = np.searchsorted(self.knots_s, times_s, side="right") - 1
        return np.clip(k, 0, len(self.knots_s) - 2)

    def passes(self, angles_deg: Array, from_s: float, to_s: float) -> tuple[Array, NDArray[np.int64]]:
        """Return (times, numbers) at which the window comes to angles (n,) of a turn, from a time to before another.

        Number turn·n + j is angle j of a turn; only while a wafer is on the pad.
        """
        low, high = np.interp([from_s, to_s], self.knots_s, self.window_deg)
        if high - low < _STANDS_DEG:
            return np.empty(0), np.empty(0, dtype=np.int64)
        turns = np.arange(np.floor(low / 360.0), np.floor(high / 360.0) + 1.0)
        targets = (360.0 * turns[:, None] + angles_deg).ravel()
        numbers = (turns.astype(np.int64)[:, None] * len(angles_deg) + np.arange(len(angles_deg))).ravel()
        # Where the platen stands its angle repeats; the first knot of each is enough.
        moving = np.append(True, np.diff(self.window_deg) > 0.0)
        times = np.interp(targets, self.window_deg[moving], self.knots_s[moving])
        inside = (targets >= low) & (targets < high) & (times >= from_s) & (times < to_s)
        inside &= self.touching[self.interval(times)]
        order = np.argsort(times[inside], kind="stable")
        return times[inside][order], numbers[inside][order]

    def place(self, times_s: Array) -> tuple[Array, Array, Array]:
        """Return (window angle, head angle, sweep in mm) at times; angles from 0 to 360."""
        k = self.interval(times_s)
        window = np.interp(times_s, self.knots_s, self.window_deg) % 360.0
        head = np.interp(times_s, self.knots_s, self.head_deg) % 360.0
        return window, head, self.sweep_mm[k] + self.sweep_mm_s[k] * (times_s - self.middles_s[k])

    def films_at(self, times_s: Array, r_mm: Array, azimuth_rad: Array, grid: PolarGrid) -> Array:
        """Return films (m, n_film) at times and points."""
        k = self.interval(times_s)
        share = (times_s - self.knots_s[k]) / np.maximum(np.diff(self.knots_s)[k], 1e-12)
        corners = _corners(grid, r_mm, azimuth_rad)
        if self.steps_nm:
            steps = np.stack(self.steps_nm)
            before, after = corners.of_each(steps, k), corners.of_each(steps, k + 1)
            return before + (after - before) * share[:, None]
        films = corners.of(self.films_nm)
        lost = self.lost_nm[k] + (self.lost_nm[k + 1] - self.lost_nm[k]) * share[:, None]
        rows = np.arange(len(times_s))
        lost_here = lost[rows, corners.inner] * (1.0 - corners.u) + lost[rows, corners.outer] * corners.u
        films[:, 0] = np.maximum(0.0, films[:, 0] - lost_here * corners.of(self.pattern[None])[:, 0])
        return films


@dataclass(frozen=True, slots=True)
class _Corners:
    """Cells around points and their weights: bilinear in r and θ, constant inside the first and beyond the last."""

    inner: NDArray[np.intp]
    outer: NDArray[np.intp]
    u: Array
    before: NDArray[np.intp]
    after: NDArray[np.intp]
    w: Array

    def of(self, maps: Array) -> Array:
        """Return maps (n, n_r, n_theta) at the points, (m, n)."""
        inner = maps[:, self.inner, self.before] * (1.0 - self.w) + maps[:, self.inner, self.after] * self.w
        outer = maps[:, self.outer, self.before] * (1.0 - self.w) + maps[:, self.outer, self.after] * self.w
        return (inner * (1.0 - self.u) + outer * self.u).T

    def of_each(self, maps: Array, which: NDArray[np.intp]) -> Array:
        """Return maps (k, n, n_r, n_theta), each point of its own k, at the points, (m, n)."""
        u, w = self.u[:, None], self.w[:, None]
        inner = maps[which, :, self.inner, self.before] * (1.0 - w) + maps[which, :, self.inner, self.after] * w
        outer = maps[which, :, self.outer, self.before] * (1.0 - w) + maps[which, :, self.outer, self.after] * w
        return inner * (1.0 - u) + outer * u


def _corners(grid: PolarGrid, r_mm: Array, azimuth_rad: Array) -> _Corners:
    radial = np.clip(r_mm * (grid.n_r / grid.radius_mm) - 0.5, 0.0, grid.n_r - 1.0)
    inner = np.minimum(radial.astype(np.intp), max(0, grid.n_r - 2))
    angular = np.mod(azimuth_rad * (grid.n_theta / (2.0 * np.pi)) - 0.5, grid.n_theta)
    before = np.minimum(angular.astype(np.intp), grid.n_theta - 1)
    outer = np.minimum(inner + 1, grid.n_r - 1)
    return _Corners(inner, outer, radial - inner, before, (before + 1) % grid.n_theta, angular - before)


class FilmSeries:
    """Committed courses of one platen, kept while somebody samples its window."""

    def __init__(self) -> None:
        self._courses: list[FilmCourse] = []

    def append(self, course: FilmCourse) -> None:
        """Add the next chunk's."""
        self._courses.append(course)

    def forget_before(self, time_s: float) -> None:
        """Drop what only times before ``time_s`` need."""
        while self._courses and self._courses[0].knots_s[-1] <= time_s:
            del self._courses[0]

    def between(self, from_s: float, to_s: float, tail: FilmCourse | None) -> list[FilmCourse]:
        """Return the courses of a span, in order; ``tail`` is what follows and is not committed yet."""
        courses = [*self._courses, tail] if tail is not None else self._courses
        return [c for c in courses if c.knots_s[0] < to_s and c.knots_s[-1] > from_s]
