"""Steps that end by removal: how long each takes at the nominal rate of the film that it polishes."""

from __future__ import annotations

from dataclasses import replace

from planaris.app.endpoints import Endpoints
from planaris.app.nominal import nominal_rate_nm_min
from planaris.formats import JobFiles
from planaris.model import EndKind, FilmStack, InputError, InputFault, PolishStep
from planaris.processes import ProcessPackage


def removals_timed(files: JobFiles, package: ProcessPackage) -> JobFiles:
    """Return the job with each step by removal as one by time, which is what removes so much at the nominal rate.

    Pressure rises over the step's ramp, of which half counts. Raises `InputError` with every step whose film is not
    known or too thin, or whose time does not lie between its earliest and latest.
    """
    recipe, faults = files.recipe, list[InputFault]()
    endpoints = Endpoints(package, files.tool, [files])
    stacks = list(dict.fromkeys(w.stack for w in files.lot.wafers))
    steps = list(recipe.steps)
    for number, step in enumerate(recipe.steps):
        if step.end.kind is EndKind.REMOVAL:
            times_s = [_time_s(files, package, endpoints, stack, number, faults) for stack in stacks]
            steps[number] = replace(step, end=replace(step.end, kind=EndKind.TIME, time_s=times_s[0]))
    if faults:
        raise InputError(recipe.name, tuple(dict.fromkeys(faults)))
    return replace(files, recipe=replace(recipe, steps=tuple(steps)))


def _time_s(
    files: JobFiles,
    package: ProcessPackage,
    endpoints: Endpoints,
    stack: FilmStack,
    number: int,
    faults: list[InputFault],
) -> float:
    step: PolishStep = files.recipe.steps[number]
    at, wanted_nm = f"steps[{number}].end.", step.end.removal_nm
    assert wanted_nm is not None, "the recipe's edge asks for it"
    context = endpoints.context(stack, files.recipe, number)
    shown = f"{wanted_nm:g}"
    if context is None:
        problem, remedy = "nothing is left of the wafer's films when this step begins", "shorten the steps before"
        faults.append(InputFault(at + "removal_nm", shown, problem, unit="nm", remedy=remedy))
        return step.end.time_s
    top = context.films.top
    if wanted_nm >= top.thickness_nm:
        problem, remedy = f"is all of the {top.material} that is left", "end the step by an endpoint that clears"
        faults.append(InputFault(at + "removal_nm", shown, problem, f"< {top.thickness_nm:.4g}", "nm", remedy))
    rate_nm_min = nominal_rate_nm_min(package, files.tool, step, top.material)
    time_s = round(60.0 * wanted_nm / max(rate_nm_min, 1e-9) + 0.5 * step.ramp_s, 1)
    if not step.end.min_s <= time_s <= step.end.max_s:
        problem = f"takes {time_s:.4g} s at the nominal {rate_nm_min:.4g} nm/min of {top.material}"
        limit = f"{step.end.min_s:g} to {step.end.max_s:g} s"
        faults.append(InputFault(at + "removal_nm", shown, problem, limit, "nm", "change removal, pressure or times"))
    return time_s
