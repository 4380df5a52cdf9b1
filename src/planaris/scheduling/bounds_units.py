"""Throughput bounds of a tool of polishing units, after docs/reference/design-values.md. Pure."""

from __future__ import annotations

from itertools import pairwise

from planaris.model import CleanerRecipe, Recipe, RobotTimes, SamplingPlan, ToolDescription
from planaris.scheduling.bounds import Bound
from planaris.scheduling.line import visit_s


def unit_cycle_s(tool: ToolDescription, recipe: Recipe, unit: int) -> float:
    """Return the shortest time between two wafers of a unit with one head: t_u + h_u of the design values.

    Its visits, the swings between them and from and to the exchange station, and there unload, head rinse, load and
    chuck; the wet arm changes the wafers during the rinse. A stage is taken on the unit's first platen for it.
    Raises `ValueError` if the unit has no platen for a stage.
    """
    swing_s, cup = tool.units, tool.load_cup
    if swing_s is None:
        raise ValueError(f"tool {tool.name} has no polishing units")
    platens: list[int] = []
    for stage in recipe.platens:
        mine = [n for n in tool.platens_for(stage) if tool.unit_of(n) == unit]
        if not mine:
            raise ValueError(f"unit {unit} of tool {tool.name} has no platen for stage {stage}")
        # A table that serves the next stage too saves a swing.
        platens.append(platens[-1] if platens and platens[-1] in mine else mine[0])
    swings_s = 2 * swing_s.swing_exchange_s + sum(swing_s.swing_table_s for a, b in pairwise(platens) if a != b)
    exchange_s = cup.unload_s + max(cup.head_rinse_s, _change_s(tool.wet_robot)) + cup.load_s + cup.chuck_s
    return sum(visit_s(tool, recipe, stage) for stage in recipe.platens) + swings_s + exchange_s


def _change_s(wet: RobotTimes) -> float:
    """Return how long the wet robot needs at least to take a wafer from a cup and to put the next one in."""
    if wet.arms > 1:
        return wet.swap_s
    return wet.pick_s + wet.move_s + wet.place_s + wet.empty_move_s + wet.pick_s + wet.move_s + wet.place_s


def _serving_units(tool: ToolDescription, recipe: Recipe) -> tuple[int, ...]:
    """Return the units that have a platen for every stage of a recipe."""
    stages = [{tool.unit_of(n) for n in tool.platens_for(stage)} for stage in recipe.platens]
    return tuple(sorted(set[int].intersection(*stages))) if stages else ()


def throughput_bound_units(
    tool: ToolDescription,
    recipe: Recipe,
    cleaner: CleanerRecipe,
    sampling: SamplingPlan,
    slots: tuple[int, ...],
    *,
    metrology: bool = True,
) -> Bound:
    """Return the bound of a lot on a tool of units.

    Rate <= min(sum over units of 3600/(t_u + h_u), 3600/w_r of every other resource); makespan >= the shortest way of
    a wafer plus the cycles that the slowest resource must make besides (design values). Of the robots only picks,
    moves with a wafer and places are counted, and empty moves where one arm alone cannot do without; a station is taken
    while it works, while its wafer is handed on or picked, and the dryer while it is filled. Metrology is counted with
    the sampling plan of the slots.
    """
    measured = metrology and tool.metrology is not None
    dry, wet, cup = tool.dry_robot, tool.wet_robot, tool.load_cup
    dry_transfer_s = dry.pick_s + dry.move_s + dry.place_s
    wet_transfer_s = wet.move_s + (
        min(wet.pick_s + wet.place_s, wet.swap_s) if wet.arms > 1 else wet.pick_s + wet.place_s
    )
    transfers_count = 4 if measured else 3
    cycles_s = [unit_cycle_s(tool, recipe, unit) for unit in _serving_units(tool, recipe)]
    if not cycles_s:
        raise ValueError(f"no unit of tool {tool.name} serves every stage of recipe {recipe.name}")
    units_s = 1.0 / sum(1.0 / cycle_s for cycle_s in cycles_s)
    last = cleaner.stations[-1].station
    cleaner_s = {s.station: s.time_s + tool.cleaner.exchange_s for s in cleaner.stations}
    cleaner_s[last] += dry.pick_s
    busy: dict[str, float] = {
        "dry_robot": transfers_count * dry_transfer_s + (transfers_count * dry.empty_move_s if dry.arms == 1 else 0.0),
        "aligner": tool.aligner_s + dry.place_s + dry.pick_s,
        "wet_robot": _wet_robot_s(wet),
        "units": units_s,
        **cleaner_s,
    }
    plan_s: list[float] = []
    if measured and tool.metrology is not None:
        plan_s = [tool.metrology.time_s_by_plan[sampling.plan_for(slot)] for slot in slots]
        busy["metrology"] = sum(plan_s) / len(plan_s) + dry.place_s + dry.pick_s
    way_s = (
        tool.carrier_map_s + 2 * dry_transfer_s + tool.aligner_s + wet_transfer_s + cup.load_s + cup.chuck_s
        + min(cycles_s) - cup.load_s - cup.chuck_s - max(cup.head_rinse_s, _change_s(wet)) + wet_transfer_s
        + sum(s.time_s for s in cleaner.stations) + tool.cleaner.exchange_s * (len(cleaner.stations) - 1)
        + dry_transfer_s + (min(plan_s) + dry_transfer_s if plan_s else 0.0)
    )  # fmt: skip
    # Of n wafers some unit takes at least its share, one after another; the dryer takes all of them.
    share_count = -(-len(slots) // len(cycles_s))
    makespan_s = way_s + max((share_count - 1) * min(cycles_s), (len(slots) - 1) * busy[last])
    bottleneck = max(busy, key=lambda name: busy[name])
    return Bound(busy, bottleneck, 3600.0 / busy[bottleneck], makespan_s, measured)


def _wet_robot_s(wet: RobotTimes) -> float:
    """Return the wet robot's busy time for a wafer: in and out, which two arms join in one swap."""
    transfer_s = wet.pick_s + wet.move_s + wet.place_s
    if wet.arms == 1:
        return 2 * transfer_s + 2 * wet.empty_move_s
    # Stage to exchange with the fresh one, exchange to cleaner with the polished one, then back to the stage.
    return wet.pick_s + wet.move_s + wet.swap_s + wet.move_s + wet.place_s + wet.empty_move_s
