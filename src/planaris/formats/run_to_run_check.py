"""Checks of what a recipe releases to run-to-run control: the steps it names, limits about their values, weights."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from planaris.formats.document import Tree, number, table, tables
from planaris.formats.sheet import Sheet, figure
from planaris.model import EndKind, RunToRunMethod, StepKind, ToolDescription

_WEIGHTS = ("weight_fraction", "trend_weight_fraction", "head_weight_fraction")
# Weights that a method needs, and those it takes besides.
_NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        RunToRunMethod.EWMA: ("weight_fraction",),
        RunToRunMethod.DOUBLE_EWMA: ("weight_fraction", "trend_weight_fraction"),
        RunToRunMethod.STATE_SPACE: (),
    }
)
_TAKES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        RunToRunMethod.EWMA: ("head_weight_fraction",),
        RunToRunMethod.DOUBLE_EWMA: ("head_weight_fraction",),
        RunToRunMethod.STATE_SPACE: (),
    }
)


def check_run_to_run(tree: Tree, sheet: Sheet, tool: ToolDescription | None) -> None:
    """Note every fault of ``[run_to_run]``; works on whatever part of the tree is legible."""
    declared = table(tree, "run_to_run")
    if not declared:
        return
    _check_weights(declared, sheet)
    late = (number(declared, "label_delay_count") or 0.0) + (number(declared, "label_every_count") or 1.0)
    stale = number(declared, "stale_count")
    if late >= (150.0 if stale is None else stale):
        problem = "is reached by every label of this delay and sampling: control would be held for good"
        sheet.fault("run_to_run.stale_count", None, problem, limit=f"> {figure(late)}", remedy="raise it")
    steps = {str(step.get("name")): step for _, step in tables(tree, "steps")}
    for index, step in tables(tree, "steps"):
        end = table(step, "end").get("kind")
        if step.get("kind", StepKind.POLISH) != StepKind.RINSE and end not in (None, EndKind.TIME):
            problem = f"ends by {end}: what is left then is not run-to-run control's"
            remedy = "end every polish step by time, or leave [run_to_run] out"
            sheet.fault(f"steps[{index}].end.kind", None, problem, limit="time", remedy=remedy)
    seen: dict[tuple[str, object], str] = {}
    for index, entry in tables(declared, "times"):
        at = f"run_to_run.times[{index}]."
        step = _step_of(entry, at, steps, sheet, seen, None)
        _check_limits(entry, at, "s", None if step is None else number(table(step, "end"), "time_s"), sheet)
        if step is not None:
            _check_within_end(entry, at, table(step, "end"), sheet)
    for index, entry in tables(declared, "pressures"):
        at = f"run_to_run.pressures[{index}]."
        step = _step_of(entry, at, steps, sheet, seen, entry.get("zone"))
        _check_limits(entry, at, "kPa", _pressure(step, entry, at, sheet), sheet)
        if tool is not None:
            _check_within_tool(entry, at, tool, sheet)


def _check_weights(declared: Tree, sheet: Sheet) -> None:
    method = declared.get("method")
    if not isinstance(method, str) or method not in _NEEDS:
        return  # told by the edge
    for key in _NEEDS[method]:
        if key not in declared:
            sheet.fault(f"run_to_run.{key}", None, f"is missing for {method}", remedy=f"give {key}")
    for key in _WEIGHTS:
        if key in declared and key not in (*_NEEDS[method], *_TAKES[method]):
            limit = ", ".join((*_NEEDS[method], *_TAKES[method])) or "none"
            sheet.fault(f"run_to_run.{key}", None, f"means nothing to {method}", limit=limit, remedy="leave it out")


def _step_of(
    entry: Tree, at: str, steps: Mapping[str, Tree], sheet: Sheet, seen: dict[tuple[str, object], str], zone: object
) -> Tree | None:
    """Return the polish step that an entry names, None where it names none that may be released."""
    name = entry.get("step")
    if not isinstance(name, str):
        return None
    if name not in steps:
        sheet.unknown_name(at + "step", name, "step", list(steps))
        return None
    if (first := seen.setdefault((name, zone), at)) != at:
        sheet.fault(at + "step", None, f"is released already by {first.rstrip('.')}", remedy="keep one")
    if steps[name].get("kind", StepKind.POLISH) == StepKind.RINSE:
        sheet.fault(at + "step", None, "is a rinse, which removes nothing", remedy="name a polish step")
        return None
    return steps[name]


def _check_limits(entry: Tree, at: str, unit: str, value: float | None, sheet: Sheet) -> None:
    low, high = number(entry, f"min_{unit}"), number(entry, f"max_{unit}")
    if low is not None and high is not None and low > high:
        sheet.fault(f"{at}min_{unit}", None, "is above the highest value", limit=f"<= {figure(high)}", unit=unit)
    elif value is not None:
        if low is not None and value < low:
            problem = f"is above the recipe's own value {figure(value)}"
            sheet.fault(f"{at}min_{unit}", None, problem, limit=f"<= {figure(value)}", unit=unit)
        if high is not None and value > high:
            problem = f"is below the recipe's own value {figure(value)}"
            sheet.fault(f"{at}max_{unit}", None, problem, limit=f">= {figure(value)}", unit=unit)
    band, step = number(entry, f"dead_band_{unit}"), number(entry, f"max_step_{unit}")
    if band is not None and step is not None and band >= step:
        problem = "leaves no move: it is not less than the largest step"
        sheet.fault(f"{at}dead_band_{unit}", None, problem, limit=f"< {figure(step)}", unit=unit)


def _check_within_end(entry: Tree, at: str, end: Tree, sheet: Sheet) -> None:
    """The step's own earliest and latest time hold for control too."""
    low, high = number(entry, "min_s"), number(entry, "max_s")
    earliest, latest = number(end, "min_s"), number(end, "max_s")
    if low is not None and earliest is not None and low < earliest:
        problem = "is before the step's earliest end"
        sheet.fault(at + "min_s", None, problem, limit=f">= {figure(earliest)}", unit="s")
    if high is not None and latest is not None and high > latest:
        problem = "is after the step's latest end"
        sheet.fault(at + "max_s", None, problem, limit=f"<= {figure(latest)}", unit="s")


def _pressure(step: Tree | None, entry: Tree, at: str, sheet: Sheet) -> float | None:
    """Return the recipe's own pressure of a released zone; note a zone that is not there."""
    zones, zone = None if step is None else step.get("zone_pressure_kPa"), entry.get("zone")
    if not isinstance(zones, list) or not isinstance(zone, int) or zone < 1:
        return None
    if zone > len(zones):
        sheet.fault(at + "zone", None, "no such zone", limit=f"1-{len(zones)}")
        return None
    if step is not None and table(step, "zone_control"):
        problem, remedy = "is moved by the step's zone_control already", "leave one of the two out"
        sheet.fault(at + "zone", None, problem, remedy=remedy)
    value = zones[zone - 1]
    return float(value) if isinstance(value, int | float) else None


def _check_within_tool(entry: Tree, at: str, tool: ToolDescription, sheet: Sheet) -> None:
    limit = next((r for r in tool.ranges if r.name == "zone_pressure_kPa"), None)
    for key in ("min_kPa", "max_kPa"):
        value = number(entry, key)
        if limit is not None and value is not None:
            sheet.check_range(at + key, value, limit.minimum, limit.maximum, f"out of range of tool {tool.name}")
