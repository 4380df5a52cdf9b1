"""Limits that are watched while the tool runs: a table of tags, ranges and the alarms they set and clear."""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from planaris.model import Block, Quality, Severity
from planaris.tool.alarms import AlarmBook

_GOOD = int(Quality.GOOD)
# A head whose height is above this is off the pad [design].
HEAD_UP_mm = 30.0
# An alarm clears when the value is back inside by this share of the limit [design].
HYSTERESIS_RATIO = 0.02


@dataclass(frozen=True, slots=True)
class Limit:
    """A watched limit. ``tag`` has no place number, and ``*`` for a zone's: head.zone*_flow_l_min.

    ``low`` and ``high`` are in the tag's unit.
    """

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


@dataclass(frozen=True, slots=True)
class _Watched:
    """The limits of one rate class: their columns in its blocks, and low and high as rows to compare with."""

    limits: tuple[Limit, ...]
    columns: NDArray[np.intp]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    head_up: list[int]
    height: int | None


def _watched(kind: str, names: Sequence[str]) -> _Watched:
    column = {name: i for i, name in enumerate(names)}
    found = tuple(
        w if w.tag == f"{kind}.{name}" else replace(w, tag=f"{kind}.{name}")
        for w in limits()
        if w.tag.split(".", 1)[0] == kind
        for name in fnmatch.filter(names, w.tag.split(".", 1)[1])
    )
    return _Watched(
        found,
        np.array([column[w.tag.split(".", 1)[1]] for w in found], dtype=np.intp),
        np.array([w.low for w in found], dtype=np.float32),
        np.array([w.high for w in found], dtype=np.float32),
        [i for i, w in enumerate(found) if w.head_up],
        column.get("height_mm"),
    )


@dataclass(slots=True)
class LimitWatch:
    """Checks blocks of any rate class; sets alarms when a limit is passed for long enough and clears them after."""

    alarms: AlarmBook
    # By rate class and number of its limit.
    _outside_s: dict[tuple[str, int], float] = field(default_factory=dict[tuple[str, int], float])
    _set: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    _by_class: dict[str, _Watched] = field(default_factory=dict[str, _Watched])
    # Rate classes of which something is in the two above: the others need no look at their limits one by one.
    _unwell: set[str] = field(default_factory=set[str])

    def check(self, block: Block, wafer_id: str = "") -> list[Excess]:
        """Look at one block, set and clear alarms, and return what was passed with it."""
        if not len(block.time_s):
            return []
        rate_class = block.rate_class
        source = rate_class.split(".", 1)[0]
        watched = self._by_class.get(rate_class)
        if watched is None:
            names = [tag.split(".", 1)[1] for tag in block.tags]
            watched = self._by_class[rate_class] = _watched(source.rstrip("0123456789"), names)
        seen = block.values.take(watched.columns, axis=1)
        outside = seen < watched.low
        outside |= seen > watched.high
        if watched.height is not None:
            up = block.values[:, watched.height] > HEAD_UP_mm
            for column in watched.head_up:
                outside[:, column] &= up
        if rate_class not in self._unwell and not np.count_nonzero(outside):
            return []
        outside &= (block.quality == _GOOD)[:, None]
        step_s = float(block.time_s[-1] - block.time_s[0]) / max(1, len(block.time_s) - 1) or 1.0
        some = outside.any(axis=0).tolist()
        if rate_class not in self._unwell and True not in some:
            return []
        self._unwell.add(rate_class)
        passed: list[Excess] = []
        for i, limit in enumerate(watched.limits):
            key = (rate_class, i)
            if some[i]:
                excess = self._outside(key, limit, source, outside[:, i], step_s, float(seen[-1, i]), wafer_id)
                if excess is not None:
                    passed.append(excess)
                continue
            self._outside_s.pop(key, None)
            if key in self._set and self._inside(limit, float(seen[-1, i])):
                self._set.discard(key)
                self.alarms.clear(limit.alarm, source, f"{float(seen[-1, i]):g} is within the limits again")
        if not any(known == rate_class for known, _ in (*self._outside_s, *self._set)):
            self._unwell.discard(rate_class)
        return passed

    def _outside(
        self,
        key: tuple[str, int],
        limit: Limit,
        source: str,
        outside: NDArray[np.bool_],
        step_s: float,
        seen: float,
        wafer_id: str,
    ) -> Excess | None:
        """Add up the time outside; return what was passed when it first is too long."""
        before_s = self._outside_s.get(key, 0.0)
        inside = (~outside).nonzero()[0].tolist()
        if inside:
            # Samples outside before the first that is inside, between two of those, and after the last.
            between = max((later - one for one, later in pairwise(inside)), default=1) - 1
            after_s = (len(outside) - 1 - inside[-1]) * step_s
            longest_s = max(before_s + inside[0] * step_s, between * step_s, after_s)
        else:
            longest_s = after_s = before_s + len(outside) * step_s
        self._outside_s[key] = after_s
        if longest_s <= limit.persist_s or key in self._set:
            return None
        self._set.add(key)
        excess = Excess(limit, source, seen)
        severity = Severity.ERROR if limit.aborts else self.alarms.severity_of(limit.alarm)
        self.alarms.set(limit.alarm, source, severity, excess.detail, wafer_id)
        return excess

    @staticmethod
    def _inside(limit: Limit, seen: float) -> bool:
        margin_low = HYSTERESIS_RATIO * abs(limit.low) if np.isfinite(limit.low) else 0.0
        margin_high = HYSTERESIS_RATIO * abs(limit.high) if np.isfinite(limit.high) else 0.0
        return limit.low + margin_low <= seen <= limit.high - margin_high
