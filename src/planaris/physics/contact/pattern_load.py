"""How a pad shares its load between the up and the down areas of a pattern, and what that does to the contact."""

from __future__ import annotations

from dataclasses import dataclass

from planaris.physics._namespace import Array, ArrayLike, array_namespace

# Storage modulus of the pad's bulk at two temperatures, linear between and beyond (Sorooshian 2005; grade S).
PAD_MODULUS_MPA = (93.0, 65.0)
PAD_MODULUS_TEMPERATURE_C = (10.0, 45.0)
# Temperature at which a blanket wafer's contact is the reference.
REFERENCE_TEMPERATURE_C = 23.0
# Exponent of the contact area of one Hertzian summit in load over modulus (Johnson 1985, eq. 4.22).
HERTZ_AREA_EXPONENT = 2.0 / 3.0


@dataclass(frozen=True, slots=True)
class PatternLoadLaw:
    """Two constants, fitted to the shared rows of Sorooshian 2005, Tables 3.3–3.6 (STI, 10–35 °C, 3 and 7 psi).

    ``reach_ratio``: pressure over pad modulus at which the down areas carry half of what the up areas do.
    ``gain_ratio``: effective over mean pressure of a blanket wafer at the reference temperature.
    """

    reach_ratio: float = 1.372e-3
    gain_ratio: float = 1.065


def pad_modulus_MPa(temperature_C: ArrayLike) -> ArrayLike:
    """Return the storage modulus of the pad's bulk."""
    (cold_MPa, warm_MPa), (cold_C, warm_C) = PAD_MODULUS_MPA, PAD_MODULUS_TEMPERATURE_C
    return cold_MPa + (warm_MPa - cold_MPa) * (temperature_C - cold_C) / (warm_C - cold_C)


def up_pressure_kPa(applied_kPa: ArrayLike, density: ArrayLike, reach_kPa: ArrayLike) -> Array:
    """Return the pressure on up areas that cover ``density`` (0–1) of a pattern; arguments broadcast.

    Down areas carry p_dn = p_up·p_up/(p_up + reach): the harder the pad is pressed, the more of it reaches down. With
    the load conserved, ρ·p_up + (1−ρ)·p_dn = P, that is a quadratic. Exact limits: P at ρ = 1 and at reach 0, P/ρ for
    an infinite reach.
    """
    xp = array_namespace(applied_kPa, density, reach_kPa)
    half = 0.5 * (xp.asarray(applied_kPa) - density * xp.asarray(reach_kPa))
    root = xp.sqrt(half * half + applied_kPa * reach_kPa)
    # The form that does not cancel, on either side of zero.
    return xp.where(half > 0.0, half + root, applied_kPa * reach_kPa / xp.where(half > 0.0, 1.0, root - half))


def effective_pressure_kPa(
    applied_kPa: ArrayLike, density: ArrayLike, temperature_C: ArrayLike, law: PatternLoadLaw | None = None
) -> Array:
    """Return the pressure that a blanket wafer at the reference temperature would need to polish as fast.

    The up areas' pressure makes a contact that grows as (p/E)^(2/3), as that of each Hertzian summit does, and the pad
    softens as it warms. Arguments broadcast.
    """
    law = law or PatternLoadLaw()
    modulus_MPa = pad_modulus_MPa(temperature_C)
    up_kPa = up_pressure_kPa(applied_kPa, density, 1e3 * law.reach_ratio * modulus_MPa)
    softening = (pad_modulus_MPa(REFERENCE_TEMPERATURE_C) / modulus_MPa) ** HERTZ_AREA_EXPONENT
    return law.gain_ratio * up_kPa * softening
