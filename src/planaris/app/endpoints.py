"""What detectors may know beforehand: nominal films, rate and friction of a lot's steps, from package, lot and tool.

Nothing here comes from the twin: the estimators start from what a process engineer has on paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from planaris.app.nominal import friction_step_fraction, nominal_rate_nm_min
from planaris.app.removals import removal_faults, removal_time_s
from planaris.control import (
    DelayPath,
    Expectation,
    FieldGeometry,
    StepContext,
    WindowTrack,
    detector_of,
    step_faults,
    zone_control_of,
)
from planaris.formats import JobFiles
from planaris.model import (
    DetectorKind,
    DetectorSetting,
    EndKind,
    FilmStack,
    InputError,
    InputFault,
    Layer,
    Lot,
    PolishStep,
    Recipe,
    StepEnd,
    StepKind,
    ToolDescription,
    Wafer,
)
from planaris.modules import StepControl
from planaris.processes import ProcessPackage

# Detectors that say what is left of a film, and those that say that it is gone.
_TO_TARGET = frozenset({DetectorKind.SPECTRUM, DetectorKind.FRINGE, DetectorKind.EDDY})
_TO_CLEAR = frozenset({DetectorKind.REFLECTANCE, DetectorKind.FRICTION})
# What a cut-off step has removed is known to this share; of its way so much is taken as left at least [design].
_REMOVED_FRACTION, _LEFT_FRACTION = 0.3, 0.1
# Controls of steps that are kept ready: those of a lot's wafers, whose films differ [design].
READY_COUNT = 128


def path_after(recipe: Recipe, number: int) -> DelayPath:
    """Return the way of a stop: after it pressure goes over the next step's ramp to that step's own.

    What follows a step by endpoint is charged to it: half of the ramp at full rate, and a rinse at its low pressure for
    as long as slurry is still under the wafer [design: 1.5 s].
    """
    path = DelayPath()
    following = recipe.steps[number + 1] if number + 1 < len(recipe.steps) else None
    here = recipe.steps[number]
    if following is None or following.platen != here.platen:
        return path
    ratio = _mean_kPa(following) / max(_mean_kPa(here), 1e-9)
    share = 0.5 * (1.0 + min(ratio, 1.0))
    rest_s = min(ratio, 1.0) * 1.5 if following.kind is StepKind.RINSE else 0.0
    ramp_s = max(following.ramp_s, 0.1)
    return replace(path, lift_ramp_s=ramp_s, share_fraction=share + rest_s / ramp_s)


def _mean_kPa(step: PolishStep) -> float:
    return sum(step.zone_pressure_kPa) / len(step.zone_pressure_kPa)


def rest_of(end: StepEnd, context: StepContext, into_s: float) -> tuple[StepEnd, StepContext]:
    """Return a step's end and what is known at its start once it was polished for ``into_s`` and cut off.

    Times are what is left of them. The film is what the nominal rate leaves, and the wafer, which is no new one, is
    recognised within what is not known of that.
    """
    top = context.films.top
    target_nm = max((d.target_nm for d in end.detectors if d.target_nm is not None), default=0.0)
    least_nm = target_nm + _LEFT_FRACTION * (top.thickness_nm - target_nm)
    left_nm = max(top.thickness_nm - context.rate_nm_min * into_s / 60.0, least_nm)
    more_pct = 100.0 * (_REMOVED_FRACTION * context.rate_nm_min * into_s / 60.0) / left_nm

    def rest(setting: DetectorSetting) -> DetectorSetting:
        time_s = None if setting.time_s is None else max(0.0, setting.time_s - into_s)
        if setting.detector is not DetectorKind.SPECTRUM:
            return replace(setting, time_s=time_s)
        given_pct = setting.incoming_tolerance_pct
        tolerance_pct = 100.0 * Expectation(left_nm, target_nm).tolerance_fraction if given_pct is None else given_pct
        return replace(setting, time_s=time_s, incoming_tolerance_pct=tolerance_pct + more_pct)

    films = replace(context.films, layers=(Layer(top.material, left_nm), *context.films.layers[1:]))
    shorter = replace(
        end,
        min_s=max(0.0, end.min_s - into_s),
        max_s=max(0.0, end.max_s - into_s),
        over_polish_s=end.over_polish_s + 0.01 * end.over_polish_pct * into_s,
        detectors=tuple(map(rest, end.detectors)),
    )
    return shorter, replace(context, films=films)


def incoming_films(lot: Lot, wafer: Wafer) -> FilmStack:
    """Return a wafer's films, the top one as thick as the lot's maps say, to whole nanometres."""
    maps: Mapping[str, float] = {m.wafer_id: float(np.mean(m.thickness_nm)) for m in lot.incoming}
    if wafer.wafer_id not in maps:
        return wafer.stack
    top = Layer(wafer.stack.top.material, float(round(maps[wafer.wafer_id])))
    return replace(wafer.stack, layers=(top, *wafer.stack.layers[1:]))


class Endpoints:
    """Gives platens what ends their steps, by wafer; made for the lots of one process package."""

    def __init__(self, package: ProcessPackage, tool: ToolDescription, jobs: Sequence[JobFiles]) -> None:
        self._package, self._tool = package, tool
        self._stacks: dict[str, FilmStack] = {}
        for files in jobs:
            self.add(files.lot)
        self._control = lru_cache(maxsize=READY_COUNT)(self._control_of)

    def __call__(self, wafer_id: str, recipe: Recipe, step: int, into_s: float = 0.0) -> StepControl | None:
        """Return what ends a step for a wafer, or its rest after ``into_s``; None where its films are not known."""
        stack = self._stacks.get(wafer_id)
        if stack is None:
            return None
        return self._control(stack, recipe, step, into_s)

    @property
    def ready_count(self) -> int:
        """How many controls of steps are kept ready."""
        return self._control.cache_info().currsize

    def add(self, lot: Lot) -> None:
        """Know the wafers of one more lot."""
        self._stacks |= {wafer.wafer_id: incoming_films(lot, wafer) for wafer in lot.wafers}

    def forget(self, wafer_ids: Iterable[str]) -> None:
        """Forget wafers whose lot is over."""
        for wafer_id in wafer_ids:
            self._stacks.pop(wafer_id, None)

    def _control_of(self, stack: FilmStack, recipe: Recipe, number: int, into_s: float) -> StepControl | None:
        context = self.context(stack, recipe, number)
        if context is None or step_faults(recipe.steps[number].end, context):
            return None
        step = recipe.steps[number]
        if step.end.kind is EndKind.REMOVAL:
            time_s = max(0.0, removal_time_s(step, context) - into_s)
            return StepControl(detector_of(step.end, context), time_s=time_s)
        if into_s > 0.0:
            end, context = rest_of(step.end, context, into_s)
            step = replace(step, end=end)
        targets = [d.target_nm for d in step.end.detectors if d.target_nm is not None]
        zones = zone_control_of(step, targets[0]) if targets else None
        return StepControl(detector_of(step.end, context), zones)

    def context(self, stack: FilmStack, recipe: Recipe, number: int) -> StepContext | None:
        """Return what a step's detectors start from; None where the films before it cannot be followed."""
        films: FilmStack | None = stack
        for before in recipe.steps[:number]:
            films = None if films is None else self._after(films, before)
        if films is None:
            return None
        step, tool, sensors = recipe.steps[number], self._tool, self._tool.endpoint_sensors
        track = WindowTrack(tool.platen.center_distance_mm)
        context = StepContext(
            films,
            nominal_rate_nm_min(self._package, tool, step, films.top.material),
            friction_step_fraction(self._package, tool, step, films),
            track if sensors is None else replace(track, window_radius_mm=sensors.window_radius_mm),
            FieldGeometry(zone_outer_mm=tool.head.zone_outer_mm),
            path_after(recipe, number),
        )
        return context if sensors is None else replace(context, laser_nm=sensors.laser_wavelength_nm)

    def _after(self, films: FilmStack, step: PolishStep) -> FilmStack | None:
        """Return what a step leaves of films, nominally."""
        if step.kind is StepKind.RINSE:
            return films
        end = step.end
        if end.kind is EndKind.ENDPOINT:
            targets = [d.target_nm for d in end.detectors if d.detector in _TO_TARGET and d.target_nm is not None]
            if targets:
                return replace(films, layers=(Layer(films.top.material, targets[-1]), *films.layers[1:]))
            if any(d.detector in _TO_CLEAR for d in end.detectors):
                return replace(films, layers=films.layers[1:]) if len(films.layers) > 1 else None
        left_s, layers = end.time_s + end.over_polish_s, list(films.layers)
        if end.kind is EndKind.REMOVAL and end.removal_nm is not None:
            rate_nm_s = nominal_rate_nm_min(self._package, self._tool, step, films.top.material) / 60.0
            left_s = end.removal_nm / max(rate_nm_s, 1e-9) + end.over_polish_s
        while layers and left_s > 0.0:
            rate_nm_s = nominal_rate_nm_min(self._package, self._tool, step, layers[0].material) / 60.0
            wanted_nm = rate_nm_s * left_s
            if wanted_nm < layers[0].thickness_nm:
                layers[0] = Layer(layers[0].material, layers[0].thickness_nm - wanted_nm)
                break
            left_s -= layers[0].thickness_nm / max(rate_nm_s, 1e-9)
            del layers[0]
        return replace(films, layers=tuple(layers)) if layers else None


def check_endpoints(files: JobFiles, package: ProcessPackage) -> None:
    """Raise `InputError` with every reason why a step's detectors cannot work on the lot's films or on the tool."""
    recipe, tool = files.recipe, files.tool
    endpoints = Endpoints(package, tool, [files])
    faults: list[InputFault] = []
    stacks = {w.stack for w in files.lot.wafers}
    for number, step in enumerate(recipe.steps):
        if step.end.kind is EndKind.TIME:
            continue
        at = f"steps[{number}].end."
        for stack in stacks:
            context = endpoints.context(stack, recipe, number)
            if context is None:
                problem = "nothing is left of the wafer's films when this step begins"
                faults.append(InputFault(at + "detectors", step.name, problem, remedy="shorten the steps before"))
            elif step.end.kind is EndKind.REMOVAL:
                faults += removal_faults(step, context, at)
            else:
                faults += step_faults(step.end, context, at)
        faults += _instrument_faults(step, tool, at)
    if faults:
        raise InputError(recipe.name, tuple(dict.fromkeys(faults)))


def _instrument_faults(step: PolishStep, tool: ToolDescription, at: str) -> list[InputFault]:
    platens = tool.platens_for(step.platen)
    faults: list[InputFault] = []
    for index, setting in enumerate(step.end.detectors):
        needed = setting.instrument
        without = [n for n in platens if needed and needed not in tool.instruments_on(n)]
        if needed and without:
            where = ", ".join(f"platen{n}" for n in without)
            problem, remedy = f"{where} has no {needed}", "use another detector or another platen"
            faults.append(InputFault(f"{at}detectors[{index}].detector", setting.detector, problem, remedy=remedy))
    return faults
