"""Released parameters of a recipe: how they are named in events, and a recipe with other values of them."""

from __future__ import annotations

from dataclasses import replace

from planaris.control import Actuator, Order
from planaris.model import Recipe

_BETWEEN, _ZONE = "; ", " zone "

Told = tuple[str, tuple[float, ...], tuple[float, ...], str, tuple[float, ...], tuple[float, ...]]
"""Names of times, their values before and after in s; names of pressures, theirs in kPa."""


def names_of(recipe: Recipe, times: tuple[Actuator, ...], pressures: tuple[Actuator, ...]) -> Told:
    """Return names with no values yet."""
    return (
        _BETWEEN.join(recipe.steps[a.step].name for a in times), (), (),
        _BETWEEN.join(f"{recipe.steps[a.step].name}{_ZONE}{(a.zone or 0) + 1}" for a in pressures), (), (),
    )  # fmt: skip


def before_after(recipe: Recipe, parameters: tuple[Actuator, ...], order: Order) -> Told:
    """Return what an order does to each parameter. Times stand first among ``parameters``."""
    count = sum(a.zone is None for a in parameters)
    times, _, _, pressures, _, _ = names_of(recipe, parameters[:count], parameters[count:])
    before, after = order.before, order.values
    return times, before[:count], after[:count], pressures, before[count:], after[count:]


def with_values(
    recipe: Recipe, times: str, time_s: tuple[float, ...], pressures: str, pressure_kPa: tuple[float, ...]
) -> Recipe:
    """Return a recipe with values of parameters named as `names_of` does."""
    steps = {step.name: step for step in recipe.steps}
    for name, value in zip(times.split(_BETWEEN) if times else (), time_s, strict=True):
        step = steps[name]
        steps[name] = replace(step, end=replace(step.end, time_s=value))
    for name, value in zip(pressures.split(_BETWEEN) if pressures else (), pressure_kPa, strict=True):
        step_name, _, zone = name.rpartition(_ZONE)
        zones = list(steps[step_name].zone_pressure_kPa)
        zones[int(zone) - 1] = value
        steps[step_name] = replace(steps[step_name], zone_pressure_kPa=tuple(zones))
    return replace(recipe, steps=tuple(steps[step.name] for step in recipe.steps))
