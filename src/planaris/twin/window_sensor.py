"""A platen's window: what its instruments read at each flash, on the films that truly are there and then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from planaris.model import ToolDescription
from planaris.physics import (
    EddyCoil,
    PolarGrid,
    eddy_signals,
    flash_angles_deg,
    has_optics,
    reflectance,
    refractive_index,
    sheet_conductance_S,
    spectrum_wavelengths_nm,
    window_arc_deg,
    window_position,
)
from planaris.twin.film_course import FilmCourse
from planaris.twin.noise import NoisePages
from planaris.twin.patterned import places
from planaris.twin.sensor_faults import SensorFaults
from planaris.twin.window_truth import (
    DROPOUT_FRACTION,
    DROPOUT_LEFT_FRACTION,
    EDDY_NOISE,
    FLASH_JITTER_PCT,
    FULL_SCALE,
    LASER_NOISE,
    SPECTRUM_NOISE,
    WindowTruth,
)

Array = NDArray[np.float64]
Courses = Callable[[float, float], list[FilmCourse]]

SPECTRUM_POINTS = 256
# Flashes keep off the wafer's edge, at any sweep [design].
EDGE_CLEARANCE_mm = 3.0
# How far beyond a reading flashes are made: more cost as much as the calls they save, a command makes them for nothing.
FLASHES_AHEAD_S = 2.5
# The reference is seen on the side away from the head.
REFERENCE_DEG = 0.0
# Normal deviate beyond which something is between window and wafer.
_DROPOUT_QUANTILE = NormalDist().inv_cdf(1.0 - DROPOUT_FRACTION)
# Columns of a flash's noise: jitter, dropout, its depth, two lasers, two eddy signals, then the spectrum.
_JITTER, _DROPOUT, _DEPTH, _LASER, _EDDY, _SPECTRUM = 0, 1, 2, 3, 5, 7


def turn_angles_deg(tool: ToolDescription) -> Array:
    """Return the angles of a turn's flashes: the reference's, then those on the wafer."""
    sensors, platen = tool.endpoint_sensors, tool.platen
    assert sensors is not None
    radius_mm = tool.wafer_diameter_mm / 2.0 - EDGE_CLEARANCE_mm
    window_mm = sensors.window_radius_mm
    far_mm = max(
        (platen.center_distance_mm + side * platen.sweep_max_mm for side in (-1.0, 1.0)),
        key=lambda e: window_arc_deg(e, window_mm, radius_mm)[0],
    )
    return np.concatenate([[REFERENCE_DEG], flash_angles_deg(sensors.flashes_count, far_mm, window_mm, radius_mm)])


@dataclass(slots=True)
class _Flashes:
    """A course's flashes (n,): times, running numbers, readings (n, columns), of which ``low`` to ``high`` are made.

    ``changes_count`` is the faults' when they were.
    """

    course: FilmCourse
    changes_count: int
    times_s: Array
    numbers: NDArray[np.int64]
    values: NDArray[np.float32]
    low: int = 0
    high: int = 0


class WindowSensor:
    """Samples of one platen's `optical` rate class. ``courses`` gives the films' courses of a span of time."""

    def __init__(
        self,
        name: str,
        tags: tuple[str, ...],
        tool: ToolDescription,
        grid: PolarGrid,
        truth: WindowTruth,
        faults: SensorFaults,
        courses: Courses,
    ) -> None:
        assert tool.endpoint_sensors is not None
        self.name, self.tags = name, tags
        self.widths = tuple(SPECTRUM_POINTS if tag.endswith(".spectrum") else 1 for tag in tags)
        self._leaves = {tag.rpartition(".")[2]: tag for tag in tags}
        self._center_mm = tool.platen.center_distance_mm
        self._window_mm = tool.endpoint_sensors.window_radius_mm
        self._angles_deg = turn_angles_deg(tool)
        self._grid, self._truth, self._faults, self._courses = grid, truth, faults, courses
        self._noise = NoisePages(truth.seed, f"{name}.optical", np.ones(_SPECTRUM + SPECTRUM_POINTS, np.float32))
        self._coil = EddyCoil()
        spectrum = spectrum_wavelengths_nm(SPECTRUM_POINTS) if "spectrum" in self._leaves else np.empty(0)
        laser = tool.endpoint_sensors.laser_wavelength_nm if "laser_reflectance" in self._leaves else ()
        self._wavelength_nm: Array = np.concatenate([np.array(laser, dtype=np.float64), spectrum])
        self._lasers = len(laser)
        self._substrate = refractive_index("Si", self._wavelength_nm)
        self._water = refractive_index("water", self._wavelength_nm)
        self._made: list[_Flashes] = []
        self._index: dict[tuple[str, ...], NDArray[np.complex128]] = {}

    @property
    def block_widths(self) -> tuple[int, ...]:
        """Columns of each tag as a block states them: none where all take one."""
        return self.widths if any(width != 1 for width in self.widths) else ()

    def rows(self, from_s: float, to_s: float) -> tuple[Array, NDArray[np.float32]]:
        """Return times (m,) and readings (m, columns) of the flashes from a time to before another."""
        parts: list[tuple[Array, NDArray[np.float32]]] = []
        for course in self._courses(from_s, to_s):
            made = self._made_of(course)
            first, last = made.times_s.searchsorted((from_s, to_s)).tolist()
            if last > first:
                self._make(made, first, last)
                parts.append((made.times_s[first:last], made.values[first:last]))
        if not parts:
            return np.empty(0), np.empty((0, sum(self.widths)), dtype=np.float32)
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])

    def _made_of(self, course: FilmCourse) -> _Flashes:
        """Return the flashes of a course, made once for all that read it: as of a time nothing later changes them.

        A command makes another course, a fault of a sensor the readings anew.
        """
        changes = self._faults.changes_count
        for made in self._made:
            if made.course is course and made.changes_count == changes:
                return made
        times, numbers = course.passes(self._angles_deg, float(course.knots_s[0]), float(course.knots_s[-1]))
        made = _Flashes(course, changes, times, numbers, np.empty((len(times), sum(self.widths)), dtype=np.float32))
        self._made = [*self._made[-1:], made]
        return made

    def _make(self, made: _Flashes, first: int, last: int) -> None:
        """Make what is missing of some flashes, and of those soon after: the next readings need none of their own."""
        times = made.times_s
        if first >= made.low and last <= made.high:
            return
        last = int(times.searchsorted(times[last - 1] + FLASHES_AHEAD_S))
        if self._faults:  # what a stuck sensor shows hangs on the first reading of it
            first, last = 0, len(times)
        if made.low == made.high:
            made.low = made.high = first
        for begin, end in ((first, made.low), (made.high, last)):
            if begin < end:
                made.values[begin:end] = self._rows_of(made.course, times[begin:end], made.numbers[begin:end])
        made.low, made.high = min(first, made.low), max(last, made.high)

    def _rows_of(self, course: FilmCourse, times: Array, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        window_deg, head_deg, sweep_mm = course.place(times)
        under = numbers % len(self._angles_deg) != 0
        # Numbers run on from flash to flash; where a head was up between, some are left out.
        first = int(numbers[0])
        noise = self._noise.rows(first, int(numbers[-1]) - first + 1)[numbers - first]
        values: dict[str, NDArray[np.float64]] = {
            "window_under_wafer": under.astype(np.float64),
            "window_angle_deg": window_deg,
            "window_head_angle_deg": head_deg,
            "window_sweep_mm": sweep_mm,
        }
        r_mm, azimuth_rad = window_position(
            window_deg, head_deg, center_distance_mm=self._center_mm + sweep_mm, window_radius_mm=self._window_mm
        )
        films_nm = np.zeros((len(times), len(course.materials)))
        films_nm[under] = course.films_at(times[under], r_mm[under], azimuth_rad[under], self._grid)
        self._look(values, course, times, under, films_nm, noise)
        if "eddy_resistive" in self._leaves:
            self._induce(values, course, films_nm, noise)
        return self._columns(values, times, numbers)

    def _look(
        self,
        values: dict[str, Array],
        course: FilmCourse,
        times: Array,
        under: NDArray[np.bool_],
        films_nm: Array,
        noise: NDArray[np.float32],
    ) -> None:
        """Read laser and spectrum: lamp times what comes back through the window, or the reference."""
        if not len(self._wavelength_nm):
            return
        fouling = self._faults.fouling(f"{self.name}.window", times)
        passed, haze = self._truth.window(course.window_h, fouling, self._wavelength_nm)
        clear = noise[:, _DROPOUT] < _DROPOUT_QUANTILE
        depth = np.clip(0.5 + 0.3 * noise[:, _DEPTH], DROPOUT_LEFT_FRACTION, 1.0)
        left = np.where(clear, 1.0, depth)[:, None]
        back = np.ones((len(times), len(self._wavelength_nm)))
        if under.any():
            seen = self._seen(course, films_nm[under])
            back[under] = passed[under] * left[under] * seen + haze[under]
        light = back * self._truth.lamp(times, self._wavelength_nm)
        n = self._lasers
        if n:
            gain = self._truth.laser_gain(times)[:, None]
            laser = back[:, :n] * gain + LASER_NOISE * noise[:, _LASER : _LASER + n]
            for k, leaf in enumerate(("laser_reflectance", "laser2_reflectance")):
                values[leaf] = np.clip(laser[:, k], 0.0, FULL_SCALE)
        if len(self._wavelength_nm) > n:
            flash = 1.0 + 0.01 * FLASH_JITTER_PCT * noise[:, _JITTER, None]
            spectrum = light[:, n:] * flash + SPECTRUM_NOISE * noise[:, _SPECTRUM:]
            values["spectrum"] = np.clip(spectrum, 0.0, FULL_SCALE)

    def _seen(self, course: FilmCourse, films_nm: Array) -> Array:
        """Return the true reflectance of the wafer: of its films, or of all kinds of places of a pattern by area."""
        if not course.areas or course.field is None:
            return self._reflectance(course.materials, films_nm)
        total = np.zeros((len(films_nm), len(self._wavelength_nm)))
        lowered_nm = sum(d for _, d in course.field.films) - films_nm.sum(axis=1)
        for number, place in enumerate(places(course.areas, course.field, lowered_nm)):
            if place.films_nm is None:
                total += place.share * self._reflectance(course.materials, films_nm)
                continue
            lowest = self._truth.lowest_ratio(course.wafer_id, number)
            thickness = np.concatenate([place.films_nm[:, :-1], place.films_nm[:, -1:] * lowest], axis=1)
            total += place.share * self._reflectance(place.materials, thickness)
        return total

    def _reflectance(self, materials: tuple[str, ...], films_nm: Array) -> Array:
        """Return the true reflectance; a stack with a film whose optics are not known sends no light back."""
        if not all(has_optics(m) for m in materials):
            return np.zeros((len(films_nm), len(self._wavelength_nm)))
        index = self._index.get(materials)
        if index is None:
            index = np.stack([refractive_index(m, self._wavelength_nm) * self._truth.index_ratio(m) for m in materials])
            self._index[materials] = index
        return reflectance(self._wavelength_nm, index, films_nm, self._substrate, self._water)

    def _induce(
        self, values: dict[str, Array], course: FilmCourse, films_nm: Array, noise: NDArray[np.float32]
    ) -> None:
        """Read the coil: films under the window, nothing at the reference."""
        liftoff_mm = self._truth.liftoff_mm(self._coil, course.pad_lost_mm)
        signals = eddy_signals(sheet_conductance_S(course.materials, films_nm), self._coil, liftoff_mm)
        for k, (leaf, signal) in enumerate(
            zip(("eddy_resistive", "eddy_reactive"), self._truth.eddy(*signals), strict=True)
        ):
            values[leaf] = signal + EDDY_NOISE * noise[:, _EDDY + k]

    def _columns(self, values: dict[str, Array], times: Array, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        out = np.empty((len(times), sum(self.widths)), dtype=np.float32)
        first = 0
        for (leaf, tag), width in zip(self._leaves.items(), self.widths, strict=True):
            column = out[:, first] if width == 1 else out[:, first : first + width]
            column[...] = values[leaf]
            if self._faults:
                self._faults.apply(tag, times, numbers, column)
            first += width
        return out
