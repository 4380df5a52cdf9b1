"""Alarms that are set, and their life."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from planaris.dictionary import Dictionary
from planaris.model import ActiveAlarm, AlarmState, Severity
from planaris.stream import AlarmAcknowledged, AlarmCleared, AlarmSet, EventStream


class UnknownAlarmError(KeyError):
    """An alarm was set that the catalogue does not hold."""


class AlarmBook:
    """Every alarm that is set, by name and source. Only alarms of the catalogue exist."""

    def __init__(self, stream: EventStream, dictionary: Dictionary, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._known = {template.name: template.severity for template in dictionary.alarm_templates}
        self._sources = frozenset((alarm.template.name, alarm.source) for alarm in dictionary.alarms)
        self._clock = clock
        self._active: dict[tuple[str, str, str], ActiveAlarm] = {}

    @property
    def active(self) -> tuple[ActiveAlarm, ...]:
        """Alarms that are set, in the order they came."""
        return tuple(self._active.values())

    def restore(self, alarms: Mapping[tuple[str, str, str], ActiveAlarm]) -> None:
        """Take over alarms that the journal told, by name, source and wafer."""
        for key, alarm in alarms.items():
            self._active.setdefault(key, alarm)

    def severity_of(self, alarm: str) -> Severity:
        """Return how bad the catalogue says an alarm is; raise `UnknownAlarmError` if it has none such."""
        if alarm not in self._known:
            raise UnknownAlarmError(alarm)
        return self._known[alarm]

    def knows(self, alarm: str, source: str) -> bool:
        """Say whether the catalogue has an alarm at a place."""
        return (alarm, source) in self._sources

    def set(self, alarm: str, source: str, severity: Severity, detail: str, wafer_id: str = "") -> None:
        """Set an alarm; setting it again for the same wafer while it is set says nothing new."""
        if alarm not in self._known:
            raise UnknownAlarmError(alarm)
        if (alarm, source, wafer_id) in self._active:
            return
        self._active[alarm, source, wafer_id] = ActiveAlarm(
            alarm, source, severity, AlarmState.SET, self._clock(), detail
        )
        self._stream.publish(AlarmSet(alarm, source, severity, wafer_id, detail))

    def acknowledge(self, alarm: str, source: str, principal: str) -> bool:
        """Note that a person saw an alarm; return whether it was set."""
        found = [key for key in self._active if key[:2] == (alarm, source)]
        for key in found:
            active = self._active[key]
            self._active[key] = ActiveAlarm(
                alarm, source, active.severity, AlarmState.ACKNOWLEDGED, active.set_at_s, active.detail
            )
        if found:
            self._stream.publish(AlarmAcknowledged(alarm, source, principal))
        return bool(found)

    def clear(self, alarm: str, source: str, why: str) -> None:
        """Clear an alarm whose cause is gone; ``why`` says how that is known."""
        found = [key for key in self._active if key[:2] == (alarm, source)]
        for key in found:
            del self._active[key]
        if found:
            self._stream.publish(AlarmCleared(alarm, source, why))
