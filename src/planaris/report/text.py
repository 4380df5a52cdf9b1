"""Text for people: escaped HTML and numbers that say when there is none."""

from __future__ import annotations

import html
import math
import re

NONE = "–"
"""Shown where a number is missing: never 0, never "nan"."""


def esc(value: object) -> str:
    """Return a value as HTML-safe text, quotes included."""
    return html.escape(str(value), quote=True)


def breakable(name: str) -> str:
    """Return a dotted or underscored name as HTML that may break after its parts."""
    return esc(name).replace("_", "_<wbr>").replace(".", ".<wbr>")


def known(value: float | None) -> bool:
    """Say whether there is a finite number."""
    return value is not None and math.isfinite(value)


def num(value: float | None, digits: int = 1) -> str:
    """Return a number with fixed digits and a thin space between thousands; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return NONE
    shown = f"{value:,.{digits}f}".replace(",", "\u202f")
    return shown.replace("-", "−", 1)


def with_unit(value: float | None, digits: int, unit: str) -> str:
    """Return a number and its unit, kept on one line; a dash where there is none."""
    shown = num(value, digits)
    return shown if shown == NONE or not unit else f"{shown}\u00a0{unit}"


def signed(value: float | None, digits: int, unit: str) -> str:
    """Return a deviation with its sign, '+' included."""
    shown = with_unit(value, digits, unit)
    return f"+{shown}" if value is not None and math.isfinite(value) and value > 0 else shown


def general(value: float | None) -> str:
    """Return a number of unknown size with four significant digits, powers of ten as people write them."""
    if value is None or not math.isfinite(value):
        return NONE
    size = abs(value)
    if size != 0 and (size < 1e-3 or size >= 1e6):
        mantissa, exponent = f"{value:.3e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}·10{_superscript(int(exponent))}".replace("-", "−")
    return num(value, 0) if size >= 1e4 else f"{value:.4g}".replace("-", "−")


def _superscript(power: int) -> str:
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def duration(seconds: float | None) -> str:
    """Return seconds as ``12 min 05 s`` or ``1 h 02 min``."""
    if seconds is None or not math.isfinite(seconds):
        return NONE
    if abs(seconds) < 59.95:  # below what would round to 60.0
        return with_unit(seconds, 1, "s")
    total = round(seconds)
    if total >= 3600:
        return f"{total // 3600}\u00a0h {total % 3600 // 60:02d}\u00a0min"
    return f"{total // 60}\u00a0min {total % 60:02d}\u00a0s"


def clock(seconds: float | None) -> str:
    """Return tool time as ``mm:ss``, or ``h:mm:ss`` from one hour on."""
    if seconds is None or not math.isfinite(seconds):
        return NONE
    total = round(seconds)
    hours, minutes, rest = total // 3600, total % 3600 // 60, total % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def plural(count: int, thing: str) -> str:
    """Return ``1 wafer``, ``2 wafers``."""
    return f"{count}\u00a0{thing}{'' if count == 1 else 's'}"


_PLACE = re.compile(r"([a-z][a-z_]*?)(\d*)(?:\.(\d+))?")
_PLACES = {
    "loadcup": "load cup",
    "srd": "spin-rinse-dry",
    "loadport": "load port",
    "dry_robot_b": "dry robot arm B",
    "wet_robot_b": "wet robot arm B",
    "units": "polishing units",
}


def place_name(place: str) -> str:
    """Return a module's or location's name as people say it: ``loadport1.07`` is "load port 1 slot 7".

    What is not named like a place (a wafer id) comes back as it is.
    """
    found = _PLACE.fullmatch(place)
    if found is None:
        return place
    stem, number, slot = found.groups()
    name = _PLACES.get(stem, stem.replace("_", " "))
    shown = f"{name} {number}" if number else name
    return f"{shown} slot {int(slot)}" if slot else shown
