"""Every process package has an example lot: it runs, meets its targets, raises no flag and no alarm."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from spine_lots import ROOT, run_small

from planaris.app import RunSummary
from planaris.formats import load_job
from planaris.processes import load_package, package_names

Films = dict[str, np.ndarray]
INSIDE = slice(0, 62)  # rings within the edge exclusion of 3 mm
EXAMPLES = ("sti_ceria", "w_plug", "cu_two_step", "poly_si")


def _films_after_nm(run: RunSummary) -> Films:
    """Return each film's thickness after polish, (n_wafer, n_r, n_theta), as the twin knows it."""
    with np.load(run.folder / "twin_truth.npz") as truth:
        return {str(m): truth["films_after_nm"][:, k] for k, m in enumerate(truth["film_material"])}


def test_every_package_has_an_example() -> None:
    assert {"oxide_ild", *EXAMPLES} == set(package_names())


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_lot_meets_its_targets_without_flag_or_alarm(name: str, tmp_path: Path) -> None:
    lot = ROOT / "examples" / name / "lot.toml"
    job, run = load_job(lot), run_small(lot, tmp_path)
    assert (run.outcome, run.alarms) == ("completed", ())
    assert len(run.wafers) == len(job.lot.wafers)
    for wafer in run.wafers:
        off_pct = 100.0 * abs(wafer.removal_nm / job.recipe.target_removal_nm - 1.0)
        assert off_pct <= job.recipe.removal_tolerance_pct, wafer
        assert wafer.wiwnu_pct <= job.recipe.wiwnu_limit_pct, wafer
    database = run.folder / "run.db"
    with sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True) as connection:
        (flags,) = connection.execute("select value from meta where key = 'model_flags'").fetchone()
    assert json.loads(flags) == []
    before = {layer.material: layer.thickness_nm for layer in job.lot.wafers[0].stack.layers}
    CHECKS[name](_films_after_nm(run), before)


def _nothing_cleared(films: Films, before: dict[str, float]) -> None:
    assert films["poly-Si"].min() > 0.0
    np.testing.assert_allclose(films["TEOS"], before["TEOS"], rtol=0.05)  # untouched; 1 % from wafer to wafer


def _stopped_on_nitride(films: Films, before: dict[str, float]) -> None:
    assert films["HDP"][:, INSIDE].max() == 0.0
    assert np.all(films["SiN"] > before["SiN"] * 0.97 - 20.0), "nitride loss beyond its budget of 20 nm"
    assert np.ptp(films["SiN"], axis=(1, 2)).max() > 0.0, "over-polish is told by place"


def _barrier_gone(films: Films, before: dict[str, float]) -> None:
    assert films["Cu"][:, INSIDE].max() == 0.0
    assert films["Ta"][:, INSIDE].max() == 0.0
    lost = before["TEOS"] * 1.03 - films["TEOS"]
    assert np.all((lost > 0.0) & (lost < 100.0))


def _liner_gone(films: Films, before: dict[str, float]) -> None:
    assert films["W"][:, INSIDE].max() == 0.0
    assert films["Ti"][:, INSIDE].mean() < 1.0
    assert np.all(films["TEOS"] > before["TEOS"] * 0.97 - 80.0)


CHECKS: dict[str, Callable[[Films, dict[str, float]], None]] = {
    "poly_si": _nothing_cleared,
    "sti_ceria": _stopped_on_nitride,
    "cu_two_step": _barrier_gone,
    "w_plug": _liner_gone,
}


def test_laws_state_what_the_twin_needs() -> None:
    for name in package_names():
        package = load_package(name)
        for film in package.films:
            for line in range(1, package.slurry_lines + 1):
                law = package.group(package.law_of(film.material, line))
                assert {"supply_flow_ml_min", "reference_flow_ml_min"} <= set(law), (name, film.material, line)


@pytest.mark.parametrize("name", [*EXAMPLES, "oxide_endpoint"])
def test_incoming_maps_are_what_the_script_makes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder: Path = ROOT / "examples" / name
    spec = importlib.util.spec_from_file_location(f"make_incoming_{name}", folder.parent / "make_incoming.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, script)
    spec.loader.exec_module(script)
    assert script.table(script.DEPOSITS[name]) == (folder / "incoming.csv").read_text(encoding="utf-8")
