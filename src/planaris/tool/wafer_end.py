"""A wafer's end: it is back in its slot, what was measured is judged and told."""

from __future__ import annotations

import math

from planaris.model import SITE_PLANS, WaferResult
from planaris.stream import WaferFinished
from planaris.tool.jobs import Job
from planaris.tool.progress import WaferProgress
from planaris.tool.results import evaluate
from planaris.tool.tool import Tool


def finish_wafer(tool: Tool, job: Job, p: WaferProgress) -> float:
    """Tell that a wafer is back, judge its result against the recipe and return its removal in nm, NaN if unknown."""
    p.finished = True
    incoming = job.incoming.get(p.wafer.wafer_id)
    nan = math.nan
    result = None
    if incoming is not None and p.post_nm and p.head:
        result = evaluate(p.wafer, p.head, job.recipe, incoming, SITE_PLANS[p.plan], p.post_nm)
        if not p.cut_short:  # what was not polished in full is marked already
            _judge(tool, job, p, result)
    tool.stream.publish(
        WaferFinished(
            wafer_id=p.wafer.wafer_id,
            slot=p.wafer.slot,
            head=p.head,
            kind=p.wafer.kind,
            sites_count=result.sites_count if result else 0,
            incoming_nm=_round(result.incoming_nm if result else nan),
            post_nm=_round(result.post_nm if result else nan),
            removal_nm=_round(result.removal_nm if result else nan),
            wiwnu_pct=_round(result.wiwnu_pct if result else nan),
            range_pct=_round(result.range_pct if result else nan),
            polish_s=_round(p.polish_s),
            wait_s=_round(p.wait_s),
            wet_s=_round(p.wet_s),
            polish_to_clean_s=_round(p.polish_to_clean_s),
            slurry_ml=_round(p.slurry_ml),
            di_water_ml=_round(p.di_water_ml),
        )
    )
    tool.run_to_run.labelled(job, p)
    return result.removal_nm if result else nan


def _judge(tool: Tool, job: Job, p: WaferProgress, result: WaferResult) -> None:
    recipe, wafer_id, wiwnu_pct = job.recipe, p.wafer.wafer_id, result.wiwnu_pct
    target_nm = recipe.target_removal_nm
    if recipe.run_to_run is not None and recipe.run_to_run.target_post_nm is not None:
        # What is to be left is the target then: what came in thicker is to lose more.
        target_nm = result.incoming_nm - recipe.run_to_run.target_post_nm
    off_pct = 100.0 * (result.removal_nm - target_nm) / recipe.target_removal_nm
    if abs(off_pct) > recipe.removal_tolerance_pct:
        detail = f"{wafer_id}: removal {result.removal_nm:.1f} nm is {off_pct:+.1f} % off {target_nm:g} nm"
        _alarm(tool, "removal_out_of_target", detail, wafer_id)
    if wiwnu_pct > recipe.wiwnu_limit_pct:
        detail = f"{wafer_id}: WIWNU {wiwnu_pct:.2f} % is above {recipe.wiwnu_limit_pct:g} %"
        _alarm(tool, "wiwnu_out_of_limit", detail, wafer_id)


def _alarm(tool: Tool, alarm: str, detail: str, wafer_id: str) -> None:
    tool.alarms.set(alarm, "metrology", tool.alarms.severity_of(alarm), detail, wafer_id)


def _round(value: float) -> float:
    return round(value, 6)
