"""A carrier head of the twin: its actuators, what it presses with, and its sensors' lags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.model import ToolDescription, leak_l_min_kPa
from planaris.physics import PolarGrid, membrane_gain, pressure_matrix, worn_ring_factor
from planaris.twin.actuators import ActuatorBank
from planaris.twin.lag_series import LagChunk, LagSeries
from planaris.twin.signals import head_signals
from planaris.twin.truth import AIR_TEMPERATURE_C, Truth

Array = NDArray[np.float64]

# What a chamber's regulator bleeds of gas for each kPa that it holds [design].
_BLEED_L_MIN_kPa = 0.002
# What hose and rotary union take of a zone's pressure for the gas that runs through them [design].
HOSE_kPa_min_l = 2.0


@dataclass(frozen=True, slots=True)
class _Sweep:
    """The sweep's course from a time on."""

    from_s: float
    rate_rad_s: float
    phase_rad: float


class TrueHead:
    """One head. ``ring_lost_um``, ``membrane_h`` and ``wafers_count`` are its consumables' truth."""

    def __init__(self, number: int, tool: ToolDescription, truth: Truth, grid: PolarGrid, time_s: float) -> None:
        self.number = number
        self.truth = truth.heads[number - 1]
        self.signals = head_signals(len(tool.head.zone_outer_mm))
        self.bank = ActuatorBank(
            [a.name for a in self.signals.actuators],
            [a.tau_s for a in self.signals.actuators],
            [a.rest for a in self.signals.actuators],
            time_s,
        )
        self.ring_lost_um = 0.0
        self.membrane_h = 0.0
        # What each closed zone would lose in a leak test, beyond a sound membrane.
        self.leaks_kPa: tuple[float, ...] = (0.0,) * len(tool.head.zone_outer_mm)
        self.angle_deg = 0.0
        self.wafers_count = 0
        self.ring_serial = self.membrane_serial = ""
        self.sweep_per_min = 0.0
        self._sweeps = [_Sweep(time_s, 0.0, 0.0)]
        self.series: LagSeries | None = None
        self.lags: Array = np.array([s.rest for s in self.signals.lags])
        self._all, self._grid = truth, grid
        # The rate around the wafer (n_r, n_theta): the gimbal's tilt.
        tilt = self.truth.tilt_ratio * (grid.r_mm / grid.radius_mm)[:, None]
        self.pattern: Array = 1.0 + tilt * np.cos(grid.theta_rad - self.truth.tilt_rad)[None, :]
        self._zone_outer_mm = tool.head.zone_outer_mm
        self._matrix: Array | None = None
        self._at_unit_ring: Array | None = None
        index = self.bank.index
        self.zone_rows = [index[zone] for zone in self.signals.zones]
        self.ring_row, self.speed_row, self.sweep_row = index["ring"], index["speed"], index["sweep"]
        self.contact_row = index["contact"]
        # Chambers that gas fills: the zones and the ring, as actuators and as the lags of their flows.
        self._chamber_rows: NDArray[np.intp] = np.array([*self.zone_rows, self.ring_row])
        flows = [self.signals.lag_index[f"{name}_flow_l_min"] for name in (*self.signals.zones, "ring")]
        self._flow_lags: NDArray[np.intp] = np.array(flows)

    def pressure_matrix(self) -> Array:
        """Return M with p(r) = M @ [zones, ring] for the ring as worn now."""
        if self._matrix is None:
            if self._at_unit_ring is None:
                self._at_unit_ring = pressure_matrix(
                    self._grid.r_mm,
                    self._zone_outer_mm,
                    self._all.edge,
                    self._all.kernel_length_mm,
                    1.0,
                    wafer_radius_mm=self._grid.radius_mm,
                )
            # The ring's height scales the ring's column alone.
            self._matrix = self._at_unit_ring.copy()
            self._matrix[:, -1] *= float(worn_ring_factor(self.ring_lost_um, self._all.ring))
        return self._matrix

    def zone_gain_ratio(self) -> float | Array:
        """Return true over commanded zone pressure: the head's own gain, its membrane's drift, and leaks by zone.

        One number while no zone leaks, else (n_zone, 1): the gas of a leak loses pressure on its way to the membrane.
        """
        gain = self.truth.pressure_ratio * float(membrane_gain(self.membrane_h, self._all.membrane))
        if not any(self.leaks_kPa):
            return gain
        taken = [HOSE_kPa_min_l * leak_l_min_kPa(lost_kPa) for lost_kPa in self.leaks_kPa]
        return gain * (1.0 - np.array(taken)[:, None])

    @property
    def wear_limit_mm(self) -> float:
        """Height that a ring may lose."""
        return self._all.ring.wear_limit_mm

    def wear_ring(self, lost_um: float) -> None:
        """Take height off the ring; the edge answers from the next wafer on."""
        self.ring_lost_um += lost_um

    def change_ring(self, serial: str) -> None:
        """Put on a new ring: full height, and the edge it was fitted with."""
        self.ring_lost_um, self.ring_serial = 0.0, serial
        self.renew_matrix()

    def change_membrane(self, serial: str) -> None:
        """Put in a new membrane: no drift yet, and no leak."""
        self.membrane_h, self.membrane_serial = 0.0, serial
        self.leaks_kPa = (0.0,) * len(self.leaks_kPa)

    def use(self, polish_s: float) -> None:
        """Count polish time on the membrane."""
        self.membrane_h += polish_s / 3600.0

    def renew_matrix(self) -> None:
        """Let the pressure matrix follow the ring's height; done between wafers."""
        self._matrix = None

    @property
    def in_contact(self) -> bool:
        """Whether the head is on the pad now."""
        return self.bank.targets()["contact"] > 0

    def set_sweep(self, time_s: float, sweep_per_min: float) -> None:
        """Change the sweep's frequency without a jump of its phase."""
        last = self._sweeps[-1]
        phase_rad = last.phase_rad + (time_s - last.from_s) * last.rate_rad_s
        self._sweeps.append(_Sweep(time_s, sweep_per_min * 2.0 * np.pi / 60.0, phase_rad))
        self.sweep_per_min = sweep_per_min

    def sweep_course(self, times_s: Array, as_of_s: Array) -> tuple[Array, Array | float]:
        """Return the sweep's phase in rad and its rate in rad/s at times, as known at the ascending ``as_of_s``."""
        sweeps = self._sweeps
        last = sweeps[-1]
        if len(sweeps) == 1 or as_of_s[0] >= last.from_s:  # most often
            return last.phase_rad + (times_s - last.from_s) * last.rate_rad_s, last.rate_rad_s
        which = np.searchsorted([s.from_s for s in sweeps[1:]], as_of_s, side="right")
        from_s, rate_rad_s, phase_rad = np.array([(s.from_s, s.rate_rad_s, s.phase_rad) for s in sweeps])[which].T
        return phase_rad + (times_s - from_s) * rate_rad_s, rate_rad_s

    def forget_before(self, time_s: float) -> None:
        """Drop what only times before ``time_s`` need."""
        self.bank.forget_before(time_s)
        while len(self._sweeps) > 1 and self._sweeps[1].from_s <= time_s:
            del self._sweeps[0]

    def lag_targets(
        self, starts_s: Array, middles_s: Array, out: Array, drag_torque_Nm: Array, force_N: Array
    ) -> Array:
        """Return what each lagged sensor follows in intervals from ``starts_s``, shape (n, lags).

        ``out`` are the actuators at the intervals' middles.
        """
        demand = self.bank.targets_at(starts_s)
        index = self.signals.lag_index
        target = np.empty((len(index), len(middles_s)))
        speed = out[self.speed_row]
        amplitude = out[self.sweep_row]
        phase, rate_rad_s = self.sweep_course(middles_s, starts_s)
        # Filling a chamber takes gas in proportion to the pressure still missing; the rest is the regulator's bleed and
        # the membrane's leak.
        held, lost = out.take(self._chamber_rows, axis=0), [leak_l_min_kPa(lost_kPa) for lost_kPa in self.leaks_kPa]
        taken_l_min_kPa = np.array([_BLEED_L_MIN_kPa + leak for leak in (*lost, 0.0)])
        flows = 0.35 * np.abs(demand.take(self._chamber_rows, axis=0) - held) + taken_l_min_kPa[:, None] * held
        target[self._flow_lags] = flows
        torque = 1.0 + np.abs(drag_torque_Nm) + 0.02 * speed
        sweep_mm_s = amplitude * rate_rad_s * np.cos(phase)
        shown = {
            "downforce_N": force_N,
            "torque_Nm": torque,
            "motor_current_A": 0.6 + torque / 12.0 + 0.004 * speed,
            "motor_temperature_C": 25.0 + 0.25 * speed + 0.4 * torque,
            "sweep_mm": amplitude * np.sin(phase),
            "sweep_speed_mm_s": sweep_mm_s,
            "sweep_current_A": 0.3 + 0.06 * np.abs(sweep_mm_s) + 0.0004 * force_N,
            "supply_pressure_kPa": 480.0 - 1.2 * sum(flows[1:], start=flows[0]),
            "union_temperature_C": 22.5 + 0.03 * speed,
            "cavity_temperature_C": AIR_TEMPERATURE_C + 0.002 * force_N,
        }
        for tag, value in shown.items():
            target[index[tag]] = value
        return target.T

    def commit(self, chunk: LagChunk) -> None:
        """Move the lags to a chunk's end."""
        self.lags = chunk.states[-1].copy()
        if self.series is not None:
            self.series.append(chunk)
