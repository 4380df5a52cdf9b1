"""Maintenance: change sequences of consumables step by step, and platens closed to product until they are done."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from planaris.clock import now_s
from planaris.dictionary import ChangeSequence, MaintenanceStep, change_sequences
from planaris.model import ToolDescription, WaferKind
from planaris.stream import Event, EventStream, MaintenanceChanged
from planaris.tool.commands import AnswerStatus, CommandDoor, CommandRequest, RefusedError

SEQUENCES = {sequence.part: sequence for sequence in change_sequences()}
DONE, ABORTED = "done", "aborted"


@dataclass(slots=True)
class Change:
    """A change under way: the step it is at (`aborted` after an abort that left it closed), since when, wafers passed,
    and whether the part has been changed."""

    sequence: ChangeSequence
    location: str
    at: str
    since_s: float
    passed_count: int = 0
    changed: bool = False

    @property
    def step(self) -> MaintenanceStep | None:
        """The step it waits for, None after an abort."""
        return next((s for s in self.sequence.steps if s.name == self.at), None)

    @property
    def following(self) -> str:
        """The step after this one."""
        names = [s.name for s in self.sequence.steps] + [DONE]
        return names[names.index(self.at) + 1]


class Maintenance:
    """Changes under way. ``by_hand`` gives the modules in manual mode.

    A platen or a head takes no product from the start of a change of its parts to the end. Before the part was changed
    an abort opens it again; after that only a sequence that is gone through does. Every step is a journal's event.
    """

    def __init__(
        self, tool: ToolDescription, stream: EventStream, door: CommandDoor, by_hand: Callable[[], Mapping[str, str]]
    ) -> None:
        self._tool, self._stream, self._door, self._by_hand = tool, stream, door, by_hand
        self._open: dict[tuple[str, str], Change] = {}
        self.on_change: Callable[[], None] = lambda: None
        door.register("maintenance.start", self._start)
        door.register("maintenance.confirm_step", self._confirm)
        door.register("maintenance.enter_result", self._result)
        door.register("maintenance.abort", self._abort)

    @property
    def under_way(self) -> tuple[Change, ...]:
        """Changes that were started and are not done."""
        return tuple(self._open.values())

    def restore(self, events: Iterable[Event]) -> None:
        """Take over what a journal tells; a step that takes a time begins it anew."""
        for event in events:
            if not isinstance(event, MaintenanceChanged):
                continue
            key = event.part, event.location
            if event.state in {DONE, "cancelled"}:
                self._open.pop(key, None)
            elif event.trigger == "passed" and event.state == event.previous:
                self._open[key].passed_count += 1
            else:
                old = self._open.get(key)
                changed = (event.previous == "change" and event.trigger == "confirm") or (
                    old is not None and old.changed
                )
                change = Change(SEQUENCES[event.part], event.location, event.state, now_s(), changed=changed)
                self._open[key] = change

    # -- what is closed -----------------------------------------------------------------------------------------
    def refusal(self, platen: str, kind: WaferKind) -> str:
        """Return why a wafer may not be polished on a platen now; '' if it may.

        A head that stays in its unit closes that unit's platens; one that goes round is asked for by `head_refusal`.
        """
        for change in self._open.values():
            if change.sequence.closes == "own" and platen not in self._own_platens(change):
                continue
            if refused := self._refuses(change, platen, kind):
                return refused
        return ""

    def head_refusal(self, head: str, kind: WaferKind) -> str:
        """Return why a wafer may not be taken by a head now; '' if it may."""
        own = (c for c in self._open.values() if c.sequence.closes == "own" and c.location == head)
        return next((refused for change in own if (refused := self._refuses(change, head, kind))), "")

    def _own_platens(self, change: Change) -> tuple[str, ...]:
        """Return the platens that a change closes beside its own place."""
        if change.sequence.place != "head" or self._tool.units is None:
            return (change.location,)
        return tuple(f"platen{n}" for n in self._tool.platens_of(int(change.location.removeprefix("head"))))

    @staticmethod
    def _refuses(change: Change, place: str, kind: WaferKind) -> str:
        step = change.step
        if step is not None and step.kind == "wafers" and step.wafer == kind.value:
            return ""
        return f"{place} is closed: {change.sequence.part} of {change.location} is changed, at {change.at}"

    def polished(self, wafer_id: str, kind: WaferKind, places: Iterable[str], off_pct: float, *, whole: bool) -> None:
        """Take note of a wafer that is back: where it was, how far its removal is off in percent (NaN: not measured).

        ``whole`` says that it was processed in full. One not measured counts when a person enters its result.
        """
        been = set(places)
        for change in tuple(self._open.values()):
            step, location = change.step, change.location
            if step is None or step.kind != "wafers" or step.wafer != kind.value:
                continue
            if change.sequence.place in {"platen", "head"} and location not in been:
                continue
            if not whole:
                self._count(change, False, "", f"{wafer_id} was not processed in full")
            elif not step.rate_pct:
                self._count(change, True, "", wafer_id)
            elif not math.isnan(off_pct):
                self._count(change, abs(off_pct) <= step.rate_pct, "", f"{wafer_id}: removal {off_pct:+.1f} % off")

    def _count(self, change: Change, passed: bool, principal: str, why: str) -> None:
        """Count a wafer; one that fails begins the count again."""
        step = change.step
        assert step is not None
        if not passed:
            self._go(change, step.name, "failed", principal, why)
        elif change.passed_count + 1 == step.count:
            self._go(change, change.following, "passed", principal, why)
        else:
            change.passed_count += 1
            self._tell(change, step.name, step.name, "passed", principal, why)

    # -- verbs --------------------------------------------------------------------------------------------------
    async def _start(self, request: CommandRequest) -> str:
        part, location = str(request.arguments["part"]), str(request.arguments["location"])
        sequence = SEQUENCES.get(part)
        if sequence is None:
            raise RefusedError(f"no change of {part} is declared; there are: {', '.join(SEQUENCES)}")
        places = self._places(sequence)
        if location not in places:
            raise RefusedError(f"no {part} at {location}; there is one at: {', '.join(places)}")
        if not request.reason.strip():
            raise RefusedError("a change needs a reason")
        old = self._open.get((part, location))
        if old is not None and old.at != ABORTED:
            raise RefusedError(f"{part} of {location} is being changed, at {old.at}")
        self._need_hands(sequence, location)
        change = Change(sequence, location, old.at if old else "none", now_s(), changed=old is not None)
        self._open[part, location] = change
        self._go(change, sequence.steps[0].name, "start", request.principal, request.reason)
        return self._next(change)

    async def _confirm(self, request: CommandRequest) -> str:
        change, step = self._step(request)
        if str(request.arguments["step"]) != step.name:
            raise RefusedError(f"the step to confirm is {step.name}: {step.text_en}")
        if step.kind == "wafers":
            left = step.count - change.passed_count
            raise RefusedError(f"{step.name} is confirmed by wafers: {left} {step.wafer} wafers to come")
        if request.role not in step.roles:
            raise RefusedError(f"role {request.role} may not confirm {step.name}; it takes {' or '.join(step.roles)}")
        if step.name != "release":
            self._need_hands(change.sequence, change.location)
        left_s = change.since_s + step.wait_s - now_s()
        if left_s > 0:
            raise RefusedError(f"{step.name} takes {step.wait_s:g} s; {left_s:.0f} s are left")
        detail = await self._do(change, step, request)
        self._go(change, change.following, "confirm", request.principal, detail)
        return self._next(change)

    async def _do(self, change: Change, step: MaintenanceStep, request: CommandRequest) -> str:
        """Check what a step asks for; return what is told of it."""
        if step.kind == "measure":
            value = request.arguments.get("pressure_loss_kPa")
            if value is None:
                raise RefusedError(f"pressure_loss_kPa: missing; {step.text_en}")
            if not 0.0 <= float(value) <= step.limit_kPa:
                raise RefusedError(f"{step.name}: {float(value):g} kPa, at most {step.limit_kPa:g} may be")
            return f"{float(value):g} kPa"
        if step.kind != "change":
            return request.reason
        serial = str(request.arguments.get("serial", "")).strip()
        if not serial:
            raise RefusedError(f"serial: missing; {step.text_en}")
        if change.sequence.counter:
            given = {"part": change.sequence.part, "location": change.location, "serial": serial}
            key = f"{request.key}/change"
            why = request.reason or change.sequence.text_en
            answer = await self._door.submit(
                CommandRequest("consumable.change", given, request.principal, request.role, why, key)
            )
            if answer.status is not AnswerStatus.DONE:
                raise RefusedError(answer.why)
        return f"now {serial}"

    async def _result(self, request: CommandRequest) -> str:
        change, step = self._step(request)
        if step.kind != "wafers" or not step.rate_pct:
            raise RefusedError(f"{step.name} waits for no result")
        off_pct, wafer_id = float(request.arguments["off_pct"]), str(request.arguments["wafer_id"])
        why = f"{wafer_id}: removal {off_pct:+.1f} % off, entered"
        self._count(change, abs(off_pct) <= step.rate_pct, request.principal, why)
        return self._next(change)

    async def _abort(self, request: CommandRequest) -> str:
        change, _ = self._step(request)
        untouched = not change.changed
        self._go(change, "cancelled" if untouched else ABORTED, "abort", request.principal, request.reason)
        if untouched:
            return "the old part stays; what was closed is open again"
        return "the part was changed: closed until a change is gone through"

    # -- details ------------------------------------------------------------------------------------------------
    def _step(self, request: CommandRequest) -> tuple[Change, MaintenanceStep]:
        part, location = str(request.arguments["part"]), str(request.arguments["location"])
        change = self._open.get((part, location))
        step = None if change is None else change.step
        if change is None or step is None:
            raise RefusedError(f"{part} of {location} is not being changed; give maintenance.start")
        return change, step

    def _places(self, sequence: ChangeSequence) -> tuple[str, ...]:
        tool = self._tool
        count = {"platen": tool.platens, "head": tool.heads, "slurry": tool.platen.slurry_lines}.get(sequence.place)
        if count is not None:
            return tuple(f"{sequence.place}{n}" for n in range(1, count + 1))
        return tuple(s for s in tool.cleaner.stations if s.startswith(sequence.place))

    def _need_hands(self, sequence: ChangeSequence, location: str) -> None:
        """Refuse unless every module that hands work on is in manual mode, so that nothing moves by itself."""
        mover = "carousel" if self._tool.units is None else location.replace("head", "swing")
        named = {
            "@location": [location],
            "@mover": [mover],
            "@platens": [f"platen{n}" for n in range(1, self._tool.platens + 1)],
        }
        missing = [m for name in sequence.by_hand for m in named[name] if m not in self._by_hand()]
        if missing:
            raise RefusedError(f"not in manual mode: {', '.join(missing)}; give module.manual_on first")

    def _next(self, change: Change) -> str:
        step = change.step
        if step is None:
            return f"{change.sequence.part} of {change.location}: {change.at}"
        left = f" ({change.passed_count} of {step.count})" if step.kind == "wafers" else ""
        return f"next is {step.name}{left}: {step.text_en}"

    def _go(self, change: Change, at: str, trigger: str, principal: str, why: str) -> None:
        previous, change.at, change.since_s, change.passed_count = change.at, at, now_s(), 0
        change.changed = change.changed or (previous == "change" and trigger == "confirm")
        if at in {DONE, "cancelled"}:
            self._open.pop((change.sequence.part, change.location), None)
        self._tell(change, previous, at, trigger, principal, why)

    def _tell(self, change: Change, previous: str, state: str, trigger: str, principal: str, why: str) -> None:
        part, location = change.sequence.part, change.location
        self._stream.commit(MaintenanceChanged(part, location, previous, state, trigger, principal, why))
        self.on_change()
