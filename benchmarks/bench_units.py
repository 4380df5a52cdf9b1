"""Reference tool B, 100 wafers of one- and two-stage recipes: how near it comes to the bound that no schedule beats."""

from __future__ import annotations

from dataclasses import replace

from benchmark_result import Better, Result
from planaris.formats import load_tool
from planaris.scheduling import throughput_bound_units
from steady_lots import example, run_steady, staged

NAME = "units"
AIM_RATIO = 0.97
SPREAD_S = 10.0
# Polish of each stage and rinse, seconds: the reference step of tool B, and two of tool A's.
ROUTES = {"one stage": ((90.0,), 15.0), "two stages": ((40.0, 40.0), 6.0)}


def run() -> list[Result]:
    """Run four lots for each route, without metrology and with nine points on every wafer."""
    results: list[Result] = []
    described = load_tool("tool_b")
    for label, (polish_s, rinse_s) in ROUTES.items():
        for measured in (False, True):
            tool = described if measured else replace(described, metrology=None)
            job = example(tool)
            recipe = staged(job.recipe, polish_s, rinse_s)
            sampling = replace(job.lot.sampling, dense_slots=())
            slots = tuple(w.slot for w in job.lot.wafers)
            bound = throughput_bound_units(tool, recipe, job.cleaner, sampling, slots)
            steady = run_steady(job, recipe)
            name = f"{label}, {'9 points' if measured else 'not measured'}"
            rate, wait_s = steady.wafers_per_h, max(steady.to_clean_s)
            limit_s = recipe.wet_limits.polish_to_clean_s
            results += [
                Result(f"{name}: rate / bound", rate / bound.wafers_per_h, "x", AIM_RATIO, Better.MORE,
                       f"aim; {rate:.1f} of {bound.wafers_per_h:.1f} wafers/h, {bound.bottleneck}"),
                Result(f"{name}: longest polish to clean", wait_s, "s", limit_s, Better.LESS, "the recipe's limit"),
                Result(f"{name}: its spread", steady.spread_s, "s", SPREAD_S, Better.LESS, "aim; 95th percentile"),
                Result(f"{name}: alarms", len(steady.alarms), "", 0.0, Better.LESS, "; ".join(steady.alarms[:3])),
            ]  # fmt: skip
    return results
