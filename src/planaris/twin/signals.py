"""The process sensors of a platen and a head: what each is driven by, its lag and its noise.

Every signal is either an actuator's output or a first-order lag behind something the physics says; noise is added
when it is sampled. Lags and noises are engineering values [design] unless a source stands beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Actuator:
    """A driven quantity: time constant of its closed loop, value at rest, the set-point tag behind it if any.

    One that works by compressed air (``by_air``) does not follow its set-point without it.
    """

    name: str
    tau_s: float
    rest: float
    set_point: str | None = None
    by_air: bool = False


@dataclass(frozen=True, slots=True)
class Signal:
    """A process tag: the actuator it shows, or its own lag; noise 1 sigma in the tag's unit."""

    tag: str
    noise: float
    actuator: str | None = None
    tau_s: float = 0.0
    rest: float = 0.0


# Time constant of what is either on or off: contact of head and pad, disk on the pad.
STEP_TAU_S = 1e-6

PLATEN_ACTUATORS: tuple[Actuator, ...] = (
    Actuator("speed", 0.35, 0.0, "sp_speed_rpm"),
    Actuator("slurry", 0.6, 0.0, "sp_slurry_flow_ml_min", by_air=True),
    Actuator("di", 0.5, 0.0, "sp_di_flow_ml_min"),
    Actuator("force", 0.3, 0.0, "sp_conditioner_force_N", by_air=True),
    Actuator("disk", 0.3, 0.0, "sp_conditioner_speed_rpm"),
    Actuator("coolant", 60.0, 22.0, "sp_coolant_temperature_C"),
    Actuator("arm", 0.4, 0.0),
    Actuator("disk_height", 0.3, 20.0),
    Actuator("disk_sweep", 0.3, 0.0, "sp_conditioner_sweep_per_min"),
    Actuator("disk_down", STEP_TAU_S, 0.0),
)
# A head's membrane zones come before these.
_HEAD_ACTUATORS: tuple[Actuator, ...] = (
    Actuator("ring", 0.30, 0.0, "sp_ring_pressure_kPa", by_air=True),
    Actuator("back", 0.30, 0.0, "sp_back_pressure_kPa", by_air=True),
    Actuator("speed", 0.30, 0.0, "sp_speed_rpm"),
    Actuator("sweep", 0.50, 0.0, "sp_sweep_amplitude_mm"),
    Actuator("height", 0.25, 60.0),
    Actuator("vacuum", 0.40, 0.0),
    Actuator("contact", STEP_TAU_S, 0.0),
)

# Slow drifts are part of the lag's target (see sensing); pad temperature: lag 0.5-2 s, noise 0.1-0.3 K (design values).
PLATEN_SIGNALS: tuple[Signal, ...] = (
    Signal("speed_rpm", 0.05, actuator="speed"),
    Signal("torque_Nm", 0.25, tau_s=0.2, rest=2.0),
    Signal("motor_current_A", 0.04, tau_s=0.25, rest=1.0),
    Signal("motor_temperature_C", 0.08, tau_s=240.0, rest=26.0),
    Signal("pad_temperature_C", 0.15, tau_s=1.0, rest=22.0),
    Signal("coolant_temperature_C", 0.03, actuator="coolant"),
    Signal("coolant_return_temperature_C", 0.04, tau_s=5.0, rest=22.0),
    Signal("coolant_flow_l_min", 0.03, tau_s=2.0, rest=4.0),
    Signal("slurry_flow_ml_min", 1.0, actuator="slurry"),
    Signal("slurry_pressure_kPa", 0.3, tau_s=0.4, rest=138.0),
    Signal("slurry_temperature_C", 0.04, tau_s=8.0, rest=23.5),
    Signal("slurry_filter_drop_kPa", 0.15, tau_s=0.5, rest=0.0),
    Signal("di_flow_ml_min", 1.5, actuator="di"),
    Signal("di_pressure_kPa", 0.5, tau_s=0.4, rest=345.0),
    Signal("arm_position_deg", 0.02, actuator="arm"),
    Signal("vibration_mm_g", 0.4, tau_s=0.3, rest=1.0),
    Signal("conditioner_force_N", 0.15, actuator="force"),
    Signal("conditioner_speed_rpm", 0.1, actuator="disk"),
    Signal("conditioner_torque_Nm", 0.01, tau_s=0.2, rest=0.0),
    Signal("conditioner_current_A", 0.01, tau_s=0.25, rest=0.2),
    Signal("conditioner_arm_mm", 0.05, tau_s=0.15, rest=200.0),
    Signal("conditioner_height_mm", 0.02, actuator="disk_height"),
    Signal("rinse_pressure_kPa", 0.4, tau_s=0.4, rest=207.0),
    Signal("drain_flow_ml_min", 3.0, tau_s=5.0, rest=0.0),
    Signal("exhaust_velocity_m_s", 0.004, tau_s=3.0, rest=0.42),
    Signal("enclosure_temperature_C", 0.02, tau_s=120.0, rest=22.0),
)
_HEAD_PRESSURES: tuple[Signal, ...] = (
    Signal("ring_pressure_kPa", 0.06, actuator="ring"),
    Signal("back_pressure_kPa", 0.03, actuator="back"),
)
_HEAD_SIGNALS: tuple[Signal, ...] = (
    Signal("ring_flow_l_min", 0.01, tau_s=0.1, rest=0.0),
    Signal("vacuum_kPa", 0.2, actuator="vacuum"),
    Signal("downforce_N", 2.0, tau_s=0.1, rest=0.0),
    Signal("height_mm", 0.01, actuator="height"),
    Signal("speed_rpm", 0.04, actuator="speed"),
    Signal("torque_Nm", 0.15, tau_s=0.2, rest=1.0),
    Signal("motor_current_A", 0.03, tau_s=0.25, rest=0.6),
    Signal("motor_temperature_C", 0.08, tau_s=200.0, rest=25.0),
    Signal("sweep_mm", 0.02, tau_s=0.1, rest=0.0),
    Signal("sweep_speed_mm_s", 0.05, tau_s=0.1, rest=0.0),
    Signal("sweep_current_A", 0.01, tau_s=0.2, rest=0.3),
    Signal("supply_pressure_kPa", 0.4, tau_s=0.3, rest=480.0),
    Signal("union_temperature_C", 0.03, tau_s=90.0, rest=22.5),
    Signal("cavity_temperature_C", 0.03, tau_s=60.0, rest=22.0),
)


@dataclass(frozen=True, slots=True)
class HeadSignals:
    """What a head of so many zones is driven by and shows; ``lags`` are its signals that no actuator is behind."""

    zones: tuple[str, ...]
    actuators: tuple[Actuator, ...]
    signals: tuple[Signal, ...]
    lags: tuple[Signal, ...]
    lag_index: Mapping[str, int]
    lag_rate_per_s: NDArray[np.float64]


@cache
def head_signals(zones_count: int) -> HeadSignals:
    """Return the actuators and signals of a head with so many membrane zones, numbered from the centre out."""
    zones = tuple(f"zone{z}" for z in range(1, zones_count + 1))
    actuators = tuple(Actuator(zone, 0.25, 0.0, f"sp_{zone}_pressure_kPa", by_air=True) for zone in zones)
    pressures = tuple(Signal(f"{zone}_pressure_kPa", 0.05, actuator=zone) for zone in zones)
    flows = tuple(Signal(f"{zone}_flow_l_min", 0.01, tau_s=0.1, rest=0.0) for zone in zones)
    signals = (*pressures, *_HEAD_PRESSURES, *flows, *_HEAD_SIGNALS)
    lags = tuple(s for s in signals if s.actuator is None)
    index = MappingProxyType({signal.tag: i for i, signal in enumerate(lags)})
    return HeadSignals(
        zones, (*actuators, *_HEAD_ACTUATORS), signals, lags, index, 1.0 / np.array([s.tau_s for s in lags])
    )
