"""Virtual metrology in the tool: the event of an estimate, and what an event makes of what is remembered."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from planaris.control import Expected
from planaris.control.virtual_removal import (
    PAD_AGE,
    RemovalEstimate,
    VirtualRemoval,
    VirtualRemovalState,
    WaferPolished,
    wafer_row,
)
from planaris.model import VirtualLabels
from planaris.stream import RemovalEstimated

_ADVICE = "advice only"


@dataclass(frozen=True, slots=True)
class RecipeEstimates:
    """How a recipe's removal is estimated: the method, what becomes of it, the features it reads.

    ``share_fraction`` is what of the nominal removal is done in each polish step, by its place in the recipe.
    """

    method: VirtualRemoval
    use: VirtualLabels
    names: tuple[str, ...]
    share_fraction: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Through:
    """A wafer that has left its last platen: its regime, features by step, age of its pads, and what is expected."""

    wafer_id: str
    regime: str
    steps: Mapping[int, Mapping[str, float]]
    pad_age_h: float
    expected: Expected


def estimate_event(
    estimates: RecipeEstimates, state: VirtualRemovalState | None, through: Through
) -> RemovalEstimated | None:
    """Return the estimate of a wafer as an event; None where the features of a step are missing."""
    if set(through.steps) != set(estimates.share_fraction):
        return None
    expected = through.expected
    values = wafer_row(estimates.names, through.steps, estimates.share_fraction)
    values = {name: round(value, 6) for name, value in (values | {PAD_AGE: through.pad_age_h}).items()}
    seen = WaferPolished(
        through.wafer_id, through.regime, expected.context.head, values, expected.log_ratio, expected.sigma_ratio
    )
    _, said = estimates.method.step(state or VirtualRemovalState(), seen)
    assert said is not None, "a polished wafer is answered"
    why = said.why or ("" if estimates.use is VirtualLabels.LABELS else _ADVICE)

    def nm(log_ratio: float) -> float:
        return round(expected.nominal_nm * math.exp(log_ratio), 6)

    return RemovalEstimated(
        wafer_id=through.wafer_id,
        regime=through.regime,
        parts=expected.context.head,
        features=",".join(values),
        feature_values=tuple(values.values()),
        nominal_nm=round(expected.nominal_nm, 6),
        expected_nm=nm(expected.log_ratio),
        expected_sigma_pct=round(100.0 * expected.sigma_ratio, 6),
        foreseen_pct=round(100.0 * math.expm1(said.foreseen_ratio), 6),
        estimate_nm=nm(said.ratio),
        estimate_sigma_pct=round(100.0 * said.sigma_ratio, 6),
        low_nm=nm(said.low_ratio),
        high_nm=nm(said.high_ratio),
        explained_pct=round(100.0 * said.explained_fraction, 6),
        reliance_ratio=round(said.reliance_index, 6),
        similarity_ratio=round(said.similarity_index, 6),
        labels_count=said.labels_count,
        model=said.model,
        stand_in_sigma_pct=0.0 if why else round(100.0 * said.sigma_ratio, 6),
        why=why,
    )


def awaited(state: VirtualRemovalState, event: RemovalEstimated) -> VirtualRemovalState:
    """Return the state that waits for the label of a wafer that was estimated."""

    def log_ratio(value_nm: float) -> float:
        return math.log(value_nm / event.nominal_nm)

    values = dict(zip(event.features.split(","), event.feature_values, strict=True))
    seen = WaferPolished(
        event.wafer_id, event.regime, event.parts, values, log_ratio(event.expected_nm), 0.01 * event.expected_sigma_pct
    )
    said = RemovalEstimate(
        event.wafer_id, event.regime, log_ratio(event.estimate_nm), log_ratio(event.low_nm), log_ratio(event.high_nm),
        math.log1p(0.01 * event.foreseen_pct), 0.01 * event.estimate_sigma_pct, 0.01 * event.explained_pct,
        event.reliance_ratio, event.similarity_ratio, event.labels_count, event.model, event.why,
    )  # fmt: skip
    return VirtualRemoval().awaiting(state, seen, said)
