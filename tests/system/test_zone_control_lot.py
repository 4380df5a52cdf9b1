"""Zone profile control in whole lots on the twin: dished wafers, heads of three and five zones, against open loop."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from spine_lots import ROOT, Run, run_of, small_lot

from planaris.app import RunRequest, run_lot

TARGET_nm = 900.0
# Centre to edge, of the film that comes in.
DISH_RATIO = 0.04
TOOL_A = ROOT / "src" / "planaris" / "formats" / "tools" / "tool_a.toml"
# The last platen takes off enough for its zones to matter, and may move them by 30 %.
STEPS = {
    "zone_control = { min_ratio = 0.8, max_ratio = 1.2, max_step_psi = 0.1 }": (
        "zone_control = { min_ratio = 0.7, max_ratio = 1.3, max_step_psi = 0.3 }"
    ),
    'name = "P2 main"\nplaten = 2\nkind = "polish"\nend = { kind = "time", time_s = 40, min_s = 30, max_s = 60 }': (
        'name = "P2 main"\nplaten = 2\nkind = "polish"\nend = { kind = "time", time_s = 10, min_s = 5, max_s = 60 }'
    ),
    "time_s = 40, min_s = 20, max_s = 75": "time_s = 70, min_s = 20, max_s = 110",
}
FIVE = {"[4.0, 4.0, 4.5]": "[4.0, 4.0, 4.0, 4.0, 4.5]", "[1.0, 1.0, 1.0]": "[1.0, 1.0, 1.0, 1.0, 1.0]"}


def dished(incoming: Path) -> None:
    """Make every film of a table thinner at the centre and thicker at the edge."""
    lines: list[str] = []
    for line in incoming.read_text(encoding="utf-8").splitlines():
        if re.match(r"\w+-\d+,", line):
            *place, x, y, film = line.split(",")
            bent = float(film) * (1.0 + DISH_RATIO * ((float(x) ** 2 + float(y) ** 2) / 1e4 - 0.5))
            line = ",".join([*place, x, y, f"{bent:.2f}"])
        lines.append(line)
    incoming.write_text("\n".join(lines) + "\n", encoding="utf-8")


def polished(folder: Path, zones: tuple[int, ...], *, moves: bool) -> Run:
    """Run two dished wafers on tool A with heads of some zones (outer radii, mm)."""
    recipe = STEPS | (FIVE if len(zones) == 5 else {})
    lot = small_lot(folder / "lot", (1, 2), {"recipe.toml": recipe}, example=ROOT / "examples" / "oxide_endpoint")
    dished(folder / "lot" / "incoming.csv")
    if not moves:
        text = (folder / "lot" / "recipe.toml").read_text(encoding="utf-8")
        (folder / "lot" / "recipe.toml").write_text(re.sub(r"zone_control = .*\n", "", text), encoding="utf-8")
    tool = folder / "tool.toml"
    shown = ", ".join(map(str, zones))
    tool.write_text(
        re.sub(r"zone_outer_mm = \[[^]]*\]", f"zone_outer_mm = [{shown}]", TOOL_A.read_text(encoding="utf-8")),
        encoding="utf-8",
    )
    summary = run_lot(RunRequest(lot, str(tool), 1, None, folder / "home", report=True), lambda _progress: None)
    assert summary.completed
    return run_of(summary, folder / "home")


def left(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Return each wafer's true area mean (nm) inside 3 mm and its WIWNU (%) after polish."""
    r_mm = run.truth["r_mm"]
    inside = r_mm < 97.0
    film = run.truth["thickness_after_nm"][:, inside]
    share = r_mm[inside] / r_mm[inside].sum()
    mean = film.mean(axis=2) @ share
    off = ((film - mean[:, None, None]) ** 2).mean(axis=2) @ share
    return mean, 100.0 * np.sqrt(off) / mean


def test_moving_zones_halves_what_a_dished_film_leaves_uneven_and_five_flatten_what_three_cannot(
    tmp_path: Path,
) -> None:
    uneven_pct: dict[int, np.ndarray] = {}
    for zones in ((85, 95, 99), (40, 65, 85, 95, 99)):
        moved = polished(tmp_path / f"moved{len(zones)}", zones, moves=True)
        mean_nm, wiwnu_pct = left(moved)
        still_nm, still_pct = left(polished(tmp_path / f"still{len(zones)}", zones, moves=False))
        for found_nm in (*mean_nm, *still_nm):
            assert found_nm == pytest.approx(TARGET_nm, abs=20.0)
        assert (wiwnu_pct <= 0.5 * still_pct).all(), (wiwnu_pct, still_pct)
        uneven_pct[len(zones)] = wiwnu_pct
        page = (moved.folder / "report.html").read_text(encoding="utf-8")
        assert all(f"head.zone{number}_pressure_kPa" in page for number in range(1, len(zones) + 1))
    assert (uneven_pct[5] < 0.6 * uneven_pct[3]).all()
