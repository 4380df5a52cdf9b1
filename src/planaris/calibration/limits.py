"""What a group's rows cannot tell, what stands in its place, and which data would tell it."""

from __future__ import annotations

import numpy as np

from planaris.calibration.features import Features
from planaris.calibration.form import Form, Threshold
from planaris.calibration.grouping import BORROWED_EXPONENT_V_SPREAD, Group
from planaris.calibration.law import Unidentified
from planaris.calibration.table import COVARIATES

_SPEED_SOURCES = "0.43-1.0 in US 6,564,116, Sorooshian 2005, Mariscal 2020, US 6,918,821"
_NEED = {
    "abrasive_wt_pct": "rates at two or more solids contents",
    "abrasive_d50_nm": "rates with two or more abrasive sizes",
    "slurry_pH": "rates at four or more pH, two pressures each",
    "h2o2_wt_pct": "rates at three or more oxidiser contents, one of them 0",
    "slurry_ml_min": "rates at two or more slurry flows",
    "temperature_C": "rates at two pad temperatures, 15 K apart or more",
}


def unidentified_of(group: Group, form: Form, features: Features) -> tuple[Unidentified, ...]:
    """List what the group's rows cannot tell: borrowed with its value, or refused; why; what would fix it."""
    found: list[Unidentified] = []
    rows = group.rows
    pressures = len(np.unique(np.round(rows.pressure_kPa, 6)))
    speeds = len(np.unique(np.round(rows.velocity_m_s, 6)))
    if pressures == 1:
        reason = f"one pressure ({rows.pressure_kPa[0]:.4g} kPa); Preston's 1 stands in"
        found.append(Unidentified("exponent_p", "borrowed", reason, "rates at two or more pressures", 1.0))
        reason = "one pressure: neither a start nor a saturation of the rate can show"
        found.append(Unidentified("threshold, k2", "refused", reason, "rates at three or more pressures"))
    elif pressures == 2 and form.threshold is Threshold.NONE and not form.saturation:
        reason = "two pressures: a bend of the rate against pressure cannot show"
        found.append(Unidentified("threshold, k2", "refused", reason, "rates at three or more pressures"))
    if speeds == 1:
        value = group.scales.exponent_v
        reason = f"one speed ({rows.velocity_m_s[0]:.4g} m/s); {_SPEED_SOURCES}, +-{BORROWED_EXPONENT_V_SPREAD}"
        need = "rates at two or more platen speeds at one pressure"
        found.append(Unidentified("exponent_v", "borrowed", reason, need, value))
    for name in COVARIATES:
        values = group.table.covariates.get(name)
        if values is None or np.isnan(values).all():
            reason = "not stated"
        elif np.isnan(values).any():
            reason = "not stated in every row"
        elif np.ptp(values) == 0:
            reason = f"one value ({values[0]:g})"
        elif name == "slurry_pH":
            reason = "a gate, no power of pH: only a window is looked for"
        else:
            continue
        found.append(Unidentified(f"effect of {name}", "refused", reason, _NEED[name]))
    for label, count in group.levels.items():
        if count > 1 and f"kp_level:{label}" not in features:
            reason = f"{count} members, most under one condition: their factor cannot be told from scatter"
            need = f"two or more conditions for each {label}"
            found.append(Unidentified(f"factor per {label}", "refused", reason, need))
    if group.conditions < 5:
        reason = f"{group.conditions} conditions carry {max(1, group.conditions - 2)} constant(s)"
        found.append(Unidentified("any further constant", "refused", reason, "five or more conditions"))
    return tuple(found)
