"""A recorded trace through the detector of a recipe's step: from files to what the detector said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from planaris.app.endpoint_replay import EndpointReplay, blocks_of, hears_fast, replay
from planaris.app.endpoints import Endpoints, incoming_films
from planaris.app.recorded_visits import RecordedFiles, column_faults, read_visit
from planaris.control import StepContext, detector_of, step_faults
from planaris.formats import load_lot, load_recipe, load_tool
from planaris.model import (
    EndKind,
    FilmStack,
    InputError,
    InputFault,
    Layer,
    Lot,
    PolishStep,
    Recipe,
    ToolDescription,
)
from planaris.modules import StepControl
from planaris.processes import load_package

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class TrialRequest:
    """What to play through what. ``step`` is a step's name or its number as in ``steps[N]``, None for the trace's own.

    ``film_nm`` is the nominal thickness of the top film before the recipe's first step; None takes the lot's.
    """

    trace: Path
    recipe: Path
    lot: Path | None = None
    step: str | None = None
    tool: str | None = None
    film_nm: float | None = None


@dataclass(frozen=True, slots=True)
class EndpointTrial:
    """A replay with what it was of.

    ``film`` and ``film_nm`` are the top film as the detector expects it at the step's start; ``recorded_end_s`` when
    the recorded step ended, None where the trace does not say.
    """

    files: tuple[Path, ...]
    wafer_id: str
    recipe: str
    number: int
    step: PolishStep
    film: str
    film_nm: float
    start_s: float
    recorded_end_s: float | None
    replay: EndpointReplay
    notes: tuple[str, ...]

    @property
    def detectors(self) -> tuple[str, ...]:
        """The detectors that decided."""
        end = self.step.end
        return tuple(d.detector.value for d in end.detectors) if end.kind is EndKind.ENDPOINT else (end.kind.value,)


def try_endpoint(request: TrialRequest) -> EndpointTrial:
    """Play a trace through a step's detector. Raises `InputError` with every fault of all files and options."""
    faults: list[InputFault] = []
    tool = _attempt(lambda: load_tool(request.tool), faults, "tool")
    recipe = _attempt(lambda: load_recipe(request.recipe, tool), faults, "recipe")
    path = request.lot
    lot = None if path is None else _attempt(lambda: load_lot(path).lot, faults, "lot")
    found = _attempt(lambda: read_visit(request.trace), faults)
    if request.film_nm is not None and not 0.0 < request.film_nm < float("inf"):
        value, remedy = f"{request.film_nm:g}", "give the film's nominal thickness"
        faults.append(InputFault("--film-nm", value, "is no thickness", "> 0", "nm", remedy))
    elif request.film_nm is None and request.lot is None:
        remedy = "give --lot with the wafer's incoming map, or --film-nm with the nominal film before the first step"
        faults.append(InputFault("--film-nm", "(missing)", "nobody says how thick the wafer's film was", remedy=remedy))
    number = _step_number(request.step, recipe, found, faults) if recipe is not None else None
    stack = None
    if recipe is not None and found is not None and (lot is not None or request.lot is None):
        stack = _films(request.film_nm, lot, found.wafer_id, recipe, faults)
    if recipe is not None and tool is not None and number is not None:
        context = None if stack is None else _context(recipe, tool, stack, number, faults)
        if found is not None:
            lasers = 2 if tool.endpoint_sensors is None else len(tool.endpoint_sensors.laser_wavelength_nm)
            end = recipe.steps[number].end
            faults += column_faults(found, end, lasers, 256 if context is None else len(context.wavelength_nm))
            if not faults and context is not None:
                return _play(recipe, number, context, found, str(request.trace))
    raise InputError(str(request.trace), tuple(faults))


def _play(recipe: Recipe, number: int, context: StepContext, found: RecordedFiles, source: str) -> EndpointTrial:
    step, notes = recipe.steps[number], list(found.notes)
    span = next((s for s in found.spans if s.name == step.name), None)
    if span is None:
        notes.append("the trace says nothing of steps: the step is taken to begin with its first sample")
    if found.recipe and found.recipe != recipe.name:
        notes.append(f"the trace was recorded with recipe {found.recipe}, not {recipe.name}")
    played = found.whole if span is None else span
    if next(blocks_of(found.visit, played, fast=hears_fast(found.visit, step.end)), None) is None:
        problem, value = "has no samples of the step", f"{played.start_s:g}-{played.end_s:g}"
        raise InputError(source, (InputFault(f"TRACE: {step.name}", value, problem, "", "s", "give another trace"),))
    said = replay(found.visit, step.end, StepControl(detector_of(step.end, context)), played)
    top, recorded_end_s = context.films.top, None if span is None else span.end_s
    return EndpointTrial(
        found.files, found.wafer_id, recipe.name, number, step, top.material, top.thickness_nm, played.start_s,
        recorded_end_s, said, tuple(notes),
    )  # fmt: skip


def _attempt(load: Callable[[], _T], faults: list[InputFault], label: str = "") -> _T | None:
    try:
        return load()
    except InputError as error:
        faults += [replace(f, path=f"{label}: {f.path}" if label else f.path) for f in error.faults]
        return None


def _step_number(
    wanted: str | None, recipe: Recipe, found: RecordedFiles | None, faults: list[InputFault]
) -> int | None:
    """Return which of the recipe's steps is meant; None, and a fault, where none or several are."""
    names = [s.name for s in recipe.steps]
    recorded = None if found is None or not found.spans else [s.name for s in found.spans]
    if wanted is not None:
        number = names.index(wanted) if wanted in names else int(wanted) if wanted.isdecimal() else -1
        if not 0 <= number < len(names):
            listed = ", ".join(f"{n} {name}" for n, name in enumerate(names))
            faults.append(InputFault("--step", wanted, "is no step of the recipe", listed, remedy="name one of them"))
            return None
        if recorded is not None and names[number] not in recorded:
            problem, remedy = "is not in the trace", "give the trace of the platen where it was polished"
            faults.append(InputFault("--step", wanted, problem, ", ".join(recorded), remedy=remedy))
        return number
    if found is None:
        return None
    ending = [n for n, s in enumerate(recipe.steps) if s.end.kind is EndKind.ENDPOINT]
    there = [n for n in ending if recorded is None or names[n] in recorded]
    if len(there) == 1:
        return there[0]
    listed = ", ".join(names[n] for n in ending) or "none"
    if there:
        listed, problem = ", ".join(names[n] for n in there), "several steps of the trace end by endpoint"
    elif recorded is None or not ending:
        problem = "the recipe has no step that ends by endpoint"
    else:
        problem = f"no endpoint step of the recipe is in the trace, which has {', '.join(recorded)}"
    faults.append(InputFault("--step", "(missing)", problem, listed, remedy="name a step with --step"))
    return None


def _films(
    film_nm: float | None, lot: Lot | None, wafer_id: str, recipe: Recipe, faults: list[InputFault]
) -> FilmStack | None:
    """Return the wafer's nominal films before the first step; a thickness that was typed goes before the lot's."""
    if lot is None:
        return None if film_nm is None or not film_nm > 0.0 else FilmStack((Layer(recipe.film, film_nm),))
    wafer = next((w for w in lot.wafers if w.wafer_id == wafer_id), None)
    if wafer is None:
        remedy = "give the wafer's own lot, or leave --lot out and give --film-nm"
        problem = f"the trace's wafer is not in lot {lot.lot_id}"
        faults.append(InputFault("TRACE: wafer_id", wafer_id or "(missing)", problem, remedy=remedy))
        return None
    stack = incoming_films(lot, wafer)
    if stack.top.material != recipe.film:
        problem = "the lot's top film is not the one the recipe polishes"
        remedy = "use another recipe or lot"
        faults.append(InputFault(f"lot: wafer {wafer_id}", stack.top.material, problem, recipe.film, remedy=remedy))
        return None
    if film_nm is None or not film_nm > 0.0:
        return stack
    return replace(stack, layers=(Layer(stack.top.material, film_nm), *stack.layers[1:]))


def _context(
    recipe: Recipe, tool: ToolDescription, stack: FilmStack, number: int, faults: list[InputFault]
) -> StepContext | None:
    step, at = recipe.steps[number], f"recipe: steps[{number}].end."
    context = Endpoints(load_package(recipe.process_package), tool, []).context(stack, recipe, number)
    if context is None:
        problem, remedy = "nothing is left of the wafer's films when this step begins", "give a thicker film"
        faults.append(InputFault(at + "detectors", step.name, problem, remedy=remedy))
        return None
    faults += step_faults(step.end, context, at)
    return context
