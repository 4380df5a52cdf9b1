"""Facts about a run that stand beside its events in run.db."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any

from planaris.formats import JobFiles, recipe_hash
from planaris.processes import ProcessPackage
from planaris.scheduling import Bound
from planaris.stream import Committed, LotEnded, LotStarted, WaferFinished


def plain(value: object) -> Any:
    """Return dataclasses, mappings and tuples as plain JSON values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, tuple | list | frozenset):
        return [plain(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def description_facts(job: JobFiles, package: ProcessPackage) -> dict[str, str]:
    """Return what was asked for, as run.db's meta values."""
    recipe = job.recipe
    return {
        "lot_id": job.lot.lot_id,
        "recipe": json.dumps(plain(recipe), ensure_ascii=False),
        "recipe_hash": recipe_hash(recipe),
        "cleaner_recipe_hash": recipe_hash(job.cleaner),
        "cleaner_recipe": json.dumps(plain(job.cleaner), ensure_ascii=False),
        "tool_description": json.dumps(plain(job.tool), ensure_ascii=False),
        "sampling": json.dumps(plain(job.lot.sampling)),
        "process_package": json.dumps(package.as_rows(), ensure_ascii=False),
        "process_package_name": f"{package.name} {package.version}: {package.title}",
        "targets": json.dumps(
            {
                "target_removal_nm": recipe.target_removal_nm,
                "removal_tolerance_pct": recipe.removal_tolerance_pct,
                "wiwnu_limit_pct": recipe.wiwnu_limit_pct,
                "edge_exclusion_mm": recipe.edge_exclusion_mm,
            }
        ),
    }


def taken_from_library(job: JobFiles) -> dict[str, str]:
    """Return which versions of the recipe library a job uses, '' for a recipe of a file, as run.db's meta values."""
    files = {"recipe": job.lot_file.recipe_path, "cleaner_recipe": job.lot_file.cleaner_path}
    recipes = {"recipe": job.recipe, "cleaner_recipe": job.cleaner}
    return {
        f"{key}_taken": f"{recipes[key].name}@{recipe_hash(recipes[key])}" if path is None else ""
        for key, path in files.items()
    }


class LotClock:
    """Listener that notes when a lot began, when its wafers came back and when it ended."""

    def __init__(self) -> None:
        self.started_s = self.ended_s = 0.0
        self.returned_s: list[float] = []

    def __call__(self, batch: Iterable[Committed]) -> None:
        for item in batch:
            if isinstance(item.event, LotStarted):
                self.started_s = item.time_s
            elif isinstance(item.event, WaferFinished):
                self.returned_s.append(item.time_s)
            elif isinstance(item.event, LotEnded):
                self.ended_s = item.time_s

    def wafers_per_h(self) -> float:
        """Return the steady rate: wafers after the first over the time from first to last return."""
        n = len(self.returned_s)
        span_s = self.returned_s[-1] - self.returned_s[0] if n else 0.0
        return 3600.0 * (n - 1) / span_s if span_s > 0 else 0.0


def bound_facts(bound: Bound, clock: LotClock, carrier_map_s: float) -> dict[str, Any]:
    """Return the bound, what was achieved, and their ratios."""
    rate = clock.wafers_per_h()
    makespan_s = clock.ended_s - clock.started_s + carrier_map_s
    return {
        "busy_s": dict(bound.busy_s),
        "bottleneck": bound.bottleneck,
        "bound_wafers_per_h": bound.wafers_per_h,
        "bound_makespan_s": bound.lot_makespan_s,
        "includes_metrology": bound.includes_metrology,
        "wafers_per_h": rate,
        "makespan_s": makespan_s,
        "rate_ratio": rate / bound.wafers_per_h,
        "makespan_ratio": bound.lot_makespan_s / makespan_s if makespan_s > 0 else 0.0,
    }
