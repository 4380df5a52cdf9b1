"""Truth and measurement are different things: what the tool records differs from the truth by bias and noise."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from spine_lots import ROOT, Run

from planaris.model import SITE_PLANS
from planaris.physics import PolarGrid, sample_at

PACKAGE = ROOT / "src" / "planaris"
Array = NDArray[np.float64]


def at_sites(run: Run, wafer_id: str, plan: str, which: str) -> Array:
    """Return the true film at a plan's sites."""
    t = run.truth
    grid = PolarGrid(n_r=len(t["r_mm"]), n_theta=len(t["theta_rad"]), radius_mm=100.0)
    film = t[f"thickness_{which}_nm"][list(t["wafer_id"]).index(wafer_id)]
    sites = SITE_PLANS[plan]
    return sample_at(film, grid, np.array(sites.x_mm), np.array(sites.y_mm))


def errors(run: Run, stage: str, which: str) -> dict[str, Array]:
    """Return measured less true thickness by wafer."""
    return {
        t.payload["wafer_id"]: np.array(t.payload["thickness_nm"])
        - at_sites(run, t.payload["wafer_id"], t.payload["plan"], which)
        for t in run.named("wafer_measured")
        if t.payload["stage"] == stage
    }


def test_the_twins_truth_is_kept_apart_and_complete(example_run: Run) -> None:
    t = example_run.truth
    assert sorted(t["slot"]) == list(range(1, 26))
    assert t["thickness_after_nm"].shape == (25, 64, 32)
    assert np.all(t["thickness_after_nm"] < t["thickness_before_nm"])
    assert dict(zip(t["slot"].tolist(), t["head"].tolist(), strict=True)) == {
        w["slot"]: w["head"] for w in example_run.wafers
    }


def test_a_measurement_after_polish_is_the_truth_with_one_bias_and_noise_on_every_site(example_run: Run) -> None:
    found = errors(example_run, "post", "after")
    assert len(found) == 25
    values = np.concatenate(list(found.values()))
    noise_nm = float(np.concatenate([e - e.mean() for e in found.values()]).std())
    # The instrument repeats to some tenths of a nanometre: no site is the truth, and none is far from it.
    assert 0.2 < noise_nm < 0.8
    assert float((np.abs(values) < 0.001).mean()) < 0.02
    assert float(np.abs(values).max()) < 6.0
    bias_nm = float(values.mean())
    means = np.array([e.mean() for e in found.values()])
    assert abs(bias_nm) > 0.05
    # One instrument has one bias: wafer means scatter about it as means of 9 sites with that noise do.
    assert float(np.abs(means - bias_nm).max()) < 4.0 * noise_nm / 3.0


def test_the_map_that_came_with_the_lot_is_not_the_truth_either(example_run: Run) -> None:
    found = errors(example_run, "incoming", "before")
    values = np.concatenate(list(found.values()))
    assert 0.5 < float(values.std()) < 3.0  # upstream's noise of 1 nm a site and 1 nm a map
    assert float((np.abs(values) < 0.001).mean()) < 0.02


def test_measured_removal_differs_from_the_true_one_by_what_instruments_do(example_run: Run) -> None:
    plans = {t.payload["wafer_id"]: t.payload["plan"] for t in example_run.named("wafer_measured")
             if t.payload["stage"] == "post"}  # fmt: skip
    off_nm: list[float] = []
    for wafer in example_run.wafers:
        wafer_id = wafer["wafer_id"]
        true = at_sites(example_run, wafer_id, plans[wafer_id], "before") - at_sites(
            example_run, wafer_id, plans[wafer_id], "after"
        )
        off_nm.append(wafer["removal_nm"] - float(true.mean()))
    assert all(abs(off) > 1e-4 for off in off_nm)
    assert max(abs(off) for off in off_nm) < 8.0


def test_no_trace_holds_what_only_the_truth_knows(example_run: Run) -> None:
    path = next((example_run.folder / "traces").glob("*.parquet"))
    names = pq.read_schema(path).names
    assert [
        n for n in names if any(w in n for w in ("thickness", "removal", "film", "rate_", "freshness", "_nm"))
    ] == []


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("room", sorted(p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name[0] not in "._"))
def test_no_room_but_app_can_reach_the_twin(room: str) -> None:
    if room in {"app", "twin"}:
        return
    reaching = [
        p.name for p in (PACKAGE / room).rglob("*.py") if any(i.startswith("planaris.twin") for i in imports_of(p))
    ]
    assert reaching == []


def test_in_app_only_what_wires_a_run_knows_the_twin_and_the_tool_gets_none_of_it() -> None:
    knowing = {
        p.name for p in (PACKAGE / "app").glob("*.py") if any(i.startswith("planaris.twin") for i in imports_of(p))
    }
    assert knowing <= {
        "far_side.py", "runner.py", "profiles.py", "twin_memory.py", "twin_process.py", "world_access.py", "kills.py",
        "serve.py",
    }  # fmt: skip
    for room in ("tool", "modules", "hardware", "stream", "scheduling"):
        text = "".join(p.read_text(encoding="utf-8") for p in (PACKAGE / room).rglob("*.py"))
        assert "twin_truth" not in text
        assert "thickness_after" not in text
