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
        self._texts: dict[str, tuple[tuple[Any, ...], str]] = {}
        # What was last seen of each wafer: where it was and which change of it was the last.
        self._seen: dict[str, tuple[str, TrueWafer, int]] = {}
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
        process, self._devices = machine.process, machine.devices
        self._worn = [
            *(
                (f"platen.{n}", platen, attrgetter(*_PLATEN_WEAR), _PLATEN_WEAR)
                for n, platen in process.platens.items()
            ),
            *((f"head.{n}", part, attrgetter(*_HEAD_WEAR), _HEAD_WEAR) for n, part in process.heads.items()),
        ]
        self._positions = [tag for tag in machine.plc.values if tag.endswith((".position", ".wrist"))]
        machine.on_change = self.keep
        for device in machine.handling.devices.values():
            device.on_begun = self._begun
        self.keep()

    @property
    def failure(self) -> str:
        """Why the last change could not be written, '' if it was."""
        return self._file.failure

    @property
    def texts_count(self) -> int:
        """Of how many parts of the world the text is kept, so that only what changed is written anew."""
        return len(self._texts)

    def keep(self) -> None:
        """Write what changed since the last time."""
        self._write(in_order=False)

    def _begun(self, device: TwinDevice) -> None:
        assert device.motion is not None
        name = f"motion.{device.name}"
        self._passing.add(name)
        self._note(name, self._text(name, device.motion, list))
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

    def _note_array(self, key: tuple[str, str], array: Array) -> None:
        if self._arrays.get(key) is not array:
            self._arrays[key] = array
            self._array_news.add(key)

    def _look(self, *, in_order: bool) -> None:
        """Bring what is kept of the machine up to date. Cheap: only what changed is looked at more closely."""
        machine, text, note, note_array = self._machine, self._text, self._note, self._note_array
        note("time_s", repr(machine.time_s))
        self._look_at_wafers()
        for port, carrier in machine.handling.carriers.items():
            slots = (carrier.carrier_id, *carrier.slots.items())
            note(f"carrier.{port}", text(f"carrier.{port}", slots, lambda s: [s[0], dict(s[1:])]))
        passing = {f"carrier.{port}" for port in machine.handling.carriers}
        for name, device in self._devices.items():
            if (motion := device.motion) is not None:
                passing.add(owner := f"motion.{name}")
                note(owner, text(owner, motion, list))
            if not device.fault.none:
                passing.add(owner := f"fault.{name}")
                note(owner, json.dumps(asdict(device.fault)))
        for name in self._passing - passing:
            del self._values[name]
        self._passing = passing
        for owner, station, row_of, names in self._worn:
            note(owner, text(owner, row_of(station), lambda r, names=names: dict(zip(names, r, strict=True))))
        for n, platen in machine.process.platens.items():
            note_array((f"platen.{n}", "pad_lost_um"), platen.pad_lost_um)
            note_array((f"platen.{n}", "populations"), platen.state.populations)
        note("slurry", text("slurry", tuple(sorted(machine.process.slurry_lots.items())), dict))
        held, tags = machine.plc.values, self._positions
        positions = tuple([held[tag] for tag in tags])
        note("positions", text("positions", positions, lambda p: dict(zip(tags, p, strict=True))))
        note("safety", text("safety", (*sorted(machine.safety.tripped),), list))
        note("in_order", "true" if in_order else "false")
        note("machine", text("machine", (machine.tool.name, machine.seed), list))

    def _look_at_wafers(self) -> None:
        seen, there, now_s = self._seen, 0, self._machine.time_s
        platens, exact = self._machine.process.platens.values(), self._machine.change_period_s is not None
        at_platen = {p.wafer.wafer_id: p for p in platens if p.wafer is not None and not p.idle}
        for location, wafer in self._machine.places.items():
            there += 1
            known, platen = seen.get(wafer.wafer_id), at_platen.get(wafer.wafer_id)
            same = known is not None and known[2] == wafer.changes_count and known[1] is wafer and known[0] == location
            due = platen is not None and now_s >= self._noted_s.get(wafer.wafer_id, 0.0) + self._film_period_s
            if same and not due:
                continue
            # First, as it may bring the wafer itself up to date.
            films_nm = platen.films_now(now_s, exact=exact) if due and platen is not None else None
            if due or (platen is not None and self._polished.get(wafer.wafer_id) is not wafer.thickness_nm):
                self._noted_s[wafer.wafer_id] = now_s
            seen[wafer.wafer_id] = location, wafer, wafer.changes_count
            owner, row = f"wafer.{wafer.wafer_id}", (location, *_scalars_of(wafer))
            self._note(owner, self._text(owner, row, lambda r: dict(zip(("location", *_SCALARS), r, strict=True))))
            arrays = dict(zip(_ARRAYS, _arrays_of(wafer), strict=True))
            if films_nm is not None:
                self._polished[wafer.wafer_id] = wafer.thickness_nm
                arrays["thickness_nm"] = films_nm[0]
                arrays["under_nm"] = films_nm[1:] if len(films_nm) > 1 else None
            elif self._polished.get(wafer.wafer_id) is wafer.thickness_nm:
                del arrays["thickness_nm"], arrays["under_nm"]  # what is noted is newer
            for name, array in arrays.items():
                if array is not None:
                    self._note_array((owner, name), array)
                else:
                    self._arrays.pop((owner, name), None)
        if there < len(seen):
            self._forget_but({wafer.wafer_id for _, wafer in self._machine.places.items()})

    def _forget_but(self, present: set[str]) -> None:
        """Forget wafers that are in the machine no more."""
        for wafer_id in self._seen.keys() - present:
            owner = f"wafer.{wafer_id}"
            del self._seen[wafer_id], self._values[owner], self._texts[owner]
            self._polished.pop(wafer_id, None)
            self._noted_s.pop(wafer_id, None)
            for name in _ARRAYS:
                self._arrays.pop((owner, name), None)

    def _text(self, name: str, row: tuple[Any, ...], body: Callable[[tuple[Any, ...]], object]) -> str:
        """Return the JSON of what a row holds, as it was made last time if the row is the same."""
        known = self._texts.get(name)
        if known is None or known[0] != row:
            self._texts[name] = known = row, json.dumps(body(row))
        return known[1]


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
