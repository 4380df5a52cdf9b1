"""Limits that are watched while the tool runs: a table of tags, ranges and the alarms they set and clear."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

import numpy as np

from planaris.model import Block, Quality, Severity
from planaris.tool.alarms import AlarmBook

# A head whose height is above this is off the pad [design].
HEAD_UP_mm = 30.0
# An alarm clears when the value is back inside by this share of the limit [design].
HYSTERESIS_RATIO = 0.02


@dataclass(frozen=True, slots=True)
class Limit:
    """A watched limit. ``tag`` has no place number: platen.torque_Nm. ``low`` and ``high`` in the tag's unit."""

    tag: str
    alarm: str
    persist_s: float
    low: float = -np.inf
    high: float = np.inf
    aborts: bool = False
    head_up: bool = False

    def text(self) -> str:
        """Return the range in words."""
        if np.isinf(self.low):
            return f"at most {self.high:g}"
        return f"at least {self.low:g}" if np.isinf(self.high) else f"{self.low:g} to {self.high:g}"


@cache
def limits() -> tuple[Limit, ...]:
    """Return the table of the data file."""
    text = resources.files("planaris.tool").joinpath("limits.toml").read_text(encoding="utf-8")
    return tuple(Limit(**row) for row in tomllib.loads(text)["limit"])


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that was just passed."""

    limit: Limit
    source: str
    seen: float

    @property
    def detail(self) -> str:
        """Say tag, value, limit."""
        limit = self.limit
        return f"{limit.tag} is {self.seen:.4g}, it must be {limit.text()} (outside for {limit.persist_s:g} s)"


@dataclass(slots=True)
class LimitWatch:
    """Checks blocks of any rate class; sets alarms when a limit is passed for long enough and clears them after."""

    alarms: AlarmBook
    _outside_s: dict[tuple[str, Limit], float] = field(default_factory=dict[tuple[str, Limit], float])
    _set: set[tuple[str, Limit]] = field(default_factory=set[tuple[str, Limit]])

    def check(self, block: Block, wafer_id: str = "") -> list[Excess]:
        """Look at one block, set and clear alarms, and return what was passed with it."""
        if not len(block.time_s):
            return []
        good = block.quality == Quality.GOOD
        source = block.rate_class.split(".", 1)[0]
        kind = source.rstrip("0123456789")
        columns = {tag.split(".", 1)[1]: i for i, tag in enumerate(block.tags)}
        step_s = float(block.time_s[-1] - block.time_s[0]) / max(1, len(block.time_s) - 1) or 1.0
        up = block.values[:, columns["height_mm"]] > HEAD_UP_mm if "height_mm" in columns else good
        passed: list[Excess] = []
        for limit in limits():
            place, name = limit.tag.split(".", 1)
            if place != kind or name not in columns:
                continue
            seen = block.values[:, columns[name]]
            looked = good & up if limit.head_up else good
            outside = looked & ((seen < limit.low) | (seen > limit.high))
            excess = self._judge(limit, source, outside.tolist(), step_s, float(seen[-1]), wafer_id)
            if excess is not None:
                passed.append(excess)
        return passed

    def _judge(
        self, limit: Limit, source: str, outside: list[bool], step_s: float, seen: float, wafer_id: str
    ) -> Excess | None:
        key = (source, limit)
        longest_s = run_s = self._outside_s.get(key, 0.0)
        for flag in outside:
            run_s = run_s + step_s if flag else 0.0
            longest_s = max(longest_s, run_s)
        self._outside_s[key] = run_s
        if longest_s > limit.persist_s and key not in self._set:
            self._set.add(key)
            excess = Excess(limit, source, seen)
            severity = Severity.ERROR if limit.aborts else self.alarms.severity_of(limit.alarm)
            self.alarms.set(limit.alarm, source, severity, excess.detail, wafer_id)
            return excess
        if key in self._set and not any(outside) and self._inside(limit, seen):
            self._set.discard(key)
            self.alarms.clear(limit.alarm, source)
        return None

    @staticmethod
    def _inside(limit: Limit, seen: float) -> bool:
        margin_low = HYSTERESIS_RATIO * abs(limit.low) if np.isfinite(limit.low) else 0.0
        margin_high = HYSTERESIS_RATIO * abs(limit.high) if np.isfinite(limit.high) else 0.0
        return limit.low + margin_low <= seen <= limit.high - margin_high
