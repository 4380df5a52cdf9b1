"""Faults of a process that still runs, graded: severity 1 stands at the fault's warning band. Each is physics behind
the tags, never a change of what a sensor says."""

from __future__ import annotations

from planaris.model import (
    HEAD_SPEED_BAND,
    LIFE_WARN_PCT,
    SLURRY_FLOW_BAND,
    LEAK_WARN_kPa,
    ProcessFault,
)
from planaris.physics import disk_life_h
from planaris.twin.process import Process

# The zone that leaks where none is named: the outer one is stretched most [design].
_OUTER = -1


def inject(process: Process, target: str, fault: ProcessFault, severity: float) -> None:
    """Give a platen or a head a fault from now on.

    ``target`` is ``platen1`` (slurry drop, worn disk) or ``head2`` (ring wear, membrane leak, head speed drift); a
    leak's zone may be named: ``head2.zone1``. Raises ValueError for another, for a severity below 0, and for wear while
    the station polishes.
    """
    place, _, zone = target.partition(".")
    on_platen = fault in (ProcessFault.SLURRY_DROP, ProcessFault.WORN_DISK)
    stations = process.platens if on_platen else process.heads
    kind = "platen" if on_platen else "head"
    number = int(place.removeprefix(kind)) if place.startswith(kind) and place.removeprefix(kind).isdigit() else 0
    if number not in stations or (zone and fault is not ProcessFault.MEMBRANE_LEAK) or severity < 0.0:
        known = ", ".join(f"{kind}{n}" for n in stations)
        raise ValueError(f"{fault.value} of {severity:g} at {target}: it happens at {known}, from 0 on")
    life = 0.01 * LIFE_WARN_PCT * severity
    if fault is ProcessFault.SLURRY_DROP:
        process.weaken(place, "slurry", 1.0 - 0.01 * SLURRY_FLOW_BAND.warn_pct * severity)
    elif fault is ProcessFault.HEAD_SPEED_DRIFT:
        process.weaken(place, "speed", 1.0 - 0.01 * HEAD_SPEED_BAND.warn_pct * severity)
    elif fault is ProcessFault.WORN_DISK:
        platen = process.platens[number]
        _at_rest(place, polishing=platen.head is not None and platen.head.in_contact)
        process.settle()
        platen.disk_hours = life * disk_life_h(platen.truth.disk)
    else:
        head = process.heads[number]
        _at_rest(place, polishing=head.in_contact)
        process.settle()
        if fault is ProcessFault.RING_WEAR:
            head.ring_lost_um = 1e3 * life * head.wear_limit_mm
            head.renew_matrix()
        else:
            zones = list(head.leaks_kPa)
            index = _zone_index(zone, len(zones), target)
            zones[index] = LEAK_WARN_kPa * severity
            head.leaks_kPa = tuple(zones)


def mend(process: Process, target: str) -> bool:
    """Let a platen's slurry or a head's drive and membrane be sound again; return whether there is such a place.

    Wear stays: a part is changed.
    """
    kind = target.rstrip("0123456789")
    number = int(target.removeprefix(kind) or 0)
    if kind == "platen" and number in process.platens:
        process.weaken(target, "slurry", 1.0)
        return True
    if kind == "head" and number in process.heads:
        process.weaken(target, "speed", 1.0)
        process.settle()
        head = process.heads[number]
        head.leaks_kPa = (0.0,) * len(head.leaks_kPa)
        return True
    return False


def _at_rest(place: str, *, polishing: bool) -> None:
    if polishing:
        raise ValueError(f"{place} is polishing")


def _zone_index(zone: str, count: int, target: str) -> int:
    if not zone:
        return _OUTER
    number = int(zone.removeprefix("zone")) if zone.removeprefix("zone").isdigit() else 0
    if not 1 <= number <= count:
        raise ValueError(f"no zone {target}; there are zone1 to zone{count}")
    return number - 1
