"""A lot whose recipe asks for fault detection and run-to-run control: what the page's control charts are shown with."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "oxide_ild"
# The least that limits can be learned from.
LEARN_COUNT = 6
_WATCHED = f"[fault_detection]\nlearn_count = {LEARN_COUNT}\n\n[run_to_run]"


def controlled_lot(folder: Path, wafers_count: int, lot_id: str = "ILD001", load_port: int = 1) -> Path:
    """Copy the example with so many wafers and process control into a folder and return its lot file."""
    shutil.copytree(EXAMPLE, folder)
    lot, recipe, incoming = folder / "lot_run_to_run.toml", folder / "recipe_run_to_run.toml", folder / "incoming.csv"
    edits = {
        lot: {
            'slots = "1-25"': f'slots = "1-{wafers_count}"',
            'lot_id = "ILD001"': f'lot_id = "{lot_id}"',
            "load_port = 1": f"load_port = {load_port}",
            'carrier_id = "CAR-0017"': f'carrier_id = "CAR-{lot_id}"',
        },
        recipe: {"[run_to_run]": _WATCHED},
        incoming: {"ILD001-": f"{lot_id}-"},
    }
    for file, changes in edits.items():
        text = file.read_text(encoding="utf-8")
        for old, new in changes.items():
            assert old in text, f"{file.name} has no {old!r}"
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")
    rows = incoming.read_text(encoding="utf-8").splitlines(keepends=True)
    beyond = re.compile(rf"{re.escape(lot_id)}-(\d\d),")
    kept = [row for row in rows if not (found := beyond.match(row)) or int(found[1]) <= wafers_count]
    incoming.write_text("".join(kept), encoding="utf-8")
    return lot
