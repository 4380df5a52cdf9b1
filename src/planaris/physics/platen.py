"""One platen through a block of edges: pressure and speed in, film rate and pad state out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from planaris.physics._namespace import Array, ArrayLike, array_namespace, column
from planaris.physics._scan import march, mix
from planaris.physics.conditioner import DiskConstants, renewal_per_s
from planaris.physics.heat import HeatConstants, temperature_rates
from planaris.physics.kinematics import mean_sliding_speed
from planaris.physics.overlap import ring_areas_m2, ring_dwell
from planaris.physics.pad import FreshnessConstants, freshness, freshness_rates, rate_factor
from planaris.physics.pressure import wafer_pressure
from planaris.physics.removal import RemovalLaw, removal_rate_nm_min
from planaris.physics.slurry import SlurryConstants, groove_rate_per_s, relative_supply
from planaris.physics.wafer_map import PolarGrid

_SWEEP_POINTS = 16
_RING_POINTS = 4


@dataclass(frozen=True, slots=True)
class PlatenGeometry:
    """Where wafer and retaining ring rub on the pad; made by ``platen_geometry``.

    radii_mm, area_m2 (n_r,) wafer rings; pad_edges_mm (n_ring+1,), pad_area_m2 (n_ring,); dwell (n_r, n_ring) share of
    a turn of each wafer ring over each pad ring; retaining_dwell (n_ring,), retaining_area_m2 and its mean radius.
    """

    radii_mm: Array
    area_m2: Array
    pad_edges_mm: Array
    pad_area_m2: Array
    dwell: Array
    retaining_dwell: Array
    retaining_area_m2: float
    retaining_radius_mm: float


def platen_geometry(
    grid: PolarGrid,
    pad_edges_mm: Array,
    center_distance_mm: float,
    sweep_amplitude_mm: float,
    *,
    ring_inner_mm: float,
    ring_outer_mm: float,
) -> PlatenGeometry:
    """Return the geometry of one head on one platen, the sweep averaged over its sinusoid."""
    phase = (np.arange(_SWEEP_POINTS) + 0.5) * (math.pi / _SWEEP_POINTS)
    distances = center_distance_mm + sweep_amplitude_mm * np.cos(phase)
    rims = np.linspace(ring_inner_mm, ring_outer_mm, _RING_POINTS + 1)
    rim_area = ring_areas_m2(rims)
    rim_dwell = ring_dwell(0.5 * (rims[1:] + rims[:-1]), pad_edges_mm, distances)
    return PlatenGeometry(
        radii_mm=grid.r_mm,
        area_m2=grid.ring_area_m2,
        pad_edges_mm=pad_edges_mm,
        pad_area_m2=ring_areas_m2(pad_edges_mm),
        dwell=ring_dwell(grid.r_mm, pad_edges_mm, distances),
        retaining_dwell=mix(rim_area / rim_area.sum(), rim_dwell),
        retaining_area_m2=float(rim_area.sum()),
        retaining_radius_mm=0.5 * (ring_inner_mm + ring_outer_mm),
    )


@dataclass(frozen=True, slots=True)
class PlatenModel:
    """Geometry, head and process constants of one platen for as long as they hold."""

    geometry: PlatenGeometry
    pressure_matrix: Array
    law: RemovalLaw
    friction_coefficient: float = 0.18
    ring_friction_coefficient: float = 0.15
    groove_volume_ml: float = 26.0
    heat: HeatConstants = field(default_factory=HeatConstants)
    freshness: FreshnessConstants = field(default_factory=FreshnessConstants)
    slurry: SlurryConstants = field(default_factory=SlurryConstants)
    disk: DiskConstants = field(default_factory=DiskConstants)


@dataclass(frozen=True, slots=True)
class PlatenState:
    """What a platen remembers: pad rings' temperature (n_ring,), populations (n_pop, n_ring), solids in the grooves."""

    temperature_C: Array
    populations: Array
    solids_ratio: Array


@dataclass(frozen=True, slots=True)
class PlatenDrive:
    """What drives a platen in each of n_t intervals: numbers or (n_t,), zones (n_t, n_zone), cut (n_t, n_ring).

    ``cut_um_h`` is the conditioner's cut at each pad ring now (sharpness and force included), 0 where it is up.
    """

    zone_pressures_kPa: Array
    ring_pressure_kPa: Array
    platen_speed_rpm: Array
    head_speed_rpm: Array
    center_distance_mm: Array
    sweep_speed_mm_s: ArrayLike
    slurry_flow_ml_min: Array
    water_flow_ml_min: Array
    slurry_temperature_C: ArrayLike
    platen_temperature_C: ArrayLike
    air_temperature_C: ArrayLike
    cut_um_h: Array


@dataclass(frozen=True, slots=True)
class PlatenBlock:
    """What came of n_t intervals: rates on the wafer (n_t, n_r), pad states after each (n_t, ...), forces (n_t,)."""

    rate_nm_min: Array
    pressure_kPa: Array
    velocity_m_s: Array
    temperature_C: Array
    theta: Array
    solids_ratio: Array
    pv_ring_kPa_m_s: Array
    wafer_force_N: Array
    ring_force_N: Array
    wafer_drag_N: Array
    ring_drag_N: Array
    friction_W: Array
    state: PlatenState


def polish_block(state: PlatenState, drive: PlatenDrive, model: PlatenModel, dt_s: float) -> PlatenBlock:
    """Advance one platen through n_t intervals of ``dt_s`` in which the drive is constant.

    Each state takes the exact solution of its linear equation; the rate uses the state in mid-interval. One block of
    n_t gives the same bits as n_t blocks of one.
    """
    geometry = model.geometry
    xp = array_namespace(drive.zone_pressures_kPa, drive.ring_pressure_kPa, state.temperature_C)
    pressure = wafer_pressure(model.pressure_matrix, drive.zone_pressures_kPa, drive.ring_pressure_kPa)
    speed = mean_sliding_speed(
        geometry.radii_mm,
        drive.platen_speed_rpm,
        drive.head_speed_rpm,
        drive.center_distance_mm,
        drive.sweep_speed_mm_s,
    )
    ring_speed = mean_sliding_speed(
        xp.asarray([geometry.retaining_radius_mm]),
        drive.platen_speed_rpm,
        drive.head_speed_rpm,
        drive.center_distance_mm,
        drive.sweep_speed_mm_s,
    )[:, 0]
    pv = pressure * speed
    ring_force = 1e3 * geometry.retaining_area_m2 * drive.ring_pressure_kPa
    wafer_W_per_mu = mix(pv * (1e3 * geometry.area_m2), geometry.dwell)
    ring_W_per_mu = (ring_force * ring_speed)[:, None] * geometry.retaining_dwell
    heat_W = model.friction_coefficient * wafer_W_per_mu + model.ring_friction_coefficient * ring_W_per_mu
    pv_ring = 1e-3 * (wafer_W_per_mu + ring_W_per_mu) / geometry.pad_area_m2

    flow = drive.slurry_flow_ml_min + drive.water_flow_ml_min
    warm_target, warm_rate = temperature_rates(
        heat_W,
        flow,
        drive.slurry_temperature_C,
        drive.platen_temperature_C,
        drive.air_temperature_C,
        ring_area_m2=geometry.pad_area_m2,
        constants=model.heat,
    )
    fresh_target, fresh_rate = freshness_rates(pv_ring, renewal_per_s(drive.cut_um_h, model.disk), model.freshness)
    inlet = drive.slurry_flow_ml_min / xp.where(flow > 0.0, flow, 1.0)
    mixing = groove_rate_per_s(flow, model.groove_volume_ml)

    n_t, n_pop, n_ring = fresh_rate.shape
    flat = (n_t, n_pop * n_ring)
    before = xp.concat(
        [state.temperature_C, xp.reshape(state.populations, (-1,)), xp.reshape(state.solids_ratio, (1,))]
    )
    after = march(
        before,
        xp.concat([warm_target, xp.reshape(fresh_target, flat), inlet[:, None]], axis=1),
        xp.concat([warm_rate, xp.reshape(fresh_rate, flat), mixing[:, None]], axis=1),
        dt_s,
    )
    middle = 0.5 * (after + xp.concat([before[None, :], after[:-1]]))
    shape = (n_t, n_pop, n_ring)
    theta_mid = freshness(xp.reshape(middle[:, n_ring:-1], shape))
    both = mix(xp.stack([middle[:, :n_ring], rate_factor(theta_mid, model.freshness.beta_fraction)]), geometry.dwell.T)
    rate = removal_rate_nm_min(pressure, speed, both[0], model.law, solids_ratio=middle[:, -1:])
    rate = rate * both[1] * column(relative_supply(drive.slurry_flow_ml_min, model.slurry))

    populations = xp.reshape(after[:, n_ring:-1], shape)
    wafer_force = mix(pressure, (1e3 * geometry.area_m2)[:, None])[:, 0]
    return PlatenBlock(
        rate_nm_min=rate,
        pressure_kPa=pressure,
        velocity_m_s=speed,
        temperature_C=after[:, :n_ring],
        theta=freshness(populations),
        solids_ratio=after[:, -1],
        pv_ring_kPa_m_s=pv_ring,
        wafer_force_N=wafer_force,
        ring_force_N=ring_force,
        wafer_drag_N=model.friction_coefficient * wafer_force,
        ring_drag_N=model.ring_friction_coefficient * ring_force,
        friction_W=xp.sum(heat_W, axis=-1),
        state=PlatenState(after[-1, :n_ring], populations[-1], after[-1, -1]),
    )
