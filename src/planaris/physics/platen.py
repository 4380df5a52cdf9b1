"""One platen through a block of edges: pressure and speed in, film rate and pad state out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from planaris.physics._namespace import Array, ArrayLike, array_namespace, column
from planaris.physics._scan import march, mix
from planaris.physics.conditioner import DiskConstants, renewal_per_s
from planaris.physics.flags import GLAZED_LIMIT, ModelFlag, outside, pressure_flags, slurry_flags, temperature_flags
from planaris.physics.heat import HeatConstants, temperature_rates
from planaris.physics.kinematics import mean_sliding_speed
from planaris.physics.pad import FreshnessConstants, freshness, freshness_rates, rate_factor
from planaris.physics.platen_geometry import PlatenGeometry
from planaris.physics.pressure import wafer_pressure
from planaris.physics.removal import RemovalLaw, removal_rate_nm_min
from planaris.physics.slurry import SlurryConstants, groove_rate_per_s, relative_supply, supply_factor


@dataclass(frozen=True, slots=True)
class PlatenModel:
    """Geometry, head and process constants of one platen for as long as they hold.

    ``groove_volume_ml`` comes from the pad's groove depth (``groove_volume_ml`` of the wear models). ``law`` is of the
    film on top, ``under_laws`` of those below it. ``friction_coefficient`` is a number, or (n_t, n_r) where the exposed
    film changes it by place and time.
    """

    geometry: PlatenGeometry
    pressure_matrix: Array
    law: RemovalLaw
    friction_coefficient: ArrayLike
    ring_friction_coefficient: float
    groove_volume_ml: float
    heat: HeatConstants = field(default_factory=HeatConstants)
    freshness: FreshnessConstants = field(default_factory=FreshnessConstants)
    slurry: SlurryConstants = field(default_factory=SlurryConstants)
    disk: DiskConstants = field(default_factory=DiskConstants)
    under_laws: tuple[RemovalLaw, ...] = ()


@dataclass(frozen=True, slots=True)
class PlatenState:
    """What a platen remembers: pad rings' temperature (n_ring,), contact populations (n_pop, n_ring), groove solids.

    ``solids_ratio`` is the abrasive content in the grooves relative to fresh slurry, a number or array of shape ().
    """

    temperature_C: Array
    populations: Array
    solids_ratio: ArrayLike


@dataclass(frozen=True, slots=True)
class PlatenDrive:
    """What drives a platen in each of n_t intervals: (n_t,), zones (n_t, n_zone), cut (n_t, n_ring).

    ``cut_um_h`` is the conditioner's cut at each pad ring now (sharpness and force included), 0 where it is up. Speeds
    and temperatures may be numbers where they stand still.
    """

    zone_pressures_kPa: Array
    ring_pressure_kPa: Array
    platen_speed_rpm: Array
    head_speed_rpm: ArrayLike
    center_distance_mm: ArrayLike
    sweep_speed_mm_s: ArrayLike
    slurry_flow_ml_min: Array
    water_flow_ml_min: Array
    slurry_temperature_C: ArrayLike
    platen_temperature_C: ArrayLike
    air_temperature_C: ArrayLike
    cut_um_h: Array


@dataclass(frozen=True, slots=True)
class PlatenBlock:
    """What came of n_t intervals.

    Over the wafer (n_t, n_r): rate, pressure, speed, pad temperature under it. Over the pad after each interval
    (n_t, n_ring): temperature, freshness theta, P·V averaged over the turn, and populations (n_t, n_pop, n_ring). Per
    interval (n_t,): groove solids, forces, drags and friction power, whose parts by ring are ``heat_W`` (n_t, n_ring).
    ``state`` is where the next block goes on. ``under_rates_nm_min``: the rate that each film below the top one would
    have if it were exposed, (n_t, n_r) each.
    """

    rate_nm_min: Array
    pressure_kPa: Array
    velocity_m_s: Array
    wafer_temperature_C: Array
    temperature_C: Array
    populations: Array
    pv_ring_kPa_m_s: Array
    solids_ratio: Array
    wafer_force_N: Array
    ring_force_N: Array
    wafer_drag_N: Array
    ring_drag_N: Array
    heat_W: Array
    state: PlatenState
    under_rates_nm_min: tuple[Array, ...] = ()

    @property
    def theta(self) -> Array:
        """Freshness of each pad ring after each interval, (n_t, n_ring)."""
        return freshness(self.populations)

    @property
    def friction_W(self) -> Array:
        """Friction power of each interval, (n_t,)."""
        return array_namespace(self.heat_W).sum(self.heat_W, axis=-1)


def polish_block(state: PlatenState, drive: PlatenDrive, model: PlatenModel, dt_s: ArrayLike) -> PlatenBlock:
    """Advance one platen through n_t intervals of ``dt_s`` (a number or (n_t, 1)), each with a constant drive.

    Each state takes the exact solution of its linear equation; the rate uses the states' mean over the interval's two
    ends. One block of n_t gives the same bits as n_t blocks of one; some 100 intervals a block run fastest.
    """
    geometry = model.geometry
    xp = array_namespace(drive.zone_pressures_kPa, drive.ring_pressure_kPa, state.temperature_C)
    pressed = (drive.ring_pressure_kPa != 0.0) | xp.any(drive.zone_pressures_kPa != 0.0, axis=-1)
    if xp is np and not pressed.any():
        return _relax_block(state, drive, model, dt_s)
    pressure = wafer_pressure(model.pressure_matrix, drive.zone_pressures_kPa, drive.ring_pressure_kPa)
    speeds = mean_sliding_speed(
        xp.concat([geometry.radii_mm, xp.asarray([geometry.retaining_radius_mm])]),
        drive.platen_speed_rpm,
        drive.head_speed_rpm,
        drive.center_distance_mm,
        drive.sweep_speed_mm_s,
    )
    # Nothing slides on the pad in an interval without pressure.
    if xp is not np or not pressed.all():
        speeds = xp.where(pressed[:, None], speeds, 0.0)
    speed = speeds[:, :-1]
    ring_force = 1e3 * geometry.retaining_area_m2 * drive.ring_pressure_kPa
    power = pressure * speed * (1e3 * geometry.area_m2)
    wafer_W = mix(power, geometry.dwell_back)
    ring_W = (ring_force * speeds[:, -1])[:, None] * geometry.retaining_dwell
    by_place = not isinstance(model.friction_coefficient, (float, int)) and model.friction_coefficient.ndim > 0
    wafer_heat_W = (
        mix(model.friction_coefficient * power, geometry.dwell_back)
        if by_place
        else model.friction_coefficient * wafer_W
    )
    heat_W = wafer_heat_W + model.ring_friction_coefficient * ring_W
    pv_ring = (wafer_W + ring_W) * (1e-3 / geometry.pad_area_m2)

    before, after = _advance_pad(state, drive, model, heat_W, pv_ring, dt_s=dt_s)
    n_ring = geometry.pad_area_m2.shape[0]
    shape = (after.shape[0], -1, n_ring)
    middle = 0.5 * (after + before)
    fresh = rate_factor(freshness(xp.reshape(middle[:, n_ring:-1], shape)), model.freshness.beta_fraction)
    under = mix(xp.stack([middle[:, :n_ring], fresh]), geometry.dwell)
    supply = column(relative_supply(drive.slurry_flow_ml_min, model.slurry))
    rate, *under_rates = (
        removal_rate_nm_min(pressure, speed, under[0], law, solids_ratio=middle[:, -1:]) * under[1] * supply
        for law in (model.law, *model.under_laws)
    )

    populations = xp.reshape(after[:, n_ring:-1], shape)
    force_weights = (1e3 * geometry.area_m2)[None, :]
    wafer_force = mix(pressure, force_weights)[:, 0]
    wafer_drag = (
        mix(model.friction_coefficient * pressure, force_weights)[:, 0]
        if by_place
        else model.friction_coefficient * wafer_force
    )
    return PlatenBlock(
        rate_nm_min=rate,
        pressure_kPa=pressure,
        velocity_m_s=speed,
        wafer_temperature_C=under[0],
        temperature_C=after[:, :n_ring],
        populations=populations,
        pv_ring_kPa_m_s=pv_ring,
        solids_ratio=after[:, -1],
        wafer_force_N=wafer_force,
        ring_force_N=ring_force,
        wafer_drag_N=wafer_drag,
        ring_drag_N=model.ring_friction_coefficient * ring_force,
        heat_W=heat_W,
        state=PlatenState(after[-1, :n_ring], populations[-1], after[-1, -1]),
        under_rates_nm_min=tuple(under_rates),
    )


def _relax_block(state: PlatenState, drive: PlatenDrive, model: PlatenModel, dt_s: ArrayLike) -> PlatenBlock:
    """Do as `polish_block` where nothing presses: what rubs and what comes off is zero and takes no reckoning."""
    geometry = model.geometry
    n_t, n_r, n_ring = len(drive.ring_pressure_kPa), len(geometry.radii_mm), len(geometry.pad_area_m2)
    on_pad, on_wafer, nothing = np.zeros((n_t, n_ring)), np.zeros((n_t, n_r)), np.zeros(n_t)
    before, after = _advance_pad(state, drive, model, on_pad, on_pad, dt_s=dt_s)
    rate = np.zeros((len(after), n_r))
    populations = after[:, n_ring:-1].reshape(len(after), -1, n_ring)
    return PlatenBlock(
        rate_nm_min=rate,
        pressure_kPa=on_wafer,
        velocity_m_s=on_wafer,
        wafer_temperature_C=mix(0.5 * (after + before)[:, :n_ring], geometry.dwell),
        temperature_C=after[:, :n_ring],
        populations=populations,
        pv_ring_kPa_m_s=on_pad,
        solids_ratio=after[:, -1],
        wafer_force_N=nothing,
        ring_force_N=nothing,
        wafer_drag_N=nothing,
        ring_drag_N=nothing,
        heat_W=on_pad,
        state=PlatenState(after[-1, :n_ring], populations[-1], after[-1, -1]),
        under_rates_nm_min=(rate,) * len(model.under_laws),
    )


def _advance_pad(
    state: PlatenState, drive: PlatenDrive, model: PlatenModel, heat_W: Array, pv_ring: Array, *, dt_s: ArrayLike
) -> tuple[Array, Array]:
    """March temperature, populations and solids as one vector; return it before and after each interval."""
    xp = array_namespace(heat_W, pv_ring)
    flow = drive.slurry_flow_ml_min + drive.water_flow_ml_min
    warm_target, warm_rate = temperature_rates(
        heat_W,
        flow,
        drive.slurry_temperature_C,
        drive.platen_temperature_C,
        drive.air_temperature_C,
        ring_area_m2=model.geometry.pad_area_m2,
        constants=model.heat,
    )
    fresh_target, fresh_rate = freshness_rates(pv_ring, renewal_per_s(drive.cut_um_h, model.disk), model.freshness)
    inlet = drive.slurry_flow_ml_min / xp.where(flow > 0.0, flow, 1.0)
    mixing = groove_rate_per_s(flow, model.groove_volume_ml)
    flat = (heat_W.shape[0], -1)
    start = xp.concat(
        [
            state.temperature_C,
            xp.reshape(state.populations, (-1,)),
            xp.reshape(xp.asarray(state.solids_ratio), (1,)),
        ]
    )
    after = march(
        start,
        xp.concat([warm_target, xp.reshape(fresh_target, flat), inlet[:, None]], axis=1),
        xp.concat([warm_rate, xp.reshape(fresh_rate, flat), mixing[:, None]], axis=1),
        dt_s,
    )
    return xp.concat([start[None, :], after[:-1]]), after


def polish_flags(
    block: PlatenBlock, drive: PlatenDrive, model: PlatenModel, polishing: ArrayLike | None = None
) -> ModelFlag:
    """Return the flags of a block's intervals in which ``polishing`` (n_t,) holds: pressed, ramps over, slurry on."""
    zones = drive.zone_pressures_kPa
    supply = supply_factor(drive.slurry_flow_ml_min, model.slurry.supply_flow_ml_min)
    flags = (
        pressure_flags(zones, drive.ring_pressure_kPa, zones[..., -1], where=polishing)
        | temperature_flags(block.wafer_temperature_C, where=polishing)
        | slurry_flags(drive.slurry_flow_ml_min, supply, where=polishing)
    )
    theta = mix(block.theta, model.geometry.dwell)
    glazed = outside(theta, GLAZED_LIMIT, float("inf"), where=polishing)
    return flags | (ModelFlag.PAD_GLAZED if glazed else ModelFlag.NONE)
