"""What calibration hands over: a law per group, how sure it is, where it holds and what its data cannot say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planaris.calibration.form import Form, Scales, Threshold
from planaris.calibration.formula import NM_MIN_PER_KPA_M_S, Rows, log_rate, threshold_of
from planaris.calibration.gate import Window
from planaris.calibration.grouping import GroupKey
from planaris.calibration.table import Floats
from planaris.physics import RemovalLaw


@dataclass(frozen=True, slots=True)
class Parameter:
    """One constant of a law in its own unit with its 95 % interval.

    ``identified`` is false where the rows say little more than was believed before.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str
    identified: bool


@dataclass(frozen=True, slots=True)
class Unidentified:
    """Something the rows cannot tell: ``borrowed`` at a value, or ``refused``; why; which data would fix it."""

    name: str
    treatment: str
    reason: str
    fixed_by: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Errors:
    """Mean relative errors in percent: of the fit, on conditions left out, and of plain Preston both ways."""

    fit_mape_pct: float
    left_out_mape_pct: float
    preston_fit_mape_pct: float
    preston_left_out_mape_pct: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A form that was tried."""

    form: str
    constants: int
    fit_mape_pct: float
    left_out_mape_pct: float


@dataclass(frozen=True, slots=True)
class GroupLaw:
    """The law of one group.

    ``theta`` and ``covariance`` are in the coordinates of the fit (``names``); ``row_spread`` is the relative
    scatter of rows about the law with ``freedom`` degrees of freedom; ``ranges`` are lowest and highest value of
    each condition among the fitted rows; ``hersey_limit_um`` is None where no rate-against-speed data support one.
    """

    key: GroupKey
    form: Form
    scales: Scales
    level_names: Mapping[str, tuple[str, ...]]
    names: tuple[str, ...]
    theta: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    row_spread: float
    freedom: float
    constants: int
    rows: int
    conditions: int
    errors: Errors
    ranges: Mapping[str, tuple[float, float]]
    parameters: tuple[Parameter, ...]
    unidentified: tuple[Unidentified, ...]
    window: Window | None = None
    hersey_limit_um: float | None = None
    candidates: tuple[Candidate, ...] = ()
    notes: tuple[str, ...] = ()

    def removal_law(
        self,
        velocity_m_s: float | None = None,
        *,
        conditions: Mapping[str, float] | None = None,
        pad: str | None = None,
        abrasive: str | None = None,
    ) -> RemovalLaw:
        """Return the law under given conditions (middles where not given) as the wafer-scale physics takes it.

        A threshold in pressure becomes pressure times velocity at ``velocity_m_s``; it is exact there.
        """
        velocity = self.scales.velocity_m_s if velocity_m_s is None else velocity_m_s
        rows = self._one_row(velocity, conditions or {}, {"pad": pad, "abrasive": abrasive})
        theta = np.array([self.theta])
        at = dict(zip(self.names, self.theta, strict=True))
        # Without threshold and saturation the formula is K·P·V at the reference pressure: read K off it.
        plain = Form(
            exponent_p=self.form.exponent_p,
            exponent_v=self.form.exponent_v,
            kp_level=self.form.kp_level,
            kp_by=self.form.kp_by,
            oxidiser=self.form.oxidiser,
            oxidiser_half=self.form.oxidiser_half,
            supply=self.form.supply,
            activation=self.form.activation,
        )
        exponent_v = at.get("exponent_v", self.scales.exponent_v)
        slid = self.scales.velocity_m_s * (velocity / self.scales.velocity_m_s) ** exponent_v
        ln_rate = log_rate(plain, self.scales, self.names, theta, rows)[0][0, 0]
        threshold = 0.0
        if self.form.threshold is not Threshold.NONE:
            threshold = float(threshold_of(self.form, self.scales, self.names, theta, rows)[0, 0])
            if self.form.threshold is Threshold.PRESSURE:
                threshold *= slid
        k2 = math.inf
        if self.form.saturation:
            k2 = math.exp(at["ln_k2"])
            for name in self.form.k2_by:
                k2 *= (rows.conditions[name][0] / self.scales.condition(name)) ** at[f"k2_by_{name}"]
        return RemovalLaw(
            kp_m2_N=math.exp(ln_rate) / (self.scales.pressure_kPa * slid) / NM_MIN_PER_KPA_M_S,
            exponent_p=at.get("exponent_p", self.scales.exponent_p),
            exponent_v=exponent_v,
            reference_pressure_kPa=self.scales.pressure_kPa,
            reference_velocity_m_s=self.scales.velocity_m_s,
            threshold_kPa_m_s=threshold,
            k2_nm_min=k2,
            corner_ratio=float(self.form.corner),
        )

    def _one_row(self, velocity: float, conditions: Mapping[str, float], labels: Mapping[str, str | None]) -> Rows:
        levels = {}
        for label, names in self.level_names.items():
            wanted = labels.get(label)
            levels[label] = np.array([names.index(wanted) if wanted in names else -1])
        values = {n: np.array([conditions.get(n, middle)]) for n, middle in self.scales.conditions}
        return Rows(np.array([self.scales.pressure_kPa]), np.array([velocity]), levels, values)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A group that got no law, and why."""

    key: GroupKey
    rows: int
    reason: str


@dataclass(frozen=True, slots=True)
class CalibratedLaw:
    """Laws of a table's groups."""

    groups: tuple[GroupLaw, ...]
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()


def mape_pct(predicted: Floats, measured: Floats) -> float:
    """Return the mean of |predicted/measured − 1| in percent over rows that measured something; NaN for none."""
    good = (measured > 0) & np.isfinite(predicted)
    if not good.any():
        return math.nan
    return float(np.mean(np.abs(predicted[good] / measured[good] - 1.0)) * 100.0)
