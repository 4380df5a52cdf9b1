"""Checks of a tool description that follow from its architecture: which parts belong to it, and how many."""

from __future__ import annotations

from planaris.formats.document import Tree, number, table, typed_text, whole_numbers
from planaris.formats.sheet import Sheet, figure
from planaris.model import Architecture

# What only one of the architectures has, with what it is.
_CAROUSEL_PARTS = {"carousel_index_s": "the time of a turn", "load_cup": "the load cup"}
_UNIT_PARTS = {"units": "the polishing units", "route": "the platens of each stage of a recipe"}
# The swing arm's position is a code of the dictionary: the exchange station and this many tables.
TABLES_OF_UNIT = 2


def check_architecture(tree: Tree, sheet: Sheet) -> None:
    """Note parts that are missing or foreign, and counts that do not fit together."""
    architecture = tree.get("architecture")
    if architecture == Architecture.CAROUSEL:
        _check_parts(tree, sheet, "carousel", own=_CAROUSEL_PARTS, foreign=_UNIT_PARTS)
        _check_carousel(tree, sheet)
    elif architecture == Architecture.UNITS:
        _check_parts(tree, sheet, "tool of units", own=_UNIT_PARTS, foreign=_CAROUSEL_PARTS)
        _check_units(tree, sheet)
    for robot in ("dry_robot", "wet_robot"):
        _check_arms(table(tree, robot), robot, sheet)
    _check_flip(table(tree, "wet_robot"), sheet)


def _check_parts(tree: Tree, sheet: Sheet, what: str, *, own: dict[str, str], foreign: dict[str, str]) -> None:
    for key, part in own.items():
        if key not in tree:
            sheet.fault(key, "(missing)", f"a {what} needs {part}", remedy=f"give {key}")
    for key in foreign:
        if key in tree:
            sheet.fault(key, typed_text(tree[key]), f"is no part of a {what}", remedy="leave it out")


def _check_carousel(tree: Tree, sheet: Sheet) -> None:
    heads, platens = tree.get("heads"), tree.get("platens")
    if isinstance(heads, int) and isinstance(platens, int) and heads != platens + 1:
        problem = "a carousel has one head for each platen and one at the load cup"
        sheet.fault("heads", None, problem, limit=str(platens + 1), remedy=f"use {platens + 1} heads")
    if tree.get("stages", 1) != 1:
        sheet.fault("stages", None, "a carousel tool has one stage", limit="1", remedy="leave it out")


def _check_units(tree: Tree, sheet: Sheet) -> None:
    heads, platens, count = tree.get("heads"), tree.get("platens"), table(tree, "units").get("count")
    if not isinstance(count, int) or count < 1:
        return
    if isinstance(heads, int) and heads != count:
        sheet.fault("heads", None, "each unit has one head on its arm", limit=str(count), remedy=f"use {count} heads")
    if not isinstance(platens, int) or platens < 1:
        return
    if platens % count or platens // count > TABLES_OF_UNIT:
        problem = f"cannot be shared by {count} units of at most {TABLES_OF_UNIT} tables each"
        legal = ", ".join(str(count * tables) for tables in range(1, TABLES_OF_UNIT + 1))
        sheet.fault("platens", None, problem, limit=legal, remedy="give each unit as many tables")
    else:
        _check_route(tree.get("route"), sheet, platens, platens // count)


def _check_route(route: object, sheet: Sheet, platens: int, tables_count: int) -> None:
    """Refuse a route whose stages a unit could begin and not end: a wafer stays on its head."""
    if not isinstance(route, list):
        return
    if not route:
        sheet.fault("route", "[]", "no recipe could run", remedy="list the platens of each stage")
    stages = [whole_numbers(stage) for stage in route]
    served = [{(n - 1) // tables_count + 1 for n in stage if 1 <= n <= platens} for stage in stages]
    for index, stage in enumerate(stages):
        path = f"route[{index}]"
        unknown = [n for n in stage if not 1 <= n <= platens]
        if unknown:
            sheet.fault(path, typed_text(route[index]), "no such platen", limit=f"1-{platens}")
        elif not stage:
            sheet.fault(path, typed_text(route[index]), "no platen serves this stage", remedy="list its platens")
        elif len(set(stage)) != len(stage):
            sheet.fault(path, typed_text(route[index]), "a platen stands twice", remedy="give each platen once")
        else:
            lacking = sorted(set[int]().union(*served) - served[index])
            if lacking:
                problem = f"unit {', '.join(map(str, lacking))} serves other stages, but has no platen for this one"
                sheet.fault(path, typed_text(route[index]), problem, remedy="list a platen of each unit in use")


def _check_flip(robot: Tree, sheet: Sheet) -> None:
    """Refuse a turn of the wafer that a declared transfer does not hold: it happens on the way."""
    flip_s, move_s = number(robot, "flip_s"), number(robot, "move_s")
    if flip_s is not None and move_s is not None and flip_s > move_s:
        problem = "a wafer is turned over on its way, within the move"
        remedy = "give a move that holds the turn"
        sheet.fault("wet_robot.flip_s", figure(flip_s), problem, limit=f"<= {figure(move_s)}", unit="s", remedy=remedy)


def _check_arms(robot: Tree, name: str, sheet: Sheet) -> None:
    arms, swap_s = robot.get("arms", 1), number(robot, "swap_s")
    if arms == 2 and swap_s is None:
        sheet.fault(f"{name}.swap_s", None, "is missing for a robot with two arms", unit="s", remedy="give swap_s")
    if arms == 1 and swap_s is not None:
        problem = "a robot with one arm cannot swap"
        sheet.fault(f"{name}.swap_s", None, problem, unit="s", remedy="leave it out, or give arms = 2")
