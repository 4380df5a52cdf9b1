"""Event reports: S2F33, S2F35 and S2F37 define what S6F11 sends; S6F15, S6F19 and S6F21 ask for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from planaris.factory.face import Value
from planaris.factory.gem import shape
from planaris.factory.gem.core import LOG, Core, Table, refused, served
from planaris.factory.gem.declared import nearest
from planaris.factory.gem.event_plan import EventPlan
from planaris.factory.secs2 import Item
from planaris.factory.secs2.items import U4, B, L
from planaris.historian import HostStoreError

_KEY, _DATA_ID_KEY = "reports", "data_id"
# DATAIDs are kept in the store in stretches of so many: a restart skips some, and none is used twice.
_STRETCH_COUNT = 1000
_LAST_DATA_ID = 0xFFFFFFFF

# Acknowledge codes of the three definitions (DRACK, LRACK, ERACK).
DONE, NO_SPACE, BAD_FORMAT, EXISTS, UNKNOWN, UNKNOWN_REPORT = range(6)
UNKNOWN_EVENT = 1

Pairs = tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class _State:
    """Reports, links and enabled events; a definition makes a new one or leaves the old."""

    reports: Mapping[int, tuple[int, ...]] = field(default_factory=dict[int, tuple[int, ...]])
    links: Mapping[int, tuple[int, ...]] = field(default_factory=dict[int, tuple[int, ...]])
    enabled: frozenset[int] = frozenset()

    def dump(self) -> str:
        return json.dumps(
            {"reports": list(self.reports.items()), "links": list(self.links.items()), "enabled": sorted(self.enabled)}
        )


def _load(text: str) -> _State:
    kept = json.loads(text)
    return _State(
        {number: tuple(vids) for number, vids in kept["reports"]},
        {number: tuple(reports) for number, reports in kept["links"]},
        frozenset(kept["enabled"]),
    )


class Reports:
    """Definitions of the host, whole or not at all and kept across restarts, and the messages that follow from them."""

    def __init__(self, core: Core) -> None:
        self._core = core
        kept = core.store.settings()
        self._state = _load(kept[_KEY]) if _KEY in kept else _State()
        self._data_id = int(kept.get(_DATA_ID_KEY, "0"))
        self._compiled: dict[int, EventPlan] = {}
        core.computed["tool.events_enabled"] = lambda: tuple(sorted(self._state.enabled))

    def table(self) -> Table:
        """Return the primaries that are served here."""
        return {
            (2, 33): served(_pairs, self._define),
            (2, 35): served(_pairs, self._link),
            (2, 37): served(_enabling, self._enable),
            (6, 15): served(lambda body: shape.number_id(body, "CEID"), self._event_report),
            (6, 19): served(lambda body: shape.number_id(body, "RPTID"), lambda r: self._values(r, named=False)),
            (6, 21): served(lambda body: shape.number_id(body, "RPTID"), lambda r: self._values(r, named=True)),
        }

    @property
    def reports(self) -> Mapping[int, tuple[int, ...]]:
        """VIDs of each defined report."""
        return self._state.reports

    @property
    def links(self) -> Mapping[int, tuple[int, ...]]:
        """Reports linked to each event."""
        return self._state.links

    @property
    def enabled(self) -> frozenset[int]:
        """Events that are reported."""
        return self._state.enabled

    # -- definitions ---------------------------------------------------------------------------------------------

    def _define(self, definitions: Pairs) -> Item:
        reports, links = dict(self._state.reports), dict(self._state.links)
        if not definitions:
            reports, links = {}, {}
        for report, vids in definitions:
            if not vids:
                reports.pop(report, None)
                links = {c: kept for c, r in links.items() if (kept := tuple(n for n in r if n != report))}
            elif not self._core.declared.fits(report):
                return _denied("S2F33", BAD_FORMAT, f"RPTID {report} does not fit {self._core.declared.id_format}")
            elif report in reports:
                return _denied("S2F33", EXISTS, f"RPTID {report} exists; delete it first")
            elif unknown := [v for v in vids if self._core.declared.variable(v) is None]:
                return _denied("S2F33", UNKNOWN, self._unknown_vids(report, unknown))
            else:
                reports[report] = vids
        if len(reports) > self._core.settings.reports_count:
            return _denied("S2F33", NO_SPACE, f"{len(reports)} reports, {self._core.settings.reports_count} have room")
        return self._keep(_State(reports, links, self._state.enabled))

    def _unknown_vids(self, report: int, unknown: Iterable[int]) -> str:
        declared = self._core.declared
        known = [*declared.status, *declared.data, *declared.constants]
        return "; ".join(f"VID {v} of RPTID {report} unknown, {nearest(v, known)}" for v in unknown)

    def _link(self, definitions: Pairs) -> Item:
        links = dict(self._state.links)
        for event, reports in definitions:
            if event not in self._core.declared.events:
                why = f"CEID {event} unknown, {nearest(event, self._core.declared.events)}"
                return _denied("S2F35", UNKNOWN, why)
            if unknown := [r for r in reports if r not in self._state.reports]:
                listed = "; ".join(f"RPTID {r} unknown, {nearest(r, self._state.reports)}" for r in unknown)
                return _denied("S2F35", UNKNOWN_REPORT, f"CEID {event}: {listed}")
            if not reports:
                links.pop(event, None)
            elif event in links:
                linked = " ".join(map(str, links[event]))
                return _denied("S2F35", EXISTS, f"CEID {event} is linked to RPTID {linked}; unlink it first")
            else:
                links[event] = reports
        return self._keep(_State(self._state.reports, links, self._state.enabled))

    def _enable(self, wanted: tuple[bool, tuple[int, ...]]) -> Item:
        on, events = wanted
        known = self._core.declared.events
        if unknown := [e for e in events if e not in known]:
            return _denied("S2F37", UNKNOWN_EVENT, "; ".join(f"CEID {e} unknown, {nearest(e, known)}" for e in unknown))
        named = frozenset(events or known)
        enabled = self._state.enabled | named if on else self._state.enabled - named
        return self._keep(_State(self._state.reports, self._state.links, enabled))

    def _keep(self, state: _State) -> Item:
        self._core.store.save({_KEY: state.dump()})
        self._state = state
        self._compiled.clear()
        return B(DONE)

    # -- messages ------------------------------------------------------------------------------------------------

    def happened(self, event_id: int) -> None:
        """Send the report of an event, with values as they are now, if the host enabled it."""
        if event_id not in self._state.enabled:
            return
        if self._core.constants["annotated_reports"]:
            self._core.post(6, 13, self._report(event_id, self._next_data_id(), named=True))
        else:
            self._core.send(6, 11, self._plans(event_id).encode(self._next_data_id()))

    def happen(self, name: str, data: Mapping[str, Value]) -> None:
        """Report an event of the face itself with its data variables."""
        self._core.latest.values.update(data)
        self.happened(self._core.declared.event(name).event_id)

    def _event_report(self, event_id: int) -> Item:
        if event_id not in self._core.declared.events:
            refused("S6F15", f"CEID {event_id} unknown, {nearest(event_id, self._core.declared.events)}")
        return self._report(event_id, self._next_data_id(), named=False)

    def _report(self, event_id: int, data_id: int, *, named: bool) -> Item:
        as_item = self._core.declared.id_item
        parts: list[Item] = []
        for report in self._state.links.get(event_id, ()):
            values = [(as_item(v), self._core.item(v)) for v in self._state.reports[report]]
            parts.append(L(as_item(report), L(*(L(*pair) if named else pair[1] for pair in values))))
        return L(U4(data_id), as_item(event_id), L(*parts))

    def _plans(self, event_id: int) -> EventPlan:
        plan = self._compiled.get(event_id)
        if plan is None:
            reports = {report: self._state.reports[report] for report in self._state.links.get(event_id, ())}
            plan = self._compiled[event_id] = EventPlan(self._core, event_id, reports)
        return plan

    def _values(self, report: int, *, named: bool) -> Item:
        if report not in self._state.reports:
            refused("S6F21" if named else "S6F19", f"RPTID {report} unknown, {nearest(report, self._state.reports)}")
            return L()
        declared = self._core.declared
        read = [(declared.id_item(v), self._core.item(v)) for v in self._state.reports[report]]
        return L(*(L(vid, value) for vid, value in read)) if named else L(*(value for _, value in read))

    def _next_data_id(self) -> int:
        self._data_id = self._data_id % _LAST_DATA_ID + 1
        if self._data_id % _STRETCH_COUNT == 1:
            try:
                self._core.store.save({_DATA_ID_KEY: str((self._data_id // _STRETCH_COUNT + 1) * _STRETCH_COUNT)})
            except HostStoreError:  # the event goes out; after a restart its number may come once more
                LOG.exception("the DATAID %d cannot be kept", self._data_id)
                self._core.ports.failed(f"the DATAID {self._data_id} cannot be kept: the home cannot be written")
        return self._data_id


def _denied(message: str, code: int, why: str) -> Item:
    refused(message, why)
    return B(code)


def _pairs(body: Item | None) -> Pairs:
    _, definitions = shape.listed(body, counts=(2,))
    found: list[tuple[int, tuple[int, ...]]] = []
    for n, definition in enumerate(shape.listed(definitions, "definitions")):
        number, members = shape.listed(definition, f"definition {n + 1}", counts=(2,))
        found.append((shape.number_id(number, f"id of definition {n + 1}"), shape.ids(members, f"list of {n + 1}")))
    return tuple(found)


def _enabling(body: Item | None) -> tuple[bool, tuple[int, ...]]:
    on, events = shape.listed(body, counts=(2,))
    return shape.flag(on, "CEED"), shape.ids(events, "CEIDs")
