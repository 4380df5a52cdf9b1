"""What was learned, as text: limits outlive the run that learned them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from planaris.control.charts import Subspace
from planaris.control.fault_detection.detection import DetectionState, StepState
from planaris.control.fault_detection.reference import Reference

SCHEMA = "planaris/fault-limits/1"
_DIGITS = 9


def limits_to_text(state: DetectionState) -> str:
    """Return the limits of all steps, and the wafers that steps have learned from so far, as JSON."""
    steps = {key: _step(own) for key, own in sorted(state.steps.items())}
    return json.dumps({"schema": SCHEMA, "steps": steps}, indent=1)


def limits_from_text(text: str) -> dict[str, StepState]:
    """Return the steps' states that a text holds, their charts before the first point. Raises ValueError."""
    try:
        body = json.loads(text)
        if body["schema"] != SCHEMA:
            raise ValueError(f"limits are of schema {body['schema']}, {SCHEMA} is known")
        return {str(key): _state(row) for key, row in body["steps"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no limits of fault detection: {error!r}") from error


def _step(own: StepState) -> dict[str, Any]:
    if own.reference is None:
        return {"learning": [{k: _short(v) for k, v in wafer.items()} for wafer in own.learning]}
    r, s = own.reference, own.reference.subspace
    row: dict[str, Any] = {
        "trained_count": r.trained_count,
        "features": {
            name: {"mean": _short(float(m)), "sigma": _short(float(d)), "spread": _short(float(w))}
            for name, m, d, w in zip(r.names, r.mean, r.sigma, r.spread, strict=True)
        },
    }
    if s is not None:
        row["subspace"] = {
            "loadings": np.round(s.loadings, _DIGITS).tolist(),
            "variances": np.round(s.variances, _DIGITS).tolist(),
            "rest": np.round(s.rest, _DIGITS).tolist(),
        }
    return row


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _state(row: Mapping[str, Any]) -> StepState:
    if "learning" in row:
        return StepState(tuple({str(k): float(v) for k, v in wafer.items()} for wafer in row["learning"]))
    features, parts = row["features"], row.get("subspace")
    n = int(row["trained_count"])
    subspace = None
    if parts is not None:
        loadings, variances, rest = (
            np.array(parts[name], dtype=np.float64) for name in ("loadings", "variances", "rest")
        )
        if loadings.shape != (len(features), len(variances)) or len(rest) + len(variances) != len(features):
            raise ValueError(f"loadings {loadings.shape} of {len(features)} features and {len(variances)} directions")
        subspace = Subspace(loadings, variances, rest, n)
    mean, sigma, spread = (np.array([float(f[key]) for f in features.values()]) for key in ("mean", "sigma", "spread"))
    if not (np.isfinite(mean).all() and (sigma > 0.0).all() and (spread > 0.0).all()):
        raise ValueError("a mean is not finite, or a sigma or spread not above 0")
    return StepState(reference=Reference(tuple(features), mean, sigma, spread, n, subspace))
