"""Date and time as the host reads and writes them: TimeFormat 0, 1 or 2."""

from __future__ import annotations

from planaris.clock import ns_of_utc, utc_of_ns, utc_of_text

_SHORT, _LONG = "%y%m%d%H%M%S", "%Y%m%d%H%M%S"


def time_text(utc_ns: int, time_format: int) -> str:
    """Return ns since 1970 as text: 0 ``YYMMDDhhmmss``, 1 ``YYYYMMDDhhmmsscc``, 2 ISO 8601 with hundredths."""
    at = utc_of_ns(utc_ns)
    hundredths = at.microsecond // 10_000
    if time_format == 0:
        return at.strftime(_SHORT)
    if time_format == 1:
        return f"{at.strftime(_LONG)}{hundredths:02d}"
    return f"{at:%Y-%m-%dT%H:%M:%S}.{hundredths:02d}Z"


def parse_time(text: str) -> int:
    """Return the ns since 1970 that a text of any of the three forms says; UTC where it names no zone.

    Raises ValueError.
    """
    if text.isdecimal() and len(text) == 12:
        return ns_of_utc(utc_of_text(text, _SHORT))
    if text.isdecimal() and len(text) == 16:
        return ns_of_utc(utc_of_text(text[:14], _LONG)) + int(text[14:]) * 10_000_000
    if text[:4].isdecimal() and text[4:5] == "-":
        return ns_of_utc(utc_of_text(text))
    raise ValueError(f'"{text}" is neither YYMMDDhhmmss, YYYYMMDDhhmmsscc nor ISO 8601')
