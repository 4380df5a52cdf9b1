"""How the planarization length answers to pressure."""

from __future__ import annotations

# Common exponent of nine lengths on two sets of stacked pads, 4 to 8 psi (Ouma 1997, 1998; T, I; fit D).
PRESSURE_EXPONENT = -0.144


def planarization_length_mm(
    pressure_kPa: float, length_mm: float, reference_kPa: float, exponent: float = PRESSURE_EXPONENT
) -> float:
    """Return L = L₀·(P/P₀)^n of a pad whose length is known at a reference pressure; a harder press makes it shorter.

    Fitted between 4 and 8 psi; speed and pad wear have no effect that the data show. Raises ValueError for pressures
    not above 0.
    """
    if not (pressure_kPa > 0.0 and reference_kPa > 0.0):
        raise ValueError(f"pressures must be above 0, got pressure_kPa = {pressure_kPa}, {reference_kPa}")
    return length_mm * (pressure_kPa / reference_kPa) ** exponent
