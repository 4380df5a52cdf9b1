"""What run-to-run control and virtual metrology remember of a tool: changed by the journal's events alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from planaris.control import Context, Label, Learned, Order, RunToRun, RunToRunState, Surrogate, Taken
from planaris.control.virtual_removal import VirtualRemoval, VirtualRemovalState, WaferLabel
from planaris.model import Recipe, RunToRunMode
from planaris.stream import Event, FeaturesTaken, RecipeAdjusted, RemovalEstimated, RemovalLabelled, RunToRunSwitched
from planaris.tool.removal_estimates import RecipeEstimates, awaited

# Between what a wafer is polished with, as one text.
BETWEEN = "; "
# Features of wafers that were never estimated are kept of so many.
_FEATURED_COUNT = 50


@dataclass(frozen=True, slots=True)
class RecipeControl:
    """How a recipe is controlled; those of one ``memory`` share what is learned. ``share_fraction``: of its platens.

    ``estimates`` says how its removal is estimated, None where it is not.
    """

    control: RunToRun
    memory: str
    share_fraction: tuple[float, ...]
    estimates: RecipeEstimates | None = None


ControlOf = Callable[[Recipe], RecipeControl | None]


def no_control(_recipe: Recipe) -> RecipeControl | None:
    """Control nothing."""
    return None


@dataclass(slots=True)
class Memory:
    """What is remembered over lots and lives: states by memory, and what a person said becomes of decisions.

    ``virtual`` are those of virtual metrology; ``features`` what is known of wafers that are not estimated yet, by
    wafer and by step of the recipe.
    """

    states: dict[str, RunToRunState] = field(default_factory=dict[str, RunToRunState])
    mode: RunToRunMode = RunToRunMode.CONTROL
    virtual: dict[str, VirtualRemovalState] = field(default_factory=dict[str, VirtualRemovalState])
    features: dict[str, dict[int, dict[str, float]]] = field(default_factory=dict[str, dict[int, dict[str, float]]])


def apply(memory: Memory, event: Event, control: RecipeControl | None) -> tuple[Learned, ...]:
    """Take an event of the journal into what is remembered; return what was learned by it.

    ``control`` is that of the wafer's recipe; events that are nobody's here, and wafers without one, change nothing.
    """
    if isinstance(event, RunToRunSwitched):
        memory.mode = RunToRunMode(event.state)
        if event.previous == event.state:
            memory.states.clear()
            memory.virtual.clear()
            memory.features.clear()
        return ()
    if control is None:
        return ()
    match event:
        case RecipeAdjusted() | RemovalLabelled():
            return _stepped(memory, event, control)
        case FeaturesTaken():
            _featured(memory, event, control)
        case RemovalEstimated():
            _estimated(memory, event, control)
        case _:
            pass
    return ()


def _stepped(memory: Memory, event: RecipeAdjusted | RemovalLabelled, control: RecipeControl) -> tuple[Learned, ...]:
    state = memory.states.get(control.memory) or control.control.start()
    if isinstance(event, RecipeAdjusted):
        values = (*event.time_after_s, *event.pressure_after_kPa)
        if event.mode != RunToRunMode.CONTROL:
            values = control.control.actuators.nominal
        observation = Taken(event.wafer_id, context_of(event, control), values)
    else:
        observation = Label(event.wafer_id, event.label_nm)
    state, learned = control.control.step(state, observation)
    memory.states[control.memory] = state
    assert not isinstance(learned, Order), "only a wafer that is due gets one"
    if control.estimates is not None:
        _taught(memory, control.memory, learned)
        if isinstance(event, RemovalLabelled):
            memory.features.pop(event.wafer_id, None)
            if event.wafer_id not in {item.label.wafer_id for item in state.waiting}:
                _forgotten(memory, control.memory, event.wafer_id)
    return learned


def _taught(memory: Memory, name: str, learned: Sequence[Learned]) -> None:
    """Give virtual metrology the labels that run-to-run control used."""
    for said in learned:
        state = memory.virtual.get(name, VirtualRemovalState())
        label = WaferLabel(said.wafer_id, said.log_ratio, said.residual_ratio, said.sigma_ratio, outlier=not said.taken)
        memory.virtual[name], _ = VirtualRemoval().step(state, label)


def _forgotten(memory: Memory, name: str, wafer_id: str) -> None:
    """Wait no more for a label that came and is not used."""
    if name in memory.virtual:
        memory.virtual[name] = VirtualRemoval.forgot(memory.virtual[name], wafer_id)


def _featured(memory: Memory, event: FeaturesTaken, control: RecipeControl) -> None:
    """Keep a step's features until the wafer is through, where it was decided on and has no label."""
    state = memory.states.get(control.memory)
    if control.estimates is None or state is None or event.wafer_id not in state.pending or not event.platen:
        return
    values = dict(zip(event.features.split(","), event.feature_values, strict=True))
    memory.features.setdefault(event.wafer_id, {})[event.step] = values
    while len(memory.features) > _FEATURED_COUNT:
        memory.features.pop(next(iter(memory.features)))


def _estimated(memory: Memory, event: RemovalEstimated, control: RecipeControl) -> None:
    state = memory.virtual.get(control.memory, VirtualRemovalState())
    memory.virtual[control.memory] = awaited(state, event)
    memory.features.pop(event.wafer_id, None)
    known = memory.states.get(control.memory)
    if event.stand_in_sigma_pct and known is not None:
        shift = math.log(event.estimate_nm / event.expected_nm)
        said = Surrogate(event.wafer_id, shift, 0.01 * event.stand_in_sigma_pct)
        memory.states[control.memory], _ = control.control.step(known, said)


def context_of(event: RecipeAdjusted, control: RecipeControl) -> Context:
    """Return the threads that a decision was made for."""
    head, *rest = event.parts.split(BETWEEN)
    pads = tuple(part for part in rest if part.startswith("platen"))
    slurry = BETWEEN.join(part for part in rest if part.startswith("slurry"))
    return Context(event.thread, head, pads, event.pad_age_h, control.share_fraction, slurry)
