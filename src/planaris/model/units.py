"""Units: every number's unit is the suffix of its name; this table lists the legal suffixes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

# suffix -> what it means. A test holds every numeric field of the model, the tags and the dictionary to it.
UNIT_SUFFIXES: dict[str, str] = {
    "_kPa": "kilopascal",
    "_rpm": "revolutions per minute",
    "_ml_min": "millilitre per minute",
    "_l_min": "litre per minute",
    "_nm": "nanometre",
    "_um": "micrometre",
    "_mm": "millimetre",
    "_nm_min": "nanometre per minute",
    "_um_h": "micrometre per hour",
    "_mm_s": "millimetre per second",
    "_m_s": "metre per second",
    "_C": "degree Celsius",
    "_K": "kelvin",
    "_s": "second",
    "_h": "hour",
    "_per_s": "per second",
    "_per_min": "per minute",
    "_per_h": "per hour",
    "_Hz": "hertz",
    "_MHz": "megahertz",
    "_N": "newton",
    "_Nm": "newton metre",
    "_W": "watt",
    "_A": "ampere",
    "_V": "volt",
    "_deg": "degree of angle",
    "_pct": "percent",
    "_wt_pct": "percent by weight",
    "_ratio": "dimensionless ratio",
    "_fraction": "dimensionless fraction, 0 to 1",
    "_count": "number of things",
    "_ml": "millilitre",
    "_l": "litre",
    "_kJ_mol": "kilojoule per mole",
    "_m2_N": "square metre per newton",
    "_kPa_m_s": "kilopascal metre per second",
    "_MPa": "megapascal",
    "_W_K": "watt per kelvin",
    "_J_K": "joule per kelvin",
    "_m2": "square metre",
    "_mm_g": "millimetre per second squared, as a root mean square",
    "_pct_h": "percent per hour",
    "_per_mm": "per millimetre",
    "_per_kPa_m": "per kilopascal and metre of sliding",
    "_kg_m3": "kilogram per cubic metre",
    "_J_kg_K": "joule per kilogram and kelvin",
    "_mPa_s": "millipascal second",
}


@dataclass(frozen=True, slots=True)
class EntryUnit:
    """A unit people type in files: multiply by ``factor`` to get the unit of ``suffix``."""

    entered_suffix: str
    suffix: str
    factor: float
    symbol: str


# What people type -> what the model keeps. Factors are exact by definition except psi (BIPM SI brochure;
# 1 psi = 1 lbf/in2 = 6.894757293168 kPa).
ENTRY_UNITS: tuple[EntryUnit, ...] = (
    EntryUnit("_psi", "_kPa", 6.894757293168, "psi"),
    EntryUnit("_A_min", "_nm_min", 0.1, "Å/min"),
    EntryUnit("_A", "_nm", 0.1, "Å"),
    EntryUnit("_lbf", "_N", 4.4482216152605, "lbf"),
    EntryUnit("_min", "_s", 60.0, "min"),
)

# How a kept suffix is shown.
SYMBOLS: dict[str, str] = {
    "_kPa": "kPa",
    "_rpm": "rpm",
    "_ml_min": "ml/min",
    "_l_min": "l/min",
    "_nm_min": "nm/min",
    "_um_h": "µm/h",
    "_nm": "nm",
    "_um": "µm",
    "_mm": "mm",
    "_mm_s": "mm/s",
    "_m_s": "m/s",
    "_C": "°C",
    "_K": "K",
    "_s": "s",
    "_h": "h",
    "_N": "N",
    "_Nm": "N·m",
    "_W": "W",
    "_A": "A",
    "_V": "V",
    "_deg": "°",
    "_pct": "%",
    "_wt_pct": "wt %",
    "_ml": "ml",
    "_l": "l",
    "_per_min": "1/min",
    "_per_s": "1/s",
    "_per_h": "1/h",
    "_Hz": "Hz",
    "_MHz": "MHz",
    "_ratio": "",
    "_fraction": "",
    "_count": "",
    "_kJ_mol": "kJ/mol",
    "_m2_N": "m²/N",
    "_kPa_m_s": "kPa·m/s",
    "_MPa": "MPa",
    "_W_K": "W/K",
    "_J_K": "J/K",
    "_m2": "m²",
    "_mm_g": "mm/s² rms",
    "_pct_h": "%/h",
    "_per_mm": "1/mm",
    "_per_kPa_m": "1/(kPa·m)",
    "_kg_m3": "kg/m³",
    "_J_kg_K": "J/(kg·K)",
    "_mPa_s": "mPa·s",
}


@cache
def suffix_of(name: str) -> str | None:
    """Return the longest legal unit suffix of a name, or None."""
    found = [s for s in UNIT_SUFFIXES if name.endswith(s)]
    return max(found, key=len) if found else None


def symbol_of(name: str) -> str:
    """Return the symbol of a name's unit, '' where it has none."""
    suffix = suffix_of(name)
    return SYMBOLS.get(suffix, "") if suffix else ""
