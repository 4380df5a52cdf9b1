"""What the columns of a rate table may be called, in which units, in English and Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass

from planaris.model import ENTRY_UNITS

_PSI_KPA = next(u.factor for u in ENTRY_UNITS if u.entered_suffix == "_psi")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A numeric column: the model's name, what people call it, and unit -> (factor, offset) to the model's unit."""

    name: str
    stems: tuple[str, ...]
    units: dict[str, tuple[float, float]]
    bare: tuple[str, ...] = ()


def _units(**factors: float) -> dict[str, tuple[float, float]]:
    return {unit: (factor, 0.0) for unit, factor in factors.items()}


_LENGTH_MM = _units(mm=1.0, cm=10.0, m=1e3, inch=25.4, **{"in": 25.4})
_SHARE = _units(wt_pct=1.0, wt=1.0, pct=1.0)

QUANTITIES: tuple[Quantity, ...] = (
    Quantity(
        "pressure_kPa",
        ("pressure", "down_force", "downforce", "polish_pressure", "压力", "下压力", "抛光压力", "研磨压力"),
        _units(
            kPa=1.0, psi=_PSI_KPA, Pa=1e-3, MPa=1e3, bar=100.0, mbar=0.1, hPa=0.1, N_cm2=10.0, g_cm2=0.0980665,
            kgf_cm2=98.0665,
        ),
    ),
    Quantity(
        "velocity_m_s",
        ("velocity", "speed", "sliding_velocity", "relative_velocity", "linear_velocity", "速度", "线速度", "相对速度"),
        _units(m_s=1.0, mm_s=1e-3, cm_s=1e-2, m_min=1 / 60, ft_s=0.3048, ft_min=0.3048 / 60),
    ),
    Quantity(
        "platen_rpm",
        ("platen", "platen_speed", "table", "table_speed", "转速", "盘转速", "大盘转速", "抛光盘转速", "研磨盘转速"),
        _units(rpm=1.0, r_min=1.0, rad_s=9.549296585513721),
        ("rpm", "转速"),
    ),
    Quantity(
        "head_rpm",
        ("head", "head_speed", "carrier", "carrier_speed", "抛光头转速", "载头转速", "研磨头转速"),
        _units(rpm=1.0, r_min=1.0, rad_s=9.549296585513721),
    ),
    Quantity("center_distance_mm", ("center_distance", "centre_distance", "中心距"), _LENGTH_MM),
    Quantity("wafer_mm", ("wafer", "wafer_diameter", "晶圆直径"), _LENGTH_MM),
    Quantity(
        "temperature_C",
        ("temperature", "pad_temperature", "process_temperature", "温度", "抛光垫温度"),
        {"C": (1.0, 0.0), "K": (1.0, -273.15), "F": (5 / 9, -160 / 9)},
    ),
    Quantity(
        "slurry_ml_min",
        ("slurry", "slurry_flow", "flow", "流量", "抛光液流量", "研磨液流量"),
        _units(ml_min=1.0, l_min=1e3, cc_min=1.0, sccm=1.0),
    ),
    Quantity(
        "abrasive_wt_pct",
        ("abrasive", "solids", "silica", "ceria", "alumina", "磨料", "磨料浓度", "固含量"),
        _SHARE,
    ),
    Quantity(
        "abrasive_d50_nm",
        ("abrasive_d50", "d50", "abrasive_size", "particle_size", "粒径", "磨料粒径"),
        _units(nm=1.0, um=1e3),
    ),
    Quantity("slurry_pH", (), {}, ("slurry_ph", "ph", "抛光液ph")),
    Quantity("h2o2_wt_pct", ("h2o2", "hydrogen_peroxide", "双氧水", "过氧化氢"), _SHARE),
    Quantity(
        "removal_rate_nm_min",
        (
            "removal_rate", "rate", "mrr", "rr", "material_removal_rate", "去除速率", "去除率", "材料去除率",
            "材料去除速率", "移除速率", "研磨速率", "抛光速率",
        ),
        _units(nm_min=1.0, A_min=0.1, A_s=6.0, nm_s=60.0, um_min=1e3, um_h=1e3 / 60, nm_h=1 / 60),
    ),
)  # fmt: skip

TEXTS: dict[str, tuple[str, ...]] = {
    "film": ("film", "film_type", "material", "薄膜", "膜层", "膜", "膜种", "材料"),
    "abrasive": ("abrasive", "abrasive_type", "slurry", "slurry_name", "磨料", "磨料种类", "抛光液", "研磨液"),
    "pad": ("pad", "pad_type", "抛光垫", "研磨垫"),
    "tool": ("tool", "machine", "机台", "设备"),
    "other_chem": ("other_chem", "chemistry", "additives", "添加剂", "化学成分", "其他化学"),
}

_SIGNS = (
    ("（", "("), ("）", ")"), ("［", "["), ("］", "]"), ("／", "/"), ("％", "%"), ("Å", "A"), ("Å", "A"), ("埃", "A"),
    ("μ", "u"), ("µ", "u"), ("℃", "C"), ("°C", "C"), ("°F", "F"), ("wt.%", "wt_pct"), ("wt%", "wt_pct"),
    ("wt %", "wt_pct"), ("·", "_"),
)  # fmt: skip
_ADDITIVE = re.compile(r"[A-Za-z][\w]*?_(ppm|wt_pct)$")


@dataclass(frozen=True, slots=True)
class Column:
    """What a header means: the model's name, and for numbers how to get to the model's unit."""

    name: str
    text: bool
    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A header that names a known quantity in no known unit."""

    name: str
    problem: str
    units: tuple[str, ...]


def spelled(header: str) -> str:
    """Return a header in one spelling: ``去除速率（Å/min）`` -> ``去除速率_A_min``."""
    text = header.strip().lstrip("\ufeff").strip()
    for sign, plain in _SIGNS:
        text = text.replace(sign, plain)
    text = re.sub(r"[(\[]\s*%\s*[)\]]", "_pct", text)
    text = text.replace("%", "_pct").replace("³", "3").replace("²", "2")
    return re.sub(r"[\s()\[\]/,.-]+", "_", text).strip("_")


_EXACT: dict[str, Column] = {}
for _quantity in QUANTITIES:
    for _bare in _quantity.bare:
        _EXACT[_bare.lower()] = Column(_quantity.name, False)
    for _stem in _quantity.stems:
        for _unit, (_factor, _offset) in _quantity.units.items():
            _EXACT.setdefault(f"{_stem}_{_unit}".lower(), Column(_quantity.name, False, _factor, _offset))
for _name, _stems in TEXTS.items():
    for _stem in _stems:
        _EXACT.setdefault(_stem.lower(), Column(_name, True))


def meaning(header: str) -> Column | NearMiss | None:
    """Return what a header means; a near miss where its unit is wanting or unknown; None where nothing is known."""
    text = spelled(header)
    found = _EXACT.get(text.lower())
    if found is not None:
        return found
    if _ADDITIVE.fullmatch(text):
        return Column(text.lower(), False)
    for quantity in QUANTITIES:
        for stem in sorted(quantity.stems, key=len, reverse=True):
            if text.lower() == stem:
                return NearMiss(quantity.name, "has no unit", tuple(quantity.units))
            if text.lower().startswith(stem + "_"):
                unit = text[len(stem) + 1 :]
                return NearMiss(quantity.name, f"unit {unit} is not known", tuple(quantity.units))
    return None
