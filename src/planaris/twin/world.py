"""The world around the twin: what a person at the machine could do or know. Wired by `app` only."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from planaris.model import Lot, ProcessFault, SlotState, ThicknessMap
from planaris.physics import disk_sharpness, flag_names, from_sites, groove_depth_mm
from planaris.twin import graded_faults
from planaris.twin.fail_states import Loss
from planaris.twin.fault_ends import FaultEnds
from planaris.twin.machine import Machine
from planaris.twin.memory import MemoryFile
from planaris.twin.noise import stream_of
from planaris.twin.patterned import true_area
from planaris.twin.restoring import Keeper, Restored, restore
from planaris.twin.sensor_faults import SensorFaultKind
from planaris.twin.truth import UNDER_FILM_SIGMA_PCT, UPSTREAM_NOISE_nm
from planaris.twin.wafers import TrueWafer

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WaferTruth:
    """A wafer as it truly is, and was before the polish; maps on the polar grid in nm.

    Before and after are of the polished film; ``films_nm`` (n_film, n_r, n_theta) are all films now, ``materials`` from
    the top down.
    """

    wafer_id: str
    slot: int
    head: int
    location: str
    before_nm: Array
    after_nm: Array
    materials: tuple[str, ...] = ()
    films_nm: Array | None = None


@dataclass(frozen=True, slots=True)
class PartTruth:
    """True wear of one consumable."""

    location: str
    part: str
    quantity: str
    value: float


class World:
    """Audited access to a twin's truth and to what people do around a machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._keeper: Keeper | None = None
        self._ends = FaultEnds(self.clear_fault)

    # -- what people do ---------------------------------------------------------------------------------------
    def place_cassette(self, lot: Lot) -> None:
        """Put a lot's cassette on its load port. True films are what upstream measured less its noise."""
        maps: dict[str, ThicknessMap] = {m.wafer_id: m for m in lot.incoming}
        grid, seed = self.machine.process.grid, self.machine.seed
        wafers: list[TrueWafer] = []
        for wafer in lot.wafers:
            incoming = maps.get(wafer.wafer_id)
            if incoming is None:
                film = np.full((grid.n_r, grid.n_theta), wafer.stack.top.thickness_nm)
            else:
                x, y = np.array(incoming.plan.x_mm), np.array(incoming.plan.y_mm)
                film = from_sites(x, y, np.array(incoming.thickness_nm), grid)
            # The map carries upstream's noise; what is smooth in it was film, the rest was not.
            offset = UPSTREAM_NOISE_nm * float(stream_of(seed, f"upstream.{wafer.wafer_id}").standard_normal())
            film = film - offset
            true = TrueWafer(wafer.wafer_id, wafer.slot, wafer.kind, film, film.copy())
            true.materials = tuple(layer.material for layer in wafer.stack.layers)
            if len(true.materials) > 1:
                below = np.array([layer.thickness_nm for layer in wafer.stack.layers[1:]])
                chance = stream_of(seed, f"under.{wafer.wafer_id}").standard_normal(len(below))
                means_nm = below * (1.0 + 0.01 * UNDER_FILM_SIGMA_PCT * chance)
                true.under_nm = np.broadcast_to(means_nm[:, None, None], (len(below), *film.shape)).copy()
            if wafer.stack.areas:
                true.areas = tuple(true_area(area) for area in wafer.stack.areas)
                true.start_nm = tuple(float(film.mean()) for film in true.films_nm)
            wafers.append(true)
        slots = dict(enumerate(lot.carrier.slots, start=1))
        self.machine.place_carrier(lot.load_port, lot.carrier.carrier_id, slots, wafers)

    def remove_cassette(self, load_port: int) -> None:
        """Take a cassette away."""
        self.machine.remove_carrier(load_port)

    def empty(self) -> None:
        """Take every cassette away, and every wafer out of the machine by hand."""
        for port in tuple(self.machine.handling.carriers):
            self.machine.remove_carrier(port)
        for place in self.where().values():
            self.machine.places.take(place)
            self.machine.handling.sensor(place)
        self.machine.process.seat_heads()
        self.machine.on_change()

    def press_emo(self) -> None:
        """Press the red button."""
        self.machine.safety.trip("emo")
        self.machine.on_change()

    def reset_emo(self) -> None:
        """Pull the red button out again."""
        self.machine.safety.reset("emo")
        self.machine.on_change()

    def lose(self, supply: str) -> None:
        """Lose power, air, vacuum, or the PLC's CPU (communication); outputs go to their fail states."""
        self.machine.lose(Loss(supply))

    def regain(self, supply: str) -> None:
        """Have a supply or the PLC again."""
        self.machine.regain(Loss(supply))

    def set_supply(self, signal: str, ratio: float) -> None:
        """Scale a facility supply (di_pressure_kPa, …): 0 is lost, 1 as it should be."""
        self.machine.supplies.set_ratio(asyncio.get_running_loop().time(), signal, ratio)

    def inject_fault(self, target: str, fault: str, magnitude: float, duration_s: float | None = None) -> None:
        """Break something: a device (`slow`, `silent`, `jammed`), a safety input (`trip`), a supply (`loss`, `supply`
        of the facility with what is left of it), the dryer's lid (`lid`), lose a wafer (`lost`), or let one come to
        grief: `left_on_pad` (magnitude: pulls that fail), `weak_vacuum` (kPa that a head lacks), `slip`, `break`. What
        turns wafers over jams (`flip_jam`) or lets them fall (`flip_drop`, magnitude: how many). A robot or a cup goes
        through its motion and leaves the wafer where it is (`miss`, magnitude: how often).

        A sensor, by its tag, can `dropout`, be `stuck`, `spike` (magnitude: its height) or show `saturation`, and a
        window (``platen1.window``) be `fouled` (magnitude: share of light taken).

        What goes on polishing is graded, magnitude 1 at its warning band: `slurry_drop` and `worn_disk` of a platen,
        `ring_wear`, `membrane_leak` and `head_speed_drift` of a head.

        After ``duration_s`` of tool time all that is wrong with the target is mended; without, it stays until cleared.
        Raises ValueError for what there is not, and for a duration of what cannot be mended."""
        self._ends.check(fault, duration_s)
        self._inject(target, fault, magnitude)
        self._ends.begin(target, duration_s)

    def _inject(self, target: str, fault: str, magnitude: float) -> None:
        if fault in tuple(ProcessFault):
            graded_faults.inject(self.machine.process, target, ProcessFault(fault), magnitude)
            return
        if fault in tuple(SensorFaultKind):
            self.machine.process.fail_sensor(target, SensorFaultKind(fault), magnitude)
            return
        if fault == "loss":
            self.lose(target)
            return
        if fault == "supply":
            self.set_supply(target, magnitude)
            return
        if fault == "lid":
            self.machine.handling.lid_stuck = True
            return
        if fault == "trip":
            self.machine.safety.trip(target)
            return
        if fault in {"left_on_pad", "weak_vacuum", "slip", "break"}:
            self._mishap(target, fault, magnitude)
            return
        if fault in {"flip_jam", "flip_drop"}:
            self._break_wrist(target, fault, magnitude)
            return
        if fault == "miss":
            if target not in self.machine.devices:
                raise ValueError(f"no device {target}")
            self.machine.handling.misses_left[target] = max(1, int(magnitude))
            return
        if fault == "lost":
            self.machine.places.take(target)
            self.machine.handling.sensor(target)
            return
        if fault == "slots":
            self._mix_up(target, SlotState.CROSSED if magnitude < 0 else SlotState.DOUBLE, int(abs(magnitude)))
            return
        device = self.machine.devices.get(target)
        if device is None:
            raise ValueError(f"no device {target}")
        if fault == "slow":
            device.fault.slow_ratio = magnitude
        elif fault == "silent":
            device.fault.silent = True
        elif fault == "jammed":
            device.fault.jammed = True
        else:
            raise ValueError(f"no fault {fault}; devices know slow, silent, jammed")

    def change_part(self, location: str, part: str, serial: str) -> None:
        """Swap a true part for the one of a serial number, or put a slurry batch on a line.

        Raises ValueError for a part or place that there is not, or a station at work.
        """
        process = self.machine.process
        platen = process.platens.get(int(location.removeprefix("platen"))) if _is(location, "platen") else None
        head = process.heads.get(int(location.removeprefix("head"))) if _is(location, "head") else None
        line = int(location.removeprefix("slurry")) if _is(location, "slurry") else 0
        if part in ("pad", "disk") and platen is not None:
            if platen.head is not None and platen.head.in_contact:
                raise ValueError(f"{location} is polishing")
            process.settle()
            (platen.change_pad if part == "pad" else platen.change_disk)(serial)
        elif part in ("ring", "membrane") and head is not None:
            if head.in_contact:
                raise ValueError(f"{location} is polishing")
            process.settle()
            (head.change_ring if part == "ring" else head.change_membrane)(serial)
        elif part == "slurry" and 1 <= line <= self.machine.tool.platen.slurry_lines:
            process.settle()
            process.put_batch(line, serial)
        elif part == "brush" and location in self.machine.tool.cleaner.stations:
            pass  # the twin's brushes do not wear
        elif part == "filter" and 1 <= line <= self.machine.tool.platen.slurry_lines:
            pass  # nor do its filters clog
        else:
            raise ValueError(f"no {part} at {location}")

    def _mishap(self, target: str, fault: str, magnitude: float) -> None:
        """Let a wafer come to grief at a head, or, broken, anywhere."""
        mishaps, station_of = self.machine.process.mishaps, self.machine.handling.station_of
        if fault == "break":
            mishaps.shatter(target, station_of)
            return
        if not target.startswith("head"):
            raise ValueError(f"{fault} happens at a head, not at {target}")
        head = int(target.removeprefix("head"))
        if fault == "slip":
            mishaps.slip(head, station_of(head))
        elif fault == "left_on_pad":
            mishaps.fault_of(head).sticks_count = max(1, int(magnitude))
        else:
            mishaps.fault_of(head).vacuum_lost_kPa = magnitude

    def _break_wrist(self, target: str, fault: str, magnitude: float) -> None:
        wrists = self.machine.handling.wrists
        if target != "wet_robot" or wrists is None:
            raise ValueError(f"{target} turns no wafers over")
        if fault == "flip_jam":
            wrists.fault.jammed = True
        else:
            wrists.fault.drops_count = max(1, int(magnitude))

    def take_wafer(self, location: str) -> None:
        """Open the machine and take a wafer, or what is left of it, out."""
        self.machine.process.mishaps.take(location)

    def clear_fault(self, target: str) -> None:
        """Mend a device or a sensor, give a supply back or reset a safety input."""
        self._ends.forget(target)
        if target in tuple(Loss):
            self.regain(target)
            return
        if self.machine.process.sensor_faults.end(target, asyncio.get_running_loop().time()):
            return
        if target.endswith(("_kPa", "_C", "_m_s")):
            self.set_supply(target, 1.0)
            return
        graded_faults.mend(self.machine.process, target)
        if target == "srd":
            self.machine.handling.lid_stuck = False
        device = self.machine.devices.get(target)
        if device is None:
            self.machine.safety.reset(target)
            return
        if target == "wet_robot" and self.machine.handling.wrists is not None:
            self.machine.handling.wrists.mend()
        if target.startswith("head"):
            self.machine.process.mishaps.clear(int(target.removeprefix("head")))
        device.fault.slow_ratio, device.fault.silent, device.fault.jammed = 1.0, False, False
        self.machine.handling.misses_left.pop(target, None)

    def _mix_up(self, port: str, state: SlotState, slot: int) -> None:
        self.machine.handling.carriers[int(port.removeprefix("loadport"))].slots[slot] = state

    # -- what only the world knows ----------------------------------------------------------------------------
    def wafers(self) -> tuple[WaferTruth, ...]:
        """Return the truth of every wafer in or at the tool, by slot."""
        pressed = {p.wafer.wafer_id: p.wafer for p in self.machine.process.present().values() if p.wafer is not None}
        found: list[WaferTruth] = []
        for location, wafer in self.machine.places.items():
            now = pressed.get(wafer.wafer_id, wafer)
            found.append(
                WaferTruth(
                    now.wafer_id,
                    now.slot,
                    now.head,
                    location,
                    now.before_nm,
                    now.thickness_nm,
                    now.materials or (self.machine.truth.film,),
                    now.films_nm,
                )
            )
        return tuple(sorted(found, key=lambda t: t.slot))

    def where(self) -> Mapping[str, str]:
        """Return wafer -> true location."""
        return {w.wafer_id: location for location, w in self.machine.places.items()}

    def parts(self) -> tuple[PartTruth, ...]:
        """Return the true wear of pads, disks, rings and membranes."""
        truth, process = self.machine.truth, self.machine.process
        platens = process.present()
        heads = process.heads | {p.head.number: p.head for p in platens.values() if p.head is not None}
        rows: list[PartTruth] = []
        for n, platen in platens.items():
            depth_mm = float(np.min(groove_depth_mm(platen.pad_lost_um, truth.pad)))
            span_mm = truth.pad.groove_depth_mm - truth.pad.groove_min_mm
            spent_pct = 100.0 * (truth.pad.groove_depth_mm - depth_mm) / span_mm
            sharp = float(disk_sharpness(platen.disk_hours, truth.disk.disk_decay_h))
            rows += [
                PartTruth(f"platen{n}", "pad", "groove_depth_mm", depth_mm),
                PartTruth(f"platen{n}", "pad", "life_pct", spent_pct),
                PartTruth(f"platen{n}", "pad", "freshness_fraction", float(platen.state.populations.mean())),
                PartTruth(f"platen{n}", "disk", "use_h", platen.disk_hours),
                PartTruth(f"platen{n}", "disk", "sharpness_fraction", sharp),
            ]
        for n, head in heads.items():
            rows += [
                PartTruth(f"head{n}", "ring", "lost_um", head.ring_lost_um),
                PartTruth(f"head{n}", "membrane", "use_h", head.membrane_h),
            ]
        return tuple(rows)

    def flags(self) -> tuple[str, ...]:
        """Return the names of the model flags raised."""
        return flag_names(self.machine.process.flags())

    # -- the twin's own memory --------------------------------------------------------------------------------
    def remember(self, file: MemoryFile) -> Restored:
        """Take over the world of an earlier life, if the file holds one, and keep this one there from now on."""
        restored = restore(self.machine, file.kept)
        self._keeper = Keeper(self.machine, file)
        return restored

    def leave_in_order(self) -> None:
        """Note that machine and controller ended together, in order; wear and wafers stay in the memory."""
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None


def _is(location: str, kind: str) -> bool:
    """Whether a location is a numbered place of a kind."""
    return location.startswith(kind) and location.removeprefix(kind).isdigit()


def _by_material(wafer: WaferTruth, materials: Sequence[str]) -> Array:
    """Return a wafer's films in a given order, (n_material, n_r, n_theta); NaN for what it does not carry."""
    films = np.full((len(materials), *wafer.after_nm.shape), np.nan)
    if wafer.films_nm is not None:
        for material, film in zip(wafer.materials, wafer.films_nm, strict=True):
            films[materials.index(material)] = film
    return films


def save_truth(
    path: Path | BinaryIO, wafers: Sequence[WaferTruth], parts: Sequence[PartTruth], r_mm: Array, theta_rad: Array
) -> None:
    """Write the twin's truth of a run beside its records, as npz. Never read by the tool."""
    done = [w for w in wafers if w.head]
    materials = tuple(dict.fromkeys(m for w in done for m in w.materials))
    shape = (len(done), len(r_mm), len(theta_rad))
    np.savez(  # compressed it is a sixth smaller and takes thirty times as long
        path,
        wafer_id=np.array([w.wafer_id for w in done], dtype=str),
        slot=np.array([w.slot for w in done], dtype=np.int64),
        head=np.array([w.head for w in done], dtype=np.int64),
        r_mm=r_mm,
        theta_rad=theta_rad,
        thickness_before_nm=np.array([w.before_nm for w in done]).reshape(shape),
        thickness_after_nm=np.array([w.after_nm for w in done]).reshape(shape),
        film_material=np.array(materials, dtype=str),
        films_after_nm=np.array([_by_material(w, materials) for w in done]).reshape(
            (*shape[:1], len(materials), *shape[1:])
        ),
        part_location=np.array([p.location for p in parts], dtype=str),
        part_name=np.array([p.part for p in parts], dtype=str),
        part_quantity=np.array([p.quantity for p in parts], dtype=str),
        part_value=np.array([p.value for p in parts]),
    )
