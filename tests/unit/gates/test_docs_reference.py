"""The reference pages list exactly the keys that the files may hold."""

from __future__ import annotations

import sqlite3

import pytest
from gate_sources import ROOT

from planaris.formats.edge import Edge, edge_inside
from planaris.formats.lot_edge import LotEdge
from planaris.formats.recipe_edge import RecipeEdge
from planaris.formats.recipe_file import CleanerEdge
from planaris.formats.tool_edge import ToolEdge
from planaris.historian.run_views import TABLES, VIEWS


def keys(model: type[Edge], prefix: str = "") -> list[str]:
    """Return the dotted paths of all values of a file's model."""
    found: list[str] = []
    for name, info in model.model_fields.items():
        inner, _ = edge_inside(info.annotation)
        found += [prefix + name] if inner is None else keys(inner, f"{prefix}{name}.")
    return found


def documented(page: str, section: str = "") -> list[str]:
    """Return the first column of the tables with a default, in a page or below one of its headings."""
    text = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    part = text.partition(f"\n{section}\n")[2] if section else text
    rows: list[str] = []
    in_table = False
    for line in part.splitlines():
        in_table = line == "| key | means | default |" or (in_table and line.startswith("|"))
        if in_table and line.startswith("| `"):
            rows.append(line.split("`")[1])
    return rows


@pytest.mark.parametrize(
    ("page", "section", "model"),
    [
        ("lot.md", "", LotEdge),
        ("tool.md", "", ToolEdge),
        ("recipe.md", "## Cleaner recipes", CleanerEdge),
    ],
)
def test_tables_list_the_keys_of_the_file(page: str, section: str, model: type[Edge]) -> None:
    assert sorted(documented(page, section)) == sorted(keys(model))


def test_recipe_page_lists_the_keys_of_a_recipe() -> None:
    cleaner = documented("recipe.md", "## Cleaner recipes")
    assert sorted(documented("recipe.md")[: -len(cleaner)]) == sorted(keys(RecipeEdge))


def test_run_page_lists_the_views_of_a_run_and_their_columns() -> None:
    database = sqlite3.connect(":memory:")
    for statement in TABLES:
        database.execute(statement)
    views: dict[str, list[str]] = {}
    for name, query in VIEWS.items():
        database.execute(f"CREATE VIEW {name} AS {query}")
        views[name] = [row[1] for row in database.execute(f"PRAGMA table_info({name})")]
    database.close()
    text = (ROOT / "docs" / "reference" / "run.md").read_text(encoding="utf-8")
    rows = text.partition("| view | columns |")[2].partition("\n\n")[0].splitlines()[2:]
    told = {cells[0]: cells[1:] for row in rows if (cells := row.split("`")[1::2])}
    assert told == views
