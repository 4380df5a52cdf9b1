"""What a line did before a step, from steps that had ended when it began: idle time, pace, age of each consumable."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from planaris.control.virtual_metrology.step_trace import PolishStep

# Consumables whose counter falls where the part is changed, and its feature.
CHANGED_PARTS = ("dresser", "pad", "membrane")
# A longer pause ends a run of wafers [design].
_RUN_BREAK_S = 600.0
_PACE_S = 3600.0

HISTORY_FEATURES: Mapping[str, str] = {
    "idle_s": "time since the line's last finished step ended (logarithm of 1 + seconds)",
    "run_count": "finished steps since the last pause of 10 min (logarithm of 1 + number)",
    "pace_count": "finished steps that began in the hour before",
    **{f"{part}_age_h": f"hours since the counter of the {part} fell" for part in CHANGED_PARTS},
    **{f"{part}_age_count": f"finished steps since the counter of the {part} fell" for part in CHANGED_PARTS},
}


@dataclass(frozen=True, slots=True)
class _Part:
    usage: float = math.nan
    changed_s: float = math.nan
    steps_count: int = 0


@dataclass(frozen=True, slots=True)
class LineHistory:
    """What one line's finished steps say, in order of their ends."""

    last_end_s: float = math.nan
    run_count: int = 0
    recent_starts_s: tuple[float, ...] = ()
    parts: tuple[_Part, ...] = tuple(_Part() for _ in CHANGED_PARTS)


def history_features(history: LineHistory, start_s: float) -> Mapping[str, float]:
    """Return the features of a step that begins at ``start_s``; NaN where the line's past does not tell them."""
    idle_s = max(start_s - history.last_end_s, 0.0)
    run = history.run_count if idle_s < _RUN_BREAK_S else 0
    found = {
        "idle_s": math.log1p(idle_s),
        "run_count": math.log1p(run),
        "pace_count": float(sum(start_s - s <= _PACE_S for s in history.recent_starts_s)),
    }
    for name, part in zip(CHANGED_PARTS, history.parts, strict=True):
        found[f"{name}_age_h"] = (start_s - part.changed_s) / 3600.0
        found[f"{name}_age_count"] = float(part.steps_count) if math.isfinite(part.changed_s) else math.nan
    return found


def with_finished(history: LineHistory, step: PolishStep) -> LineHistory:
    """Return the history after one more step has ended."""
    pause_s = step.start_s - history.last_end_s
    recent = tuple(s for s in history.recent_starts_s if step.start_s - s <= 2 * _PACE_S)
    return LineHistory(
        max(step.end_s, history.last_end_s) if math.isfinite(history.last_end_s) else step.end_s,
        history.run_count + 1 if pause_s < _RUN_BREAK_S else 1,
        (*recent, step.start_s),
        tuple(_aged(part, name, step) for name, part in zip(CHANGED_PARTS, history.parts, strict=True)),
    )


def _aged(part: _Part, name: str, step: PolishStep) -> _Part:
    usage = step.features.get(f"{name}_usage", math.nan)
    if not math.isfinite(usage):
        return part
    if usage < part.usage:
        return _Part(usage, step.start_s, 1)
    return _Part(usage, part.changed_s, part.steps_count + 1)
