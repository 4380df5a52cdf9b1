"""Eddy-current reading of conducting films: sheet conductance, a coil's two signals, lift-off, range.

One coupled loop (B): with x = G/G₀, resistive loss ∝ x/(1+x²) and reactive ∝ −x²/(1+x²); x < 1 reads monotone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planaris.physics._namespace import Array, ArrayLike, array_namespace
from planaris.physics.flags import ModelFlag, outside

# Resistivity of thin films, Ω·m: Cu 1.7-2.5e-8 (B), the middle; W, Ti, Ta by sputtered or CVD films (A, ±30 %).
# What is not here does not conduct enough to be seen.
FILM_RESISTIVITY_Ohm_m: Mapping[str, float] = {"Cu": 2.0e-8, "W": 1.1e-7, "Ti": 6.0e-7, "Ta": 1.8e-6, "barrier": 1.8e-6}
# Bulk copper, for the skin depth (B).
COPPER_RESISTIVITY_Ohm_m = 1.68e-8
_MU0 = 4e-7 * math.pi


@dataclass(frozen=True, slots=True)
class EddyCoil:
    """A coil under the pad.

    ``half_conductance_S`` is G₀ at the nominal lift-off; it shifts by ``shift_per_mm`` of it, and the coupling decays
    over ``decay_mm``, as the lift-off changes. All [design], for 2 MHz (US 6,966,816, T) and a range of 30-1,000 nm of
    copper (55 nm improved coil, An 2023, T).
    """

    frequency_MHz: float = 2.0
    half_conductance_S: float = 62.5
    liftoff_mm: float = 2.0
    shift_per_mm: float = 0.25
    decay_mm: float = 3.0
    range_S: tuple[float, float] = (1.5, 50.0)


def skin_depth_um(resistivity_Ohm_m: float, frequency_MHz: float) -> float:
    """Return √(ρ/(π·f·μ₀)); 46 µm in copper at 2 MHz (D)."""
    return 1e6 * math.sqrt(resistivity_Ohm_m / (math.pi * 1e6 * frequency_MHz * _MU0))


def sheet_conductance_S(materials: Sequence[str], thickness_nm: Array) -> Array:
    """Return ΣdG = Σd/ρ (...) of films (..., layers) by name; valid where all are thinner than the skin depth."""
    xp = array_namespace(thickness_nm)
    per_nm = np.array([1e-9 / FILM_RESISTIVITY_Ohm_m.get(m, math.inf) for m in materials])
    return xp.sum(xp.asarray(thickness_nm) * xp.asarray(per_nm), axis=-1)


def _half_conductance_S(coil: EddyCoil, liftoff_mm: ArrayLike) -> ArrayLike:
    return coil.half_conductance_S * (1.0 + coil.shift_per_mm * (liftoff_mm - coil.liftoff_mm))


def eddy_signals(conductance_S: Array, coil: EddyCoil, liftoff_mm: ArrayLike | None = None) -> tuple[Array, Array]:
    """Return (resistive, reactive) signals of a sheet conductance: x/(1+x²) and −x²/(1+x²), times the coupling."""
    liftoff = coil.liftoff_mm if liftoff_mm is None else liftoff_mm
    xp = array_namespace(conductance_S, liftoff)
    x = xp.asarray(conductance_S) / _half_conductance_S(coil, liftoff)
    coupling = xp.exp(-(xp.asarray(liftoff) - coil.liftoff_mm) / coil.decay_mm)
    return coupling * x / (1.0 + x * x), -coupling * x * x / (1.0 + x * x)


def conductance_of_signals_S(resistive: Array, reactive: Array, coil: EddyCoil) -> Array:
    """Return the sheet conductance that two signals say at the nominal lift-off: x = −reactive/resistive.

    The coupling cancels; what is left of a change of lift-off is the shift of G₀.
    """
    xp = array_namespace(resistive, reactive)
    resistive = xp.asarray(resistive)
    seen = resistive > 0.0
    return xp.where(seen, -reactive / xp.where(seen, resistive, 1.0), 0.0) * coil.half_conductance_S


def conductance_of_resistive_S(resistive: Array, coil: EddyCoil) -> Array:
    """Return the sheet conductance of a resistive signal on its rising side x < 1, at the nominal lift-off.

    A signal above ½, which only noise or a nearer coil can give, reads as x = 1.
    """
    xp = array_namespace(resistive)
    y = xp.asarray(resistive)
    root = xp.sqrt(xp.clip(1.0 - 4.0 * y * y, 0.0, 1.0))
    # (1 − root)/(2y) without the difference of near numbers.
    return 2.0 * y / (1.0 + root) * coil.half_conductance_S


def eddy_flags(conductance_S: Array, coil: EddyCoil) -> ModelFlag:
    """Return the flag of a conductance outside the coil's range."""
    return ModelFlag.EDDY_RANGE if outside(conductance_S, *coil.range_S) else ModelFlag.NONE
