"""Traces: S2F23 asks for samples of variables at a period, S6F1 sends them, from the tool's own sample blocks.

Samples stand on a grid of tool time. What the port samples is taken from its blocks, the newest row at or before the
point of the grid, once every block that the trace needs has come that far; what the controller computes is taken as it
was last told before. A trace that no block feeds goes on by the peer's clock.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from planaris.factory.face import Value
from planaris.factory.gem import shape
from planaris.factory.gem.core import Core, Table, refused, served
from planaris.factory.gem.declared import nearest
from planaris.factory.secs2 import Item
from planaris.factory.secs2.items import U4, A, B, L
from planaris.model import Block

# TIAACK (SEMI E5).
DONE, TOO_MANY, NO_MORE, BAD_PERIOD, UNKNOWN, BAD_GROUP = range(6)
# Shortest period: sensors are sampled at 100 Hz at most, and a host's needs end at 20 Hz.
PERIOD_MIN_S = 0.05
# Most values in one S6F1: they wait in memory until the group is full, and must fit into a message [design].
GROUP_VALUES_LIMIT_COUNT = 100_000
# A rate class that is silent for so long no longer holds the traces up that use it.
SILENCE_S = 5.0
# A trace whose class has never come waits so long for its first block: a tool that has just begun to live [design].
FIRST_BLOCK_S = 60.0
# A pause longer than this is skipped, not filled with samples of one value.
_JUMP_S = 600.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """An S2F23 as it came."""

    trace: Item
    period_s: float
    total: int
    group: int
    variables: tuple[int, ...]


@dataclass(slots=True)
class _History:
    """Values of one variable over tool time, back to what a trace still needs."""

    time_s: list[float] = field(default_factory=list[float])
    values: list[Value | None] = field(default_factory=list[Value | None])

    def add(self, time_s: float, value: Value | None) -> None:
        self.time_s.append(time_s)
        self.values.append(value)

    def at(self, time_s: float) -> Value | None:
        """Return the newest value at or before a time, the oldest where all are later."""
        if not self.time_s:
            return None
        return self.values[max(0, bisect_right(self.time_s, time_s) - 1)]

    def forget(self, before_s: float) -> None:
        keep = max(0, bisect_right(self.time_s, before_s) - 1)
        del self.time_s[:keep], self.values[:keep]


@dataclass(slots=True)
class _Trace:
    """A trace that runs: its next sample's time and what waits for the group to be full."""

    asked: _Asked
    next_s: float
    classes: frozenset[str]
    names: tuple[str, ...]
    patient_until_s: float
    count: int = 0
    waiting: list[Item] = field(default_factory=list[Item])


class Traces:
    """The traces that run. `block` and `event` bring values, `tick` the peer's time."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._traces: dict[Item, _Trace] = {}
        self._history: dict[str, _History] = {}
        self._reached_s: dict[str, float] = {}
        self._tool_s, self._heard_s = 0.0, core.now_s()
        self._anchored = False

    def table(self) -> Table:
        """Return the primaries that are served here."""
        return {(2, 23): served(_asked, self._define)}

    @property
    def deadline_s(self) -> float:
        """When `tick` has something to do, in the core's time; infinity for never."""
        unfed = [max(t.next_s, self._waits_until_s(t)) for t in self._traces.values() if not self._feeding(t)]
        return self._heard_s + (min(unfed) - self._tool_s) if unfed else math.inf

    # -- S2F23 ---------------------------------------------------------------------------------------------------

    def _define(self, asked: _Asked) -> Item:
        code, why = self._fault(asked)
        if code:
            refused("S2F23", why)
            return B(code)
        self._traces.pop(asked.trace, None)
        if asked.total:
            known = self._core.declared.status
            tags = [known[v] for v in asked.variables if known[v].is_tag]
            names = tuple(known[v].name for v in asked.variables)
            for name in names:
                history = self._history.setdefault(name, _History())
                value = None if name in self._core.computed else self._core.latest.value(name)
                if not history.time_s and value is not None:
                    history.add(-math.inf, value)
            start_s = self._now_s() + asked.period_s
            sampled = frozenset(v.rate_class for v in tags if v.rate_class != "state")
            self._traces[asked.trace] = _Trace(asked, start_s, sampled, names, start_s + FIRST_BLOCK_S)
        self._forget()
        return B(DONE)

    def _fault(self, asked: _Asked) -> tuple[int, str]:
        settings, known = self._core.settings, self._core.declared.status
        if not asked.total:
            return DONE, ""
        if unknown := [v for v in asked.variables if v not in known]:
            return UNKNOWN, "; ".join(f"SVID {v} unknown, {nearest(v, known)}" for v in unknown)
        if not 1 <= len(asked.variables) <= settings.trace_variables_count:
            return TOO_MANY, f"{len(asked.variables)} variables; a trace has 1 to {settings.trace_variables_count}"
        if asked.trace not in self._traces and len(self._traces) >= settings.traces_count:
            return NO_MORE, f"{len(self._traces)} traces run, as many as there may be"
        if asked.period_s < PERIOD_MIN_S:
            return BAD_PERIOD, f"DSPER {asked.period_s:g} s; the shortest is {PERIOD_MIN_S:g} s"
        if not 1 <= asked.group <= asked.total:
            return BAD_GROUP, f"REPGSZ {asked.group} of TOTSMP {asked.total}"
        if (values := asked.group * len(asked.variables)) > GROUP_VALUES_LIMIT_COUNT:
            why = f"{values} values in a group of {asked.group}; a message has {GROUP_VALUES_LIMIT_COUNT} at most"
            return BAD_GROUP, why
        return DONE, ""

    # -- values --------------------------------------------------------------------------------------------------

    def block(self, block: Block) -> None:
        """Take the samples of a block, and send what they complete."""
        if not len(block.time_s):
            return
        newest_s = float(block.time_s[-1])
        self._hear(newest_s)
        self._reached_s[block.rate_class] = newest_s
        for tag in block.tags:
            history = self._history.get(tag)
            if history is not None:
                variable = self._core.declared.dictionary.variable(tag)
                for time_s, value in zip(block.time_s, block.column(tag), strict=True):
                    plain = tuple(float(v) for v in value) if variable.shape else float(value)
                    history.add(float(time_s), plain)
        self._advance()

    def event(self, time_s: float) -> None:
        """Take what an event changed of the variables that the controller computes."""
        self._hear(time_s)
        for name, history in self._history.items():
            if not self._core.declared.dictionary.variable(name).is_tag and name not in self._core.computed:
                value = self._core.latest.value(name)
                if not history.values or history.values[-1] != value:
                    history.add(time_s, value)

    def tick(self) -> None:
        """Take the samples that no block brings and whose time has come."""
        self._advance()

    def _hear(self, time_s: float) -> None:
        if not self._anchored:  # until now the tool's time was not known: what was counted so far moves along
            self._anchored = True
            shift_s = time_s - self._now_s()
            for trace in self._traces.values():
                trace.next_s += shift_s
                trace.patient_until_s += shift_s
            self._tool_s, self._heard_s = time_s, self._core.now_s()
        elif time_s >= self._tool_s:
            self._tool_s, self._heard_s = time_s, self._core.now_s()

    def _now_s(self) -> float:
        """Return the tool time now: the last heard of, and what passed since on the peer's clock."""
        return self._tool_s + max(0.0, self._core.now_s() - self._heard_s)

    def _feeding(self, trace: _Trace) -> list[float]:
        """Return how far each class of blocks has come that feeds a trace now."""
        newest_s = max(self._reached_s.values(), default=-math.inf)
        limit_s = max(newest_s, self._now_s()) - SILENCE_S - trace.asked.period_s
        return [s for name in trace.classes if (s := self._reached_s.get(name, -math.inf)) >= limit_s]

    def _waits_until_s(self, trace: _Trace) -> float:
        """Return until when a trace waits for the first block of a class that has never come; -infinity for none."""
        return -math.inf if trace.classes <= self._reached_s.keys() else trace.patient_until_s

    def _advance(self) -> None:
        for key, trace in list(self._traces.items()):
            fed = self._feeding(trace)
            if self._now_s() < self._waits_until_s(trace):
                continue
            until_s = min(fed) if fed else self._now_s()
            if until_s - trace.next_s > _JUMP_S:
                trace.next_s = until_s
            while trace.next_s <= until_s + 1e-9:
                self._sample(trace)
                if trace.count >= trace.asked.total:
                    del self._traces[key]
                    break
        self._forget()

    def _sample(self, trace: _Trace) -> None:
        at_s = trace.next_s
        trace.next_s += trace.asked.period_s
        trace.count += 1
        declared = self._core.declared
        for vid, name in zip(trace.asked.variables, trace.names, strict=True):
            computed = self._core.computed.get(name)
            value = computed() if computed is not None else self._history[name].at(at_s)
            trace.waiting.append(declared.item(declared.status[vid], value))
        if trace.count % trace.asked.group == 0 or trace.count == trace.asked.total:
            ago_s = max(0.0, self._now_s() - at_s)
            body = L(trace.asked.trace, U4(trace.count), A(self._core.stamp(ago_s)), L(*trace.waiting))
            trace.waiting.clear()
            self._core.post(6, 1, body)

    def _forget(self) -> None:
        """Drop values that no trace needs any more."""
        needed: dict[str, float] = {}
        for trace in self._traces.values():
            for name in trace.names:
                needed[name] = min(needed.get(name, math.inf), trace.next_s)
        for name in list(self._history):
            if name in needed:
                self._history[name].forget(needed[name])
            else:
                del self._history[name]


def parse_period(text: str) -> float:
    """Return a DSPER, ``hhmmss`` or ``hhmmsscc``, in s. Raises ValueError."""
    if not text.isdecimal() or len(text) not in {6, 8}:
        raise ValueError(f'DSPER "{text}" is neither hhmmss nor hhmmsscc')
    parts: Sequence[int] = [int(text[n : n + 2]) for n in range(0, len(text), 2)]
    hundredths = parts[3] if len(parts) == 4 else 0
    return parts[0] * 3600 + parts[1] * 60 + parts[2] + hundredths / 100


def _asked(body: Item | None) -> _Asked:
    trace, period, total, group, variables = shape.listed(body, counts=(5,))
    try:
        period_s = parse_period(shape.text(period, "DSPER").strip())
    except ValueError:
        period_s = 0.0  # answered with the code for a bad period
    return _Asked(trace, period_s, shape.count(total, "TOTSMP"), shape.count(group, "REPGSZ"), shape.ids(variables))
