"""Rooms use each other's public names only; what a room keeps in its files is its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from gate_sources import ROOT, modules, rooms

# Files that other rooms may import from besides a room's own name, each with why.
OPEN_FILES = {
    "planaris.app.request": "what a run is asked for and answers; the command line shows it before it loads the runner",
    "planaris.formats.layout_write": "loads arrays and the layout library, so only those who write layouts import it",
    "planaris.formats.pattern_table": "handles arrays, so only those who handle pattern tables import it",
    "planaris.control.virtual_metrology": "loads SciPy's optimiser, so only those who use it import it",
    "planaris.control.virtual_removal": "belongs to virtual metrology, so only those who use it import it",
    "planaris.formats.phm_files": "loads pyarrow, so only those who handle the challenge's files import it",
    "planaris.formats.rate_tables": "loads pyarrow, so only those who handle rate tables import it",
    "planaris.formats.trace_files": "loads pyarrow, so only those who handle traces import it",
    "planaris.hardware.mock": "a port is chosen by app; nobody else loads it",
    "planaris.hardware.opcua": "a port is chosen by app; nobody else loads it",
    "planaris.hardware.replay": "a port is chosen by app; nobody else loads it",
    "planaris.report.chip_page": "knows chips, which the report of a run need not load",
    "planaris.report.fill_page": "knows chips, which the report of a run need not load",
}


def private_imports() -> Iterator[tuple[str, str]]:
    """Yield (place, module) of every import from inside another room."""
    for path, tree in modules():
        for node in ast.walk(tree):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                parts = name.split(".")
                if parts[0] == "planaris" and len(parts) > 2 and parts[1] != path.split("/")[0]:
                    yield f"{path}:{getattr(node, 'lineno', 0)}", name


def test_rooms_import_only_public_names_of_other_rooms() -> None:
    assert not [f"{place}: {name}" for place, name in private_imports() if name not in OPEN_FILES]


def test_the_floor_plan_page_lists_the_rooms_that_exist() -> None:
    page = (ROOT / "docs" / "explanations" / "floor-plan.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert sorted(name for row in rows for name in row.split("`")[1::2]) == rooms()
