"""Read amounts out of a chemistry's text: ``Fe 45 ppm, W inhibitor 50 ppm`` -> ``fe_ppm``, ``w_inhibitor_ppm``."""

from __future__ import annotations

import re

_UNITS = {
    "wt%": "_wt_pct",
    "wt %": "_wt_pct",
    "wt.%": "_wt_pct",
    "%": "_wt_pct",
    "ppm": "_ppm",
    "mM": "_mM",
    "psi": "_kPa",
    "kPa": "_kPa",
}
_FACTOR = {"psi": 6.894757293168}
# A name, a number, a unit: the name starts after the last separator and holds no digit-only word.
_AMOUNT = re.compile(
    r"(?P<name>[^\d\W][\w,'() -]*?)\s+(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>wt\.?\s?%|ppm|mM|psi|kPa|%)(?![\w/])"
)


def amounts_of(text: str) -> dict[str, float]:
    """Return the amounts that a text names, keyed by a name with unit suffix; empty where it names none."""
    found: dict[str, float] = {}
    for part in re.split(r"[;:]|,\s", text):
        match = _AMOUNT.search(part)
        if match is None:
            continue
        unit = match["unit"].replace("wt ", "wt").replace("wt.", "wt")
        name = re.sub(r"\W+", "_", match["name"].strip().lower()).strip("_")
        if name:
            found[name + _UNITS[unit]] = float(match["value"]) * _FACTOR.get(unit, 1.0)
    return found
