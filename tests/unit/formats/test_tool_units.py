"""Tool descriptions of polishing units: reference tool B, and what does not fit together in one."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from planaris.formats import load_recipe, load_tool
from planaris.model import Architecture, InputFault, ToolDescription

FaultsOf = Callable[[Callable[[], object]], dict[str, InputFault]]
Change = Callable[..., Path]
TOOL_B = (resources.files("planaris.formats") / "tools" / "tool_b.toml").read_text(encoding="utf-8")
EXCHANGE = "unload_s = 6\nhead_rinse_s = 10\nload_s = 4\nchuck_s = 5\n"


@pytest.fixture
def changed(tmp_path: Path) -> Change:
    """Write tool B with texts replaced, each once where it stands first; return the file."""

    def write(*changes: tuple[str, str]) -> Path:
        text = TOOL_B
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "tool.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def tool_b() -> ToolDescription:
    return load_tool("tool_b")


def test_tool_b_has_the_reference_times(tool_b: ToolDescription) -> None:
    # Reference configuration B, design values.
    dry, wet, exchange = tool_b.dry_robot, tool_b.wet_robot, tool_b.load_cup
    assert (dry.pick_s, dry.place_s, dry.move_s, dry.empty_move_s, dry.arms, dry.swap_s) == (3, 3, 2.5, 2, 2, 6)
    assert (wet.pick_s, wet.place_s, wet.move_s, wet.empty_move_s, wet.arms, wet.swap_s) == (4, 4, 3, 3, 2, 6)
    assert 0 < wet.flip_s <= wet.move_s
    assert exchange.unload_s + exchange.head_rinse_s + exchange.load_s + exchange.chuck_s == 25.0
    assert tool_b.units is not None
    assert (tool_b.units.count, tool_b.units.swing_table_s, tool_b.units.swing_exchange_s) == (2, 4.0, 5.0)
    assert (tool_b.architecture, tool_b.heads, tool_b.platens, tool_b.stages) == (Architecture.UNITS, 2, 4, 2)


def test_tool_b_shares_with_tool_a_what_a_recipe_may_ask(tool_b: ToolDescription) -> None:
    tool_a = load_tool("tool_a")
    assert (tool_b.ranges, tool_b.head, tool_b.platen) == (tool_a.ranges, tool_a.head, tool_a.platen)
    assert (tool_b.cleaner, tool_b.metrology) == (tool_a.cleaner, tool_a.metrology)


def test_platens_belong_to_units_and_serve_stages(tool_b: ToolDescription) -> None:
    assert [tool_b.unit_of(n) for n in (1, 2, 3, 4)] == [1, 1, 2, 2]
    assert (tool_b.platens_of(1), tool_b.platens_of(2)) == ((1, 2), (3, 4))
    assert [tool_b.platens_for(stage) for stage in (1, 2, 3)] == [(1, 3), (2, 4), (1, 3)]
    assert tool_b.recipe_stages == 3


def test_a_carousel_serves_stage_n_on_platen_n_and_has_no_units() -> None:
    tool_a = load_tool("tool_a")
    assert [tool_a.platens_for(stage) for stage in (1, 2, 3)] == [(1,), (2,), (3,)]
    assert tool_a.recipe_stages == 3
    with pytest.raises(ValueError, match="tool_a has no polishing units"):
        tool_a.unit_of(1)


@pytest.mark.parametrize(
    ("old", "new", "path", "problem"),
    [
        ("heads = 2", "heads = 4", "heads", "each unit has one head"),
        ("platens = 4", "platens = 5", "platens", "cannot be shared by 2 units"),
        ("platens = 4", "platens = 6", "platens", "cannot be shared by 2 units of at most 2 tables"),
        ("stages = 2", "stages = 3", "stages", "out of range"),
        ("[[1, 3], [2, 4], [1, 3]]", "[[1, 3], [2, 5]]", "route[1]", "no such platen"),
        ("[[1, 3], [2, 4], [1, 3]]", "[[1, 3], [2]]", "route[1]", "unit 2 serves other stages"),
        ("[[1, 3], [2, 4], [1, 3]]", "[[1, 3], []]", "route[1]", "no platen serves"),
        ("[[1, 3], [2, 4], [1, 3]]", "[[1, 3, 1], [2, 4]]", "route[0]", "stands twice"),
        ("[[1, 3], [2, 4], [1, 3]]", "[]", "route", "no recipe could run"),
        ("route =", "# route =", "route", "needs the platens of each stage"),
        ("swap_s = 6", "", "dry_robot.swap_s", "missing for a robot with two arms"),
        ("arms = 2", "arms = 1", "dry_robot.swap_s", "one arm cannot swap"),
        ("arms = 2", "arms = 3", "dry_robot.arms", "out of range"),
        ("flip_s = 2", "flip_s = 3.5", "wet_robot.flip_s", "within the move"),
        ("flip_s = 2", "flip_s = -1", "wet_robot.flip_s", "out of range"),
        ("swap_s = 6", "swap_s = 6\nflip_s = 2", "dry_robot.flip_s", "unknown"),
        ("table_s = 4", "table_s = 0", "units.swing.table_s", "out of range"),
        (
            "touch_down_s = 1",
            "touch_down_s = 1\ncarousel_index_s = 5",
            "carousel_index_s",
            "no part of a tool of units",
        ),
        ("center_distance_mm = 125", "center_distance_mm = 130", "platen.center_distance_mm", "overhangs the platen"),
        ('"brush2"', '"brush7"', "cleaner.stations[2]", "unknown module"),
    ],
)
def test_one_fault(changed: Change, faults_of: FaultsOf, *, old: str, new: str, path: str, problem: str) -> None:
    file = changed((old, new))
    faults = faults_of(lambda: load_tool(file))
    assert list(faults) == [path]
    assert problem in faults[path].problem


def test_all_faults_are_told_at_once(changed: Change, faults_of: FaultsOf) -> None:
    file = changed(
        ("heads = 2", "heads = 3"), ("[1, 3], [2, 4], [1, 3]", "[1, 3], [2, 9]"),
        ("[units.exchange]", "[load_cup]\n" + EXCHANGE + "\n[units.exchange]"), ('"srd"', '"drier"'),
        ("swap_s = 6", ""),
    )  # fmt: skip
    found = faults_of(lambda: load_tool(file))
    assert set(found) == {"heads", "route[1]", "load_cup", "cleaner.stations[3]", "dry_robot.swap_s"}


def test_a_carousel_refuses_parts_of_units_and_needs_its_own(changed: Change, faults_of: FaultsOf) -> None:
    file = changed(('"units"', '"carousel"'))
    faults = faults_of(lambda: load_tool(file))
    assert set(faults) == {"carousel_index_s", "load_cup", "units", "route", "heads", "stages"}
    assert faults["load_cup"].problem == "a carousel needs the load cup"


def test_one_to_three_stages_of_a_recipe_are_taken_and_a_fourth_is_refused(
    tool_b: ToolDescription, example: Path, edit: Change, faults_of: FaultsOf
) -> None:
    recipe = load_recipe(example / "recipe.toml", tool_b)
    assert recipe.platens == (1, 2, 3)
    path = edit("recipe.toml", ('name = "P3 rinse"\nplaten = 3', 'name = "P3 rinse"\nplaten = 4'))
    (fault,) = faults_of(lambda: load_recipe(path, tool_b)).values()
    assert (fault.path, fault.limit) == ("steps[5].platen", "1-3")
    assert "4 platens and serves 3 stages" in fault.remedy
