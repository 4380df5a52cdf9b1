"""States of use as events tell them: of the tool after SEMI E10, of its modules idle, busy or blocked after E116.

A pure fold: state and event in, state out. Nothing here knows a clock, a loop or a module.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from planaris.model import Severity, WaferKind
from planaris.stream import (
    AlarmCleared,
    AlarmSet,
    CarrierLifted,
    Event,
    JobStateChanged,
    MaintenanceChanged,
    ModuleStateChanged,
    PlaceConfirmed,
    QuarantineChanged,
    RunEnded,
    RunStarted,
    WaferFinished,
    WaferMoved,
    WaferRegistered,
)


class E10State(StrEnum):
    """Basic states of SEMI E10: productive, standby, engineering, scheduled and unscheduled down, not scheduled."""

    PRD = "PRD"
    SBY = "SBY"
    ENG = "ENG"
    SDT = "SDT"
    UDT = "UDT"
    NST = "NST"


class ModuleUse(StrEnum):
    """What a module does for wafers, after SEMI E116."""

    IDLE = "idle"
    BUSY = "busy"
    BLOCKED = "blocked"


TOOL = "tool"
# What is asked of every event; a union would be made anew each time.
_RUN = (RunStarted, RunEnded)
_ALARM = (AlarmSet, AlarmCleared)
_RESTING = frozenset({"idle", "mapped", "holding", "finished"})
_ACTIVE = frozenset({"running", "paused", "stopping", "aborting"})


class Use(NamedTuple):
    """What the fold remembers: is there a run, which jobs work, what is out, what is wrong, what modules do."""

    running: bool = False
    jobs: frozenset[str] = frozenset()
    kinds: Mapping[str, WaferKind] = MappingProxyType({})
    carriers: Mapping[str, str] = MappingProxyType({})
    out: frozenset[str] = frozenset()
    stops: frozenset[tuple[str, str]] = frozenset()
    quarantined: frozenset[str] = frozenset()
    changes: frozenset[tuple[str, str]] = frozenset()
    modules: Mapping[str, tuple[ModuleUse, str]] = MappingProxyType({})

    @property
    def tool(self) -> tuple[E10State, str]:
        """The tool's state and why.

        A fatal alarm, or failed work while a job waits with no wafer in process, is unscheduled down time; the change
        of a part, wafers that qualify it included, scheduled down time unless product is in process meanwhile; a
        quarantined platen that is being qualified, or a job of nothing but test wafers, engineering.
        """
        if not self.running:
            return E10State.NST, "no run"
        fatal = sorted(f"{alarm} at {source}" for alarm, source in self.stops if source)
        busy = any(use is ModuleUse.BUSY for use, _ in self.modules.values())
        failed = sorted(why for use, why in self.modules.values() if use is ModuleUse.BLOCKED and "failed" in why)
        if fatal:
            return E10State.UDT, fatal[0]
        product = any(self.kinds.get(w) is WaferKind.PRODUCT for w in self.out)
        if self.changes and not product:
            part, place = min(self.changes)
            return E10State.SDT, f"change of {part} at {place}"
        if not self.jobs:
            return E10State.SBY, "no job"
        if failed and not busy:
            return E10State.UDT, failed[0]
        tests = {self.kinds[w] for w in self.out if w in self.kinds}
        if tests and WaferKind.PRODUCT not in tests:
            return E10State.ENG, "test wafers only"
        return E10State.PRD, ", ".join(sorted(self.jobs))


def step(use: Use, event: Event) -> Use:
    """Return the fold's state after an event."""
    if isinstance(event, ModuleStateChanged):  # first, as most are
        return use._replace(modules={**use.modules, event.module: _module(event)})
    if isinstance(event, _RUN):
        return use._replace(running=isinstance(event, RunStarted))
    if isinstance(event, JobStateChanged):
        jobs = use.jobs | {event.lot_id} if event.state in _ACTIVE else use.jobs - {event.lot_id}
        return use._replace(jobs=jobs)
    if isinstance(event, WaferRegistered):
        port = event.location.partition(".")[0]
        return use._replace(
            kinds={**use.kinds, event.wafer_id: event.kind}, carriers={**use.carriers, event.wafer_id: port}
        )
    if isinstance(event, WaferMoved):
        return use._replace(out=use.out | {event.wafer_id})
    if isinstance(event, WaferFinished):
        return use._replace(out=use.out - {event.wafer_id})
    if isinstance(event, PlaceConfirmed) and event.location.startswith("removed"):
        return use._replace(out=use.out - {event.wafer_id})
    if isinstance(event, CarrierLifted):
        return _lifted(use, event)
    if isinstance(event, _ALARM):
        return _alarm(use, event)
    if isinstance(event, QuarantineChanged):
        closed = use.quarantined - {event.module} if event.state == "released" else use.quarantined | {event.module}
        return use._replace(quarantined=closed)
    if isinstance(event, MaintenanceChanged):
        change = {(event.part, event.location)}
        over = event.state in {"done", "cancelled"}
        return use._replace(changes=use.changes - change if over else use.changes | change)
    return use


def _lifted(use: Use, event: CarrierLifted) -> Use:
    """Forget the wafers that a carrier took away, all but those that are out."""
    port = f"loadport{event.load_port}"
    gone = {wafer for wafer, home in use.carriers.items() if home == port} - use.out
    return use._replace(
        kinds={wafer: kind for wafer, kind in use.kinds.items() if wafer not in gone},
        carriers={wafer: home for wafer, home in use.carriers.items() if wafer not in gone},
    )


def _alarm(use: Use, event: AlarmSet | AlarmCleared) -> Use:
    key = (event.alarm, event.source)
    if isinstance(event, AlarmCleared):
        return use._replace(stops=use.stops - {key})
    return use._replace(stops=use.stops | {key}) if event.severity is Severity.FATAL else use


def _module(event: ModuleStateChanged) -> tuple[ModuleUse, str]:
    if event.state == "failed":
        return ModuleUse.BLOCKED, f"{event.module} failed while {event.previous}"
    if event.state == "finished":
        return ModuleUse.BLOCKED, f"{event.module} waits for its wafer to be taken"
    return (ModuleUse.IDLE, "") if event.state in _RESTING else (ModuleUse.BUSY, event.state)


def shares_pct(told: Mapping[E10State, float]) -> dict[E10State, float]:
    """Return the share of each state in percent of the whole time, from seconds in each."""
    whole_s = sum(told.values())
    return {state: 100.0 * told.get(state, 0.0) / whole_s if whole_s > 0 else 0.0 for state in E10State}
