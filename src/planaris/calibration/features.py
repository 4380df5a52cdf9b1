"""Features of a form: what a group's rows can tell, and which forms lie one decision away from another."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TypeAlias

import numpy as np

from planaris.calibration.form import Form, Threshold
from planaris.calibration.grouping import LEVEL_LABELS, Group, varies

# Names of a form's parts, with what they work on after a colon: ``exponent_v``, ``k2_by:abrasive_wt_pct``.
Features: TypeAlias = frozenset[str]


class LawForm(StrEnum):
    """Which forms may be chosen from: one K; powers; threshold and saturation; or all of these."""

    AUTO = "auto"
    PRESTON = "preston"
    POWER = "power"
    SERIES = "series"


def features_of(group: Group) -> Features:
    """Return what a group's rows can tell at all."""
    rows = group.rows
    found: set[str] = set()
    if varies(rows.pressure_kPa):
        found |= {"exponent_p", "threshold:pressure", "saturation", "corner"}
    if varies(rows.velocity_m_s):
        found.add("exponent_v")
        if "saturation" in found:
            found.add("threshold:pressure_velocity")
        found |= {"saturation"}
    for label in LEVEL_LABELS:
        if _levels_carried(group, label):
            found.add(f"kp_level:{label}")
            if "saturation" in found:
                found.add(f"threshold_level:{label}")
    for name, values in rows.conditions.items():
        if not varies(values):
            continue
        if name == "slurry_ml_min":
            found.add("supply")
        elif name == "temperature_C":
            found.add("activation")
        elif name == "slurry_pH" or not name.endswith(("_wt_pct", "_ppm", "_nm")):
            continue
        elif values.min() > 0:
            found.add(f"kp_by:{name}")
            if "saturation" in found:
                found |= {f"k2_by:{name}", f"threshold_by:{name}"}
        elif name.endswith(("_wt_pct", "_ppm")) and len(np.unique(values)) > 2:
            found |= {f"oxidiser:{name}", "oxidiser_half"}
    return frozenset(found)


def _levels_carried(group: Group, label: str) -> bool:
    """Say whether consumables of a label were each seen under two conditions or more, at least two of them."""
    seen = [len(np.unique(group.fold[group.rows.levels[label] == i])) for i in range(group.levels[label])]
    return len(seen) > 1 and sum(s >= 2 for s in seen) >= 2 and 2 * sum(s >= 2 for s in seen) >= len(seen)


def neighbours(features: Features, all_of: Features, law: LawForm) -> Iterator[Features]:
    """Yield the forms one decision away: something added, dropped or exchanged, or a pair that works together."""
    if law is LawForm.POWER:
        all_of = frozenset(f for f in all_of if not f.startswith(("threshold", "k2_by")) and f not in _SERIES_ONLY)
    elif law is LawForm.SERIES:
        all_of = all_of - {"exponent_p"}
    pairs = [{f} for f in sorted(all_of - features)]
    pairs += [{"threshold:pressure", "saturation"}, {"threshold:pressure_velocity", "saturation"}]
    pairs.append({"exponent_v", "saturation"})
    for f in sorted(all_of):
        kind = f.partition(":")[0]
        if kind == "k2_by":
            pairs.append({"saturation", f})
        elif kind in ("threshold_by", "threshold_level"):
            pairs.append({"threshold:pressure", f})
    seen: set[Features] = set()
    for add in pairs:
        if not add <= all_of or add <= features:
            continue
        for made in (features | add, *(features - {gone} | add for gone in sorted(features) if _same_part(gone, add))):
            if is_valid(made) and made not in seen:
                seen.add(made)
                yield made
    for gone in sorted(features):
        made = features - {gone}
        if is_valid(made) and made not in seen:
            yield made


_SERIES_ONLY = ("saturation", "corner")
_PARTS = (
    {"exponent_p", "threshold"},
    {"kp_level", "threshold_level"},
    {"kp_by", "k2_by", "threshold_by"},
)


def _same_part(gone: str, add: set[str]) -> bool:
    kinds = {f.split(":")[0] for f in add}
    kind = gone.partition(":")[0]
    return any(kind in part and kinds & part for part in _PARTS)


def is_valid(features: Features) -> bool:
    """Say whether features make a form: parts they build on are there, no two do the same."""
    kinds = [f.split(":")[0] for f in features]
    for once in ("threshold", "threshold_level", "kp_level", "oxidiser"):
        if kinds.count(once) > 1:
            return False
    if "corner" in features and "saturation" not in features:
        return False
    if "k2_by" in kinds and "saturation" not in features:
        return False
    if ("threshold_by" in kinds or "threshold_level" in kinds) and "threshold" not in kinds:
        return False
    if "oxidiser_half" in features and "oxidiser" not in kinds:
        return False
    if "exponent_p" in features and ("threshold" in kinds or "saturation" in features):
        return False
    return not ("threshold_by" in kinds and "threshold_level" in kinds)


def form_of(features: Features) -> Form:
    """Return the form that features describe."""
    of: dict[str, list[str]] = {}
    for feature in sorted(features):
        kind, _, name = feature.partition(":")
        of.setdefault(kind, []).append(name)

    def one(kind: str) -> str:
        return of[kind][0] if kind in of else ""

    return Form(
        exponent_p="exponent_p" in of,
        exponent_v="exponent_v" in of,
        threshold=Threshold(one("threshold")) if "threshold" in of else Threshold.NONE,
        saturation="saturation" in of,
        corner=2 if "corner" in of else 1,
        kp_level=one("kp_level"),
        threshold_level=one("threshold_level"),
        kp_by=tuple(of.get("kp_by", ())),
        k2_by=tuple(of.get("k2_by", ())),
        threshold_by=tuple(of.get("threshold_by", ())),
        oxidiser=one("oxidiser"),
        oxidiser_half="oxidiser_half" in of,
        supply="supply" in of,
        activation="activation" in of,
    )
