"""Alarms: severity and state. Their texts stand in the dictionary."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is."""

    WARNING = "warning"
    ERROR = "error"
    FATAL = "fatal"


class AlarmState(StrEnum):
    """Life of an alarm."""

    SET = "set"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class ActiveAlarm:
    """An alarm that is set: which (dictionary name), where and why."""

    alarm: str
    source: str
    severity: Severity
    state: AlarmState
    set_at_s: float
    detail: str
