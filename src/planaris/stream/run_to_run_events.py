"""Events of run-to-run control: decisions, labels, estimates, what was learned by labels, and who switched it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from planaris.stream.event import Event


@dataclass(frozen=True, slots=True)
class RecipeAdjusted(Event):
    """Run-to-run control decided on a wafer before its first polish step.

    ``adjustment`` is adjust, keep or hold and ``why`` what held it; in the ``mode`` advise the wafer is polished with
    the recipe's own values all the same. ``thread`` is recipe and product, ``parts`` what it is polished with, ages are
    those of its pads (negative: not known). ``times`` and ``pressures`` name the released parameters in the order of
    their values before (on the same head) and after. ``estimate_pct`` is the removal against the nominal one.
    """

    name: ClassVar[str] = "recipe_adjusted"
    wafer_id: str
    recipe: str
    head: int
    thread: str
    parts: str
    pad_age_h: tuple[float, ...]
    mode: str
    adjustment: str
    why: str
    target_nm: float
    expected_nm: float
    estimate_pct: float
    estimate_sigma_pct: float
    labels_count: int
    times: str
    time_before_s: tuple[float, ...]
    time_after_s: tuple[float, ...]
    pressures: str
    pressure_before_kPa: tuple[float, ...]
    pressure_after_kPa: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RemovalLabelled(Event):
    """A wafer's measured removal was given to run-to-run control: the mean of the sites, then each moved zone."""

    name: ClassVar[str] = "removal_labelled"
    wafer_id: str
    label_nm: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RemovalEstimated(Event):
    """Virtual metrology estimated a polished wafer's removal from its features, before its label is there.

    ``regime`` is recipe, product and platens, ``parts`` its head with its parts; ``features`` are names with commas
    between, ``feature_values`` in their order. ``expected_nm`` is what labels let expect of the wafer as it was
    polished, with 1 sigma of a label about it; ``foreseen_pct`` what features say beyond. ``low_nm`` to ``high_nm`` is
    to hold 90 % of the labels. ``explained_pct`` is the part of the variance that features took away on labels so far.
    ``model`` is the model's SHA-256 ('': there is none yet). The estimate stands in for the label with
    the 1 sigma ``stand_in_sigma_pct``; this is 0 where it does not, and ``why`` says why not.
    """

    name: ClassVar[str] = "removal_estimated"
    wafer_id: str
    regime: str
    parts: str
    features: str
    feature_values: tuple[float, ...]
    nominal_nm: float
    expected_nm: float
    expected_sigma_pct: float
    foreseen_pct: float
    estimate_nm: float
    estimate_sigma_pct: float
    low_nm: float
    high_nm: float
    explained_pct: float
    reliance_ratio: float
    similarity_ratio: float
    labels_count: int
    model: str
    stand_in_sigma_pct: float
    why: str


@dataclass(frozen=True, slots=True)
class RemovalLearned(Event):
    """Run-to-run control held a label against what it had expected; ``why`` says what kept it out of the estimate."""

    name: ClassVar[str] = "removal_learned"
    wafer_id: str
    thread: str
    expected_nm: float
    measured_nm: float
    residual_pct: float
    why: str
    estimate_pct: float
    estimate_sigma_pct: float
    labels_count: int


@dataclass(frozen=True, slots=True)
class RunToRunSwitched(Event):
    """A person, or a host, said what becomes of decisions (``state``: control, advise, off), or had all forgotten."""

    name: ClassVar[str] = "run_to_run_switched"
    audited: ClassVar[bool] = True
    previous: str
    state: str
    principal: str
    why: str
