"""Amounts in a chemistry's text."""

from __future__ import annotations

import pytest

from planaris.calibration.chemistry import amounts_of


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("comp 5A: Fe 45 ppm, W inhibitor 50 ppm, malonic acid 8:1", {"fe_ppm": 45.0, "w_inhibitor_ppm": 50.0}),
        ("benzenesulfonic acid 2 wt%", {"benzenesulfonic_acid_wt_pct": 2.0}),
        ("glycine 5.5 wt %, BTA 10 mM", {"glycine_wt_pct": 5.5, "bta_mM": 10.0}),
        ("glycine 5.5 wt%, 1,2,4-triazole 416 ppm", {"glycine_wt_pct": 5.5, "triazole_ppm": 416.0}),
        ("zeta 34 mV", {}),
        ("marker merged with a neighbour", {}),
        ("70:30 HS-C430 : 30 wt% H2O2", {}),
        ("", {}),
    ],
)
def test_amounts(text: str, amounts: dict[str, float]) -> None:
    assert amounts_of(text) == amounts


def test_a_pressure_is_kept_in_kPa() -> None:
    assert amounts_of("carrier back pressure 3.5 psi")["carrier_back_pressure_kPa"] == pytest.approx(24.1316505)
