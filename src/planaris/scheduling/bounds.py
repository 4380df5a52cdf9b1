"""Throughput bounds of a tool and recipe, after docs/reference/design-values.md. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planaris.model import CleanerRecipe, Recipe, SamplingPlan, ToolDescription
from planaris.scheduling.line import visit_s


@dataclass(frozen=True, slots=True)
class Bound:
    """Busy seconds a wafer for each resource, and what follows: no schedule can be faster."""

    busy_s: Mapping[str, float]
    bottleneck: str
    wafers_per_h: float
    lot_makespan_s: float
    includes_metrology: bool


def throughput_bound(
    tool: ToolDescription,
    recipe: Recipe,
    cleaner: CleanerRecipe,
    sampling: SamplingPlan,
    slots: tuple[int, ...],
    *,
    metrology: bool = True,
) -> Bound:
    """Return the bound of a lot on the carousel tool.

    Rate <= 3600/max_r(w_r) and makespan >= max_r(head_r + N w_r + tail_r), head and tail being the shortest times
    before and after a resource (design values). The robots' busy times are pick, move, place and the fewest
    empty moves. Metrology is counted with the sampling plan of the slots.
    """
    measured = metrology and tool.metrology is not None
    dry, wet, cup = tool.dry_robot, tool.wet_robot, tool.load_cup
    dry_transfer_s = dry.pick_s + dry.move_s + dry.place_s
    wet_transfer_s = wet.pick_s + wet.move_s + wet.place_s
    dry_transfers = 4 if measured else 3
    platens_s = [visit_s(tool, recipe, platen) for platen in recipe.platens]
    # Served in turn at one cup by one wet arm: unload, out, in, load, chuck; the head rinse hides behind the arm.
    exchange_s = cup.unload_s + wet_transfer_s + wet_transfer_s + cup.load_s + cup.chuck_s
    cup_s = max(cup.unload_s + cup.head_rinse_s + cup.load_s + cup.chuck_s, exchange_s)
    cleaner_s = {s.station: s.time_s + tool.cleaner.exchange_s for s in cleaner.stations}
    busy: dict[str, float] = {
        "dry_robot": dry_transfers * dry_transfer_s + dry_transfers * dry.empty_move_s,
        "aligner": tool.aligner_s + dry.place_s + dry.pick_s,
        "wet_robot": 2 * wet_transfer_s + 2 * wet.empty_move_s,
        "carousel": tool.carousel_index_s + max([*platens_s, cup_s]),
        **cleaner_s,
    }
    plan_s: list[float] = []
    if measured and tool.metrology is not None:
        times = tool.metrology.time_s_by_plan
        plan_s = [times[sampling.plan_for(slot)] for slot in slots]
        busy["metrology"] = sum(plan_s) / len(plan_s) + dry.place_s + dry.pick_s
    before_s = {
        "carousel": tool.carrier_map_s + 2 * dry_transfer_s + tool.aligner_s + wet_transfer_s + cup.load_s + cup.chuck_s
    }
    index_s = tool.carousel_index_s
    polish_path_s = sum(platens_s) + index_s * (len(platens_s) + 1) + cup.unload_s + wet_transfer_s
    clean_path_s = sum(s.time_s for s in cleaner.stations) + tool.cleaner.exchange_s * (len(cleaner.stations) - 1)
    after_clean_s = dry_transfer_s + (min(plan_s) + dry_transfer_s if plan_s else 0.0)
    n = len(slots)
    to_dryer_s = before_s["carousel"] + polish_path_s + clean_path_s - cleaner.stations[-1].time_s
    makespans = {
        # Only the platens' part of a cycle: the first wafers find the load cup empty, the last leave it so.
        "carousel": before_s["carousel"]
        + (n - 1) * (index_s + max(platens_s, default=0.0))
        + polish_path_s
        + clean_path_s
        + after_clean_s,
        "dryer": to_dryer_s
        + cleaner.stations[-1].time_s
        + (n - 1) * busy[cleaner.stations[-1].station]
        + after_clean_s,
    }
    bottleneck = max(busy, key=lambda name: busy[name])
    return Bound(busy, bottleneck, 3600.0 / busy[bottleneck], max(makespans.values()), measured)
