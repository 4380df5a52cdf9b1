"""Hersey number and the optional lift-off of the pad at high speed and low pressure."""

from __future__ import annotations

from planaris.physics._namespace import Array, ArrayLike, array_namespace

# Slurry viscosity, about that of water at 20 °C. Grade A.
SLURRY_VISCOSITY_MPA_S = 1.0


def hersey_number_um(
    pressure_kPa: ArrayLike, velocity_m_s: ArrayLike, viscosity_mPa_s: float = SLURRY_VISCOSITY_MPA_S
) -> Array:
    """Return H = μ_s·V/P in micrometres (1 mPa·s·m/s over 1 kPa is 1 µm); arguments broadcast."""
    xp = array_namespace(pressure_kPa, velocity_m_s)
    return viscosity_mPa_s * xp.asarray(velocity_m_s) / xp.maximum(xp.asarray(pressure_kPa), 1e-9)


def lift_factor(hersey_um: ArrayLike, hersey_limit_um: float, exponent: float) -> Array:
    """Return 1/(1 + (H/H₀)^m); its constants belong to one pad and slurry, so nothing uses it by default."""
    xp = array_namespace(hersey_um)
    return 1.0 / (1.0 + (xp.asarray(hersey_um) / hersey_limit_um) ** exponent)
