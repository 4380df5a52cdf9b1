"""Form of a group's law: which constants it has. The rest stand at their limit or are borrowed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Threshold(StrEnum):
    """What must be exceeded before removal starts."""

    NONE = "none"
    PRESSURE = "pressure"
    PRESSURE_VELOCITY = "pressure_velocity"


@dataclass(frozen=True, slots=True)
class Form:
    """1/RR^n = 1/k2^n + 1/(K·(P^a·V^b − τ))^n with the constants that are named here.

    ``kp_level`` and ``threshold_level`` name the label (pad or abrasive) that gives K or the threshold one value
    per consumable. ``kp_by``, ``k2_by``, ``threshold_by`` name the conditions whose power multiplies them.
    ``oxidiser`` multiplies K by φ + (1−φ)·C/(C+C½), C½ at the middle concentration unless ``oxidiser_half`` frees it,
    ``supply`` by 1 − exp(−Q/Q0), ``activation`` by Arrhenius.
    """

    exponent_p: bool = False
    exponent_v: bool = False
    threshold: Threshold = Threshold.NONE
    saturation: bool = False
    corner: int = 1
    kp_level: str = ""
    threshold_level: str = ""
    kp_by: tuple[str, ...] = ()
    k2_by: tuple[str, ...] = ()
    threshold_by: tuple[str, ...] = ()
    oxidiser: str = ""
    oxidiser_half: bool = False
    supply: bool = False
    activation: bool = False

    def __str__(self) -> str:
        """Write the form as a formula of its factors."""
        p, v = "P^a" if self.exponent_p else "P", "V^b" if self.exponent_v else "V"
        by = "".join(f"·{c}^n" for c in self.kp_by)
        kp = "K" + (f"[{self.kp_level}]" if self.kp_level else "") + by
        kp += f"·ox({self.oxidiser})" if self.oxidiser else ""
        kp += "·f(flow)" if self.supply else ""
        kp += "·exp(-E/RT)" if self.activation else ""
        start = f"[{self.threshold_level}]" if self.threshold_level else ""
        start += "".join(f"·{c}^n" for c in self.threshold_by)
        if self.threshold is Threshold.PRESSURE:
            drive = f"({p} - P0{start})·{v}"
        elif self.threshold is Threshold.PRESSURE_VELOCITY:
            drive = f"({p}·{v} - τ{start})"
        else:
            drive = f"{p}·{v}"
        if not self.saturation:
            return f"{kp}·{drive}"
        chemical = "k2" + "".join(f"·{c}^n" for c in self.k2_by)
        return f"{kp}·{drive} in series with {chemical}" + (" (sharp corner)" if self.corner > 1 else "")


@dataclass(frozen=True, slots=True)
class Constant:
    """One free constant in the coordinates of the fit: where it starts, what is believed of it, where it may go."""

    name: str
    start: float
    belief: float
    spread: float
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True, slots=True)
class Scales:
    """Reference values of a group: middles of its conditions, so that constants keep their meaning and unit.

    The exponents are what stands where a form does not free them: Preston's 1, or a borrowed value.
    """

    pressure_kPa: float
    velocity_m_s: float
    lowest_pressure_kPa: float
    lowest_drive_kPa_m_s: float
    kp_start: float
    k2_start: float
    conditions: tuple[tuple[str, float], ...]
    exponent_p: float = 1.0
    exponent_v: float = 1.0

    def condition(self, name: str) -> float:
        """Return the reference value of a condition."""
        return dict(self.conditions)[name]


# What is believed before the data speak: middle and spread over the published tables cited in validation/data
# (pressure exponents 0.41-1.8, speed exponents 0.43-1.0, conditions' exponents -0.7 to 1.7). Weak by design.
EXPONENT_P_BELIEF = (1.0, 0.5)
EXPONENT_V_BELIEF = (0.85, 0.4)
CONDITION_SPREAD = 0.75
LEVEL_SPREAD = 0.5
THRESHOLD_BELIEF = (0.2, 0.3)
K2_SPREAD = 1.5
KP_SPREAD = 3.0
ACTIVATION_BELIEF_KJ_MOL = (14.0, 12.0)
SUPPLY_BELIEF = (math.log(98.0), 0.7)
# A threshold stays below the lowest pressure that removed something.
THRESHOLD_MOST = 0.98


def constants_of(form: Form, scales: Scales, levels: dict[str, int]) -> tuple[Constant, ...]:
    """List the free constants of a form; ``levels`` gives the number of consumables per label."""
    found = [Constant("ln_kp", scales.kp_start, scales.kp_start, KP_SPREAD, scales.kp_start - 8, scales.kp_start + 8)]
    if form.kp_level:
        found += [Constant(f"kp_level_{i}", 0.0, 0.0, LEVEL_SPREAD) for i in range(levels[form.kp_level])]
    if form.exponent_p:
        found.append(Constant("exponent_p", 1.0, *EXPONENT_P_BELIEF, 0.05, 4.0))
    if form.exponent_v:
        found.append(Constant("exponent_v", 0.9, *EXPONENT_V_BELIEF, 0.0, 2.0))
    if form.threshold is not Threshold.NONE:
        names = ["threshold"]
        if form.threshold_level:
            names = [f"threshold_level_{i}" for i in range(levels[form.threshold_level])]
        found += [Constant(n, THRESHOLD_BELIEF[0], *THRESHOLD_BELIEF, 0.0, THRESHOLD_MOST) for n in names]
    if form.saturation:
        found.append(Constant("ln_k2", scales.k2_start, scales.k2_start, K2_SPREAD))
    for part, names in (("kp", form.kp_by), ("k2", form.k2_by), ("threshold", form.threshold_by)):
        found += [Constant(f"{part}_by_{c}", 0.0, 0.0, CONDITION_SPREAD) for c in names]
    if form.oxidiser:
        found.append(Constant("ln_blank", 0.0, 0.0, 2.0, -8.0, 8.0))
    if form.oxidiser_half:
        middle = math.log(scales.condition(form.oxidiser))
        found.append(Constant("ln_half", middle, middle, 1.0, middle - 4.0, middle + 4.0))
    if form.supply:
        found.append(Constant("ln_supply", SUPPLY_BELIEF[0], *SUPPLY_BELIEF))
    if form.activation:
        found.append(Constant("activation_kJ_mol", ACTIVATION_BELIEF_KJ_MOL[0], *ACTIVATION_BELIEF_KJ_MOL))
    return tuple(found)


def counted(constants: Iterable[Constant]) -> int:
    """Count what is free: a factor per consumable is one constant each, their common K none of its own."""
    names = [c.name for c in constants]
    return len(names) - any(n.startswith("kp_level_") for n in names)


def with_condition(form: Form, part: str, name: str) -> Form:
    """Return the form with one more condition on ``kp``, ``k2`` or ``threshold``."""
    if part == "kp":
        return replace(form, kp_by=(*form.kp_by, name))
    if part == "k2":
        return replace(form, saturation=True, k2_by=(*form.k2_by, name))
    return replace(form, threshold_by=(*form.threshold_by, name))
