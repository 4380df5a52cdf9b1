"""A fitted model as a document: what it was fitted on, with what, when, what it reads, its numbers and its scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from planaris.control.virtual_metrology.gaussian_process import prior_vector
from planaris.control.virtual_metrology.kernel import Floats
from planaris.control.virtual_metrology.line_model import LineModel, LineState

SCHEMA = "planaris/virtual-metrology-model/1"


@dataclass(frozen=True, slots=True)
class ModelArtefact:
    """One line's model. ``parameters`` are logarithms (``tie`` logits) by group, in the layout of `kernel.Shape`.

    ``data_sha256`` names the data, ``fitted_at`` the moment (the caller's text), ``libraries`` what computed it;
    ``scores`` are the caller's. With the same labelled steps the parameters give the same posterior.
    """

    line: str
    regimes: tuple[str, ...]
    counters: tuple[str, ...]
    features: tuple[str, ...]
    parameters: Mapping[str, tuple[float, ...]]
    levels: tuple[float, ...]
    spread: float
    labels_count: int
    fits_count: int
    data_sha256: str
    fitted_at: str
    libraries: Mapping[str, str]
    scores: Mapping[str, float]

    def vector(self, model: LineModel) -> Floats:
        """Return the parameters for a model. Raises ValueError where it reads other names than the artefact's."""
        theirs = (model.line, model.regimes, model.counters, model.features)
        if (self.line, self.regimes, self.counters, self.features) != theirs:
            raise ValueError(f"the artefact of line {self.line} is for other regimes, counters or features")
        vector = prior_vector(model.shape)
        for name, _ in model.shape.sizes:
            model.shape.part(vector, name)[:] = self.parameters[name]
        return vector


def artefact_of(
    model: LineModel,
    state: LineState,
    *,
    data_sha256: str,
    fitted_at: str,
    libraries: Mapping[str, str],
    scores: Mapping[str, float],
) -> ModelArtefact | None:
    """Return the artefact of a line's model as it stands; None before its first fit."""
    if state.vector is None or state.scaling is None:
        return None
    shape, vector = model.shape, state.vector
    return ModelArtefact(
        model.line,
        model.regimes,
        model.counters,
        model.features,
        {name: tuple(shape.part(vector, name).tolist()) for name, _ in shape.sizes},
        tuple(state.scaling.levels.tolist()),
        state.scaling.spread,
        len(state.raw.labels),
        state.fits_count,
        data_sha256,
        fitted_at,
        dict(libraries),
        dict(scores),
    )


def artefact_document(made: ModelArtefact) -> dict[str, Any]:
    """Return an artefact as a JSON document."""
    return {"schema": SCHEMA, **asdict(made)}


def artefact_from(document: Mapping[str, Any]) -> ModelArtefact:
    """Return the artefact of a document; raises ValueError naming what is missing or of another schema."""
    if document.get("schema") != SCHEMA:
        raise ValueError(f"schema is {document.get('schema')}, not {SCHEMA}")
    names = tuple(ModelArtefact.__dataclass_fields__)
    missing = [name for name in names if name not in document]
    if missing:
        raise ValueError(f"the artefact lacks {', '.join(missing)}")
    values: dict[str, Any] = {name: _frozen(document[name]) for name in names}
    values["parameters"] = {name: tuple(float(v) for v in group) for name, group in document["parameters"].items()}
    if not all(np.isfinite(group).all() for group in values["parameters"].values()):
        raise ValueError("the artefact's parameters are not all finite")
    return ModelArtefact(**values)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
