"""Virtual metrology of a tool: every finished step gets a value, an interval and a word on whether to rely on it.

`VirtualMetrology.step` takes what happens in the order in which it happens and answers each step that has ended. It
holds nothing: the state is a value, so that a recording plays through the same code, to the same answers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from planaris.control.virtual_metrology.blend import Blend, blended, learned
from planaris.control.virtual_metrology.conformal import Bands, Conformal
from planaris.control.virtual_metrology.gaussian_process import fit
from planaris.control.virtual_metrology.line_model import Fit, LineModel, LineState
from planaris.control.virtual_metrology.observations import LabelCame, Observation, StepEnded
from planaris.control.virtual_metrology.reliance import (
    RELIANCE_THRESHOLD,
    SIMILARITY_THRESHOLD,
    Similarity,
    reliance_index,
    similarity_to,
)
from planaris.control.virtual_metrology.step_trace import PolishStep
from planaris.control.virtual_metrology.tree_model import TreeModel, TreeState

# An estimate whose label has not come by then is forgotten.
_PENDING_COUNT = 2000


@dataclass(frozen=True, slots=True)
class VirtualMeasurement:
    """The value of a step, in the label's unit, NaN where nothing is known yet.

    ``low`` and ``high`` bound the wanted coverage; ``reliance_index`` and ``similarity_index`` are RI and GSI, NaN
    before there are two methods or any features to compare with; ``reliable`` says that both keep their thresholds.
    ``main`` and ``second`` are the two methods' own values.
    """

    name: str
    value: float
    sigma: float
    low: float
    high: float
    reliance_index: float
    similarity_index: float
    main: float
    second: float

    @property
    def reliable(self) -> bool:
        """Say whether run-to-run control may use the value."""
        agreed = self.reliance_index >= RELIANCE_THRESHOLD
        return agreed and self.similarity_index <= SIMILARITY_THRESHOLD and math.isfinite(self.high - self.low)


@dataclass(frozen=True, slots=True)
class VirtualMetrology:
    """The method for a tool: a main and a second model for each line, and the intervals' coverage.

    Raises ValueError for a step of a line that no model is for.
    """

    models: tuple[LineModel, ...]
    seconds: tuple[TreeModel, ...]
    intervals: Conformal = field(default_factory=Conformal)

    def start(self) -> VirtualState:
        """Return the state before any label."""
        return VirtualState(
            {model.line: model.start() for model in self.models}, {model.line: model.start() for model in self.seconds}
        )

    def step(self, state: VirtualState, seen: Observation) -> tuple[VirtualState, VirtualMeasurement | None]:
        """Answer a step that has ended with its measurement; take up a label."""
        line = seen.step.line
        model = next((m for m in self.models if m.line == line), None)
        second = next((m for m in self.seconds if m.line == line), None)
        if model is None or second is None:
            raise ValueError(f"{seen.step.name}: line {line} is none of {', '.join(m.line for m in self.models)}")
        if isinstance(seen, StepEnded):
            return self._answered(state, seen, model, second)
        return self._taught(state, seen, model, second), None

    def _answered(
        self, state: VirtualState, seen: StepEnded, model: LineModel, second: TreeModel
    ) -> tuple[VirtualState, VirtualMeasurement]:
        step, line = seen.step, seen.step.line
        main_state, main = model.step(state.main[line], seen)
        trees, other = second.step(state.second[line], seen)
        assert main is not None
        assert other is not None
        regime = _regime(step)
        value = blended(state.blends, regime, main.value, other.value)
        half = self.intervals.half_width(state.bands, regime, value, main.sigma)
        spread = main_state.scaling.spread if main_state.scaling is not None else math.nan
        alike = state.similarities.get(line)
        row = np.array([step.features.get(name, math.nan) for name in model.features])
        given = VirtualMeasurement(
            step.name,
            value,
            main.sigma,
            value - half,
            value + half,
            reliance_index(main.value, other.value, spread),
            math.nan if alike is None else alike.index(row),
            main.value,
            other.value,
        )
        pending = {**state.pending, step.name: given}
        if len(pending) > _PENDING_COUNT:
            pending.pop(next(iter(pending)))
        return replace(state, second={**state.second, line: trees}, pending=pending), given

    def _taught(self, state: VirtualState, seen: LabelCame, model: LineModel, second: TreeModel) -> VirtualState:
        line, regime = seen.step.line, _regime(seen.step)
        main, _ = model.step(state.main[line], seen)
        trees, _ = second.step(state.second[line], seen)
        blends, bands, similarities = state.blends, state.bands, state.similarities
        given = state.pending.get(seen.step.name)
        if given is not None:
            blends = learned(blends, regime, given.main, given.second, seen.value)
            bands = self.intervals.learned(bands, regime, given.value, given.sigma, seen.value)
        if main.fits_count > state.main[line].fits_count:
            alike = similarity_to(main.raw.trace[-model.fit_count :])
            similarities = similarities if alike is None else {**similarities, line: alike}
        return VirtualState(
            {**state.main, line: main},
            {**state.second, line: trees},
            blends,
            bands,
            similarities,
            {name: value for name, value in state.pending.items() if name != seen.step.name},
        )


def virtual_metrology_for(
    lines: Mapping[str, tuple[str, ...]],
    counters: tuple[str, ...],
    features: tuple[str, ...],
    others: tuple[str, ...] = (),
    fitted: Fit = fit,
) -> VirtualMetrology:
    """Return virtual metrology of a tool.

    ``lines`` names each line (steps that share consumables, e.g. a platen) and its regimes (e.g. recipes); a step's
    features are looked up by the names in ``counters`` (wear since a part was changed), ``features`` (what the trace
    says) and, for the second opinion alone, ``others``.
    """
    every = tuple(dict.fromkeys((*features, *counters, *others)))
    return VirtualMetrology(
        tuple(LineModel(line, regimes, counters, features, fit=fitted) for line, regimes in lines.items()),
        tuple(TreeModel(line, regimes, every) for line, regimes in lines.items()),
    )


@dataclass(frozen=True, slots=True)
class VirtualState:
    """What has been learned: each line's models, blends and intervals, and the measurements whose labels may come."""

    main: Mapping[str, LineState]
    second: Mapping[str, TreeState]
    blends: Mapping[str, Blend] = field(default_factory=dict[str, Blend])
    bands: Bands = field(default_factory=Bands)
    similarities: Mapping[str, Similarity] = field(default_factory=dict[str, Similarity])
    pending: Mapping[str, VirtualMeasurement] = field(default_factory=dict[str, VirtualMeasurement])


def _regime(step: PolishStep) -> str:
    return f"{step.line} {step.regime}"
