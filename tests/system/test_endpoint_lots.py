"""Lots of metals and STI whose steps end by what the platen sees, on the deviating twin, against its truth."""

from __future__ import annotations

import shutil
from pathlib import Path

import gdstk
import numpy as np
import pytest
from spine_lots import ROOT, Run, run_of, run_small, small_lot
from typer.testing import CliRunner

from planaris.cli.main import app
from planaris.report.facts import read_facts
from planaris.report.sections.endpoints import endpoints

# What a thickness may be off by in truth: the bench's largest for the spectrum. Coil and lasers deviate as it does.
OFF_nm = 20.0
# Share of the area inside 3 mm that may still carry a film that was to be cleared: what clearing by light lets pass.
LEFT_FRACTION = 0.03


def lot_of(example: str, folder: Path, *, until: str = "", slots: tuple[int, ...] = (1,), seed: int = 1) -> Run:
    """Run an example's lot by endpoint, the steps from ``until`` on left out."""
    lot = small_lot(folder / "lot", slots, example=ROOT / "examples" / example, called="lot_endpoint.toml")
    recipe = folder / "lot" / "recipe_endpoint.toml"
    text = recipe.read_text(encoding="utf-8")
    if until:
        text = text[: text.index(f'[[steps]]\nname = "{until}"')]
    recipe.write_text(text, encoding="utf-8")
    home = folder / "home"
    return run_of(run_small(lot, home, seed=seed), home)


def decided(run: Run) -> dict[str, tuple[str, str]]:
    """Return decision and reason by step."""
    reasons = {t.payload["step_name"]: t.payload["reason"] for t in run.named("step_ended")}
    return {
        t.payload["step_name"]: (t.payload["decision"], reasons[t.payload["step_name"]])
        for t in run.named("endpoint_decided")
    }


def film(run: Run, material: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what is left of a film inside 3 mm (wafers, r, theta) and each ring's share of the area (r,)."""
    t = run.truth
    inside = t["r_mm"] < 97.0
    number = list(t["film_material"]).index(material)
    return t["films_after_nm"][:, number][:, inside], t["r_mm"][inside] / t["r_mm"][inside].sum()


def mean_nm(run: Run, material: str) -> np.ndarray:
    left, share = film(run, material)
    return left.mean(axis=2) @ share


def covered(run: Run, material: str) -> np.ndarray:
    """Return the share of the area that a film still covers."""
    left, share = film(run, material)
    return (left > 0.0).mean(axis=2) @ share


def test_eddy_current_leaves_the_copper_that_was_asked_for(tmp_path: Path) -> None:
    run = lot_of("cu_two_step", tmp_path, until="P2 soft landing", slots=(1, 2))
    assert decided(run) == {"P1 bulk Cu": ("call", "endpoint")}
    assert np.abs(mean_nm(run, "Cu") - 300.0).max() < OFF_nm


def test_fringes_leave_the_oxide_that_was_asked_for_after_a_step_by_removal(tmp_path: Path) -> None:
    run = lot_of("sti_ceria", tmp_path, until="P3 stop on nitride", slots=(1, 2))
    assert decided(run) == {"P2 bulk": ("call", "endpoint")}
    assert {t.payload["reason"] for t in run.named("step_ended") if t.payload["step"] == 0} == {"time"}
    assert np.abs(mean_nm(run, "HDP") - 150.0).max() < OFF_nm


def test_the_report_shows_what_each_step_ended_by(tmp_path: Path) -> None:
    run = lot_of("cu_two_step", tmp_path)
    section = endpoints(read_facts(run.folder))
    assert section is not None
    parts = section.body.split("Behind ")[1:]
    assert [part.partition(":")[0] for part in parts] == ["P1 bulk Cu", "P2 soft landing", "P3 barrier"]
    charts = [
        [name for name in ("Eddy current", "Spectrum", "Platen torque") if f"<b>{name}" in part] for part in parts
    ]
    assert charts == [["Eddy current"], ["Spectrum", "Platen torque"], ["Spectrum", "Platen torque"]]


@pytest.mark.parametrize("seed", [1, 2])
def test_copper_and_its_barrier_are_cleared(tmp_path: Path, seed: int) -> None:
    run = lot_of("cu_two_step", tmp_path, seed=seed)
    assert decided(run) == {
        "P1 bulk Cu": ("call", "endpoint"),
        "P2 soft landing": ("call", "endpoint"),
        "P3 barrier": ("call", "endpoint"),
    }
    assert run.named("alarm_set", "wafer_marked") == []
    assert covered(run, "Cu").max() == 0.0
    assert covered(run, "Ta").max() < LEFT_FRACTION
    assert mean_nm(run, "TEOS").min() > 500.0


@pytest.mark.parametrize("seed", [1, 2])
def test_tungsten_and_its_liner_are_cleared(tmp_path: Path, seed: int) -> None:
    run = lot_of("w_plug", tmp_path, seed=seed)
    assert decided(run) == {"P2 bulk": ("call", "endpoint"), "P3 clear": ("call", "endpoint")}
    assert run.named("alarm_set", "wafer_marked") == []
    assert covered(run, "W").max() == 0.0
    assert covered(run, "Ti").max() < LEFT_FRACTION


@pytest.mark.parametrize("seed", [1, 2])
def test_torque_stops_on_nitride(tmp_path: Path, seed: int) -> None:
    run = lot_of("sti_ceria", tmp_path, seed=seed)
    assert decided(run)["P3 stop on nitride"] == ("call", "endpoint")
    assert run.named("alarm_set", "wafer_marked") == []
    assert covered(run, "HDP").max() < LEFT_FRACTION
    # 1500 Å less what its own slow rate takes over the over-polish.
    assert mean_nm(run, "SiN").min() > 145.0


def test_a_patterned_wafer_is_cleared_too(tmp_path: Path) -> None:
    """Light that knows the density file's plugs clears the field; over it the plugs recede and stay metal."""
    edits = {"lot_endpoint.toml": {"[stack]\n": '[stack]\ndensity = "density.toml"\n'}}
    example = ROOT / "examples" / "w_plug"
    lot = small_lot(tmp_path / "lot", (1,), edits, example=example, called="lot_endpoint.toml")
    run = run_of(run_small(lot, tmp_path / "home"), tmp_path / "home")
    assert decided(run) == {"P2 bulk": ("call", "endpoint"), "P3 clear": ("call", "endpoint")}
    assert covered(run, "W").max() == 0.0
    assert covered(run, "Ti").max() < LEFT_FRACTION


def test_a_wafer_patterned_by_a_layout_is_cleared_too(tmp_path: Path) -> None:
    """The density file that `planaris planarity` writes of a chip of plugs is what the twin's wafers are made of."""
    library = gdstk.Library()
    chip, row = library.new_cell("PLUGS"), library.new_cell("ROW")
    row.add(gdstk.rectangle((0, 0), (2000, 0.5), layer=19))
    chip.add(gdstk.Reference(row, (0, 0), columns=1, rows=1000, spacing=(1, 2)))
    chip.add(gdstk.rectangle((0, 0), (4000, 4000), layer=99))
    library.write_gds(tmp_path / "chip.gds")
    made = CliRunner().invoke(
        app,
        [
            "planarity", str(tmp_path / "chip.gds"), "--process", "w", "--layers", "plugs=19/0", "--grid-um", "50",
            "--out", str(tmp_path / "out"),
        ],
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    text = (tmp_path / "out" / "plugs.density.toml").read_text(encoding="utf-8")
    example = tmp_path / "w_plug"
    shutil.copytree(ROOT / "examples" / "w_plug", example)
    (example / "density.toml").write_text(text, encoding="utf-8")
    edits = {"lot_endpoint.toml": {"[stack]\n": '[stack]\ndensity = "density.toml"\n'}}
    lot = small_lot(tmp_path / "lot", (1,), edits, example=example, called="lot_endpoint.toml")
    run = run_of(run_small(lot, tmp_path / "home"), tmp_path / "home")
    assert decided(run) == {"P2 bulk": ("call", "endpoint"), "P3 clear": ("call", "endpoint")}
    assert covered(run, "W").max() == 0.0
    # Plugs of five kinds of density blur the light's last step: somewhat more liner passes than on a bare field.
    assert covered(run, "Ti").max() < 2.0 * LEFT_FRACTION
