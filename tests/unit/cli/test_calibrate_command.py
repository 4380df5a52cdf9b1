"""`planaris calibrate` and `planaris predict`, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from planaris.cli import calibrate as commands

app = typer.Typer(pretty_exceptions_enable=False)
app.command("calibrate")(commands.calibrate)
app.command("predict")(commands.predict)

ROWS = [(p, v, 1 / (1 / (9 * p * v) + 1 / 400)) for p in (7, 14, 21, 28, 35) for v in (0.5, 0.9, 1.4)]
TABLE = "film,pad,pressure_kPa,velocity_m_s,removal_rate_nm_min,operator\n" + "".join(
    f"TEOS,IC1010,{p},{v},{rate:.2f},me\n" for p, v, rate in ROWS
)
NEW = "film,pad,pressure_kPa,velocity_m_s,removal_rate_nm_min\nTEOS,IC1010,20,1.0,124.1\nTEOS,IC1010,80,1.0,\n"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def document(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def rates(tmp_path: Path) -> Path:
    path = tmp_path / "rates.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


@pytest.fixture
def law(tmp_path: Path, rates: Path) -> Path:
    path = tmp_path / "law.toml"
    assert run("calibrate", rates, "--out", path).exit_code == 0
    return path


def new_table(folder: Path, text: str = NEW) -> Path:
    path = folder / "new.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_calibrate_tells_law_errors_and_what_it_cannot_say(rates: Path) -> None:
    result = run("calibrate", rates)
    assert result.exit_code == 0
    assert "rate = K·P·V in series with k2" in result.stdout
    assert "plain Preston" in result.stdout
    assert "effect of temperature_C: refused; not stated" in result.stdout
    assert "ignored columns: operator" in result.stderr


def test_calibrate_as_json(rates: Path, tmp_path: Path) -> None:
    found = document(run("calibrate", rates, "--json", "--out", tmp_path / "law.toml"))
    assert (found["schema"], found["ok"], found["rows"]) == ("planaris/calibrate/1", True, 15)
    (group,) = found["groups"]
    assert group["film"] == "TEOS"
    assert group["constants"] == 2
    names = {p["name"] for p in group["parameters"]}
    assert names == {"kp_m2_N", "k2_nm_min"}
    assert group["errors"]["left_out_mape_pct"] < 1.0
    assert found["ignored_columns"] == ["operator"]
    assert (tmp_path / "law.toml").is_file()


@pytest.mark.parametrize(("law_form", "formula"), [("preston", "K·P·V"), ("series", "in series with k2")])
def test_the_form_may_be_asked_for(rates: Path, law_form: str, formula: str) -> None:
    assert f"{formula}   (" in run("calibrate", rates, "--law", law_form).stdout


def test_predict_tells_rate_interval_range_and_error(law: Path, tmp_path: Path) -> None:
    result = run("predict", law, new_table(tmp_path))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert "in range" in lines[1]
    assert "pressure_range" in lines[2]
    assert "2 rows, 1 in range, 1 laws" in result.stdout
    assert "mape_pct" in lines[-1]


def test_predict_as_json(law: Path, tmp_path: Path) -> None:
    found = document(run("predict", law, new_table(tmp_path), "--json"))
    assert (found["schema"], found["rows"], found["in_range_rows"]) == ("planaris/predict/1", 2, 1)
    first, second = found["predictions"]
    truth = 1 / (1 / (9 * 20) + 1 / 400)
    assert first["rate_nm_min"] == pytest.approx(truth, rel=0.01)
    assert first["low_nm_min"] < first["rate_nm_min"] < first["high_nm_min"]
    assert (first["in_range"], first["flags"]) == (True, [])
    assert (second["in_range"], second["flags"], second["measured_nm_min"]) == (False, ["pressure_range"], None)
    assert found["mape_pct"] == pytest.approx(abs(truth / 124.1 - 1) * 100, abs=0.5)


def test_predict_writes_a_table(law: Path, tmp_path: Path) -> None:
    out = tmp_path / "predicted.csv"
    assert run("predict", law, new_table(tmp_path), "--out", out).exit_code == 0
    head, first, second = out.read_text(encoding="utf-8").splitlines()
    assert head.startswith("row,rate_nm_min,low_nm_min,high_nm_min,in_range,flags")
    assert first.split(",")[4] == "yes"
    assert second.split(",")[4:6] == ["no", "pressure_range"]


def test_a_table_without_rates_can_be_predicted(law: Path, tmp_path: Path) -> None:
    text = "film,pad,pressure_psi,velocity_m_s\nTEOS,IC1010,3,1.0\n"
    found = document(run("predict", law, new_table(tmp_path, text), "--json"))
    assert found["mape_pct"] is None
    assert found["predictions"][0]["in_range"]


def test_bad_tables_end_with_2_and_name_row_and_column(tmp_path: Path) -> None:
    text = "film,pressure_kPa,velocity_m_s,removal_rate_nm_min\nTEOS,20,1,100\nTEOS,20,1,-5\nTEOS,0,1,3\n"
    result = run("calibrate", new_table(tmp_path, text))
    assert result.exit_code == 2
    assert "row 2, column removal_rate_nm_min = -5" in result.stderr
    assert "row 3, column pressure_kPa = 0" in result.stderr


def test_bad_tables_as_json(tmp_path: Path) -> None:
    result = run("calibrate", new_table(tmp_path, "film,pressure_kPa,removal_rate_nm_min\nTEOS,20,100\n"), "--json")
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert (found["kind"], found["ok"]) == ("input", False)
    assert [f["path"] for f in found["faults"]] == ["column velocity_m_s"]


def test_the_header_that_was_typed_is_named(tmp_path: Path) -> None:
    text = "film,down_force_psi,rpm,rate_A_min\nTEOS,-3,60,900\n"
    result = run("calibrate", new_table(tmp_path, text))
    assert "row 1, column down_force_psi" in result.stderr


def test_a_film_without_removal_ends_with_1(tmp_path: Path) -> None:
    result = run("calibrate", new_table(tmp_path, "film,pressure_kPa,velocity_m_s,rate_nm_min\nSiN,20,1,0\n"))
    assert result.exit_code == 1
    assert "no row removed anything" in result.stdout


def test_a_broken_law_and_an_unwritable_place_are_told(rates: Path, law: Path, tmp_path: Path) -> None:
    law.write_text("schema = 'other'", encoding="utf-8")
    assert run("predict", law, rates).exit_code == 2
    assert run("predict", tmp_path / "absent.toml", rates).exit_code == 2
    result = run("calibrate", rates, "--out", tmp_path / "no" / "law.toml")
    assert result.exit_code == 2
    assert "--out" in result.stderr


def test_the_centre_distance_may_be_given(tmp_path: Path) -> None:
    text = "film,pressure_kPa,platen_rpm,removal_rate_nm_min\n" + "".join(
        f"TEOS,{p},{n},{0.1 * p * n}\n" for p in (10, 20, 30) for n in (60, 90)
    )
    path = new_table(tmp_path, text)

    def kp(*more: str) -> float:
        (group,) = document(run("calibrate", path, "--json", *more))["groups"]
        return next(p["value"] for p in group["parameters"] if p["name"] == "kp_m2_N")

    assert kp() / kp("--center-distance-mm", "250") == pytest.approx(2.0, rel=1e-6)
