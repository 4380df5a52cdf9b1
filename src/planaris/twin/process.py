"""The process side of the twin: platens and heads together, their set-points, their devices, their sensors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from planaris.dictionary import Dictionary
from planaris.hardware import OPTICAL, Value
from planaris.model import MEMBRANE_HELD_kPa, RING_MIN_kPa, ToolDescription
from planaris.physics import ModelFlag, PolarGrid
from planaris.twin.devices import Accept, DeviceError, Motion, TwinDevice
from planaris.twin.fail_states import FailState, Loss, acting
from planaris.twin.film_course import FilmCourse, FilmSeries
from planaris.twin.handling import Handling
from planaris.twin.head import TrueHead
from planaris.twin.lag_series import LagSeries
from planaris.twin.mishaps import Mishaps
from planaris.twin.noise import stream_of
from planaris.twin.platen import LAG_RATE as PLATEN_LAG_RATE
from planaris.twin.platen import WET_FLOW_ML_MIN, TruePlaten
from planaris.twin.plc import VirtualPlc
from planaris.twin.profile import FULL, TwinProfile
from planaris.twin.sampling import SampledOwner
from planaris.twin.sensor_faults import SensorFaultKind, SensorFaults
from planaris.twin.signals import PLATEN_ACTUATORS, PLATEN_SIGNALS, Signal, head_signals
from planaris.twin.standing import disk_height_mm, head_height_mm
from planaris.twin.truth import SENSOR_GAIN_SIGMA_PCT, Truth
from planaris.twin.wafers import Places
from planaris.twin.window_sensor import WindowSensor
from planaris.twin.window_truth import FULL_SCALE, WindowTruth

Array = NDArray[np.float64]
OK = DeviceError.NONE

VALVE_S = 0.3
CONDITIONER_S = 1.0
ARM_OVER_PAD_deg = 32.0
DISK_UP_mm = 20.0
HEAD_UP_mm = 60.0
CHUCK_VACUUM_kPa = -80.0
RINSE_FLOW_ML_MIN = 1500.0
# Down, DI break, vacuum and up again [design].
RECHUCK_S = 5.0
# How fast drives stop and pressures go on the way to the safe state [design].
STOP_RAMP_S = 0.5
RETRACT_RAMP_S = 0.2
# Targets of the actuators in their fail states; what is not named goes to 0.
_FAIL_TARGETS = {
    ("di", FailState.OPEN): RINSE_FLOW_ML_MIN,
    ("disk_height", FailState.UP): DISK_UP_mm,
}
# Verbs that lead to the safe state; they work without motion power.
TO_SAFETY = frozenset({"lift", "up", "slurry", "rinse"})


class Process:
    """All platens and heads of a twin. Every change goes through here, at a time, as a command edge."""

    def __init__(
        self,
        tool: ToolDescription,
        dictionary: Dictionary,
        plc: VirtualPlc,
        places: Places,
        handling: Handling,
        truth: Truth,
        seed: int,
        clock: Callable[[], float],
        profile: TwinProfile = FULL,
    ) -> None:
        self._tool, self._plc, self._places, self._handling = tool, plc, places, handling
        driven = (*PLATEN_ACTUATORS, *head_signals(len(tool.head.zone_outer_mm)).actuators)
        self._by_air = frozenset(actuator.name for actuator in driven if actuator.by_air)
        self._seed, self._clock, self._truth = seed, clock, truth
        self.profile = profile
        self.grid = PolarGrid(profile.film_rings, profile.film_angles, tool.wafer_diameter_mm / 2)
        now_s = clock()
        self.heads = {n: TrueHead(n, tool, truth, self.grid, now_s) for n in range(1, tool.heads + 1)}
        self.platens = {
            n: TruePlaten(n, tool, truth, self.grid, now_s, profile.edges) for n in range(1, tool.platens + 1)
        }
        self._stations: tuple[tuple[str, TruePlaten | TrueHead], ...] = (
            *((f"platen{n}", platen) for n, platen in self.platens.items()),
            *((f"head{n}", head) for n, head in self.heads.items()),
        )
        self._by_name = dict(self._stations)
        self.owners: dict[str, SampledOwner] = {}
        self.windows: dict[str, WindowSensor] = {}
        self.sensor_faults = SensorFaults()
        self._full_scale = {v.name: v.template.maximum or 1.0 for v in dictionary.tags}
        self.slurry_lots: dict[int, str] = {}
        self.powered: Callable[[], bool] = lambda: True
        self.chemicals_allowed: Callable[[], bool] = lambda: True
        self.lost: set[Loss] = set()
        self._weak: dict[tuple[str, str], float] = {}
        self.weak_count = 0
        self._rising: dict[int, asyncio.TimerHandle] = {}
        self._wanted_s: dict[str, float] = {}
        self.devices: dict[str, TwinDevice] = {}
        self._limits: dict[int, asyncio.TimerHandle] = {}
        self.mishaps = Mishaps(plc, handling, lambda n: self.seat_heads((n,)))
        for n in self.platens:
            self._wire_platen(n, dictionary)
        for n in self.heads:
            self._wire_head(n, dictionary)
        self.seat_heads()

    # -- wiring -----------------------------------------------------------------------------------------------
    def _device(self, name: str, dictionary: Dictionary, actions: Mapping[str, Accept]) -> None:
        device = TwinDevice(self._plc, name, {v.name: v.value for v in dictionary.verbs_of(name)}, self._seed)
        for verb, accept in actions.items():
            device.action(verb, accept, safe=verb in TO_SAFETY)
        self.devices[name] = device

    def _wire_platen(self, n: int, dictionary: Dictionary) -> None:
        name = f"platen{n}"
        self._device(
            name,
            dictionary,
            {"slurry": lambda line, on: self._slurry(n, line, on), "rinse": lambda on, _b: self._rinse(n, on)},
        )
        self._device(
            f"conditioner{n}",
            dictionary,
            {"down": lambda _a, _b: self._disk(n, down=True), "up": lambda _a, _b: self._disk(n, down=False)},
        )
        self._plc.set({f"conditioner{n}.up": True})
        tags = [f"{name}.{a.set_point}" for a in PLATEN_ACTUATORS if a.set_point]
        self._plc.on_write(tags, lambda v: self._platen_set(n, v))
        self._plc.values[f"{name}.sp_coolant_temperature_C"] = self.platens[n].bank.targets()["coolant"]
        self.owners[name] = self._owner(name, PLATEN_SIGNALS, n, None)
        if self._tool.instruments_on(n):
            tags = tuple(v.name for v in dictionary.rate_class(f"{name}.{OPTICAL}"))
            truth = WindowTruth(self._seed, n, self._truth.deviation_ratio)
            self.windows[name] = WindowSensor(
                name, tags, self._tool, self.grid, truth, self.sensor_faults, lambda a, b: self._courses(n, a, b)
            )

    def _wire_head(self, n: int, dictionary: Dictionary) -> None:
        name = f"head{n}"
        self._device(
            name,
            dictionary,
            {
                "touch_down": lambda _a, _b: self._touch_down(n),
                "lift": lambda _a, _b: self._lift(n),
                "rechuck": lambda vacuum_kPa, _b: self._rechuck(n, vacuum_kPa),
            },
        )
        signals = self.heads[n].signals
        tags = [f"{name}.{a.set_point}" for a in signals.actuators if a.set_point]
        self._plc.on_write([*tags, f"{name}.sp_sweep_per_min"], lambda v: self._head_set(n, v))
        self._plc.set({f"{name}.up": True})
        self.owners[name] = self._owner(name, signals.signals, None, n)

    def _owner(self, name: str, signals: tuple[Signal, ...], platen: int | None, head: int | None) -> SampledOwner:
        gains = 1.0 + 0.01 * SENSOR_GAIN_SIGMA_PCT * stream_of(self._seed, f"gain.{name}").standard_normal(len(signals))
        rate_Hz = self.profile.sample_rate_Hz
        if platen is not None:
            bank = self.platens[platen].bank
            lags = partial(self._platen_lags, platen)
            return SampledOwner(name, signals, bank, lags, gains, self._seed, rate_Hz, self.sensor_faults)
        assert head is not None
        bank = self.heads[head].bank
        lags = partial(self._head_lags, head)
        return SampledOwner(name, signals, bank, lags, gains, self._seed, rate_Hz, self.sensor_faults)

    # -- lagged sensor states at sample times -----------------------------------------------------------------
    def _platen_lags(self, n: int, times_s: Array) -> Array:
        platen, last_s = self.platens[n], float(times_s[-1])
        platen.advance(self._clock())
        series, ahead = platen.series or LagSeries(), not platen.series or last_s > platen.time_s
        return series.at(times_s, PLATEN_LAG_RATE, platen.sensors(last_s)[0] if ahead else None)

    def _courses(self, n: int, from_s: float, to_s: float) -> list[FilmCourse]:
        """Return the courses of a platen's films in a span that is over, none while nobody samples its window."""
        platen = self.platens[n]
        platen.advance(self._clock())
        if platen.courses is None:
            return []
        return platen.courses.between(from_s, to_s, platen.course_ahead(self._clock()))

    def _head_lags(self, n: int, times_s: Array) -> Array:
        head, station, last_s = self.heads[n], self._handling.station_of(n), float(times_s[-1])
        tail = None
        if station:
            platen = self.platens[station]
            platen.advance(self._clock())
            if not head.series or last_s > platen.time_s:
                tail = platen.sensors(last_s)[1]
        series = head.series or LagSeries()
        if not series and tail is None:
            return np.broadcast_to(head.lags, (len(times_s), len(head.lags)))
        return series.at(times_s, head.signals.lag_rate_per_s, tail)

    def keep_from(self, name: str, wanted_s: float) -> None:
        """Keep what the samplers of one owner still need; they want something already."""
        self._wanted_s[name] = wanted_s
        kept = self._kept_of(name)
        if kept is not None:
            kept.forget_before(wanted_s)

    def _kept_of(self, name: str) -> LagSeries | FilmSeries | None:
        owner, _, kind = name.partition(".")
        if kind == OPTICAL:
            return self.platens[int(owner.removeprefix("platen"))].courses
        station = self._by_name.get(owner)
        return None if station is None else station.series

    def keep_for_samplers(self, wanted_s: dict[str, float]) -> None:
        """Keep what samplers still need and forget the rest; ``wanted_s``: owner -> oldest time wanted."""
        self._wanted_s = wanted_s
        for name, station in self._stations:
            if name not in wanted_s:
                station.series = None
            elif station.series is None:
                station.series = LagSeries()
            else:
                station.series.forget_before(wanted_s[name])
        for n, platen in self.platens.items():
            wanted = wanted_s.get(f"platen{n}.{OPTICAL}")
            platen.watch_films(wanted is not None)
            if wanted is not None and platen.courses is not None:
                platen.courses.forget_before(wanted)

    # -- set-points -------------------------------------------------------------------------------------------
    def _platen_set(self, n: int, values: Mapping[str, Value]) -> None:
        if not self.powered():
            return
        platen, name, now_s = self.platens[n], f"platen{n}", self._clock()
        self._command(n)
        targets: dict[str, float] = {}
        for actuator in PLATEN_ACTUATORS:
            value = values.get(f"{name}.{actuator.set_point}")
            if actuator.set_point and value is not None:
                targets[actuator.name] = _float(value)
        if "slurry" in targets and not platen.valve_open:
            targets["slurry"] = 0.0
        targets = self._weakened(name, self._driven(targets))
        ramp_s = _float(self._plc.values[f"{name}.sp_ramp_s"])
        platen.bank.command(now_s, targets, ramp_s)
        self._keep_wet(n)
        self._pad_wet(n)

    def _head_set(self, n: int, values: Mapping[str, Value]) -> None:
        if not self.powered():
            return
        head, name, now_s = self.heads[n], f"head{n}", self._clock()
        self._command_head(n)
        targets: dict[str, float] = {}
        for actuator in head.signals.actuators:
            value = values.get(f"{name}.{actuator.set_point}")
            if actuator.set_point and value is not None:
                targets[actuator.name] = _float(value)
        sweep_per_min = _float(self._plc.values[f"{name}.sp_sweep_per_min"])
        if sweep_per_min != head.sweep_per_min:
            head.set_sweep(now_s, sweep_per_min)
        ring_kPa = _float(self._plc.values[f"{name}.sp_ring_pressure_kPa"])
        if ring_kPa < RING_MIN_kPa:  # interlock 10
            for zone in head.signals.zones:
                held_kPa = min(MEMBRANE_HELD_kPa, _float(self._plc.values[f"{name}.sp_{zone}_pressure_kPa"]))
                targets[zone] = held_kPa
        head.bank.command(
            now_s, self._weakened(name, self._driven(targets)), _float(self._plc.values[f"{name}.sp_ramp_s"])
        )

    def fail_sensor(self, target: str, kind: SensorFaultKind, magnitude: float) -> None:
        """Let a sensor fail from now on, by its tag, or a window, ``platen1.window``. Raises ValueError."""
        place, _, leaf = target.partition(".")
        window = leaf == "window" and place in self.windows
        if window != (kind is SensorFaultKind.FOULED):
            raise ValueError(f"{target} cannot be {kind}: a window is fouled, and nothing else")
        full_scale = FULL_SCALE
        if not window and target not in (self.windows[place].tags if place in self.windows else ()):
            if place not in self.owners or target not in self.owners[place].tags:
                raise ValueError(f"no sensor {target}")
            full_scale = self._full_scale[target]
        self.sensor_faults.begin(target, kind, magnitude, self._clock(), full_scale)

    def weaken(self, place: str, actuator: str, ratio: float) -> float:
        """Let an actuator of a platen or head reach only a share of what is asked; return what it reached before."""
        number = int(place.removeprefix("platen").removeprefix("head"))
        if place.startswith("platen"):
            self._command(number)
            bank = self.platens[number].bank
        else:
            self._command_head(number)
            bank = self.heads[number].bank
        before = bank.targets()[actuator]
        old = self._weak.pop((place, actuator), 1.0)
        if ratio != 1.0:
            self._weak[place, actuator] = ratio
        bank.command(self._clock(), {actuator: before * ratio / old}, 0.2)
        return before

    def _weakened(self, place: str, targets: dict[str, float]) -> dict[str, float]:
        if not self._weak:
            return targets
        self.weak_count += sum(v != 0.0 and (place, name) in self._weak for name, v in targets.items())
        return {name: v * self._weak.get((place, name), 1.0) for name, v in targets.items()}

    def _driven(self, targets: Mapping[str, float]) -> dict[str, float]:
        """Return the targets that can be followed with what supplies are left."""
        if Loss.AIR not in self.lost:
            return dict(targets)
        return {name: v for name, v in targets.items() if name not in self._by_air}

    def _command(self, n: int) -> None:
        """Give a platen an edge at this moment: one of its actuators, or of its head's, gets a new target."""
        platen = self.platens[n]
        platen.command_at(self._clock())
        platen.bank.forget_before(min(platen.time_s, self._wanted_s.get(f"platen{n}", platen.time_s)))
        head = platen.head
        if head is not None:
            head.forget_before(min(platen.time_s, self._wanted_s.get(f"head{head.number}", platen.time_s)))

    def _command_head(self, n: int) -> None:
        station = self._handling.station_of(n)
        if station:
            self._command(station)

    def _keep_wet(self, n: int) -> None:
        """Open the rinse under a head on its pad when neither slurry nor water would flow (interlock 9)."""
        platen = self.platens[n]
        if platen.head is None or not platen.head.in_contact:
            return
        targets = platen.bank.targets()
        if targets["slurry"] + targets["di"] <= 0:
            platen.bank.command(self._clock(), {"di": RINSE_FLOW_ML_MIN}, 0.0)

    def _pad_wet(self, n: int) -> None:
        """Bring what the PLC shows of a platen's valves and its pad in line with them."""
        platen, name = self.platens[n], f"platen{n}"
        targets = platen.bank.targets()
        self._plc.set(
            {
                f"{name}.pad_wet": targets["slurry"] + targets["di"] > WET_FLOW_ML_MIN,
                f"{name}.slurry_valve_open": platen.valve_open,
                f"{name}.rinse_valve_open": targets["di"] > 0,
            }
        )

    # -- device actions ---------------------------------------------------------------------------------------
    def hold(self, n: int, held: bool) -> None:
        """Take a wafer to a head by vacuum over the load cup, or let it go."""
        self.heads[n].bank.command(self._clock(), {"vacuum": CHUCK_VACUUM_kPa if held else 0.0}, 0.0)

    def _slurry(self, n: int, line: float, on: float) -> Motion | DeviceError:
        def switched() -> DeviceError:
            if on > 0 and not self._slurry_allowed():
                return DeviceError.INTERLOCK
            platen = self.platens[n]
            self._command(n)
            platen.valve_open = on > 0
            if on > 0:
                platen.slurry_line = int(line)
            wanted = _float(self._plc.values[f"platen{n}.sp_slurry_flow_ml_min"]) if on > 0 else 0.0
            arm = ARM_OVER_PAD_deg if on > 0 else 0.0
            flow = self._weakened(f"platen{n}", {"slurry": wanted})
            platen.bank.command(self._clock(), {**flow, "arm": arm}, 0.0)
            self._keep_wet(n)
            self._pad_wet(n)
            return OK

        return Motion(VALVE_S, switched) if on <= 0 or self._slurry_allowed() else DeviceError.INTERLOCK

    def _slurry_allowed(self) -> bool:
        return self.chemicals_allowed() and Loss.AIR not in self.lost

    def _rinse(self, n: int, on: float) -> Motion | DeviceError:
        if on <= 0 and not self.powered():
            return DeviceError.INTERLOCK

        def switched() -> DeviceError:
            self._command(n)
            self.platens[n].bank.command(self._clock(), {"di": RINSE_FLOW_ML_MIN if on > 0 else 0.0}, 0.0)
            self._pad_wet(n)
            return OK

        return Motion(VALVE_S, switched)

    def _disk(self, n: int, *, down: bool) -> Motion | DeviceError:
        if down and self._handling.crosses(n):
            return DeviceError.INTERLOCK

        def moved() -> DeviceError:
            self._command(n)
            height_mm = disk_height_mm(self.platens[n], self._tool) if down else DISK_UP_mm
            self.platens[n].bank.command(self._clock(), {"disk_height": height_mm}, CONDITIONER_S / 2)
            self.platens[n].bank.command(self._clock(), {"disk_down": 1.0 if down else 0.0}, 0.0)
            self._plc.set({f"conditioner{n}.up": not down})
            return OK

        return Motion(CONDITIONER_S, moved)

    def _touch_down(self, n: int) -> Motion | DeviceError:
        head, station = self.heads[n], self._handling.station_of(n)
        wafer = self._places.get(f"head{n}")
        if station == 0 or n in self._rising:
            return DeviceError.PRECONDITION
        if self._handling.moving(n):
            return DeviceError.INTERLOCK
        if self._plc.values["plc.heartbeat_lost"] or Loss.AIR in self.lost:
            return DeviceError.INTERLOCK
        if wafer is None:
            return DeviceError.NO_WAFER
        self._command_head(n)
        height_mm = head_height_mm(self.platens[station], head, self._tool)
        head.bank.command(self._clock(), {"height": height_mm}, self._tool.touch_down_s * 0.8)
        self._plc.set({f"head{n}.up": False})

        def touched() -> DeviceError:
            self._command_head(n)
            head.wafers_count += 1
            self.platens[station].wafers_count += 1
            head.bank.command(self._clock(), {"vacuum": 0.0, "contact": 1.0}, 0.0)
            self._keep_wet(station)
            self._pad_wet(station)
            self._arm(station)
            return OK

        return Motion(self._tool.touch_down_s, touched)

    def _lift(self, n: int) -> Motion:
        head, station = self.heads[n], self._handling.station_of(n)
        self._command_head(n)
        head.bank.command(self._clock(), {"vacuum": CHUCK_VACUUM_kPa, "height": HEAD_UP_mm}, self._tool.lift_s)

        def lifted() -> DeviceError:
            self._command_head(n)
            head.bank.command(self._clock(), {"contact": 0.0}, 0.0)
            if station:
                self._disarm(station)
            self._plc.set({f"head{n}.up": True})
            self.mishaps.lifted(n, station, CHUCK_VACUUM_kPa)  # the pad's sensor sees under a head that is up only
            return OK

        return Motion(self._tool.lift_s, lifted)

    def _rechuck(self, n: int, vacuum_kPa: float) -> Motion | DeviceError:
        """Go down without pressure, break the water's hold with DI, pull with a vacuum and come up again."""
        head, station = self.heads[n], self._handling.station_of(n)
        if not station or n in self._rising or self._handling.moving(n):
            return DeviceError.PRECONDITION
        if self._places.get(f"head{n}") is not None:
            return DeviceError.WAFER_PRESENT
        self._command_head(n)
        head.bank.command(self._clock(), {"height": 0.0}, RECHUCK_S / 2)
        self._plc.set({f"head{n}.up": False})

        def chucked() -> DeviceError:
            self._command_head(n)
            head.bank.command(self._clock(), {"vacuum": -abs(vacuum_kPa), "height": HEAD_UP_mm}, self._tool.lift_s)
            self.mishaps.chucked_again(n, station, vacuum_kPa)
            self._plc.set({f"head{n}.up": True})
            return OK

        return Motion(RECHUCK_S, chucked)

    # -- longest polish time ----------------------------------------------------------------------------------
    def _arm(self, station: int) -> None:
        """Start the PLC's own clock: the head comes up when the longest polish time is over."""
        limit_s = _float(self._plc.values[f"platen{station}.sp_polish_limit_s"])
        self._disarm(station)
        self._plc.set({f"platen{station}.polish_limit_reached": False})
        self._limits[station] = asyncio.get_running_loop().call_later(limit_s, self._polish_limit_reached, station)

    def _disarm(self, station: int) -> None:
        timer = self._limits.pop(station, None)
        if timer is not None:
            timer.cancel()

    def _polish_limit_reached(self, station: int) -> None:
        self._limits.pop(station, None)
        head = self.platens[station].head
        if head is not None and head.in_contact:
            self._plc.set({f"platen{station}.polish_limit_reached": True})
            self._retract(station)

    def disarm(self) -> None:
        """Stop all clocks of the PLC."""
        for station in tuple(self._limits):
            self._disarm(station)
        for timer in self._rising.values():
            timer.cancel()

    # -- seating and safety ------------------------------------------------------------------------------------
    def seat_heads(self, platens: Iterable[int] | None = None) -> None:
        """Bring platens, heads and their wafers together as they stand; called after a move for its platens."""
        freed: set[TrueHead] = set()
        for n in self.platens if platens is None else platens:
            platen, number = self.platens[n], self._handling.head_at(n)
            head = None if number is None else self.heads[number]
            wafer = self._places.get(f"head{number}")
            ratio = self._truth.wafer_rate_ratio(self._seed, wafer.wafer_id) if wafer is not None else 1.0
            freed |= {h for h in (platen.head, head) if h is not None}
            platen.seat(self._clock(), head, wafer, ratio)
        # Not before the last platen is done with the head it had.
        for head in freed:
            head.renew_matrix()

    def put_batch(self, line: int, lot_number: str) -> None:
        """Put a batch on a slurry line; every platen that draws from it gets its truth."""
        self.slurry_lots[line] = lot_number
        ratios = {n: self._truth.slurry_of(lot) for n, lot in self.slurry_lots.items()}
        for platen in self.platens.values():
            platen.slurry_ratio = ratios

    def settle(self) -> None:
        """Commit everything up to now, so that what is read of wafers and parts is the present."""
        for platen in self.platens.values():
            platen.cut_at(self._clock())

    def settle_idle(self) -> None:
        """Bring platens that rest up to now, so that sampling them costs no more the longer they have rested."""
        for platen in self.platens.values():
            if platen.idle:
                platen.cut_at(self._clock())

    def present(self) -> dict[int, TruePlaten]:
        """Return copies of the platens, with their heads and wafers, as they are now; committing nothing."""
        return {n: platen.present(self._clock()) for n, platen in self.platens.items()}

    def make_safe(self, loss: Loss = Loss.COMMUNICATION) -> None:
        """Let every output go to its fail state: heads up, rinse on, slurry off, drives to rest."""
        for station in self.platens:
            self._retract(station, loss)

    def lose(self, loss: Loss) -> None:
        """Lose a supply until `regain`; outputs go to their fail states."""
        self.lost.add(loss)
        self.make_safe(loss)

    def regain(self, loss: Loss) -> None:
        """Have a supply again. Nothing starts by itself."""
        self.lost.discard(loss)

    def _acting(self, place: str, loss: Loss) -> dict[str, FailState]:
        return acting(place, loss, len(self._tool.head.zone_outer_mm))

    def _retract(self, station: int, loss: Loss = Loss.COMMUNICATION) -> None:
        """Bring one platen, its conditioner and its head to their fail states."""
        platen = self.platens[station]
        states = self._acting("platen", loss) | self._acting("conditioner", loss)
        if states:
            self._command(station)
            rest = {name: _FAIL_TARGETS.get((name, state), 0.0) for name, state in states.items()}
            platen.valve_open = platen.valve_open and "slurry" not in rest
            lifted = rest.pop("disk_down", None) is not None
            platen.bank.command(self._clock(), rest, STOP_RAMP_S)
            if lifted:
                platen.bank.command(self._clock(), {"disk_down": 0.0}, 0.0)
                self._plc.set({f"conditioner{station}.up": True})
            self._pad_wet(station)
        if platen.head is not None and (states := self._acting("head", loss)):
            self._raise_head(platen.head, states)

    def _raise_head(self, head: TrueHead, states: Mapping[str, FailState]) -> None:
        """Bring a head up by its spring, its pressures and drives to rest."""
        if self._plc.values[f"head{head.number}.up"] or head.number in self._rising:
            return
        self.devices[f"head{head.number}"].stop()
        motion = self._lift(head.number)
        driven = {name: 0.0 for name, state in states.items() if state is not FailState.UP}
        head.bank.command(self._clock(), driven, RETRACT_RAMP_S)

        def risen() -> None:
            del self._rising[head.number]
            motion.finish()

        self._rising[head.number] = asyncio.get_running_loop().call_later(motion.time_s, risen)

    def close_chemicals(self) -> None:
        """Close every slurry valve; where slurry ran, the rinse takes its place. Motion goes on."""
        for n, platen in self.platens.items():
            if platen.valve_open:
                self._command(n)
                platen.valve_open = False
                states = self._acting("platen", Loss.CHEMICALS)
                targets = {name: _FAIL_TARGETS.get((name, state), 0.0) for name, state in states.items()}
                platen.bank.command(self._clock(), targets, 0.0)
                self._pad_wet(n)

    def flags(self) -> ModelFlag:
        """Return the model flags raised so far on any platen."""
        raised = ModelFlag.NONE
        for platen in self.platens.values():
            raised |= platen.flags
        return raised


def _float(value: Value) -> float:
    if isinstance(value, tuple):
        raise TypeError("not a scalar")
    return float(value)
