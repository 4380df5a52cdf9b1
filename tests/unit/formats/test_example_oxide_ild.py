"""The example's incoming maps are what its script makes, and look like deposited wafers."""

from __future__ import annotations

import importlib.util
import statistics
import sys
from pathlib import Path

import pytest

from planaris.formats import load_lot
from planaris.model import SITES_49, ThicknessMap

EXAMPLE = Path(__file__).parents[3] / "examples" / "oxide_ild"


@pytest.fixture(scope="module")
def maps() -> tuple[ThicknessMap, ...]:
    return load_lot(EXAMPLE / "lot.toml").lot.incoming


def test_the_committed_table_is_what_the_script_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("make_incoming_example", EXAMPLE.parent / "make_incoming.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, script)
    spec.loader.exec_module(script)
    assert script.table(script.DEPOSITS["oxide_ild"]) == (EXAMPLE / "incoming.csv").read_text(encoding="utf-8")


def test_wafer_means_lie_within_one_percent_of_1500_nm_and_differ(maps: tuple[ThicknessMap, ...]) -> None:
    means = [statistics.fmean(found.thickness_nm) for found in maps]
    assert len(means) == 25
    # ±1 % of the wafer mean, and up to 3 nm that the bowl adds to the mean of the sites
    assert all(1500 * 0.99 - 3 < mean < 1500 * 1.01 + 3 for mean in means)
    assert statistics.stdev(means) > 3.0


def test_maps_are_a_smooth_bowl_and_tilt_under_1_nm_of_noise(maps: tuple[ThicknessMap, ...]) -> None:
    import numpy as np

    x, y = np.asarray(SITES_49.x_mm) / 100, np.asarray(SITES_49.y_mm) / 100
    smooth = np.column_stack([np.ones_like(x), x, y, x**2 + y**2])
    residuals = [
        map_nm - smooth @ np.linalg.lstsq(smooth, map_nm, rcond=None)[0]
        for map_nm in (np.asarray(found.thickness_nm) for found in maps)
    ]
    noise_nm = np.sqrt(np.sum(np.square(residuals)) / (25 * (49 - 4)))
    # 1125 degrees of freedom: the estimate of 1 nm scatters by 2 % (1 sigma)
    assert noise_nm == pytest.approx(1.0, abs=0.08)
