"""Constants from tables of patterns: found again from what a known process does, and refused where rows cannot tell."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chips import BLANKET_NM_MIN, chip, oxide
from numpy.typing import NDArray
from typer.testing import CliRunner

from planaris.cli.main import app
from planaris.physics import ContactConstants, TwoMaterials, edge_rounding_factor, recess_limit_nm
from planaris.planarity import PatternFit, fit_recesses, fit_steps, polish
from planaris.processes import parse_package

Columns = dict[str, NDArray[np.float64]]
LENGTH_MM, SIGMA_NM, FIELD, STEP_NM = 2.4, 95.0, 0.6, 500.0


def steps(alpha: float = 0.0) -> Columns:
    """Return steps at the centres of blocks of several sizes in a wide field, by whole polishes of real maps."""
    process = oxide(length_mm=LENGTH_MM, sigma_nm=SIGMA_NM, step_nm=STEP_NM)
    contact = ContactConstants(SIGMA_NM, alpha)
    process = replace(process, constants=replace(process.constants, contact=contact))
    rows: list[tuple[float, ...]] = []
    n, cell_mm = 81, 0.1
    for side, rho, width in ((5, 0.2, 2.0), (15, 0.3, 5.0), (25, 0.9, 20.0), (41, 0.15, 2.0), (9, 0.95, 50.0)):
        density = np.full((n, n), FIELD)
        middle = slice(n // 2 - side // 2, n // 2 + side // 2 + 1)
        density[middle, middle] = rho
        # Trenches of the given width, whatever the density of the cell.
        maps = chip(density)
        maps = replace(maps, line_space_um=np.full((n, n), width))
        for time_s in (30.0, 70.0):
            step = float(polish(maps, process, time_s=time_s).step_nm[n // 2, n // 2])
            rows.append((rho, FIELD, side * cell_mm, time_s, BLANKET_NM_MIN, STEP_NM, step, width))
    names = ("density", "field_density", "block_mm", "time_s", "blanket_nm_min", "start_step_nm", "step_nm")
    table: Columns = dict(zip((*names, "down_width_um"), np.array(rows).T, strict=True))
    if alpha == 0.0:
        del table["down_width_um"]
    return table


def found(fit: PatternFit) -> dict[str, float]:
    return {one.name: one.value for one in fit.constants}


def test_length_and_contact_scale_are_found_again() -> None:
    fit = fit_steps(steps())
    # Blocks are of whole cells: 0.1 mm of a length of 2.4 mm.
    assert found(fit)["planarization_length_mm"] == pytest.approx(LENGTH_MM, rel=0.02)
    assert found(fit)["sigma_nm"] == pytest.approx(SIGMA_NM, rel=0.02)
    assert fit.rms_nm < 1.0
    assert fit.left_out_nm < 2.0
    assert [text.split(":")[0] for text in fit.held] == ["width_gain_ratio"]


def test_the_width_gain_is_found_where_widths_differ() -> None:
    fit = fit_steps(steps(alpha=8.0))
    assert found(fit)["width_gain_ratio"] == pytest.approx(8.0, rel=0.1)
    assert found(fit)["sigma_nm"] == pytest.approx(SIGMA_NM, rel=0.03)


def test_rows_of_one_density_say_nothing_of_the_length() -> None:
    table = steps()
    table["density"] = np.full_like(table["density"], FIELD)
    assert "planarization_length_mm" not in found(fit_steps(table))


LINES = (
    (1.0, 1.0, 20.0), (5.0, 1.0, 10.0), (20.0, 5.0, 30.0), (50.0, 50.0, 40.0), (10.0, 20.0, 25.0), (2.0, 8.0, 15.0),
    (100.0, 1.0, 8.0), (9.0, 1.0, 20.0),
)  # fmt: skip


def recesses() -> Columns:
    rows: list[tuple[float, ...]] = []
    for width, space, time_s in LINES:
        largest = float(recess_limit_nm(width, space, 25.0, 0.35, 0.2))
        slow = 900.0 / 70.0 * float(edge_rounding_factor(space, 4.0))
        pair = TwoMaterials(space / (width + space), 900.0, slow, largest)
        minutes = time_s / 60.0
        rows.append((width, space, time_s, 900.0, float(pair.recess_nm(minutes)), float(pair.slow_loss_nm(minutes))))
    names = ("width_um", "space_um", "time_s", "fast_nm_min", "dishing_nm", "erosion_nm")
    return dict(zip(names, np.array(rows).T, strict=True))


def test_recess_selectivity_and_rounding_are_found_again() -> None:
    fit = fit_recesses(recesses())
    asked = {"recess_scale_nm": 25.0, "exponent_recess_width": 0.35, "exponent_recess_space": 0.2,
             "selectivity_ratio": 70.0, "rounding_ratio": 4.0}  # fmt: skip
    assert found(fit) == pytest.approx(asked, rel=1e-3)
    assert fit.rows == 16


def test_dishing_alone_leaves_the_selectivity_as_it_is() -> None:
    table = recesses()
    del table["erosion_nm"]
    fit = fit_recesses(table)
    assert {text.split(":")[0] for text in fit.held} == {"selectivity_ratio", "rounding_ratio"}


def test_too_few_rows_and_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="columns lack: start_step_nm"):
        fit_steps({name: column for name, column in steps().items() if name != "start_step_nm"})
    with pytest.raises(ValueError, match="2 measured numbers for 2 constants: at least 3"):
        fit_steps({name: column[:2] for name, column in steps().items()})


def written(path: Path, columns: Columns) -> Path:
    names = [name.replace("_nm", "_A") if name.endswith("_nm") else name for name in columns]
    scale = [10.0 if name.endswith("_nm") else 1.0 for name in columns]
    lines = [",".join(names)]
    scaled = np.column_stack(list(columns.values())) * scale
    lines += [",".join(repr(float(value)) for value in row) for row in scaled]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_command_writes_numbers_that_a_package_takes(tmp_path: Path) -> None:
    table, out = written(tmp_path / "table.csv", recesses()), tmp_path / "pattern.toml"
    run = CliRunner().invoke(app, ["calibrate", str(table), "--law", "pattern", "--out", str(out), "--json"])
    assert run.exit_code == 0, run.output
    document = json.loads(run.stdout)
    assert document["fits"][0]["kind"] == "recesses"
    text = out.read_text(encoding="utf-8")
    head = 'name = "x"\nversion = "1"\ntitle = "x"\nwafer_mm = 200.0\nslurry = "x"\npad = "x"\n[films]\nCu = "law"\n'
    law = "\n".join(
        f'[numbers.law.{name}]\nvalue = {value}\nsource = "pattern_table"\ngrade = "A"'
        for name, value in {"kp_m2_N": 1e-13, "exponent_p": 1.0, "exponent_v": 1.0, "reference_pressure_kPa": 20.0,
                            "reference_velocity_m_s": 1.0, "threshold_kPa_m_s": 0.0, "k2_nm_min": 1e4,
                            "activation_kJ_mol": 0.0, "temperature_ref_C": 25.0}.items()
    )  # fmt: skip
    package = parse_package(head + text + law, "x.toml")
    assert package.value("pattern.recess_scale_nm") == pytest.approx(25.0, rel=1e-3)


def test_a_bad_table_is_refused_with_all_its_faults(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("density,time_s,step_A,step_nm\n1.5,abc,10,1\n", encoding="utf-8")
    run = CliRunner().invoke(app, ["calibrate", str(path), "--law", "pattern"])
    assert run.exit_code == 2
    for part in ("row 1, density", "row 1, time_s", "gives step_nm twice"):
        assert part in run.output
    path.write_text("density,time_s\n0.5,10\n", encoding="utf-8")
    run = CliRunner().invoke(app, ["calibrate", str(path), "--law", "pattern"])
    assert run.exit_code == 2
    assert "measures nothing" in run.output
