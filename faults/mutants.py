"""Mutants of the controller: each lacks one guard, confirmation or step of recovery. A campaign catches every one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from planaris.app.faults import FaultKind, draw
from planaris.hardware import Device
from planaris.model import ToolDescription
from planaris.tool import InterlockError, Interlocks

# What stands in for a removed function: says nothing, refuses nothing, does nothing.
_NOTHING: Callable[..., None] = lambda *_a, **_k: None  # noqa: E731


async def _nothing_async(*_arguments: object, **_named: object) -> None: ...


def _no_reason(*_arguments: object) -> str:
    return ""


def _no(*_arguments: object) -> bool:
    return False


def _permits(*rules: str) -> Callable[..., None]:
    """Return an interlock check that lacks some rules."""
    whole = Interlocks.permit

    def permit(self: Interlocks, action: str, subject: str) -> None:
        try:
            whole(self, action, subject)
        except InterlockError as error:
            if error.rule not in rules:
                raise

    return permit


def _asks_once() -> Callable[..., Any]:
    """Return a handshake that is not tried again."""
    whole = Device._acknowledged

    async def acknowledged(self: Device, command: Mapping[str, float | bool], verb: str, number: int) -> None:
        self._limits = replace(self._limits, retries_count=0)
        await whole(self, command, verb, number)

    return acknowledged


@dataclass(frozen=True, slots=True)
class Mutant:
    """``places`` are dotted names that get ``stand_in`` (made when it is applied); ``kinds`` the faults it is for,
    ``at`` what their target begins with; ``rules`` are interlocks that it lacks besides."""

    places: tuple[str, ...]
    make: Callable[[], Any]
    kinds: tuple[FaultKind, ...]
    at: str = ""
    rules: tuple[str, ...] = ()

    def seeds(self, tool: ToolDescription, wafers_count: int, count: int) -> list[int]:
        """Return the first seeds whose fault is one that it is for."""
        found: list[int] = []
        for seed in itertools.count(1):
            (fault,) = draw(seed, tool, wafers_count).faults
            if fault.kind in self.kinds and fault.target.startswith(self.at):
                found.append(seed)
                if len(found) == count:
                    break
        return found

    @contextmanager
    def applied(self) -> Generator[None]:
        """Have the controller lack it inside the block."""
        with ExitStack() as stack:
            stand_in = self.make()
            for place in self.places:
                stack.enter_context(patch(place, stand_in, create=place.endswith(".halted")))
            if self.rules:
                stack.enter_context(patch("planaris.tool.interlocks.Interlocks.permit", _permits(*self.rules)))
            yield


def _wafer_confirmations() -> tuple[str, ...]:
    return tuple(f"planaris.modules.{room}.confirm_wafer" for room in ("handling", "platen", "after_polish", "units"))


K = FaultKind
MUTANTS: Mapping[str, Mutant] = {
    "no alarm on a wet limit": Mutant(
        ("planaris.tool.wet.WetWatch._passed",), lambda: _NOTHING, (K.LID, K.JAMMED, K.SILENT)
    ),
    "no mark on wafers": Mutant(("planaris.tool.marks.Marks.mark",), lambda: _NOTHING, (K.LID, K.JAMMED, K.SILENT)),
    "no water for a wafer that waits": Mutant(
        ("planaris.tool.wet.WetWatch.waits_over",), lambda: _NOTHING, (K.JAMMED, K.LID, K.SILENT)
    ),
    "a failed visit is not made safe": Mutant(
        ("planaris.modules.platen.Platen._make_safe",), lambda: _nothing_async, (K.DEVIATION,)
    ),
    "sensors confirm no move": Mutant(_wafer_confirmations(), lambda: _nothing_async, (K.MISS,)),
    "a motion's end is not waited for": Mutant(
        ("planaris.hardware.device.Device._finished",), lambda: _nothing_async, (K.SLOW, K.JAMMED)
    ),
    "a command is not repeated": Mutant(
        ("planaris.hardware.device.Device._acknowledged",), _asks_once, (K.LOST_NOTICE,)
    ),
    "no interlock on a stopped machine": Mutant(
        ("planaris.tool.interlocks.Interlocks.permit",), lambda: _permits("1", "2", "4"), (K.TRIP,)
    ),
    "no interlock on a slipped wafer": Mutant(
        ("planaris.tool.interlocks.Interlocks.permit",), lambda: _permits("8"), (K.SLIP, K.BREAK)
    ),
    "a head that stays down does not lock the carousel": Mutant(
        ("planaris.tool.head_work.HeadWork._lock",),
        lambda: _NOTHING,
        (K.JAMMED, K.SILENT),
        "head",
        ("5",),
    ),
    "a carrier's scan is not compared": Mutant(
        ("planaris.tool.engine.check_carrier",), lambda: _nothing_async, (K.SLOTS,)
    ),
    "a closed platen takes product": Mutant(
        ("planaris.tool.quarantine.Quarantine.refusal",), lambda: _no_reason, (K.SLIP, K.BREAK)
    ),
    "a wafer on a pad is not followed": Mutant(
        ("planaris.tool.head_work.HeadWork._lies_on_pad",), lambda: _NOTHING, (K.SLIP, K.BREAK, K.LEFT_ON_PAD)
    ),
    "a retry does not look where the wafer is": Mutant(
        ("planaris.tool.handling.Handling.seen_moved",),
        lambda: _no,
        (K.STUCK_ON, K.FLICKER, K.LINK, K.PLC),
    ),
    "a wafer is not turned over": Mutant(
        ("planaris.tool.flips.Flips.turn",), lambda: _nothing_async, (K.FLIP_JAM, K.FLIP_DROP)
    ),
    "a halt does not stop moves": Mutant(
        ("planaris.tool.engine.Engine.halted",), lambda: property(lambda _s: "", lambda _s, _v: None), (K.PERSON,)
    ),
    "a failed module goes on": Mutant(
        ("planaris.tool.workshop.Workshop._failed",), lambda: _NOTHING, (K.JAMMED, K.SILENT, K.STUCK_OFF)
    ),
    "a person's word on a place is not checked": Mutant(
        ("planaris.tool.orders.Orders._check_place",), lambda: _NOTHING, (K.SLIP, K.BREAK, K.LEFT_ON_PAD)
    ),
}
