"""Alarms: S5F1 as the event stream tells them, S5F3, S5F5, S5F7."""

from __future__ import annotations

import json

from planaris.dictionary import Alarm, UnknownNameError
from planaris.factory.gem import shape
from planaris.factory.gem.core import LOG, Core, Table, refused, served
from planaris.factory.gem.declared import ascii_text, nearest
from planaris.factory.secs2 import Format, Item
from planaris.factory.secs2.items import A, B, L
from planaris.stream import AlarmCleared, AlarmSet

# ALTX holds at most this many characters; the highest bit of ALCD says that the alarm is set (SEMI E5).
TEXT_LIMIT_COUNT = 120
SET_BIT = 0x80
_KEY = "alarms_off"


class Alarms:
    """Which alarms are set is the stream's to say; which are reported is the host's, and kept across restarts."""

    def __init__(self, core: Core) -> None:
        self._core = core
        off: list[int] = json.loads(core.store.settings().get(_KEY, "[]"))
        self._off = frozenset(off)
        core.computed["tool.alarms_enabled"] = lambda: tuple(sorted(self.enabled))
        core.computed["tool.alarms_set"] = lambda: tuple(sorted(self.set_ids))

    def table(self) -> Table:
        """Return the primaries that are served here."""
        return {
            (5, 3): served(_enabling, self._enable),
            (5, 5): served(_wanted, self._listed),
            (5, 7): served(shape.nothing, lambda _: L(*map(self._line, sorted(self.enabled)))),
        }

    @property
    def enabled(self) -> frozenset[int]:
        """Alarms that are reported: all but those the host turned off."""
        return frozenset(self._core.declared.alarms) - self._off

    @property
    def set_ids(self) -> frozenset[int]:
        """Alarms that are set now."""
        found: set[int] = set()
        for name, source in self._core.latest.alarms:
            try:
                found.add(self._core.declared.dictionary.alarm(name, source).alarm_id)
            except UnknownNameError:
                continue
        return frozenset(found)

    def changed(self, event: AlarmSet | AlarmCleared) -> Alarm | None:
        """Report that an alarm was set or cleared; return it, None where it is not declared."""
        try:
            alarm = self._core.declared.dictionary.alarm(event.alarm, event.source)
        except UnknownNameError as error:
            LOG.error("an alarm is not reported: %s", error)
            return None
        if alarm.alarm_id in self.enabled:
            self._core.post(5, 1, self._line(alarm.alarm_id, isinstance(event, AlarmSet)))
        return alarm

    def _line(self, alarm_id: int, is_set: bool | None = None) -> Item:
        alarm = self._core.declared.alarms[alarm_id]
        shown = alarm_id in self.set_ids if is_set is None else is_set
        code = alarm.template.category | (SET_BIT if shown else 0)
        return L(B(code), self._core.declared.id_item(alarm_id), A(ascii_text(alarm.text_en, TEXT_LIMIT_COUNT)))

    def _enable(self, wanted: tuple[bool, tuple[int, ...]]) -> Item:
        on, named = wanted
        known = self._core.declared.alarms
        if unknown := [n for n in named if n not in known]:
            refused("S5F3", "; ".join(f"ALID {n} unknown, {nearest(n, known)}" for n in unknown))
            return B(1)
        chosen = frozenset(named or known)
        off = self._off - chosen if on else self._off | chosen
        self._core.store.save({_KEY: json.dumps(sorted(off))})
        self._off = off
        return B(0)

    def _listed(self, wanted: tuple[int, ...]) -> Item:
        known = self._core.declared.alarms
        lines = [
            self._line(n) if n in known else L(B(), self._core.declared.id_item(n), A(""))
            for n in wanted or sorted(known)
        ]
        return L(*lines)


def _wanted(body: Item | None) -> tuple[int, ...]:
    """Return the ALIDs asked for: an array, a list, decimal text, or nothing for all."""
    if body is not None and body.format is Format.A:
        return () if not len(body) else (shape.number_id(body, "ALID"),)
    return shape.ids(body, "ALID")


def _enabling(body: Item | None) -> tuple[bool, tuple[int, ...]]:
    code, alarms = shape.listed(body, counts=(2,))
    return shape.whole(code, "ALED") & SET_BIT != 0, _wanted(alarms)
