"""Tools that are neither A nor B: made from their TOML with other numbers, each runs a lot to its end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from spine_lots import ROOT, small_lot

from planaris.app import RunProfile, RunRequest, run_lot

TOOLS = ROOT / "src" / "planaris" / "formats" / "tools"
A, B = "tool_a.toml", "tool_b.toml"
# Name: the tool it is made from, what is put in place of what, and the last platen that the recipe may use.
OTHERS: dict[str, tuple[str, dict[str, str], int]] = {
    "one platen, two heads": (A, {r"heads = 4": "heads = 2", r"platens = 3": "platens = 1", r"\[1, 2, 3\]": "[1]"}, 1),
    "two platens, three heads": (
        A,
        {r"heads = 4": "heads = 3", r"platens = 3": "platens = 2", r"\[1, 2, 3\]": "[1, 2]"},
        2,
    ),
    "four platens, five heads": (
        A,
        {r"heads = 4": "heads = 5", r"platens = 3": "platens = 4", r"\[1, 2, 3\]": "[1, 2, 3, 4]"},
        3,
    ),
    "one load port": (A, {r"load_ports = 2": "load_ports = 1"}, 3),
    "no endpoint sensors": (A, {r"(?s)\[endpoint_sensors\].*?\n\n": ""}, 3),
    "no metrology": (A, {r"(?s)\[metrology\].*?\n\n": ""}, 3),
    "no planner": (A, {r"(?s)\[planning\].*?\n\n": ""}, 3),
    "one zone": (A, {r"zone_outer_mm = \[[^]]*\]": "zone_outer_mm = [99]"}, 3),
    "one unit": (
        B,
        {
            r"heads = 2": "heads = 1",
            r"platens = 4": "platens = 2",
            r"count = 2": "count = 1",
            r"\[\[1, 3\], \[2, 4\], \[1, 3\]\]": "[[1], [2], [1]]",
            r"\[1, 2, 3, 4\]": "[1, 2]",
        },
        3,
    ),
    "three units": (
        B,
        {
            r"heads = 2": "heads = 3",
            r"platens = 4": "platens = 6",
            r"count = 2": "count = 3",
            r"\[\[1, 3\], \[2, 4\], \[1, 3\]\]": "[[1, 3, 5], [2, 4, 6], [1, 3, 5]]",
            r"\[1, 2, 3, 4\]": "[1, 2, 3, 4, 5, 6]",
        },
        3,
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_tool_of_ones_own_runs_a_lot(tmp_path: Path, name: str) -> None:
    base, changes, last_platen = OTHERS[name]
    text = (TOOLS / base).read_text(encoding="utf-8")
    for old, new in changes.items():
        text, count = re.subn(old, new, text)
        assert count, f"{base} has no {old!r}"
    tool = tmp_path / "tool.toml"
    tool.write_text(text, encoding="utf-8")

    lot = small_lot(tmp_path / "lot", (1, 2, 3))
    recipe = tmp_path / "lot" / "recipe.toml"
    head, *steps = recipe.read_text(encoding="utf-8").split("[[steps]]")
    kept = [step for step in steps if int(re.findall(r"platen = (\d)", step)[0]) <= last_platen]
    text = "[[steps]]".join([head, *kept])
    if name == "one zone":
        text = re.sub(r"zone_pressure_psi = \[([^,]*),[^]]*\]", r"zone_pressure_psi = [\1]", text)
    recipe.write_text(text, encoding="utf-8")

    request = RunRequest(lot, str(tool), 1, None, tmp_path / "home", report=True, profile=RunProfile.CAMPAIGN)
    summary = run_lot(request, lambda _progress: None)
    assert summary.completed, summary.detail
    assert len(summary.wafers) == 3
    assert all(wafer.polish_s > 0.0 for wafer in summary.wafers)
