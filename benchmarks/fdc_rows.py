"""What one seed of the fault-detection bench gives: each fault on one tool of the twin, and wafers without any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fdc_plant import HEADS, PLATEN, FaultPlant
from planaris import clock
from planaris.control import DetectionState, FaultDecision, FaultDetection
from planaris.model import UNKNOWN_FAULT, FaultPlan, ProcessFault

LEARN_COUNT = 12
# A fault counts as found when it is on the wafers polished with the faulty part, within so many of them.
WITHIN_WAFERS = 3
# What no signature describes must be called unknown: an actuator that reaches so much of what is asked, 1.5 times
# beyond the warning of the recipes' bands.
STRANGERS: Mapping[str, tuple[str, str, float]] = {
    "ring_pressure_low": ("head", "ring", 0.86),
    "platen_speed_low": ("platen", "speed", 0.955),
    "conditioner_force_low": ("platen", "force", 0.805),
}
NAMES = (*(fault.value for fault in ProcessFault), *STRANGERS)


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault on one tool: the wafer on which something was found first (0: on none), and everything named there.

    ``named`` is sorted; "fault@place".
    """

    fault: str
    severity: float
    place: str
    found_on: int
    named: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether the fault was found in time, and it alone was named, at its place."""
        told = f"{UNKNOWN_FAULT}@platen{PLATEN}" if self.fault in STRANGERS else f"{self.fault}@{self.place}"
        return self.found_on > 0 and self.named == (told,)


@dataclass(frozen=True, slots=True)
class Watched:
    """Wafers in control after learning: how many, and on how many a chart was violated or a fault found."""

    wafers: int
    violated: int
    found: int
    which: tuple[str, ...]


def fault_trials(seed: int, severity: float, *, campaign: bool = True) -> list[Trial]:
    """Return every fault on one tool, each from the state that was learned in control; wear comes last."""
    return clock.run(_fault_trials(seed, severity, campaign), speed=float("inf"))


def control_wafers(seed: int, wafers: int) -> Watched:
    """Return what is said of wafers on one tool without a fault."""
    return clock.run(_control_wafers(seed, wafers), speed=float("inf"))


class _Watch:
    """A plant with its fault detection; a sequence of heads as the carousel brings them."""

    def __init__(self, plant: FaultPlant) -> None:
        self._plant = plant
        plan = plant.recipe.fault_detection
        assert plan is not None
        self._detection = FaultDetection(FaultPlan(plan.learn_count), 3)
        self.state: DetectionState = self._detection.start()
        self._head = 0

    async def wafer(self, head: int | None = None) -> FaultDecision:
        """Polish one wafer, on the next head where none is named, and return what is said of its step."""
        self._head = self._head % HEADS + 1 if head is None else head
        (features,) = await self._plant.polish(self._head)
        self.state, said = self._detection.step(self.state, features)
        return said


async def _learned(plant: FaultPlant) -> _Watch:
    watch = _Watch(plant)
    for _ in range(LEARN_COUNT):
        await watch.wafer()
    return watch


async def _control_wafers(seed: int, wafers: int) -> Watched:
    async with FaultPlant(seed, LEARN_COUNT, campaign=True).serving() as plant:
        watch, said = await _learned(plant), list[FaultDecision]()
        for _ in range(wafers):
            said.append(await watch.wafer())
    which = {f"{v.chart} {v.feature}".strip() for decision in said for v in decision.violations}
    violated = sum(bool(decision.violations) for decision in said)
    return Watched(wafers, violated, sum(bool(d.faults) for d in said), tuple(sorted(which)))


async def _fault_trials(seed: int, severity: float, campaign: bool) -> list[Trial]:
    trials: list[Trial] = []
    async with FaultPlant(seed, LEARN_COUNT, campaign=campaign).serving() as plant:
        watch = await _learned(plant)
        learned = watch.state
        head, platen = f"head{seed % HEADS + 1}", f"platen{PLATEN}"
        process = plant.machine.process
        for name in NAMES[::-1]:  # strangers first, wear of the disk near the end
            kind, actuator, ratio = STRANGERS.get(name, ("", "", 1.0))
            if actuator:
                place = head if kind == "head" else platen
                process.weaken(place, actuator, ratio)
            else:
                on_platen = name in (ProcessFault.SLURRY_DROP, ProcessFault.WORN_DISK)
                place = platen if on_platen else head
                plant.world.inject_fault(place, name, severity)
            watch.state = learned
            trials.append(await _trial(watch, name, severity, place))
            if actuator:
                process.weaken(place, actuator, 1.0)
            elif name in (ProcessFault.RING_WEAR, ProcessFault.WORN_DISK):
                part = "ring" if name == ProcessFault.RING_WEAR else "disk"
                plant.world.change_part(place, part, f"{part.upper()}-{seed}")
            else:
                plant.world.clear_fault(place)
            await watch.wafer()  # what the fault left in pad and coolant goes
    return trials


async def _trial(watch: _Watch, name: str, severity: float, place: str) -> Trial:
    head = int(place.removeprefix("head")) if place.startswith("head") else None
    for count in range(1, WITHIN_WAFERS + 1):
        said = await watch.wafer(head)
        if said.faults:
            named = tuple(sorted(f"{f.fault}@{f.place}" for f in said.faults))
            return Trial(name, severity, place, count, named)
    return Trial(name, severity, place, 0, ())
