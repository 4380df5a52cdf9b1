"""Process packages: what the shipped one says, and that a bad file gets all its faults at once."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from planaris import processes
from planaris.model import InputError
from planaris.processes import GRADES, load_package, package_names, parse_package

SMALL = """
name = "small"
version = "1"
title = "t"
wafer_mm = 200
slurry = "s"
pad = "p"
[films]
TEOS = "law"
[sources]
here = "A citation"
[numbers.law]
kp_m2_N = { value = 1e-13, source = "here", grade = "T" }
exponent_p = { value = 1, source = "here", grade = "T" }
exponent_v = { value = 1, source = "here", grade = "A", borrowed = true, interval = [0.5, 1], fixed_by = "two speeds" }
reference_pressure_kPa = { value = 20, source = "here", grade = "T" }
reference_velocity_m_s = { value = 1, source = "here", grade = "T" }
threshold_kPa_m_s = { value = 0, source = "here", grade = "T" }
k2_nm_min = { value = 800, source = "here", grade = "T" }
activation_kJ_mol = { value = 16, source = "here", grade = "T" }
temperature_ref_C = { value = 30, source = "here", grade = "T" }
"""


def _faults(text: str) -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        parse_package(text, "small.toml")
    return {fault.path: str(fault) for fault in caught.value.faults}


def test_public_names_are_pinned() -> None:
    assert processes.__all__ == [
        "GRADES",
        "FilmEntry",
        "ProcessPackage",
        "SourcedNumber",
        "load_package",
        "package_names",
        "parse_package",
    ]


def test_every_shipped_package_loads_and_every_number_is_sourced() -> None:
    assert "oxide_ild" in package_names()
    for name in package_names():
        package = load_package(name)
        assert package.name == name
        for key, number in package.numbers.items():
            assert number.source, key
            assert number.grade in GRADES, key
            if number.borrowed:
                assert number.fixed_by, key


def test_oxide_law_reproduces_its_own_table() -> None:
    """Three rows of US 9,499,721 Table 18 at 2.5 wt % and 100 rpm (243, 319, 386 nm/min at 3, 4, 5 psi)."""
    package = load_package("oxide_ild")
    law = package.group(package.law_of("TEOS"))
    velocity_m_s = 2 * math.pi * 100 / 60 * law["center_distance_mm"] * 1e-3
    for pressure_psi, published_nm_min in ((3, 243.0), (4, 319.0), (5, 386.0)):
        pressure_pa = pressure_psi * 6894.757293168
        mechanical_nm_min = law["kp_m2_N"] * pressure_pa * velocity_m_s * 60e9
        rate = 1 / (1 / mechanical_nm_min + 1 / law["k2_nm_min"])
        # 1.3 % is the largest error of the published fit at these three rows.
        assert rate == pytest.approx(published_nm_min, rel=0.015)


def test_k2_follows_from_its_value_at_one_percent() -> None:
    law = load_package("oxide_ild").group("law")
    solids = load_package("oxide_ild").value("slurry.solids_wt_pct")
    assert law["k2_one_wt_pct_nm_min"] * solids ** law["exponent_solids"] == pytest.approx(law["k2_nm_min"], rel=1e-3)


def test_what_the_table_cannot_say_is_borrowed() -> None:
    package = load_package("oxide_ild")
    assert {"law.exponent_v", "law.activation_kJ_mol", "law.supply_flow_ml_min"} <= set(package.borrowed)
    assert not package.numbers["law.kp_m2_N"].borrowed
    velocity = package.numbers["law.exponent_v"]
    assert velocity.interval is not None
    pressure = package.numbers["law.exponent_p"]
    assert pressure.interval is not None
    assert velocity.interval[1] - velocity.interval[0] > pressure.interval[1] - pressure.interval[0]


def test_units_come_from_the_names() -> None:
    package = load_package("oxide_ild")
    assert package.numbers["law.kp_m2_N"].unit == "m²/N"
    assert package.numbers["pad.wear_per_kPa_m"].unit == "1/(kPa·m)"
    assert package.numbers["law.exponent_p"].unit == ""


def test_rows_for_the_record() -> None:
    rows = {row["name"]: row for row in load_package("oxide_ild").as_rows()}
    kp = rows["law.kp_m2_N"]
    assert kp["interval"] == [1.458e-13, 1.710e-13]
    assert "9,499,721" in str(kp["source"])
    assert "fixed_by" in rows["law.exponent_v"]
    assert "fixed_by" not in kp


def test_unknown_names_say_what_there_is() -> None:
    package = load_package("oxide_ild")
    with pytest.raises(KeyError, match=r"law\.kp_m2_N"):
        package.value("law.kp")
    with pytest.raises(KeyError, match="TEOS"):
        package.law_of("Cu")
    with pytest.raises(InputError, match="oxide_ild"):
        load_package("no_such_package")


def test_a_package_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SMALL, encoding="utf-8")
    assert load_package(path).value("law.k2_nm_min") == 800
    assert load_package(str(path)).borrowed == ("law.exponent_v",)
    with pytest.raises(InputError, match="cannot be read"):
        load_package(tmp_path / "absent.toml")


def test_all_faults_at_once() -> None:
    bad = (
        SMALL.replace("wafer_mm = 200", "wafer_mm = -1")
        .replace('k2_nm_min = { value = 800, source = "here", grade = "T" }', "")
        .replace(
            'threshold_kPa_m_s = { value = 0, source = "here"', 'threshold_kPa_m_s = { value = "x", source = "there"'
        )
        .replace('fixed_by = "two speeds"', 'note = "n"')
        + 'weight = { value = 1, source = "here", grade = "Q", interval = [2, 3] }\n'
    )
    faults = _faults(bad)
    assert set(faults) == {
        "wafer_mm",
        "law.k2_nm_min",
        "law.threshold_kPa_m_s.value",
        "law.threshold_kPa_m_s.source",
        "law.exponent_v",
        "law.weight",
        "law.weight.grade",
        "law.weight.interval",
    }
    assert "fixed_by" in faults["law.exponent_v"]
    assert "needs it" in faults["law.k2_nm_min"]


@pytest.mark.parametrize("value", ["true", "nan", "inf", '"1"'])
def test_a_value_must_be_a_finite_number(value: str) -> None:
    bad = SMALL.replace("k2_nm_min = { value = 800", f"k2_nm_min = {{ value = {value}")
    assert set(_faults(bad)) == {"law.k2_nm_min.value"}


def test_not_toml() -> None:
    with pytest.raises(InputError, match="is not TOML"):
        parse_package("name = ", "broken.toml")


def test_a_law_belongs_to_a_film_and_a_slurry_line() -> None:
    package = load_package("cu_two_step")
    assert (package.law_of("Cu"), package.law_of("Cu", 2)) == ("law.cu_bulk", "law.cu_barrier")
    assert package.slurry_lines == 2
    with pytest.raises(KeyError, match="line 3"):
        package.law_of("Cu", 3)
    assert load_package("oxide_ild").law_of("TEOS", 2) == "law"


def test_shared_parts_are_the_same_in_every_package_unless_stated() -> None:
    packages = [load_package(name) for name in package_names()]
    assert len({p.value("pad.groove_depth_mm") for p in packages}) == 1
    assert len({p.value("friction.friction_coefficient") for p in packages}) > 1


def test_unknown_parts_and_uneven_lines_are_told() -> None:
    with pytest.raises(InputError, match="stacked_pad_200mm"):
        parse_package(SMALL.replace('name = "', 'parts = "no_such"\nname = "', 1), "small.toml")
    with pytest.raises(InputError, match="number of slurry lines"):
        parse_package(
            SMALL.replace("[films]", '[films]\nA = ["law", "law"]\nB = ["law", "law", "law"]', 1), "small.toml"
        )
