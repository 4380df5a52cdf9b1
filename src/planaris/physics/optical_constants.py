"""Optical constants of a wafer's films, 400-800 nm: published formulas and tables, each with source and grade.

The index is n − ik (time factor e^{+iωt}). A film's index differs by how it was made: oxides by 1 %, nitride by 0.03,
metals by 5 %, copper by more at 550-600 nm where its edge is. What is here is nominal; a real wafer is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Array = NDArray[np.float64]

# Where the tables below hold.
OPTICAL_RANGE_nm = (400.0, 800.0)
# Index of water between window and wafer, 1.33 from 400 to 800 nm within 0.01 (B); air is 1.
WATER_INDEX = 1.33
# Poly-Si absorbs as crystalline Si does times 1 to 3, by film (A): the middle.
POLY_EXTINCTION_FACTOR = 2.0


@dataclass(frozen=True, slots=True)
class OpticalTable:
    """Index n and extinction k at wavelengths, between which both are linear; ``source`` and trust ``grade``."""

    source: str
    grade: str
    rows: tuple[tuple[float, float, float], ...]

    def index(self, wavelength_nm: Array) -> Complex:
        """Return n − ik."""
        table = np.asarray(self.rows, dtype=np.float64)
        n = np.interp(wavelength_nm, table[:, 0], table[:, 1])
        return n - 1j * np.interp(wavelength_nm, table[:, 0], table[:, 2])


@dataclass(frozen=True, slots=True)
class Sellmeier:
    """n² = 1 + Σ a·λ²/(λ² − b²), λ and b in µm; transparent."""

    source: str
    grade: str
    terms: tuple[tuple[float, float], ...]

    def index(self, wavelength_nm: Array) -> Complex:
        """Return n − ik with k = 0."""
        square_um2 = (1e-3 * wavelength_nm) ** 2
        total: Array = np.ones_like(square_um2)
        for a, b_um in self.terms:
            total = total + a * square_um2 / (square_um2 - b_um**2)
        return np.sqrt(total) + 0j


_SIO2 = Sellmeier(
    "Malitson, J. Opt. Soc. Am. 55 (1965) 1205, fused silica",
    "B",
    ((0.6961663, 0.0684043), (0.4079426, 0.1162414), (0.8974794, 9.896161)),
)
_SI3N4 = Sellmeier("Philipp, J. Electrochem. Soc. 120 (1973) 295", "B", ((2.8939, 0.13967),))
_SI_ROWS = (
    (387.5, 6.062, 0.630), (399.9, 5.570, 0.387), (413.3, 5.222, 0.269), (427.5, 4.961, 0.203), (442.8, 4.753, 0.163),
    (459.2, 4.583, 0.130), (476.9, 4.442, 0.090), (495.9, 4.320, 0.073), (516.6, 4.215, 0.060), (539.1, 4.123, 0.048),
    (563.6, 4.042, 0.032), (590.4, 3.969, 0.030), (619.9, 3.906, 0.022), (652.5, 3.847, 0.016), (688.8, 3.796, 0.013),
    (729.3, 3.752, 0.010), (774.9, 3.714, 0.008), (826.6, 3.673, 0.005),
)  # fmt: skip
_SI = OpticalTable("Aspnes & Studna, Phys. Rev. B 27 (1983) 985", "B", _SI_ROWS)
_POLY = OpticalTable(
    "as Si (Aspnes & Studna 1983), k times 2", "A", tuple((w, n, POLY_EXTINCTION_FACTOR * k) for w, n, k in _SI_ROWS)
)
_CU = OpticalTable(
    "Johnson & Christy, Phys. Rev. B 6 (1972) 4370",
    "B",
    (
        (397.4, 1.32, 2.116), (413.3, 1.28, 2.207), (430.5, 1.25, 2.305), (450.9, 1.24, 2.397), (471.4, 1.25, 2.483),
        (495.9, 1.22, 2.564), (520.9, 1.18, 2.608), (548.6, 1.02, 2.577), (582.1, 0.70, 2.704), (616.8, 0.30, 3.205),
        (659.5, 0.22, 3.747), (704.5, 0.21, 4.205), (756.0, 0.24, 4.665), (821.1, 0.26, 5.180),
    ),
)  # fmt: skip
_W = OpticalTable(
    "Weaver, Olson & Lynch, Phys. Rev. B 12 (1975) 1293, read off its figure",
    "F",
    (
        (400.2, 3.406, 2.415), (425.3, 3.346, 2.439), (448.7, 3.314, 2.511), (469.4, 3.332, 2.591),
        (493.7, 3.384, 2.668), (511.1, 3.433, 2.700), (548.9, 3.522, 2.739), (573.9, 3.526, 2.794),
        (599.7, 3.557, 2.860), (626.0, 3.607, 2.906), (657.2, 3.697, 2.943), (680.8, 3.797, 2.914),
        (706.1, 3.884, 2.869), (731.4, 3.891, 2.828), (754.9, 3.857, 2.784), (777.8, 3.789, 2.737),
        (795.8, 3.694, 2.735), (814.7, 3.596, 2.757),
    ),
)  # fmt: skip
_TI = OpticalTable(
    "Mash & Motulevich, Sov. Phys. JETP 36 (1973) 516",
    "B",
    (
        (400.0, 1.71, 2.23), (420.0, 1.73, 2.44), (440.0, 1.89, 2.59), (460.0, 1.92, 2.67), (480.0, 2.03, 2.77),
        (500.0, 2.10, 2.82), (520.0, 2.19, 2.88), (540.0, 2.22, 2.91), (560.0, 2.27, 2.94), (590.0, 2.36, 3.00),
        (610.0, 2.42, 3.04), (635.0, 2.49, 3.11), (655.0, 2.55, 3.15), (675.0, 2.60, 3.17), (700.0, 2.67, 3.20),
        (740.0, 2.78, 3.23), (785.0, 2.91, 3.34), (810.0, 2.98, 3.40),
    ),
)  # fmt: skip
_TA = OpticalTable(
    "assumed, so that R at 650 nm in air is the 0.460 that Tian 2023 measured and R rises to the red as reported",
    "A",
    (
        (400.0, 2.47, 1.90), (500.0, 2.32, 2.05), (600.0, 1.86, 2.10), (650.0, 1.57, 2.24), (700.0, 1.30, 2.60),
        (800.0, 1.10, 3.50),
    ),
)  # fmt: skip
_WATER = OpticalTable("handbook value, constant", "B", ((400.0, WATER_INDEX, 0.0),))
_AIR = OpticalTable("by definition", "B", ((400.0, 1.0, 0.0),))

# Constants by the names that process packages, lots and density files use.
OPTICAL_CONSTANTS: Mapping[str, OpticalTable | Sellmeier] = {
    "SiO2": _SIO2,
    "oxide": _SIO2,
    "TEOS": _SIO2,
    "HDP": _SIO2,
    "Si3N4": _SI3N4,
    "SiN": _SI3N4,
    "nitride": _SI3N4,
    "Si": _SI,
    "poly-Si": _POLY,
    "Cu": _CU,
    "W": _W,
    "Ti": _TI,
    "Ta": _TA,
    "barrier": _TA,
    "water": _WATER,
    "air": _AIR,
}


def has_optics(material: str) -> bool:
    """Say whether the index of a material is known here."""
    return material in OPTICAL_CONSTANTS


def refractive_index(material: str, wavelength_nm: Array) -> Complex:
    """Return the nominal index n − ik of a material at wavelengths, in their shape.

    Outside 400-800 nm tables hold their last value. Raises `KeyError` for a material that has no constants here.
    """
    constants = OPTICAL_CONSTANTS.get(material)
    if constants is None:
        raise KeyError(f"no optical constants of {material!r}; there are {', '.join(OPTICAL_CONSTANTS)}")
    return constants.index(np.asarray(wavelength_nm, dtype=np.float64))
