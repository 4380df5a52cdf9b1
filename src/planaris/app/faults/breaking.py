"""Breaks a twin as a scenario says, mends it, and knows whether a fault acted on anything."""

from __future__ import annotations

from planaris.app.faults.scenario import Fault, FaultKind
from planaris.twin import Unreliable, World

_DEVICE = frozenset({FaultKind.JAMMED, FaultKind.SLOW, FaultKind.SILENT})
_SENSOR = frozenset({FaultKind.STUCK_OFF, FaultKind.STUCK_ON, FaultKind.FLICKER})
_WAFER = frozenset({FaultKind.SLIP, FaultKind.BREAK})
# Done is done: there is nothing that a person could mend.
NOTHING_TO_MEND = frozenset({FaultKind.SLOTS, FaultKind.SLIP, FaultKind.BREAK, FaultKind.PERSON, FaultKind.KILL})


class Breaking:
    """One fault in one world. ``touched`` are the wafers that were at what broke while it was broken."""

    def __init__(self, world: World, unreliable: Unreliable, fault: Fault) -> None:
        self._world, self._unreliable, self.fault = world, unreliable, fault
        self.active = False
        self.begun_s: float | None = None
        self.reached = False
        self.touched: set[str] = set()

    @property
    def lasting(self) -> bool:
        """Whether it stays until a person mends it."""
        return not self.fault.duration_s and self.fault.kind not in NOTHING_TO_MEND

    def ready(self) -> bool:
        """Whether it can happen now: some mishaps need a wafer in the right place."""
        if self.fault.kind in _WAFER:
            return self._world.machine.process.heads[int(self.fault.target.removeprefix("head"))].in_contact
        return True

    def begin(self, now_s: float) -> None:
        """Break it."""
        fault, world, machine = self.fault, self._world, self._world.machine
        self.active, self.begun_s = True, now_s
        self.look()
        match fault.kind:
            case FaultKind.LINK:
                machine.plc.cut()
            case FaultKind.PLC:
                world.lose("communication")
            case FaultKind.SUPPLY:
                world.set_supply(fault.target, fault.magnitude)
            case FaultKind.LOSS:
                world.lose(fault.target)
            case FaultKind.TRIP:
                machine.safety.trip(fault.target)
            case FaultKind.LID:
                machine.handling.lid_stuck = True
            case FaultKind.DEVIATION:
                place, _, actuator = fault.target.partition(":")
                self.reached = machine.process.weaken(place, actuator, fault.magnitude) != 0.0
            case FaultKind.STUCK_ON | FaultKind.STUCK_OFF:
                self._unreliable.stick(fault.target, fault.kind is FaultKind.STUCK_ON)
            case FaultKind.FLICKER:
                self._unreliable.flicker(fault.target)
            case FaultKind.LOST_NOTICE:
                self._unreliable.lose_notices(fault.target, int(fault.magnitude))
            case FaultKind.PERSON | FaultKind.KILL:
                pass
            case _:
                world.inject_fault(fault.target, fault.kind.value, fault.magnitude)

    def mend(self) -> None:
        """Mend it, at the machine."""
        if not self.active:
            return
        self.look()
        self.active = False
        fault, world, machine = self.fault, self._world, self._world.machine
        match fault.kind:
            case FaultKind.LINK:
                machine.plc.splice()
            case FaultKind.PLC:
                world.regain("communication")
            case FaultKind.SUPPLY:
                world.set_supply(fault.target, 1.0)
            case FaultKind.LOSS:
                world.regain(fault.target)
            case FaultKind.TRIP:
                machine.safety.reset(fault.target)
            case FaultKind.LID:
                machine.handling.lid_stuck = False
            case FaultKind.DEVIATION:
                place, _, actuator = fault.target.partition(":")
                machine.process.weaken(place, actuator, 1.0)
            case FaultKind.STUCK_ON | FaultKind.STUCK_OFF | FaultKind.FLICKER | FaultKind.LOST_NOTICE:
                self._unreliable.mend(fault.target)
            case kind if kind in NOTHING_TO_MEND:
                pass
            case _:
                world.clear_fault(fault.target)

    def took_effect(self) -> bool:
        """Whether it acted on anything."""
        fault, machine = self.fault, self._world.machine
        if self.begun_s is None:
            return False
        if fault.kind in _DEVICE:
            return machine.devices[fault.target].fault.effects_count > 0
        if fault.kind in _SENSOR or fault.kind is FaultKind.LOST_NOTICE:
            return fault.target in self._unreliable.effects
        if fault.kind in {FaultKind.LEFT_ON_PAD, FaultKind.WEAK_VACUUM}:
            return fault.target in machine.process.mishaps.dropped
        if fault.kind in {FaultKind.FLIP_JAM, FaultKind.FLIP_DROP}:
            wrists = machine.handling.wrists
            return wrists is not None and wrists.fault.effects_count > 0
        if fault.kind is FaultKind.MISS:
            return fault.target in machine.handling.missed
        if fault.kind is FaultKind.LID:
            return machine.handling.lid_refusals_count > 0
        if fault.kind is FaultKind.PERSON:
            return self.reached
        if fault.kind is FaultKind.DEVIATION:
            return self.reached or machine.process.weak_count > 0
        return True

    def look(self) -> None:
        """Note which wafers are at what is broken now."""
        if not self.active:
            return
        machine, kind = self._world.machine, self.fault.kind
        place = self.fault.target.partition(":")[0]
        everywhere = kind in {FaultKind.TRIP, FaultKind.LOSS, FaultKind.LINK, FaultKind.PLC, FaultKind.SUPPLY}
        beside = {place}
        number = place.removeprefix("platen").removeprefix("conditioner")
        if number.isdigit():
            beside |= {f"platen{number}", f"head{machine.handling.head_at(int(number)) or 0}"}
        if place in {"loadcup", "carousel"}:
            beside |= {f"head{n}" for n in machine.process.heads} if place == "carousel" else {"loadcup"}
        for at, wafer in machine.places.items():
            if at in beside or at.removesuffix("_b") in beside or (everywhere and not at.startswith("loadport")):
                self.touched.add(wafer.wafer_id)
