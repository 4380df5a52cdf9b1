"""Wires virtual metrology: a recipe's setting becomes a method, the learners are there before it needs them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from typing import Any

from planaris.control import Actuators
from planaris.control.virtual_removal import VirtualRemoval, VirtualRemovalState, removal_features
from planaris.model import RunToRunSetting, ToolDescription
from planaris.tool import RecipeEstimates

MODELS_SCHEMA = "planaris/removal-models/1"
# What `control.virtual_removal` learns with.
_LEARNERS = ("sklearn.linear_model", "sklearn.ensemble")
_LIBRARIES = ("numpy", "scikit-learn")


def estimates_of(setting: RunToRunSetting, actuators: Actuators, tool: ToolDescription) -> RecipeEstimates | None:
    """Return how a recipe's removal is estimated, None where it is not."""
    if not setting.estimates:
        return None
    share = actuators.model.step_fraction(actuators.removed_nm(actuators.nominal))
    names = removal_features(len(tool.head.zone_outer_mm))
    method = VirtualRemoval(setting.reliance_limit_ratio, 0.01 * setting.residual_limit_pct)
    return RecipeEstimates(method, setting.virtual_metrology, names, share)


def fetch_solver() -> None:
    """Load what run-to-run control solves with, before the control loop begins; a plain lot starts without it."""
    import_module("scipy.optimize")


def fetch_learners(*, wait: bool = False) -> None:
    """Load the learners beside the control loop, which a load of seconds would stop; or now, with ``wait``."""
    fetching = threading.Thread(target=_load, name="learners", daemon=True)
    fetching.start()
    if wait:
        fetching.join()


def _load() -> None:
    for name in _LEARNERS:
        import_module(name)


def models_document(states: Mapping[str, VirtualRemovalState]) -> dict[str, Any]:
    """Return all models as they stand, as docs/json.md has them: what each reads, learned and scored, on which data."""
    models: list[dict[str, Any]] = []
    for memory, state in states.items():
        for regime, known in state.regimes.items():
            model = known.model
            if model is None:
                continue
            models.append(
                {
                    "memory": memory,
                    "regime": regime,
                    "features": [known.names[i] for i in model.moved],
                    "spread": model.spread.tolist(),
                    "weights": model.weights.tolist(),
                    "fitted_labels_count": model.labels_count,
                    "data_sha256": model.data_sha256,
                    "model_sha256": model.sha256,
                    "scores": {
                        "share_fraction": known.skill.share_fraction,
                        "explained_fraction": known.skill.explained_fraction,
                        "intervals_count": known.intervals_count,
                        "covered_count": known.covered_count,
                        "error_sigma_ratio": model.error_sigma_ratio,
                    },
                }
            )
    return {"schema": MODELS_SCHEMA, "libraries": {name: version(name) for name in _LIBRARIES}, "models": models}
