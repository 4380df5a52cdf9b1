"""Between a machine and its memory: what of it is kept, and how it comes back after a death.

A machine that lost its controller and its twin's process is found as its own layers leave it: heads up with their
wafers held by vacuum, rinse on, slurry off, drives at rest; wafers where they were. A motion under way has ended or not
begun, which a seeded chance decides.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from operator import attrgetter
from typing import Any

from planaris.model import SlotState, WaferKind
from planaris.twin.devices import DeviceError, DeviceFault, TwinDevice
from planaris.twin.machine import Machine
from planaris.twin.memory import Array, MemoryFile, Snapshot
from planaris.twin.noise import stream_of
from planaris.twin.wafers import TrueCarrier, TrueWafer

# Wear that is a number, of a platen's pad and disk and of a head's ring and membrane.
_PLATEN_WEAR = ("conditioned_s", "disk_hours", "wafers_count", "pad_serial", "disk_serial")
_HEAD_WEAR = ("ring_lost_um", "membrane_h", "leaks_kPa", "wafers_count", "ring_serial", "membrane_serial")
_ARRAYS = tuple(f.name for f in fields(TrueWafer) if "NDArray" in str(f.type))
_SCALARS = tuple(f.name for f in fields(TrueWafer) if f.name not in _ARRAYS)
_scalars_of = attrgetter(*_SCALARS)
_arrays_of = attrgetter(*_ARRAYS)
# Devices of the process come back in their safe state; what they were doing is over.
_PROCESS_DEVICES = ("head", "platen", "conditioner")
# How often films that are being polished are noted between their chunks' ends where no period is asked for: as often as
# beats call [design].
FILM_PERIOD_S = 5.0


@dataclass(frozen=True, slots=True)
class Restored:
    """How a machine came back: tool time of its last change, whether it was left in order, and the motions that were
    under way as ``device.verb`` with whether they ended."""

    time_s: float
    in_order: bool
    motions: Mapping[str, bool]


class Keeper:
    """Keeps a machine's world in a file from now on, at each of its changes."""

    def __init__(self, machine: Machine, file: MemoryFile) -> None:
        self._machine, self._file = machine, file
        # What of the world was noted last as a row, so that its text is made anew only where the row is another.
        self._rows: dict[str, tuple[Any, ...]] = {}
        # Of each place with a wafer the stamp of the wafer that was seen there last; and all wafers that were noted.
        self._stamps: dict[str, int] = {}
        self._wafer_ids: set[str] = set()
        # Of wafers being polished: when their films were noted last, and the film from which those were worked out.
        self._noted_s: dict[str, float] = {}
        self._polished: dict[str, Array] = {}
        self._film_period_s = machine.change_period_s or FILM_PERIOD_S
        self._values: dict[str, str] = {}
        # Names of carriers, motions and faults, which come and go.
        self._passing: set[str] = set()
        self._arrays: dict[tuple[str, str], Array] = {}
        # What may differ from what the file holds; None: anything.
        self._news: set[str] | None = None
        self._array_news: set[tuple[str, str]] = set()
        process, devices = machine.process, machine.devices
        self._devices = [(f"motion.{name}", f"fault.{name}", device) for name, device in devices.items()]
        self._worn = [
            *((f"platen.{n}", p, attrgetter(*_PLATEN_WEAR), _named(_PLATEN_WEAR)) for n, p in process.platens.items()),
            *((f"head.{n}", h, attrgetter(*_HEAD_WEAR), _named(_HEAD_WEAR)) for n, h in process.heads.items()),
        ]
        self._pads = [
            ((f"platen.{n}", "pad_lost_um"), (f"platen.{n}", "populations"), p) for n, p in process.platens.items()
        ]
        self._positions = tuple(tag for tag in machine.plc.values if tag.endswith((".position", ".wrist")))
        self._position_text = _named(self._positions)
        self._note("machine", json.dumps([machine.tool.name, machine.seed]))
        machine.on_change = self.keep
        for device in machine.handling.devices.values():
            device.on_begun = self._begun
        self.keep()

    @property
    def failure(self) -> str:
        """Why the last change could not be written, '' if it was."""
        return self._file.failure

    @property
    def rows_count(self) -> int:
        """Of how many parts of the world the row is kept, so that only what changed is written anew."""
        return len(self._rows)

    def keep(self) -> None:
        """Write what changed since the last time."""
        self._write(in_order=False)

    def _begun(self, device: TwinDevice) -> None:
        assert device.motion is not None
        name = f"motion.{device.name}"
        self._passing.add(name)
        self._note_row(name, device.motion, list)
        self._file.put(name, self._values[name])

    def close(self) -> None:
        """Write the world as a machine that was left in order, and keep it no longer. The file stays open."""
        self._machine.on_change = lambda: None
        for device in self._machine.handling.devices.values():
            device.on_begun = lambda _device: None
        self._machine.process.settle()
        self._write(in_order=True)

    def _write(self, *, in_order: bool) -> None:
        self._look(in_order=in_order)
        now = Snapshot(dict(self._values), dict(self._arrays))
        whole = self._news is None
        kept = self._file.keep(now) if whole else self._file.keep(now, self._news, self._array_news)
        # What could not be written is compared as a whole the next time.
        self._news, self._array_news = set() if kept else None, set()

    def _note(self, name: str, text: str) -> None:
        if self._values.get(name) != text:
            self._values[name] = text
            if self._news is not None:
                self._news.add(name)

    def _note_row(self, name: str, row: tuple[Any, ...], body: Callable[[tuple[Any, ...]], object]) -> None:
        """Note the JSON of what a row holds."""
        if self._rows.get(name) != row:
            self._rows[name] = row
            self._note(name, json.dumps(body(row)))

    def _note_array(self, key: tuple[str, str], array: Array) -> None:
        if self._arrays.get(key) is not array:
            self._arrays[key] = array
            self._array_news.add(key)

    def _forget(self, name: str) -> None:
        del self._values[name]
        self._rows.pop(name, None)
        if self._news is not None:
            self._news.add(name)

    def _forget_array(self, key: tuple[str, str]) -> None:
        if self._arrays.pop(key, None) is not None:
            self._array_news.add(key)

    def _look(self, *, in_order: bool) -> None:
        """Bring what is kept of the machine up to date. Cheap: only what changed is looked at more closely."""
        machine, note_row, note_array = self._machine, self._note_row, self._note_array
        self._note("time_s", repr(machine.time_s))
        self._look_at_wafers()
        self._look_at_passing()
        for owner, station, row_of, body in self._worn:
            note_row(owner, row_of(station), body)
        for lost, populations, platen in self._pads:
            note_array(lost, platen.pad_lost_um)
            note_array(populations, platen.state.populations)
        note_row("slurry", tuple(sorted(machine.process.slurry_lots.items())), dict)
        held = machine.plc.values
        note_row("positions", tuple([held[tag] for tag in self._positions]), self._position_text)
        note_row("safety", (*sorted(machine.safety.tripped),), list)
        self._note("in_order", "true" if in_order else "false")

    def _look_at_passing(self) -> None:
        """Note carriers, motions and faults that are there, and forget those that were."""
        carriers = self._machine.handling.carriers
        passing = {f"carrier.{port}" for port in carriers}
        for port, carrier in carriers.items():
            self._note_row(f"carrier.{port}", (carrier.carrier_id, dict(carrier.slots)), list)
        for motion, fault, device in self._devices:
            if device.motion is not None:
                passing.add(motion)
                self._note_row(motion, device.motion, list)
            if not device.fault.none:
                passing.add(fault)
                self._note(fault, json.dumps(asdict(device.fault)))
        for name in self._passing - passing:
            self._forget(name)
        self._passing = passing

    def _look_at_wafers(self) -> None:
        """Note wafers that are new, elsewhere or changed, and films that are being polished when it is time to."""
        now_s, noted_s, period_s = self._machine.time_s, self._noted_s, self._film_period_s
        platens, exact = self._machine.process.platens.values(), self._machine.change_period_s is not None
        at_platen = {p.wafer.wafer_id: p for p in platens if p.wafer is not None and not p.idle}
        due = {i: p for i, p in at_platen.items() if now_s >= noted_s.get(i, 0.0) + period_s}
        seen, stamps, places = self._stamps, dict[str, int](), self._machine.places.items()
        for location, wafer in places:
            if seen.get(location) != wafer.stamp or wafer.wafer_id in due:
                platen = due.get(wafer.wafer_id)
                # First, as it may bring the wafer itself up to date.
                films_nm = None if platen is None else platen.films_now(now_s, exact=exact)
                newer = self._polished.get(wafer.wafer_id) is not wafer.thickness_nm
                if platen is not None or (newer and wafer.wafer_id in at_platen):
                    noted_s[wafer.wafer_id] = now_s
                self._note_wafer(location, wafer, films_nm)
            stamps[location] = wafer.stamp
        self._stamps = stamps
        if len(stamps) < len(self._wafer_ids):
            self._forget_wafers_but({wafer.wafer_id for _, wafer in places})

    def _note_wafer(self, location: str, wafer: TrueWafer, films_nm: Array | None) -> None:
        """Note a wafer where it is; ``films_nm`` are its films where they were worked out between two edges."""
        wafer_id, owner = wafer.wafer_id, f"wafer.{wafer.wafer_id}"
        self._wafer_ids.add(wafer_id)
        self._note_row(owner, (location, *_scalars_of(wafer)), _wafer_body)
        arrays = dict(zip(_ARRAYS, _arrays_of(wafer), strict=True))
        if films_nm is not None:
            self._polished[wafer_id] = wafer.thickness_nm
            arrays["thickness_nm"] = films_nm[0]
            arrays["under_nm"] = films_nm[1:] if len(films_nm) > 1 else None
        elif self._polished.get(wafer_id) is wafer.thickness_nm:
            del arrays["thickness_nm"], arrays["under_nm"]  # what is noted is newer
        for name, array in arrays.items():
            if array is not None:
                self._note_array((owner, name), array)
            else:
                self._forget_array((owner, name))

    def _forget_wafers_but(self, present: set[str]) -> None:
        """Forget wafers that are in the machine no more."""
        for wafer_id in self._wafer_ids - present:
            self._forget(f"wafer.{wafer_id}")
            self._polished.pop(wafer_id, None)
            self._noted_s.pop(wafer_id, None)
            for name in _ARRAYS:
                self._forget_array((f"wafer.{wafer_id}", name))
        self._wafer_ids &= present


def _named(names: tuple[str, ...]) -> Callable[[tuple[Any, ...]], dict[str, Any]]:
    """Return what gives a row's values their names."""
    return lambda row: dict(zip(names, row, strict=True))


_wafer_body = _named(("location", *_SCALARS))


def restore(machine: Machine, kept: Snapshot) -> Restored:
    """Bring a fresh machine to a kept world. What the kept world does not have stays as it is in a new machine."""
    _restore_wear(machine, kept)
    plc = machine.plc
    plc.set(_mapping(kept.value("positions", {})))
    for port, text in kept.named("carrier.").items():
        carrier_id, slots = json.loads(text)
        states = {int(slot): SlotState(state) for slot, state in slots.items()}
        machine.handling.carriers[int(port)] = TrueCarrier(carrier_id, states)
        plc.set({f"loadport{port}.carrier_present": True})
    for text in kept.named("wafer.").values():
        location, wafer = _wafer(json.loads(text), kept)
        machine.places.put(location, wafer)
        machine.handling.sensor(location)
    for name, text in kept.named("fault.").items():
        if (device := machine.devices.get(name)) is not None:
            device.fault = DeviceFault(**json.loads(text))
    time_s, in_order = float(kept.values.get("time_s", "0")), bool(kept.value("in_order", True))
    motions = {} if in_order else _end_motions(machine, kept, time_s)
    machine.process.seat_heads()
    for number in machine.process.heads:
        if machine.places.get(f"head{number}") is not None:
            machine.process.hold(number, True)
    for name in json.loads(kept.values.get("safety", "[]")):
        machine.safety.trip(name)
    if not in_order:
        plc.set({"plc.heartbeat_lost": True})
        machine.process.make_safe()
    return Restored(time_s, in_order, motions)


def _end_motions(machine: Machine, kept: Snapshot, time_s: float) -> dict[str, bool]:
    """End what was under way, or leave it as if it had not begun; return which was which."""
    ended: dict[str, bool] = {}
    for name, text in sorted(kept.named("motion.").items()):
        verb, arg1, arg2 = json.loads(text)
        device = machine.devices.get(name)
        if device is None or name.rstrip("0123456789") in _PROCESS_DEVICES:
            continue
        chance = float(stream_of(machine.seed, f"restart.{name}.{time_s:.6f}").random())
        done = chance < 0.5
        if done:
            if verb == "chuck":  # the cup had raised the wafer before
                device.do_at_once("load", arg1, arg2)
            done = device.do_at_once(verb, arg1, arg2) is DeviceError.NONE
        ended[f"{name}.{verb}"] = done
    machine.plc.set({tag: True for tag in machine.plc.values if tag.endswith(".down")})
    return ended


def _wafer(body: dict[str, object], kept: Snapshot) -> tuple[str, TrueWafer]:
    location = str(body.pop("location"))
    owner = f"wafer.{body['wafer_id']}"
    films = {name: array for (whose, name), array in kept.arrays.items() if whose == owner}
    known = {f.name for f in fields(TrueWafer)}
    rest = {n: tuple(v) if isinstance(v, list) else v for n, v in body.items() if n in known}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    kind = WaferKind(str(rest.pop("kind")))
    return location, TrueWafer(**rest, **films, kind=kind)  # type: ignore[arg-type]


def _restore_wear(machine: Machine, kept: Snapshot) -> None:
    for n, platen in machine.process.platens.items():
        for name, value in _mapping(kept.value(f"platen.{n}", {})).items():
            setattr(platen, name, value)
        lost_um, populations = (
            kept.arrays.get((f"platen.{n}", "pad_lost_um")),
            kept.arrays.get((f"platen.{n}", "populations")),
        )
        if platen.pad_serial:
            platen.be_pad(platen.pad_serial)
        if platen.disk_serial:
            platen.be_disk(platen.disk_serial)
        if lost_um is not None:
            platen.pad_lost_um = lost_um
        if populations is not None:
            state = platen.state
            platen.state = type(state)(state.temperature_C, populations, state.solids_ratio)
    for n, head in machine.process.heads.items():
        for name, value in _mapping(kept.value(f"head.{n}", {})).items():
            setattr(head, name, value)

    for line, lot_number in _mapping(kept.value("slurry", {})).items():
        machine.process.put_batch(int(line), str(lot_number))


def _mapping(value: object) -> dict[str, float]:
    if not isinstance(value, dict):
        raise TypeError(f"an object was expected, not {value!r}")
    return value  # pyright: ignore[reportUnknownVariableType]
