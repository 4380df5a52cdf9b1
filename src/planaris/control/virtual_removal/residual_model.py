"""The residual model of one regime: what a change of features says of removal that labels did not let expect.

Two library learners on the regime's newest labelled wafers: Bayesian ridge regression (MacKay 1992; scikit-learn's) is
the estimate, extremely randomised trees (Geurts, Ernst, Wehenkel 2006; scikit-learn's) the second opinion, which shares
no parameter with it. The model is a function of these wafers alone: the same labels give the same model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planaris.control.step_features import catalogue
from planaris.control.virtual_metrology import Similarity, similarity_to
from planaris.control.virtual_removal.features import PAD_AGE

Floats = NDArray[np.float64]

# Labels of a regime before its model says anything, and how many of the newest it is learned from [design].
WARM_UP_COUNT = 12
WINDOW_COUNT = 200
# A feature is counted in its spread among the wafers learned from, but in no less than this part of the band at which
# a person would be warned: what only its noise moved says nothing of what a move of it would do [design, as the limits
# of `fault_detection`: 3 sigma no nearer than a third of the band].
_FLOOR_RATIO = 1.0 / 9.0
# The pads' age has no band: one of this counts [design, the break-in's some two hours and a half].
_PAD_AGE_BAND_h = 2.5
_MOST_ZONES = 12
# What one spread of a feature is thought to change the removal by before labels say: half a percent, so that a move by
# a whole band is some 5 %. As sure of that as ten features that were seen to [design].
_WEIGHT_SIGMA_RATIO, _WEIGHTS_COUNT = 0.005, 10.0
_TREES_COUNT, _LEAF_COUNT, _FEATURES_FRACTION = 20, 4, 0.5


@dataclass(frozen=True, slots=True)
class LabelledWafer:
    """What a label taught: how far each feature was from those of the labelled wafers before (in the regime's order).

    ``error_ratio`` is what the label was off what those had let expect (a logarithm), ``sigma_ratio`` its 1 sigma.
    """

    away: tuple[float, ...]
    error_ratio: float
    sigma_ratio: float


@dataclass(frozen=True, slots=True, eq=False)
class ResidualModel:
    """A fitted model: the features that moved, by place among the regime's (p,), with spread and weight (p,).

    A spread is that of the wafers learned from, or the least that counts; a weight is what a spread more of a feature
    adds to the logarithm of the removal. ``error_sigma_ratio`` is the spread of the errors it learned from, of
    ``labels_count`` wafers, named by ``data_sha256``.
    """

    moved: tuple[int, ...]
    spread: Floats
    weights: Floats
    trees: Any
    similarity: Similarity
    error_sigma_ratio: float
    labels_count: int
    data_sha256: str

    def foreseen(self, away: Sequence[float]) -> tuple[float, float, float]:
        """Return what a change of the features says (a logarithm), the second opinion, and the similarity index GSI."""
        z = np.array([away[i] for i in self.moved]) / self.spread
        other = float(self.trees.predict(z[None, :].astype(np.float32))[0])
        return float(self.weights @ z), other, self.similarity.index(z)

    @property
    def sha256(self) -> str:
        """The name of the model: of what it reads, what it learned and the data it learned from."""
        told = {"moved": self.moved, "data": self.data_sha256, "weights": [f"{w:.6e}" for w in self.weights]}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


@lru_cache(maxsize=8)
def fitted(names: tuple[str, ...], sizes: tuple[float, ...], wafers: tuple[LabelledWafer, ...]) -> ResidualModel | None:
    """Return the model of labelled wafers; None while they are fewer than `WARM_UP_COUNT`.

    ``names`` are the features, ``sizes`` where they stand: the bands of some are shares of it.
    """
    if len(wafers) < WARM_UP_COUNT:
        return None
    from sklearn.ensemble import ExtraTreesRegressor
    from sklearn.linear_model import BayesianRidge

    away = np.array([wafer.away for wafer in wafers])
    # Of what stands still (a set-point that is held exactly) nothing can be learned.
    moved = tuple(np.flatnonzero(away.std(axis=0) > 0.0).tolist())
    away, error = away[:, moved], np.array([wafer.error_ratio for wafer in wafers])
    spread = np.maximum(np.sqrt((away**2).mean(axis=0)), [_least_spread(names[i], sizes[i]) for i in moved])
    z = away / spread
    # What was hardly known when it was expected (a first lot, a new pad) says little of the features.
    weight = np.array([wafer.sigma_ratio for wafer in wafers]) ** -2.0
    weight /= weight.mean()
    # No constant: where nothing has changed labels let expect right, and a constant would count that twice.
    ridge = BayesianRidge(
        fit_intercept=False, lambda_init=_WEIGHT_SIGMA_RATIO**-2.0, lambda_1=_WEIGHTS_COUNT,
        lambda_2=_WEIGHTS_COUNT * _WEIGHT_SIGMA_RATIO**2,
    ).fit(z, error, sample_weight=weight)  # fmt: skip
    trees = ExtraTreesRegressor(
        _TREES_COUNT, min_samples_leaf=_LEAF_COUNT, max_features=_FEATURES_FRACTION, random_state=0
    ).fit(z.astype(np.float32), error, sample_weight=weight)
    alike = similarity_to(z)
    assert alike is not None, "enough wafers, and a feature at least that moved"
    text = json.dumps([[w.away, w.error_ratio, w.sigma_ratio] for w in wafers])
    return ResidualModel(
        moved, spread, np.asarray(ridge.coef_, dtype=np.float64), trees,
        replace(alike, mean=np.zeros(len(moved)), spread=np.ones(len(moved))),
        float(np.sqrt(np.average(error**2, weights=weight))), len(wafers),
        hashlib.sha256(text.encode()).hexdigest(),
    )  # fmt: skip


def _least_spread(name: str, size: float) -> float:
    """Return the least spread in which a feature is counted, in its unit."""
    spec = catalogue(_MOST_ZONES).get(name)
    band = _PAD_AGE_BAND_h if name == PAD_AGE or spec is None else spec.band_at(size)
    return _FLOOR_RATIO * band
