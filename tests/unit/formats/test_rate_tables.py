"""Rate tables: columns by name and unit, encodings, and every fault with row and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from planaris.formats.rate_columns import Column, NearMiss, meaning
from planaris.formats.rate_tables import RateTable, read_rate_table
from planaris.model import InputError

GOOD = """film,pad,pressure_psi,velocity_m_s,removal_rate_A_min
TEOS,IC1010,3,1.0,2430
TEOS,"IC1010, used",4.0,1.25,3190
"""


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "rates.csv"
    path.write_bytes(text.encode(encoding))
    return path


def read(folder: Path, text: str, encoding: str = "utf-8") -> RateTable:
    return read_rate_table(write(folder, text, encoding))


def faults(folder: Path, text: str, encoding: str = "utf-8") -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        read(folder, text, encoding)
    return {fault.path: str(fault) for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("header", "name", "factor"),
    [
        ("pressure_psi", "pressure_kPa", 6.894757293168),
        ("Pressure (psi)", "pressure_kPa", 6.894757293168),
        ("down_force_psi", "pressure_kPa", 6.894757293168),
        ("pressure [kPa]", "pressure_kPa", 1.0),
        ("removal_rate_A_min", "removal_rate_nm_min", 0.1),
        ("rate_A_s", "removal_rate_nm_min", 6.0),
        ("MRR (Å/min)", "removal_rate_nm_min", 0.1),
        ("Removal Rate, nm/min", "removal_rate_nm_min", 1.0),
        ("rpm", "platen_rpm", 1.0),
        ("carrier_speed_rpm", "head_rpm", 1.0),
        ("velocity (m/s)", "velocity_m_s", 1.0),
        ("silica_wt", "abrasive_wt_pct", 1.0),
        ("solids (wt%)", "abrasive_wt_pct", 1.0),
        ("slurry flow (ml/min)", "slurry_ml_min", 1.0),
        ("pH", "slurry_pH", 1.0),
        ("Fe_ppm", "fe_ppm", 1.0),
        ("压力（psi）", "pressure_kPa", 6.894757293168),
        ("抛光压力_kPa", "pressure_kPa", 1.0),
        ("去除速率(nm/min)", "removal_rate_nm_min", 1.0),
        ("抛光盘转速(rpm)", "platen_rpm", 1.0),
        ("固含量(%)", "abrasive_wt_pct", 1.0),
        ("流量(ml/min)", "slurry_ml_min", 1.0),
    ],
)
def test_headers_are_understood(header: str, name: str, factor: float) -> None:
    found = meaning(header)
    assert isinstance(found, Column)
    assert found.name == name
    assert found.factor == pytest.approx(factor, rel=1e-12)
    assert not found.text


@pytest.mark.parametrize(
    ("header", "name"),
    [("film", "film"), ("薄膜", "film"), ("抛光垫", "pad"), ("Tool", "tool"), ("抛光液", "abrasive")],
)
def test_text_columns_are_understood(header: str, name: str) -> None:
    found = meaning(header)
    assert isinstance(found, Column)
    assert (found.name, found.text) == (name, True)


@pytest.mark.parametrize(
    ("header", "problem"), [("pressure", "has no unit"), ("pressure_torr", "unit torr is not known")]
)
def test_a_quantity_in_no_known_unit_is_a_near_miss(header: str, problem: str) -> None:
    found = meaning(header)
    assert isinstance(found, NearMiss)
    assert (found.name, found.problem) == ("pressure_kPa", problem)
    assert "psi" in found.units


def test_unknown_headers_mean_nothing() -> None:
    assert [meaning(h) for h in ("operator", "grade", "printed_unit", "")] == [None] * 4


def test_numbers_come_in_model_units(tmp_path: Path) -> None:
    table = read(tmp_path, GOOD)
    np.testing.assert_allclose(table.numbers["pressure_kPa"], np.array([3.0, 4.0]) * 6.894757293168)
    np.testing.assert_allclose(table.numbers["removal_rate_nm_min"], [243.0, 319.0])
    assert table.texts["pad"].names == ("IC1010", "IC1010, used")
    assert table.texts["pad"].code.tolist() == [0, 1]
    assert table.headers["pressure_kPa"] == ("pressure_psi",)
    assert (table.rows, table.encoding, table.ignored) == (2, "utf-8", ())


def test_temperature_has_an_offset(tmp_path: Path) -> None:
    table = read(tmp_path, "temperature_K,pad_temperature_C\n298.15,\n,25\n")
    np.testing.assert_allclose(table.numbers["temperature_C"], [25.0, 25.0])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_chinese_tables_in_either_encoding(tmp_path: Path, encoding: str) -> None:
    text = "薄膜,压力(psi),线速度(m/s),去除速率(nm/min),操作员\n氧化硅,3,1.0,243,张三\n"
    table = read(tmp_path, text, encoding)
    assert table.texts["film"].names == ("氧化硅",)
    assert table.numbers["removal_rate_nm_min"].tolist() == [243.0]
    assert table.ignored == ("操作员",)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators(tmp_path: Path, separator: str) -> None:
    text = "film,pressure_kPa,velocity_m_s,removal_rate_nm_min\nTEOS,20,1,243\n".replace(",", separator)
    assert read(tmp_path, text).numbers["pressure_kPa"].tolist() == [20.0]


def test_comments_blank_lines_and_blanks(tmp_path: Path) -> None:
    text = "# cited from somewhere, with commas\n\npressure_kPa,slurry_ml_min\n20, 150 \n\n30,n/a\n40,-\n"
    table = read(tmp_path, text)
    np.testing.assert_array_equal(table.numbers["slurry_ml_min"], [150.0, np.nan, np.nan])
    assert table.rows == 3


def test_windows_line_ends(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD.replace("\n", "\r\n")).numbers["removal_rate_nm_min"].tolist() == [243.0, 319.0]


def test_unknown_columns_are_named(tmp_path: Path) -> None:
    text = "pressure_kPa,operator,polish_s,grade\n20,me,60,T\n"
    assert read(tmp_path, text).ignored == ("operator", "polish_s", "grade")


def test_text_in_a_number_names_row_and_column(tmp_path: Path) -> None:
    found = faults(tmp_path, "pressure_psi,velocity_m_s\n3,1.0\nthree,1.0\n4,1.2 m/s\n")
    assert set(found) == {"row 2, column pressure_psi", "row 3, column velocity_m_s"}
    assert '"three": is not a number' in found["row 2, column pressure_psi"]


def test_a_unit_in_a_cell_is_told(tmp_path: Path) -> None:
    found = faults(tmp_path, "pressure_psi,velocity_m_s\n3,1.0\n20.7 kPa,1.0\n")
    assert "unit stands in the column's name" in found["row 2, column pressure_psi"]


def test_mixed_units_in_two_columns_must_agree(tmp_path: Path) -> None:
    found = faults(tmp_path, "pressure_psi,pressure_kPa\n3,20.68\n4,4\n")
    assert set(found) == {"row 2, columns pressure_psi and pressure_kPa"}
    assert "mixed units" in found["row 2, columns pressure_psi and pressure_kPa"]


def test_two_columns_of_one_quantity_fill_each_other(tmp_path: Path) -> None:
    table = read(tmp_path, "pressure_psi,pressure_kPa\n3,\n,27.6\n2,13.79\n")
    np.testing.assert_allclose(table.numbers["pressure_kPa"], [20.684272, 27.6, 13.789515], rtol=1e-6)


def test_a_quantity_without_unit_is_told(tmp_path: Path) -> None:
    found = faults(tmp_path, "pressure,velocity_m_s,rate_furlong\n3,1,2\n")
    assert set(found) == {"column pressure", "column rate_furlong"}
    assert "psi" in found["column pressure"]


def test_a_second_column_without_unit_is_only_ignored(tmp_path: Path) -> None:
    assert read(tmp_path, "pressure,pressure_kPa\nhigh,20\n").ignored == ("pressure",)


def test_a_row_of_another_width_is_told(tmp_path: Path) -> None:
    found = faults(tmp_path, "pressure_kPa,velocity_m_s\n20,1\n20,1,7\n20\n")
    assert set(found) == {"row 2", "row 3"}
    assert "3 cells, the header 2" in found["row 2"]


def test_what_is_no_table_is_told(tmp_path: Path) -> None:
    assert "there is" in str(faults(tmp_path, "")) or "empty" in str(faults(tmp_path, ""))
    assert "(rows)" in faults(tmp_path, "pressure_kPa\n")
    with pytest.raises(InputError, match="zero bytes"):
        read_rate_table(_binary(tmp_path))
    with pytest.raises(InputError, match=r"absent\.csv"):
        read_rate_table(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="neither UTF-8 nor GBK"):
        read_rate_table(_bytes(tmp_path, b"pressure_kPa\n\xff\xff\xff\n"))


def _binary(folder: Path) -> Path:
    return _bytes(folder, b"PK\x03\x04\x00\x00\x00")


def _bytes(folder: Path, content: bytes) -> Path:
    path = folder / "bytes.csv"
    path.write_bytes(content)
    return path


def test_many_faults_are_counted(tmp_path: Path) -> None:
    rows = "".join(f"x{i}\n" for i in range(5000))
    found = faults(tmp_path, "pressure_kPa\n" + rows)
    assert len(found) == 21
    assert "5000 cells" in found["column pressure_kPa"]


def test_long_tables_are_read(tmp_path: Path) -> None:
    rows = "".join(f"TEOS,{i % 40 + 1},1.0,{i % 40 * 9 + 9}\n" for i in range(200_000))
    table = read(tmp_path, "film,pressure_kPa,velocity_m_s,removal_rate_nm_min\n" + rows)
    assert table.rows == 200_000
    assert table.numbers["pressure_kPa"].sum() == pytest.approx(20.5 * 200_000)
    assert table.texts["film"].names == ("TEOS",)
