"""Contact of a rough pad and a wafer: the half-space reference by FFT, and how a pattern shares the load."""

from planaris.physics.contact.pattern_load import (
    PatternLoadLaw,
    effective_pressure_kPa,
    pad_modulus_MPa,
    up_pressure_kPa,
)
from planaris.physics.contact.solver import ContactSolution, complementarity_ratio, solve_contact

__all__ = [
    "ContactSolution",
    "PatternLoadLaw",
    "complementarity_ratio",
    "effective_pressure_kPa",
    "pad_modulus_MPa",
    "solve_contact",
    "up_pressure_kPa",
]
