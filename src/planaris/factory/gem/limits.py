"""Limits that the host sets on variables: S2F45, S2F47, and an event each time a value crosses one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from planaris.dictionary import Variable
from planaris.factory.gem import shape
from planaris.factory.gem.core import Core, Table, refused, served
from planaris.factory.gem.declared import nearest
from planaris.factory.gem.variables import unit_text
from planaris.factory.secs2 import Item
from planaris.factory.secs2.items import U1, A, B, L
from planaris.model import Block

# Limits of one variable are numbered from 1 to this (SEMI E30, from memory, unverified).
LIMITS_COUNT = 7
_KEY = "limits"

# LVACK and LIMITACK (SEMI E5, from memory, unverified).
_NO_VARIABLE, _NO_LIMITS, _REPEATED, _BAD_LIMIT = 1, 2, 3, 4
_NO_SUCH_LIMIT, _ABOVE_MAX, _BELOW_MIN, _CROSSED, _FORMAT, _TWICE = 1, 2, 3, 4, 5, 7


@dataclass(slots=True)
class _Limit:
    """One limit with its dead band; ``above`` is None until a value has been outside the band."""

    upper: float
    lower: float
    above: bool | None = None

    def crossed(self, value: float) -> bool | None:
        """Take a value; return True for a crossing upward, False downward, None for none."""
        now = True if value >= self.upper else False if value <= self.lower else self.above
        before, self.above = self.above, now
        return now if before is not None and now is not before else None


# What one S2F45 wants of a variable: limit id -> (upper, lower) or None to undefine; no limit at all undefines all.
_Wanted = tuple[int, tuple[tuple[int, tuple[Item, Item] | None], ...]]


class Limits:
    """Limits by variable and number, kept across restarts."""

    def __init__(self, core: Core) -> None:
        self._core = core
        kept: list[tuple[int, int, float, float]] = json.loads(core.store.settings().get(_KEY, "[]"))
        self._limits: dict[int, dict[int, _Limit]] = {}
        for vid, number, upper, lower in kept:
            if self._limitable(vid) is not None:
                self._limits.setdefault(vid, {})[number] = _Limit(upper, lower)

    def table(self) -> Table:
        """Return the primaries that are served here."""
        return {(2, 45): served(_wanted, self._define), (2, 47): served(shape.ids, self._listed)}

    def block(self, block: Block) -> None:
        """Check every sample of a block."""
        for vid, limits in self._limits.items():
            variable = self._core.declared.status[vid]
            if variable.name in block.tags:
                for value in block.column(variable.name):
                    self._check(vid, variable, limits, float(value))

    def event(self) -> None:
        """Check the variables that events tell."""
        for vid, limits in self._limits.items():
            variable = self._core.declared.status[vid]
            value = self._core.value(vid)
            if not variable.is_tag and isinstance(value, int | float):
                self._check(vid, variable, limits, float(value))

    def _check(self, vid: int, variable: Variable, limits: dict[int, _Limit], value: float) -> None:
        for number, limit in limits.items():
            up = limit.crossed(value)
            if up is not None:
                if variable.is_tag:  # the report shows the value that crossed, not the newest of its block
                    self._core.latest.values[variable.name] = value
                data = {"limit_variable": vid, "event_limit": number, "transition_type": 0 if up else 1}
                self._core.happen("limit_crossed", data)

    def _limitable(self, vid: int) -> Variable | None:
        variable = self._core.declared.status.get(vid)
        if variable is None or variable.shape or variable.dtype not in {"float", "int"} or variable.codes:
            return None
        template = variable.template
        return variable if template.minimum is not None and template.maximum is not None else None

    # -- S2F45 ---------------------------------------------------------------------------------------------------

    def _define(self, wanted: tuple[_Wanted, ...]) -> Item:
        after = {vid: dict(limits) for vid, limits in self._limits.items()} if wanted else {}
        faults: list[tuple[int, int, int, int, str]] = []
        seen: set[int] = set()
        for vid, limits in wanted:
            found = list(self._faults(vid, limits, seen))
            seen.add(vid)
            faults += found
            if found:
                continue
            mine = after.setdefault(vid, {})
            if not limits:
                mine.clear()
            for number, band in limits:
                if band is None:
                    mine.pop(number, None)
                else:
                    mine[number] = _Limit(shape.real(band[0], "UPPERDB"), shape.real(band[1], "LOWERDB"))
        if faults:
            refused("S2F45", "; ".join(why for *_, why in faults))
            return L(B(1), L(*(self._fault(*codes) for *codes, _ in faults)))
        after = {vid: limits for vid, limits in after.items() if limits}
        kept = [(v, n, limit.upper, limit.lower) for v, limits in after.items() for n, limit in limits.items()]
        self._core.store.save({_KEY: json.dumps(kept)})
        self._limits = after
        return L(B(0), L())

    def _fault(self, vid: int, code: int, number: int, limit_code: int) -> Item:
        return L(self._core.declared.id_item(vid), B(code), L(B(number & 0xFF), B(limit_code)) if limit_code else L())

    def _faults(
        self, vid: int, limits: tuple[tuple[int, tuple[Item, Item] | None], ...], seen: set[int]
    ) -> Iterator[tuple[int, int, int, int, str]]:
        if self._core.declared.variable(vid) is None:
            yield vid, _NO_VARIABLE, 0, 0, f"VID {vid} unknown, {nearest(vid, self._core.declared.status)}"
            return
        variable = self._limitable(vid)
        if variable is None:
            yield vid, _NO_LIMITS, 0, 0, f"VID {vid} is no number with a range: it takes no limits"
            return
        if vid in seen:
            yield vid, _REPEATED, 0, 0, f"VID {vid} stands twice"
            return
        low, high = variable.template.minimum, variable.template.maximum
        assert low is not None
        assert high is not None
        numbers: set[int] = set()
        for number, band in limits:
            code, why = 0, ""
            if not 1 <= number <= LIMITS_COUNT:
                code, why = _NO_SUCH_LIMIT, f"limits are 1 to {LIMITS_COUNT}"
            elif number in numbers:
                code, why = _TWICE, "stands twice"
            elif band is not None:
                code, why = _band_fault(band, low, high)
            numbers.add(number)
            if code:
                yield vid, _BAD_LIMIT, number, code, f"{variable.name} ({vid}) limit {number}: {why}"

    # -- S2F47 ---------------------------------------------------------------------------------------------------

    def _listed(self, wanted: tuple[int, ...]) -> Item:
        every = wanted or [vid for vid in self._core.declared.status if self._limitable(vid) is not None]
        return L(*(L(self._core.declared.id_item(vid), self._attributes(vid)) for vid in every))

    def _attributes(self, vid: int) -> Item:
        variable = self._limitable(vid)
        if variable is None:
            return L()
        encode = self._core.declared.encoder(variable)
        limits = [L(U1(n), encode(x.upper), encode(x.lower)) for n, x in sorted(self._limits.get(vid, {}).items())]
        low, high = variable.template.minimum, variable.template.maximum
        return L(A(unit_text(variable.unit)), encode(low), encode(high), L(*limits))


def _band_fault(band: tuple[Item, Item], low: float, high: float) -> tuple[int, str]:
    try:
        upper, lower = shape.real(band[0], "UPPERDB"), shape.real(band[1], "LOWERDB")
    except shape.ShapeError as error:
        return _FORMAT, str(error)
    if not upper <= high:
        return _ABOVE_MAX, f"upper {upper:g} is above {high:g}"
    if not lower >= low:
        return _BELOW_MIN, f"lower {lower:g} is below {low:g}"
    if upper < lower:
        return _CROSSED, f"upper {upper:g} is below lower {lower:g}"
    return 0, ""


def _wanted(body: Item | None) -> tuple[_Wanted, ...]:
    _, variables = shape.listed(body, counts=(2,))
    found: list[_Wanted] = []
    for entry in shape.listed(variables, "variables"):
        vid, limits = shape.listed(entry, "variable", counts=(2,))
        numbers = tuple(_one_limit(limit) for limit in shape.listed(limits, "limits"))
        found.append((shape.number_id(vid, "VID"), numbers))
    return tuple(found)


def _one_limit(item: Item) -> tuple[int, tuple[Item, Item] | None]:
    number, band = shape.listed(item, "limit", counts=(2,))
    ends = shape.listed(band, "dead band", counts=(0, 2))
    return shape.whole(number, "LIMITID"), (ends[0], ends[1]) if ends else None
