"""The reference page of virtual metrology lists exactly the features that are declared, with what they mean."""

from __future__ import annotations

from gate_sources import ROOT

from planaris.control.virtual_metrology import HISTORY_FEATURES, declared_features


def test_the_page_lists_the_declared_features() -> None:
    text = (ROOT / "docs" / "reference" / "metrology.md").read_text(encoding="utf-8")
    part = text.partition("## Features of a step")[2].partition("## From Python")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in part.splitlines() if line.startswith("| `")]
    declared = [[f"`{f.name}`", f.meaning, f.unit] for f in declared_features()]
    assert rows == declared + [[f"`{name}`", meaning] for name, meaning in HISTORY_FEATURES.items()]
