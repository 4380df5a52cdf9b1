"""Steps that end by removal: how long each takes at the nominal rate of the film that it polishes."""

from __future__ import annotations

from planaris.control import StepContext
from planaris.model import InputFault, PolishStep


def removal_time_s(step: PolishStep, context: StepContext) -> float:
    """Return how long a step by removal takes; pressure rises over its ramp, of which half counts."""
    assert step.end.removal_nm is not None, "the recipe's edge asks for it"
    return round(60.0 * step.end.removal_nm / max(context.rate_nm_min, 1e-9) + 0.5 * step.ramp_s, 1)


def removal_faults(step: PolishStep, context: StepContext, at: str) -> list[InputFault]:
    """Return why a step by removal cannot be: its film is too thin, or its time not between earliest and latest."""
    end, top = step.end, context.films.top
    assert end.removal_nm is not None, "the recipe's edge asks for it"
    shown, faults = f"{end.removal_nm:g}", list[InputFault]()
    if end.removal_nm >= top.thickness_nm:
        problem, remedy = f"is all of the {top.material} that is left", "end the step by an endpoint that clears"
        faults.append(InputFault(at + "removal_nm", shown, problem, f"< {top.thickness_nm:.4g}", "nm", remedy))
    time_s = removal_time_s(step, context)
    if not end.min_s <= time_s <= end.max_s:
        problem = f"takes {time_s:.4g} s at the nominal {context.rate_nm_min:.4g} nm/min of {top.material}"
        limit = f"{end.min_s:g} to {end.max_s:g} s"
        faults.append(InputFault(at + "removal_nm", shown, problem, limit, "nm", "change removal, pressure or times"))
    return faults
