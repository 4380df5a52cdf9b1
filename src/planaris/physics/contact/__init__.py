"""Contact of a rough pad and a wafer: the half-space reference, its summits, and how a pattern shares the load."""

from planaris.physics.contact.greenwood_williamson import (
    SummitContact,
    SummitHeights,
    SummitPopulation,
    reduced_modulus_MPa,
    separation_under_um,
    summit_contact,
)
from planaris.physics.contact.pad_fit import PadFit, fit_summits
from planaris.physics.contact.pattern_load import (
    PatternLoadLaw,
    effective_pressure_kPa,
    pad_modulus_MPa,
    up_pressure_kPa,
)
from planaris.physics.contact.solver import ContactSolution, complementarity_ratio, solve_contact
from planaris.physics.contact.summits import SummitStatistics, summit_statistics

__all__ = [
    "ContactSolution",
    "PadFit",
    "PatternLoadLaw",
    "SummitContact",
    "SummitHeights",
    "SummitPopulation",
    "SummitStatistics",
    "complementarity_ratio",
    "effective_pressure_kPa",
    "fit_summits",
    "pad_modulus_MPa",
    "reduced_modulus_MPa",
    "separation_under_um",
    "solve_contact",
    "summit_contact",
    "summit_statistics",
    "up_pressure_kPa",
]
