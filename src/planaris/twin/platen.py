"""A platen of the twin: pad, conditioner, slurry and the wafer on it, advanced in chunks of fixed edges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from operator import is_

import numpy as np
from numpy.typing import NDArray

from planaris.model import ToolDescription
from planaris.physics import (
    CONDITIONER_ARM_mm,
    DISK_TURNING_Nm_rpm,
    ModelFlag,
    PLATEN_BEARING_Nm,
    PLATEN_TURNING_Nm_rpm,
    PlatenBlock,
    PlatenDrive,
    PlatenModel,
    PlatenState,
    PolarGrid,
    break_in_factor,
    consumable_flags,
    cut_rate,
    disk_hours_per_s,
    disk_sharpness,
    exposed_fraction,
    groove_depth_mm,
    groove_volume_ml,
    head_torque_Nm,
    pad_wear_um,
    platen_geometry,
    polish_block,
    polish_flags,
    ring_wear_um,
    sweep_positions_mm,
)
from planaris.twin.actuators import ActuatorBank
from planaris.twin.chunks import FINE_EDGES, ROUNDING_S, EdgePlan, chunk_end_s, edges_between, idle_edges
from planaris.twin.course import Course, Stretch, joined, level, steady
from planaris.twin.film_course import FilmCourse, FilmSeries, turned_deg, turns_deg
from planaris.twin.film_march import FilmMarch, film_after, friction_by_place, march_films
from planaris.twin.head import TrueHead
from planaris.twin.lag_series import LagChunk, LagSeries
from planaris.twin.patterned import field_of, pattern_friction
from planaris.twin.signals import PLATEN_ACTUATORS, PLATEN_SIGNALS, head_signals
from planaris.twin.truth import AIR_TEMPERATURE_C, Truth
from planaris.twin.wafers import TrueWafer

Array = NDArray[np.float64]

PAD_RINGS = 16
_LAGS = tuple(s for s in PLATEN_SIGNALS if s.actuator is None)
LAG_INDEX = {signal.tag: i for i, signal in enumerate(_LAGS)}
LAG_RATE: Array = 1.0 / np.array([s.tau_s for s in _LAGS])
# The pyrometer looks at the pad's ring under the wafer's centre line [design].
_PYROMETER_MM = 125.0
_NM_PER_S = 1.0 / 60.0
# How much film of slurry makes a pad wet: flow seen within the last moments [design].
WET_FLOW_ML_MIN = 20.0
# Freshness of a pad that was conditioned and kept wet since its last wafer [design].
FRESH_AT_START = 0.9
# How far an idle platen is evaluated beyond a reading: the next readings need no evaluation of their own.
IDLE_AHEAD_S = 16.0
# An idle platen is committed in pieces of at most this.
LONGEST_IDLE_S = 600.0


class TruePlaten:
    """One platen with its pad and conditioner."""

    def __init__(
        self,
        number: int,
        tool: ToolDescription,
        truth: Truth,
        grid: PolarGrid,
        time_s: float,
        edges: EdgePlan = FINE_EDGES,
    ) -> None:
        self.number, self._edges = number, edges
        self.truth, self.pad, self.grid = truth, truth.pads[number - 1], grid
        self.bank = ActuatorBank(
            [a.name for a in PLATEN_ACTUATORS],
            [a.tau_s for a in PLATEN_ACTUATORS],
            [a.rest for a in PLATEN_ACTUATORS],
            time_s,
        )
        self._rows = self.bank.index
        self.time_s = time_s
        self.head: TrueHead | None = None
        self.wafer: TrueWafer | None = None
        self.wafer_rate_ratio = 1.0
        self.valve_open = False
        self.slurry_line = 1
        self.pad_serial = self.disk_serial = ""
        self.slurry_ratio: Mapping[int, float] = {}
        self._commands_s: list[float] = []
        self.flags = ModelFlag.NONE
        self._center_mm = tool.platen.center_distance_mm
        self.edges_mm: Array = np.linspace(0.0, tool.platen.radius_mm, PAD_RINGS + 1)
        self._geometry = platen_geometry(
            grid,
            self.edges_mm,
            self._center_mm,
            tool.platen.sweep_max_mm,
            ring_inner_mm=tool.head.ring_inner_mm,
            ring_outer_mm=tool.head.ring_outer_mm,
        )
        sensors = tool.endpoint_sensors
        self._window_mm = self._center_mm if sensors is None else sensors.window_radius_mm
        self._pyrometer = int(np.searchsorted(self.edges_mm, _PYROMETER_MM)) - 1
        # What the platen remembers: temperatures by ring, freshness populations by ring, solids in the grooves.
        self.state = PlatenState(
            temperature_C=np.full(PAD_RINGS, AIR_TEMPERATURE_C),
            populations=np.full((int(truth.freshness.population_count), PAD_RINGS), FRESH_AT_START),
            solids_ratio=np.asarray(0.0),
        )
        self.lags: Array = np.array([s.rest for s in _LAGS])
        of_head = head_signals(len(tool.head.zone_outer_mm)).lag_rate_per_s
        self._lag_rate_with_head: Array = np.concatenate([LAG_RATE, of_head])
        self.pad_lost_um: Array = np.zeros(PAD_RINGS)
        self.conditioned_s = truth.break_in_s
        self.disk_hours = 0.0
        self.wafers_count = 0
        self._cut_cache: dict[tuple[float, float], Array] = {}
        self.series: LagSeries | None = None
        # Where the platen has turned to while it was in use, and the courses of films that a window's sampler wants.
        self.angle_deg = 0.0
        self.courses: FilmSeries | None = None
        self._films_ahead: tuple[Course, int, FilmCourse | None] | None = None
        # The chunk under way, and what a command left of the one before.
        self._course: Course | None = None
        self._past: Course | None = None
        self._no_pressure: Array = np.zeros((grid.n_r, 2))
        self._known_model: tuple[tuple[object, ...], PlatenModel] | None = None
        # Until the first command after a turn nothing presses on the pad: it relaxes, and coarse edges serve.
        self._idle = True

    # -- time -------------------------------------------------------------------------------------------------
    def advance(self, time_s: float) -> None:
        """Commit whole chunks up to a time. What is left is evaluated when asked for."""
        if self._idle:
            return
        while (end_s := chunk_end_s(self.time_s, self._edges)) <= time_s + ROUNDING_S:
            self._commit(self._course_to(end_s))

    def command_at(self, time_s: float) -> None:
        """Note that an actuator of this station gets a new target: an edge of its own in its chunk."""
        if self._idle:
            self.cut_at(time_s)
            self._idle = False
        self.advance(time_s)
        self._commands_s.append(time_s)
        if self._course is not None:
            self._course.keep_before(time_s)
            self._past, self._course = self._course, None

    @property
    def idle(self) -> bool:
        """Whether nothing moves here: no command since the last turn."""
        return self._idle

    def cut_at(self, time_s: float) -> None:
        """Commit up to a time exactly, because the station itself changes: another head, another wafer."""
        self.advance(time_s)
        while time_s > self.time_s + LONGEST_IDLE_S:
            self._commit(self._course_to(self.time_s + LONGEST_IDLE_S))
        if time_s > self.time_s + ROUNDING_S:
            self._commit(self._course_to(time_s))
        self._forget()

    def present(self, time_s: float) -> TruePlaten:
        """Return a copy, with its head and wafer, that has come to a time; this platen stays as it is."""
        twin = copy(self)
        twin.head, twin.wafer = copy(self.head), copy(self.wafer)
        twin.series = twin.courses = None
        twin._forget()
        if twin.head is not None:
            twin.head.series = None
        twin.cut_at(time_s)
        return twin

    def seat(self, time_s: float, head: TrueHead | None, wafer: TrueWafer | None, wafer_rate_ratio: float) -> None:
        """Take the head and wafer that a move of the heads brings, or nothing when it takes the head away."""
        self.cut_at(time_s)
        self.head, self.wafer, self.wafer_rate_ratio = head, wafer, wafer_rate_ratio
        self._idle = self.bank.targets()["disk_down"] == 0.0  # conditioning goes on under a head that comes or goes

    def sensors(self, time_s: float) -> tuple[LagChunk, LagChunk | None]:
        """Return lags of the chunk under way as far as a time, if no command comes, of the platen and of its head."""
        return self._lag_chunks(self._ahead(time_s))

    def _ahead(self, time_s: float) -> Course:
        course = self._course
        if course is None or time_s > course.knots_s[-1] + ROUNDING_S:
            end_s = max(time_s, self.time_s) + IDLE_AHEAD_S if self._idle else chunk_end_s(self.time_s, self._edges)
            course = self._course_to(end_s)
        # To its end at once: a call costs as much as some fifty intervals, and few chunks meet a further command.
        self._work_out(course)
        return course

    def watch_films(self, wanted: bool) -> None:
        """Keep courses of films from now on, or no more."""
        if wanted and self.courses is None:
            self.courses = FilmSeries()
            self._forget()  # it was worked out without
        elif not wanted:
            self.courses = None

    def course_ahead(self, time_s: float) -> FilmCourse | None:
        """Return the course of the chunk under way as far as a time, if no command comes; committing nothing."""
        course = self._ahead(time_s)
        return self._films_of(course) if course.done else None

    def films_now(self, time_s: float, *, exact: bool) -> Array | None:
        """Return the wafer's films (n_film, n_r, n_theta) at a time, or where not ``exact`` as far as others had them
        worked out; None where nothing came off since the last chunk."""
        self.advance(time_s)
        course, head, wafer = self._ahead(time_s) if exact else self._course or self._past, self.head, self.wafer
        past = None if course is None else course.rates_until(time_s)
        if head is None or wafer is None or past is None or not past[1][0].any():
            return None
        dt_min, rates = past[0] * (self._rate_ratio(head) * _NM_PER_S), past[1]
        if wafer.under_nm is None:
            return film_after(wafer.thickness_nm, rates[0], dt_min, head.pattern)[None]
        return march_films(wafer.films_nm, rates, dt_min, head.pattern).films_nm

    def _films_of(self, course: Course) -> FilmCourse | None:
        known = self._films_ahead
        if known is None or known[0] is not course or known[1] != course.done:
            known = self._films_ahead = course, course.done, self._film_course(course)
        return known[2]

    # -- parts ------------------------------------------------------------------------------------------------
    def change_pad(self, serial: str) -> None:
        """Put on a new pad: full grooves, fresh contacts, its own rate, and its break-in still to come."""
        self.pad_lost_um = np.zeros(PAD_RINGS)
        self.conditioned_s = 0.0
        fresh = np.full_like(self.state.populations, FRESH_AT_START)
        self.state = replace(self.state, populations=fresh)
        self.be_pad(serial)

    def be_pad(self, serial: str) -> None:
        """Be the pad of a serial number, as worn as it is."""
        ratio, gain_pct, break_in_s = self.truth.pad_of(serial)
        self.pad = replace(self.pad, rate_ratio=ratio, break_in_gain_pct=gain_pct, break_in_s=break_in_s)
        self.pad_serial = serial
        self._forget()

    def change_disk(self, serial: str) -> None:
        """Put in a new disk: sharp, with its own cut."""
        self.disk_hours = 0.0
        self.be_disk(serial)

    def be_disk(self, serial: str) -> None:
        """Be the disk of a serial number, as dull as it is."""
        self.pad = replace(self.pad, cut_ratio=self.truth.disk_of(serial))
        self.disk_serial = serial
        self._forget()

    # -- one chunk --------------------------------------------------------------------------------------------
    def _course_to(self, end_s: float) -> Course:
        """Return the chunk to a time with what is worked out of it already. Changes nothing."""
        known = self._course
        if known is not None and known.knots_s[-1] == end_s:
            return known
        if self._idle:
            knots, middles = idle_edges(self.time_s, end_s)
        else:
            knots, middles = edges_between(self.time_s, end_s, self._commands_s, self._edges)
        head, wafer = self.head, self.wafer
        model = self._model(self._no_pressure if head is None else head.pressure_matrix())
        lags = self.lags if head is None else np.concatenate([self.lags, head.lags])
        # Films below the top one are marched through a chunk as a whole; an idle chunk has few intervals.
        whole = self._idle or (wafer is not None and wafer.under_nm is not None)
        self._course = course = Course(knots, middles, model, lags, whole=whole)
        if (past := known or self._past) is not None:
            course.take_over(past)
        return course

    def _forget(self) -> None:
        self._course = self._past = self._films_ahead = None

    def _work_out(self, course: Course, count: int | None = None) -> None:
        """Work a chunk's intervals out, all of them or until there are so many."""
        count = len(course.middles_s) if count is None else count
        if count <= course.done:
            return
        state = course.stretches[-1].block.state if course.stretches else self.state
        head = self.head
        stretch = self._stretch(course, count, state)
        block, targets, rate_per_s = stretch.block, self._lag_targets(stretch, state), LAG_RATE
        if head is not None:
            spin_Nm = head_torque_Nm(
                block.wafer_drag_N + block.ring_drag_N,
                stretch.out[self._rows["speed"]],
                stretch.pressing[head.speed_row],
                self.grid.radius_mm / math.sqrt(2.0),
                self._center_mm,
            )
            force_N = block.wafer_force_N + block.ring_force_N
            of_head = head.lag_targets(stretch.starts_s, stretch.middles_s, stretch.pressing, spin_Nm, force_N)
            targets, rate_per_s = np.concatenate([targets, of_head], axis=1), self._lag_rate_with_head
        course.add(stretch, targets, rate_per_s)

    def _lag_chunks(self, course: Course) -> tuple[LagChunk, LagChunk | None]:
        done, own = course.done, len(LAG_RATE)
        knots, states, targets = course.knots_s[: done + 1], course.states[: done + 1], course.targets[:done]
        platen = LagChunk(knots, states[:, :own], targets[:, :own])
        return platen, None if self.head is None else LagChunk(knots, states[:, own:], targets[:, own:])

    def _commit(self, course: Course) -> None:
        self._work_out(course)
        chunk, head = joined(course.stretches), self.head
        of_platen, of_head = self._lag_chunks(course)
        films = self._films_of(course)
        block = chunk.block
        if self.wafer is not None and head is not None and block.wafer_force_N.any():
            self._remove(chunk, self.wafer, head)
            self._raise_flags(chunk, head)
        self._wear(chunk)
        self.state = block.state
        self.lags = of_platen.states[-1].copy()
        if self.series is not None:
            self.series.append(of_platen)
        if head is not None and of_head is not None:
            head.commit(of_head)
        if not self._idle:
            self.angle_deg += turns_deg(chunk.out[self._rows["speed"]], chunk.dt_s[:, 0])
            if head is not None:
                head.angle_deg += turns_deg(chunk.pressing[head.speed_row], chunk.dt_s[:, 0])
        if films is not None and self.courses is not None:
            self.courses.append(films)
        self.time_s = end_s = float(course.knots_s[-1])
        self._commands_s = [t for t in self._commands_s if t > end_s]
        self._forget()

    def _film_course(self, course: Course) -> FilmCourse | None:
        """Return how films and window go through what is worked out, where somebody looks and a wafer is pressed on."""
        head, wafer = self.head, self.wafer
        if self.courses is None or head is None or wafer is None:
            return None
        chunk = joined(course.stretches)
        if not chunk.pressing[head.contact_row].any():
            return None
        amplitude_mm, dt_s = chunk.pressing[head.sweep_row], chunk.dt_s
        phase_rad, rate_rad_s = head.sweep_course(chunk.middles_s, chunk.starts_s)
        rates = chunk.block.rate_nm_min
        lost_nm = np.zeros((len(dt_s) + 1, rates.shape[1]))
        np.cumsum(rates * (dt_s * (self._rate_ratio(head) * _NM_PER_S)), axis=0, out=lost_nm[1:])
        window = int(np.searchsorted(self.edges_mm, self._window_mm)) - 1
        return FilmCourse(
            knots_s=course.knots_s[: len(dt_s) + 1],
            middles_s=chunk.middles_s,
            window_deg=turned_deg(self.angle_deg, chunk.out[self._rows["speed"]], dt_s[:, 0]),
            head_deg=turned_deg(head.angle_deg, chunk.pressing[head.speed_row], dt_s[:, 0]),
            touching=chunk.pressing[head.contact_row] > 0.5,
            sweep_mm=amplitude_mm * np.sin(phase_rad),
            sweep_mm_s=amplitude_mm * rate_rad_s * np.cos(phase_rad),
            wafer_id=wafer.wafer_id,
            materials=wafer.materials or (self.truth.film,),
            films_nm=wafer.films_nm,
            areas=wafer.areas,
            field=field_of(wafer.materials, wafer.start_nm, self.truth.laws_on(self.slurry_line)),
            lost_nm=lost_nm,
            pattern=head.pattern,
            steps_nm=() if chunk.films is None else chunk.films.steps_nm,
            window_h=self.conditioned_s / 3600.0,
            pad_lost_mm=1e-3 * float(self.pad_lost_um[window]),
        )

    def _stretch(self, course: Course, count: int, state: PlatenState) -> Stretch:
        """Return the intervals of a chunk from those that are worked out up to ``count``."""
        rows_of = slice(course.done, count)
        starts, middles, dt_s = course.starts_s[rows_of], course.middles_s[rows_of], course.dt_s[rows_of]
        out, head, model = self.bank.at(middles, starts), self.head, course.model
        n, rows = len(middles), self._rows
        if head is None:
            pressing, zones, ring_kPa, head_rpm = np.empty((0, n)), np.zeros((n, 1)), np.zeros(n), np.zeros(n)
        else:
            pressing = head.bank.at(middles, starts)
            touching = pressing[head.contact_row]
            zones = (pressing[head.zone_rows] * (touching * head.zone_gain_ratio())).T
            ring_kPa, head_rpm = pressing[head.ring_row] * touching, pressing[head.speed_row]
        cut_um_h = self._cut(starts, out)
        platen_rpm, slurry, di = out[rows["speed"]], out[rows["slurry"]], out[rows["di"]]
        center_mm, sweep_mm_s = np.full(n, self._center_mm), np.zeros(n)
        if head is not None and pressing[head.contact_row].any():
            phase, rate_rad_s = head.sweep_course(middles, starts)
            center_mm = center_mm + pressing[head.sweep_row] * np.sin(phase)
            sweep_mm_s = pressing[head.sweep_row] * rate_rad_s * np.cos(phase)
        stacked = self.wafer is not None and self.wafer.under_nm is not None and bool(zones.any())
        still = not stacked and not sweep_mm_s.any()
        if still and all(steady(a) for a in (platen_rpm, slurry, di, head_rpm, ring_kPa, zones, cut_um_h)):
            # Nothing that drives the pad changes: one row serves all intervals.
            zones, ring_kPa, head_rpm, center_mm = zones[:1], ring_kPa[:1], head_rpm[:1], center_mm[:1]
            platen_rpm, slurry, di = platen_rpm[:1], slurry[:1], di[:1]
            cut_um_h, sweep_mm_s = cut_um_h[:1], sweep_mm_s[:1]
        drive = PlatenDrive(
            zone_pressures_kPa=zones,
            ring_pressure_kPa=ring_kPa,
            platen_speed_rpm=platen_rpm,
            head_speed_rpm=head_rpm,
            center_distance_mm=center_mm,
            sweep_speed_mm_s=sweep_mm_s,
            slurry_flow_ml_min=slurry,
            water_flow_ml_min=di,
            slurry_temperature_C=self.truth.slurry_temperature_C,
            # The coolant follows in minutes: what it is at the start serves the few seconds of a chunk.
            platen_temperature_C=(
                course.stretches[0].drive.platen_temperature_C if course.stretches else float(out[rows["coolant"]][0])
            ),
            air_temperature_C=AIR_TEMPERATURE_C,
            cut_um_h=cut_um_h,
        )
        if stacked:
            block, model, films = self._through_films(state, drive, model, dt_s)
            return Stretch(starts, middles, dt_s, out, pressing, drive, model, block, films)
        return Stretch(starts, middles, dt_s, out, pressing, drive, model, polish_block(state, drive, model, dt_s))

    def _model(self, matrix: Array) -> PlatenModel:
        """Return the constants that hold now: those of the wafer's films under the slurry of the line last opened."""
        inputs = self.pad_lost_um, self.wafer, self.slurry_line, matrix
        if self._known_model is not None and all(map(is_, inputs, self._known_model[0])):
            return self._known_model[1]
        depth_mm = groove_depth_mm(self.pad_lost_um, self.truth.pad)
        materials = self.wafer.materials if self.wafer is not None else ()
        top, *under = (self.truth.film_on(self.slurry_line, m) for m in materials or (self.truth.film,))
        model = PlatenModel(
            geometry=self._geometry,
            pressure_matrix=matrix,
            law=top.law,
            friction_coefficient=top.friction_coefficient,
            ring_friction_coefficient=self.truth.ring_friction_coefficient,
            groove_volume_ml=max(1.0, float(groove_volume_ml(depth_mm, self._geometry.pad_area_m2, self.truth.pad))),
            heat=self.truth.heat,
            freshness=self.truth.freshness,
            slurry=top.slurry,
            disk=self.truth.disk,
            under_laws=tuple(film.law for film in under),
        )
        self._known_model = inputs, model
        return model

    def _through_films(
        self, state: PlatenState, drive: PlatenDrive, model: PlatenModel, dt_s: Array
    ) -> tuple[PlatenBlock, PlatenModel, FilmMarch]:
        """Polish a wafer with films below the top one: friction follows the film that each place shows.

        A first pass, with the friction of what is exposed at the start, tells which film shows when; where that changes
        within the chunk a second pass has the friction of each interval."""
        wafer, head = self.wafer, self.head
        assert wafer is not None
        assert head is not None
        rubs = {m: self.truth.film_on(self.slurry_line, m).friction_coefficient for m in self.truth.films}
        field = field_of(wafer.materials, wafer.start_nm, self.truth.laws_on(self.slurry_line))
        own = np.array([rubs[m] for m in wafer.materials])
        coefficients = pattern_friction(wafer.areas, field, rubs) if field else own
        films_nm, pattern = wafer.films_nm, head.pattern
        dt_min = dt_s[:, 0] * (self._rate_ratio(head) * _NM_PER_S)
        now = replace(model, friction_coefficient=friction_by_place(exposed_fraction(films_nm)[None], coefficients))
        block = polish_block(state, drive, now, dt_s)
        keep = self.courses is not None
        films = march_films(films_nm, (block.rate_nm_min, *block.under_rates_nm_min), dt_min, pattern, keep_steps=keep)
        if not films.same_throughout:
            now = replace(model, friction_coefficient=friction_by_place(films.exposed, coefficients))
            block = polish_block(state, drive, now, dt_s)
            rates = (block.rate_nm_min, *block.under_rates_nm_min)
            films = march_films(films_nm, rates, dt_min, pattern, keep_steps=keep)
        return block, now, films

    def _cut(self, starts_s: Array, out: Array) -> Array:
        """Pad cut rate by interval and ring, µm/h: zero unless the disk is down and turning."""
        on_pad = out[self._rows["force"]] * out[self._rows["disk_down"]]
        if not np.count_nonzero(on_pad):
            return np.zeros((out.shape[1], PAD_RINGS))
        sharp = float(disk_sharpness(self.disk_hours, self.truth.disk.disk_decay_h)) * self.pad.cut_ratio
        speeds = self.bank.targets_at(starts_s)[[self._rows["speed"], self._rows["disk"]]]
        if steady(speeds.T):
            shapes = self._cut_shape(*speeds[:, 0].tolist())
        else:
            shapes = np.stack([self._cut_shape(*pair) for pair in speeds.T.tolist()])
        return on_pad[:, None] * (shapes * sharp)

    def _cut_shape(self, platen_speed_rpm: float, disk_speed_rpm: float) -> Array:
        """Return the cut by pad ring at 1 N, µm/h, of a new disk."""
        key = (platen_speed_rpm, disk_speed_rpm)
        shape = self._cut_cache.get(key)
        if shape is None:
            radius_mm = self.truth.disk.disk_radius_mm
            centers = sweep_positions_mm(0.8 * radius_mm, float(self.edges_mm[-1]) - radius_mm)
            shape = cut_rate(
                self.edges_mm,
                centers,
                np.full(len(centers), 1.0 / len(centers)),
                platen_speed_rpm=key[0],
                disk_speed_rpm=key[1],
                force_N=1.0,
                disk=self.truth.disk,
            )
            self._cut_cache[key] = shape
        return shape

    # -- what the chunk does ----------------------------------------------------------------------------------
    def _rate_ratio(self, head: TrueHead) -> float:
        """Return what this head, this pad and this wafer make of the physics' rate."""
        gain_pct = self.truth.break_in_gain_pct if self.pad.break_in_gain_pct is None else self.pad.break_in_gain_pct
        break_in_s = self.pad.break_in_s or self.truth.break_in_s
        new_pad = float(break_in_factor(self.conditioned_s, gain_pct, break_in_s))
        parts = head.truth.rate_ratio * self.pad.rate_ratio * self.wafer_rate_ratio * new_pad
        return parts * self.slurry_ratio.get(self.slurry_line, 1.0)

    def _remove(self, chunk: Stretch, wafer: TrueWafer, head: TrueHead) -> None:
        """Take film off: the physics' rate by radius, times what this head, pad and wafer are, tilted by the gimbal."""
        if chunk.films is not None:
            wafer.thickness_nm, wafer.under_nm = chunk.films.films_nm[0], chunk.films.films_nm[1:]
            return
        dt_min = chunk.dt_s[:, 0] * (self._rate_ratio(head) * _NM_PER_S)
        wafer.thickness_nm = film_after(wafer.thickness_nm, chunk.block.rate_nm_min, dt_min, head.pattern)

    def _raise_flags(self, chunk: Stretch, head: TrueHead) -> None:
        """Collect model flags while polishing steadily: ramps pass through every range and say nothing."""
        force = chunk.block.wafer_force_N
        flow = chunk.drive.slurry_flow_ml_min
        if force[0] <= 0 or flow[0] <= 0 or not (level(force) and level(flow)):
            return
        self.flags |= polish_flags(chunk.block, chunk.drive, chunk.model)
        self.flags |= consumable_flags(
            groove_depth_mm=groove_depth_mm(self.pad_lost_um, self.truth.pad),
            groove_min_mm=self.truth.pad.groove_min_mm,
            sharpness=disk_sharpness(self.disk_hours, self.truth.disk.disk_decay_h),
            theta=chunk.block.theta.mean(),
            ring_lost_mm=1e-3 * head.ring_lost_um,
            ring_limit_mm=self.truth.ring.wear_limit_mm,
        )

    def _wear(self, chunk: Stretch) -> None:
        truth, dt_s, head = self.truth, chunk.dt_s, self.head
        lost = pad_wear_um(chunk.drive.cut_um_h, chunk.block.pv_ring_kPa_m_s, dt_s, truth.pad)
        self.pad_lost_um = self.pad_lost_um + lost.sum(axis=0)
        down = chunk.out[self._rows["disk_down"]]
        if down.any():
            force = chunk.out[self._rows["force"]] * down
            self.disk_hours += float(np.sum(disk_hours_per_s(force) * dt_s[:, 0]))
            self.conditioned_s += float(np.sum(down * dt_s[:, 0]))
        if head is not None and chunk.block.ring_force_N.any():
            speed = chunk.block.velocity_m_s.mean(axis=1)
            touching = chunk.pressing[head.contact_row]
            lost_um = ring_wear_um(chunk.pressing[head.ring_row] * touching, speed, dt_s[:, 0], truth.ring)
            head.wear_ring(float(np.sum(lost_um)))
            head.use(float(np.sum(touching * dt_s[:, 0])))

    def _lag_targets(self, chunk: Stretch, state: PlatenState) -> Array:
        out, rows, block = chunk.out, self._rows, chunk.block
        speed, slurry, di = out[rows["speed"]], out[rows["slurry"]], out[rows["di"]]
        force, disk = out[rows["force"]] * out[rows["disk_down"]], out[rows["disk"]]
        rub = self.truth.disk_friction_after(self.disk_hours)
        disk_Nm = rub * force * self.truth.disk.disk_radius_mm * (2.0e-3 / 3.0)
        sweeping, arm_mm = out[rows["disk_sweep"]] > 0.5, 200.0
        if np.count_nonzero(sweeping):
            sweep_rad = 2.0 * np.pi / 60.0 * self.bank.targets_at(chunk.starts_s)[rows["disk_sweep"]] * chunk.middles_s
            arm_mm = np.where(sweeping, 125.0 + 75.0 * np.cos(sweep_rad), 200.0)
        disk_drag_Nm = rub * force * (1e-3 * CONDITIONER_ARM_mm)
        drag_Nm = (block.wafer_drag_N + block.ring_drag_N) * chunk.drive.center_distance_mm * 1e-3
        idle_Nm = (PLATEN_BEARING_Nm + PLATEN_TURNING_Nm_rpm * speed) * self.truth.drag_ratio
        torque = idle_Nm + drag_Nm + disk_drag_Nm
        # As each interval begins: what is seen does not depend on where the interval will end.
        pad_C = np.concatenate([state.temperature_C[None, self._pyrometer], block.temperature_C[:-1, self._pyrometer]])
        warmer_C, coolant_C = np.maximum(0.0, pad_C - 22.0), out[rows["coolant"]]
        heat_W = self.truth.heat.pad_conductance_W_K * (pad_C - coolant_C)
        shown = {
            "torque_Nm": torque,
            "motor_current_A": 1.0 + torque / 9.0 + 0.01 * speed,
            "motor_temperature_C": 26.0 + 0.06 * speed + 0.12 * torque,
            "pad_temperature_C": pad_C,
            "coolant_return_temperature_C": coolant_C + heat_W / 280.0 + 0.004 * speed,
            "coolant_flow_l_min": 4.0 + 0.06 * warmer_C + 0.002 * speed,
            "slurry_pressure_kPa": 138.0 - 0.06 * slurry,
            "slurry_temperature_C": np.where(slurry > WET_FLOW_ML_MIN, self.truth.slurry_temperature_C, 23.5),
            "slurry_filter_drop_kPa": 0.09 * slurry,
            "di_pressure_kPa": 345.0 - 0.02 * di - 0.004 * slurry,
            "vibration_mm_g": 1.0 + 0.12 * speed + 0.01 * (block.wafer_force_N + block.ring_force_N),
            "conditioner_torque_Nm": disk_Nm + DISK_TURNING_Nm_rpm * disk,
            "conditioner_current_A": 0.2 + disk_Nm / 1.5 + 0.002 * disk,
            "conditioner_arm_mm": arm_mm,
            "rinse_pressure_kPa": 207.0 - 0.015 * di - 0.03 * slurry,
            "drain_flow_ml_min": slurry + di,
            "exhaust_velocity_m_s": 0.42 - 0.0003 * speed,
            "enclosure_temperature_C": AIR_TEMPERATURE_C + 0.06 * warmer_C + 0.004 * speed,
        }
        target = np.empty((len(_LAGS), len(chunk.middles_s)))
        for tag, value in shown.items():
            target[LAG_INDEX[tag]] = value
        return target.T
