"""The machine as the twin has it: PLC, handling, process, safety layer and facility, on tool time."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from planaris.dictionary import Dictionary
from planaris.hardware import OPTICAL, Value, tags_from
from planaris.model import SITE_PLANS, SlotState, ToolDescription
from planaris.physics import sample_at
from planaris.twin.actuators import ActuatorBank
from planaris.twin.devices import TwinDevice
from planaris.twin.facility import FACILITY_SIGNALS, Facility, FACILITY_RATE_Hz
from planaris.twin.fail_states import Loss
from planaris.twin.handling import Handling
from planaris.twin.noise import stream_of
from planaris.twin.plc import LinkModel, VirtualPlc
from planaris.twin.process import Process
from planaris.twin.profile import FULL, TwinProfile
from planaris.twin.safety import SafetyLayer
from planaris.twin.sampling import SampledOwner, SampledSubscription
from planaris.twin.truth import Truth
from planaris.twin.wafers import Places, TrueCarrier, TrueWafer, slot_location
from planaris.twin.window_sampling import FlashSubscription

# Two seconds without the controller and the PLC brings the machine to safety (design values).
HEARTBEAT_LIMIT_S = 2.0
# How far back a single reading looks for the last flash of a window: a slow turn [design].
LAST_FLASH_S = 6.0
# With one beat of the controller in so many the machine's slow changes are noted [design].
BEATS_PER_CHANGE = 5
# So often a twin in real or hurried time notes what a polish changes, in tool time [design].
LIVE_CHANGE_PERIOD_S = 1.0
# Facility reading that goes with a supply.
_SUPPLY_OF = {Loss.AIR: "cda_pressure_kPa", Loss.VACUUM: "vacuum_kPa"}


class Machine:
    """A twin of one tool. Make it inside the running loop whose time it lives on.

    ``on_change`` is called after each material change, and now and then with a beat of the controller; where
    ``change_period_s`` is given, also that often while a wafer is at a platen in use.
    """

    def __init__(
        self,
        tool: ToolDescription,
        dictionary: Dictionary,
        truth: Truth,
        seed: int,
        link: LinkModel | None = None,
        profile: TwinProfile = FULL,
        *,
        heartbeat_limit_s: float = HEARTBEAT_LIMIT_S,
        change_period_s: float | None = None,
    ) -> None:
        self._heartbeat_limit_s, self.change_period_s = heartbeat_limit_s, change_period_s
        self.tool, self.truth, self.seed = tool, truth, seed
        self._loop = loop = asyncio.get_running_loop()
        # What the machine does is the machine's, whoever wrote the tag that began it.
        self._own = contextvars.copy_context()
        self.plc = VirtualPlc(tags_from(dictionary), link or LinkModel(), seed)
        self.places = Places()
        self.handling = Handling(tool, self.plc, self.places, dictionary, seed, self._measure)
        self.process = Process(tool, dictionary, self.plc, self.places, self.handling, truth, seed, loop.time, profile)
        self.handling.on_turn, self.handling.on_hold = self.process.seat_heads, self.process.hold
        self.safety = safety = SafetyLayer(self.plc, self._stop_all, self.process.close_chemicals)
        self.process.powered = lambda: safety.powered and Loss.POWER not in self.process.lost
        self.process.chemicals_allowed = lambda: safety.chemicals_allowed and self.process.powered()
        self.handling.vacuum_ok = lambda: Loss.VACUUM not in self.process.lost
        self.on_change: Callable[[], None] = lambda: None
        for device in self.devices.values():
            device.powered = self.process.powered
        for device in self.handling.devices.values():
            device.on_ended = self._changed
        bank = ActuatorBank(["none"], [1.0], [0.0], loop.time())
        gains = np.ones(len(FACILITY_SIGNALS))
        self.supplies = Facility()
        self._facility = SampledOwner(
            "facility", FACILITY_SIGNALS, bank, self.supplies.values, gains, seed, rate_Hz=FACILITY_RATE_Hz
        )
        self.plc.set({"safety.healthy": True})
        self.plc.on_write(("plc.sp_heartbeat_count",), self._heartbeat)
        self.plc.without_notice("plc.sp_heartbeat_count")
        self._heartbeat_timer: asyncio.TimerHandle | None = None
        self._sampled: list[SampledSubscription | FlashSubscription] = []
        self._last_beat_s, self._last_count = 0.0, 0.0
        self._change_timer: asyncio.TimerHandle | None = None
        self._look_again()

    @property
    def devices(self) -> Mapping[str, TwinDevice]:
        """All devices by name."""
        return {**self.handling.devices, **self.process.devices}

    @property
    def time_s(self) -> float:
        """Tool time now."""
        return self._loop.time()

    def write(self, values: Mapping[str, Value]) -> None:
        """Take written tags, as they come in from the link."""
        self._own.copy().run(self.plc.write, values)

    # -- sensors ----------------------------------------------------------------------------------------------
    def owner(self, name: str) -> SampledOwner:
        """Return what samples a platen's, a head's or the facility's sensors."""
        return self._facility if name == "facility" else self.process.owners[name]

    def sensors_now(self, name: str, time_s: float) -> dict[str, float]:
        """Return one owner's sensor values at a time, changing nothing."""
        owner = self.owner(name)
        return dict(zip(owner.tags, (float(v) for v in owner.now(time_s)), strict=True))

    def window_now(self, name: str, time_s: float) -> dict[str, Value]:
        """Return what a platen's window saw at its last flash, nothing where nobody samples it or none came yet."""
        window = self.process.windows[name]
        times_s, rows = window.rows(time_s - LAST_FLASH_S, time_s)
        if not len(times_s):
            return {}
        found: dict[str, Value] = {}
        first = 0
        for tag, width in zip(window.tags, window.widths, strict=True):
            values = rows[-1, first : first + width].tolist()
            found[tag] = values[0] if width == 1 else tuple(values)
            first += width
        return found

    def sample(self, rate_class: str, block_s: float) -> SampledSubscription | FlashSubscription:
        """Start a subscription of sampled sensors, or of a window's."""
        name, _, kind = rate_class.partition(".")
        delay_s = partial(self.plc.delay_s, rate_class)
        alive, subscription = self.plc.sampled_alive, None
        if kind == OPTICAL:
            window = self.process.windows[name]
            subscription = FlashSubscription(window, rate_class, block_s, delay_s, self._progressed, alive)
        else:
            owner = self.owner(name)
            subscription = SampledSubscription(owner, rate_class, block_s, delay_s, self._progressed, alive)
        self._sampled.append(subscription)
        self._sampled_on()
        return subscription

    @property
    def samplers_count(self) -> int:
        """Subscriptions of samples that are not at their end: for each the samples since its last block are kept."""
        return len(self._sampled)

    def _progressed(self, subscription: SampledSubscription | FlashSubscription) -> None:
        """Note that a subscription has come further, or to its end."""
        if subscription.ended:
            self._sampled_on()
            return
        name = subscription.owner_name
        self.process.keep_from(name, min(s.next_sample_s for s in self._sampled if s.owner_name == name))

    def _sampled_on(self) -> None:
        """Keep what samplers still want, forget the rest."""
        self._sampled = [s for s in self._sampled if not s.ended]
        oldest_s: dict[str, float] = {}
        for subscription in self._sampled:
            owner, next_s = subscription.owner_name, subscription.next_sample_s
            oldest_s[owner] = min(next_s, oldest_s.get(owner, next_s))
        self.process.keep_for_samplers(oldest_s)

    def _measure(self, wafer: TrueWafer, plan_name: str) -> tuple[float, ...]:
        """In-line metrology: truth at the sites, plus the instrument's bias and repeatability."""
        plan = SITE_PLANS[plan_name]
        chance = stream_of(self.seed, f"metrology.{wafer.wafer_id}.{wafer.measurement_count}")
        true = sample_at(wafer.thickness_nm, self.process.grid, np.array(plan.x_mm), np.array(plan.y_mm))
        noise = self.truth.metrology_repeatability_nm * chance.standard_normal(len(plan))
        return tuple(round(float(v), 3) for v in true + self.truth.metrology_bias_nm + noise)

    # -- carriers ---------------------------------------------------------------------------------------------
    def place_carrier(
        self, port: int, carrier_id: str, slots: Mapping[int, SlotState], wafers: Sequence[TrueWafer]
    ) -> None:
        """Put a cassette with its true wafers on a load port."""
        if port in self.handling.carriers:
            raise ValueError(f"loadport{port} already holds {self.handling.carriers[port].carrier_id}")
        self.handling.carriers[port] = TrueCarrier(carrier_id, dict(slots))
        for wafer in wafers:
            self.places.put(slot_location(port, wafer.slot), wafer)
        self.plc.set({f"loadport{port}.carrier_present": True})
        self.on_change()

    def remove_carrier(self, port: int) -> tuple[TrueWafer, ...]:
        """Take a cassette off a load port with what is in it."""
        del self.handling.carriers[port]
        inside = [place for place, _ in self.places.items() if place.startswith(f"loadport{port}.")]
        taken = tuple(self.places.take(place) for place in inside)
        self.plc.set({f"loadport{port}.carrier_present": False})
        self.on_change()
        return taken

    # -- PLC's own watch --------------------------------------------------------------------------------------
    def _heartbeat(self, values: Mapping[str, Value]) -> None:
        """Note a beat, which is a new count; one timer at a time watches for the next that does not come."""
        count = values["plc.sp_heartbeat_count"]
        if count == self._last_count or isinstance(count, tuple):
            return
        loop = asyncio.get_running_loop()
        self._last_count = count
        self._last_beat_s = loop.time()
        if int(count) % BEATS_PER_CHANGE == 0:  # films and wear change without any device's motion
            self.on_change()
        if self._heartbeat_timer is None:
            self.plc.set({"plc.heartbeat_lost": False})
            self._heartbeat_timer = loop.call_later(self._heartbeat_limit_s, self._check_heartbeat)

    def _check_heartbeat(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = self._last_beat_s + self._heartbeat_limit_s
        if due_s > loop.time() + 1e-6:
            self._heartbeat_timer = loop.call_at(due_s, self._check_heartbeat)
            return
        self._heartbeat_timer = None
        self.plc.set({"plc.heartbeat_lost": True})
        self.process.make_safe()

    def _stop_all(self) -> None:
        """What the safety relay does: every motion stops, heads are brought up by their springs, rinse stays on."""
        self._stop_devices()
        self.process.make_safe(Loss.POWER)

    def _stop_devices(self) -> None:
        for device in self.devices.values():
            device.stop()

    # -- what can be lost -------------------------------------------------------------------------------------
    def lose(self, loss: Loss) -> None:
        """Lose a supply, or the PLC's CPU (communication): every output goes to its fail state."""
        if loss is Loss.COMMUNICATION:
            self.plc.kill()
        elif loss in _SUPPLY_OF:
            self.supplies.set_ratio(asyncio.get_running_loop().time(), _SUPPLY_OF[loss], 0.0)
        if loss in {Loss.POWER, Loss.COMMUNICATION}:
            self._stop_devices()
        self.process.lose(loss)

    def regain(self, loss: Loss) -> None:
        """Have a supply or the PLC again. Nothing starts by itself."""
        self.process.regain(loss)
        if loss is Loss.COMMUNICATION:
            self.plc.revive()
            self.safety.show()
        elif loss in _SUPPLY_OF:
            self.supplies.set_ratio(asyncio.get_running_loop().time(), _SUPPLY_OF[loss], 1.0)

    def _changed(self) -> None:
        self.on_change()

    def _look_again(self) -> None:
        """Note every ``change_period_s`` what a polish changes."""
        if self.change_period_s is None:
            return
        self._change_timer = self._loop.call_later(self.change_period_s, self._look_again)
        if any(platen.wafer is not None and not platen.idle for platen in self.process.platens.values()):
            self.on_change()

    def close(self) -> None:
        """Stop the machine's own timers."""
        for timer in (self._heartbeat_timer, self._change_timer):
            if timer is not None:
                timer.cancel()
        self.process.disarm()
        self.plc.close()
