"""Making a table: velocity from rpm, chemistry, and every fault with row and column."""

from __future__ import annotations

import numpy as np
import pytest
from calibration_samples import grid, table

from planaris.calibration import Labels, table_from_columns
from planaris.model import InputError


def faults(**columns: object) -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        table_from_columns(columns)  # type: ignore[arg-type]
    return {fault.path: str(fault) for fault in caught.value.faults}


def test_velocity_from_rpm_and_centre_distance() -> None:
    made = table_from_columns(
        {"pressure_kPa": [20.0], "platen_rpm": [100.0], "center_distance_mm": [150.0], "removal_rate_nm_min": [200.0]}
    )
    assert made.velocity_m_s[0] == pytest.approx(2 * np.pi * 100 / 60 * 0.150, rel=1e-12)
    assert not any("centre distance" in note for note in made.notes)


def test_an_assumed_centre_distance_is_told() -> None:
    made = table_from_columns({"pressure_kPa": [20.0], "platen_rpm": [100.0], "removal_rate_nm_min": [200.0]})
    assert made.velocity_m_s[0] == pytest.approx(2 * np.pi * 100 / 60 * 0.125, rel=1e-12)
    assert "125 mm assumed" in made.notes[0]
    given = table_from_columns(
        {"pressure_kPa": [20.0], "platen_rpm": [100.0], "removal_rate_nm_min": [200.0]}, center_distance_mm=150.0
    )
    assert given.velocity_m_s[0] == pytest.approx(1.2 * made.velocity_m_s[0])


def test_a_slow_head_adds_to_the_mean_speed() -> None:
    columns = {"pressure_kPa": [20.0] * 2, "platen_rpm": [60.0] * 2, "removal_rate_nm_min": [9.0] * 2}
    made = table_from_columns({**columns, "head_rpm": [60.0, 20.0], "wafer_mm": [200.0] * 2})
    # Second order: mean |v| ≈ ω_p e (1 + s²/8) with s = slip·R/(ω_p e) = (40/60)(100/125), area mean of r² = R²/2.
    assert made.velocity_m_s[1] / made.velocity_m_s[0] == pytest.approx(1 + (40 / 60 * 0.8) ** 2 / 8, rel=2e-3)


def test_stated_velocity_wins_and_rpm_fills_in() -> None:
    made = table_from_columns(
        {
            "pressure_kPa": [20.0] * 2,
            "velocity_m_s": [1.0, np.nan],
            "platen_rpm": [100.0, 100.0],
            "removal_rate_nm_min": [9.0] * 2,
        }
    )
    assert made.velocity_m_s[0] == 1.0
    assert made.velocity_m_s[1] == pytest.approx(1.309, rel=1e-3)


def test_chemistry_becomes_conditions() -> None:
    p, v = grid()
    chemistry = ["Fe 45 ppm, W inhibitor 50 ppm"] * 8 + ["Fe 60 ppm, W inhibitor 50 ppm"] * 7
    made = table(p, v, p * v, {"other_chem": chemistry})
    assert made.covariates["fe_ppm"].tolist() == [45.0] * 8 + [60.0] * 7
    assert made.composition.names == ("fe_ppm + w_inhibitor_ppm",)


def test_a_column_wins_over_the_text() -> None:
    made = table_from_columns(
        {
            "pressure_kPa": [20.0] * 2,
            "velocity_m_s": [1.0] * 2,
            "removal_rate_nm_min": [9.0] * 2,
            "other_chem": ["Fe 45 ppm"] * 2,
            "Fe_ppm": [10.0, np.nan],
        }
    )
    assert made.covariates["fe_ppm"].tolist() == [10.0, 45.0]


def test_every_fault_names_row_and_column() -> None:
    found = faults(
        pressure_kPa=[20.0, 0.0, 30.0],
        velocity_m_s=[1.0, 1.0, -1.0],
        removal_rate_nm_min=[100.0, np.nan, -5.0],
        abrasive_wt_pct=[1.0, 2.0, -2.0],
    )
    assert set(found) == {
        "row 2, column pressure_kPa",
        "row 3, column velocity_m_s",
        "row 2, column removal_rate_nm_min",
        "row 3, column removal_rate_nm_min",
        "row 3, column abrasive_wt_pct",
    }
    assert "-5" in found["row 3, column removal_rate_nm_min"]


def test_a_value_beyond_any_machine_is_told_once_with_the_other_faults() -> None:
    columns = {
        "pressure_kPa": [20.0, np.inf, 20.0],
        "platen_rpm": [60.0, 60.0, 1e300],
        "removal_rate_nm_min": [-1.0, 100.0, 100.0],
        "temperature_C": [20.0, 20.0, -np.inf],
    }
    with pytest.raises(InputError) as caught:
        table_from_columns(columns)
    told = sorted((fault.path, fault.problem) for fault in caught.value.faults)
    assert told == [
        ("row 1, column removal_rate_nm_min", "must be 0 or more"),
        ("row 2, column pressure_kPa", "is beyond any machine"),
        ("row 3, column platen_rpm", "is beyond any machine"),
        ("row 3, column temperature_C", "is beyond any machine"),
    ]


def test_missing_columns_are_told_together() -> None:
    assert set(faults(film=["TEOS"])) == {
        "column pressure_kPa",
        "column velocity_m_s",
        "column removal_rate_nm_min",
    }


def test_rows_and_headers_as_the_reader_knows_them() -> None:
    with pytest.raises(InputError, match="row 12, column down_force_psi"):
        table_from_columns(
            {"pressure_kPa": [-1.0], "velocity_m_s": [1.0], "removal_rate_nm_min": [1.0]},
            line=np.array([12]),
            headers={"pressure_kPa": "down_force_psi"},
        )


def test_many_faults_are_counted_not_listed() -> None:
    found = faults(pressure_kPa=np.full(1000, -1.0), velocity_m_s=np.ones(1000), removal_rate_nm_min=np.ones(1000))
    assert len(found) == 51
    assert "950" in found["(more)"]


def test_an_empty_table_is_refused() -> None:
    assert "column (all)" in faults(pressure_kPa=[])


def test_rows_can_be_taken() -> None:
    p, v = grid()
    made = table(p, v, p * v, {"pad": ["A"] * 8 + ["B"] * 7})
    part = made.take(np.array([0, 14]))
    assert part.rows == 2
    assert [part.labels["pad"].names[c] for c in part.labels["pad"].code] == ["A", "B"]
    assert part.line.tolist() == [1, 15]


def test_labels_may_come_encoded() -> None:
    p, v = grid()
    code = np.zeros(len(p), np.int64)
    assert table(p, v, p * v, {"pad": Labels(("IC1010",), code)}).labels["pad"].names == ("IC1010",)
