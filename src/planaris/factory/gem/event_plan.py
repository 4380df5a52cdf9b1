"""The report of one event, compiled: what to read and how the bytes stand, looked up once for all its occurrences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from planaris.dictionary import Constant, Variable
from planaris.factory.face import Value
from planaris.factory.gem.core import Core
from planaris.factory.gem.declared import fitting
from planaris.factory.secs2 import BodyEncoder, Format, Item, Many, SecsValueError, Shape, encode
from planaris.factory.secs2.items import U4, L

Read = Callable[[], Value | None]
_NUMBERS = frozenset({Format.F4, Format.F8})


class EventPlan:
    """Encodes S6F11 of one event with the reports that are linked to it now; a new definition makes a new plan."""

    def __init__(self, core: Core, event_id: int, reports: Mapping[int, tuple[int, ...]]) -> None:
        self._core, self._event_id, self._reports = core, event_id, reports
        declared = core.declared
        id_format = Format[declared.id_format]
        shape: list[Shape] = []
        # Leaves in order; ids never change, values are read each time.
        self._template: list[Any] = [0, _id_value(id_format, event_id)]
        self._reads: list[tuple[int, Read, Callable[[Value], Any] | None]] = []
        # Numbers that the fold holds as the wire wants them, by their places.
        plain: dict[int, str] = {}
        for report, vids in reports.items():
            self._template.append(_id_value(id_format, report))
            members: list[Shape] = []
            for vid in vids:
                what = declared.variable(vid)
                assert what is not None
                fmt = Format[what.secs_format]
                members.append(Many(fmt) if _is_array(what) else fmt)
                # Samples and their like are floats as the wire wants them; everything else is made to fit.
                place = len(self._template)
                if fmt in _NUMBERS and _is_folded(core, what):
                    plain[place] = what.name
                else:
                    fit = None if fmt in _NUMBERS else fitting(fmt)
                    self._reads.append((place, _reader(core, what), fit))
                self._template.append(None)
            shape.append((id_format, tuple(members)))
        self._encoder = BodyEncoder((Format.U4, id_format, tuple(shape)))
        self._runs = list(_runs(plain))

    def encode(self, data_id: int) -> bytes:
        """Return the body with the values as they are now."""
        leaves = self._template.copy()
        leaves[0] = data_id
        values = self._core.latest.values
        try:
            for span, get in self._runs:
                leaves[span] = get(values)
        except KeyError:  # nothing has told one of them yet
            return encode(self._item(data_id))
        for place, read, fit in self._reads:
            value = read()
            if value is None:
                return encode(self._item(data_id))
            leaves[place] = value if fit is None else fit(value)
        try:
            return self._encoder.encode(leaves)
        except SecsValueError:  # a value does not fit its type: it is sent empty, and the log says so
            return encode(self._item(data_id))

    def _item(self, data_id: int) -> Item:
        """Return the body value by value, for those that are not known yet or do not fit."""
        as_item = self._core.declared.id_item
        parts = [L(as_item(r), L(*map(self._core.item, vids))) for r, vids in self._reports.items()]
        return L(U4(data_id), as_item(self._event_id), L(*parts))


def _id_value(fmt: Format, number: int) -> int | str:
    return str(number) if fmt is Format.A else number


def _runs(plain: Mapping[int, str]) -> Iterator[tuple[slice, Callable[[Mapping[str, Value]], Sequence[Value]]]]:
    """Yield neighbouring places with what reads them all at once."""
    places = sorted(plain)
    first = 0
    for n, place in enumerate(places):
        if n + 1 == len(places) or places[n + 1] != place + 1:
            names = [plain[p] for p in places[first : n + 1]]
            yield slice(places[first], place + 1), _getter(names)
            first = n + 1


def _getter(names: Sequence[str]) -> Callable[[Mapping[str, Value]], Sequence[Value]]:
    if len(names) == 1:
        return lambda values: (values[names[0]],)
    return itemgetter(*names)


def _is_folded(core: Core, what: Variable | Constant) -> bool:
    """Say whether the fold's own values hold a variable: nothing computes it when it is asked for."""
    computed = what.name in core.computed or what.name.endswith(".step_time_s")
    return isinstance(what, Variable) and not what.shape and not computed


def _is_array(what: Variable | Constant) -> bool:
    return isinstance(what, Variable) and bool(what.shape)


def _reader(core: Core, what: Variable | Constant) -> Read:
    """Return what reads a variable or constant, with everything looked up beforehand."""
    name = what.name
    if isinstance(what, Constant):
        return lambda: core.constants[name]
    computed = core.computed.get(name)
    if computed is not None:
        return computed
    if name.endswith(".step_time_s"):  # it runs on between events
        return lambda: core.latest.value(name)
    values = core.latest.values
    return lambda: values.get(name)
