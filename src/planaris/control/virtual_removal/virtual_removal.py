"""Virtual metrology of the tool: every polished wafer's removal, with interval and reliance, until its label is there.

The estimate is what labels let expect of the wafer as it was polished, and what a change of its features says beyond
that: against the features of the labelled wafers before it on its head, for what those had of them is in what they let
expect. `VirtualRemoval.step` takes what happens in its order; the state is plain data, rebuilt from the run's journal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from planaris.control.virtual_metrology import RELIANCE_THRESHOLD, SIMILARITY_THRESHOLD, Conformal, reliance_index
from planaris.control.virtual_metrology.conformal import Bands
from planaris.control.virtual_removal.residual_model import (
    WARM_UP_COUNT,
    WINDOW_COUNT,
    LabelledWafer,
    ResidualModel,
    fitted,
)
from planaris.control.virtual_removal.skill import Skill

# So many wafers are remembered until their labels come [design].
_AWAITED_COUNT = 200
# The features of the labelled wafers before are a moving average for each head, of this weight [design:
# the two newest on its head count for most].
_BEFORE_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class WaferPolished:
    """A wafer has left its last platen.

    ``regime`` is recipe, product and platens, ``head`` its head with its parts, ``values`` its features by name.
    ``expected_ratio`` is the logarithm of removal over nominal that measured labels let expect, ``sigma_ratio`` how far
    a label is from that, 1 sigma.
    """

    wafer_id: str
    regime: str
    head: str
    values: Mapping[str, float]
    expected_ratio: float
    sigma_ratio: float


@dataclass(frozen=True, slots=True)
class WaferLabel:
    """A wafer's label is known: the logarithm of removal over nominal.

    ``error_ratio`` is what it is off what the labels before it let expect, ``sigma_ratio`` the 1 sigma of that. An
    ``outlier`` counts for the intervals and teaches nothing.
    """

    wafer_id: str
    log_ratio: float
    error_ratio: float
    sigma_ratio: float
    outlier: bool = False


@dataclass(frozen=True, slots=True)
class RemovalEstimate:
    """What virtual metrology says of a wafer; ratios are logarithms of removal over nominal.

    ``low_ratio`` and ``high_ratio`` bound 90 %. ``foreseen_ratio`` is what the features say beyond what was expected,
    before it is weighed by the share that labels bore out; ``sigma_ratio`` 1 sigma of a label about the estimate.
    ``explained_fraction`` is the part of the variance that features took away on labels so far. Reliance and similarity
    index are 0 while it warms up; ``model`` names the model (`ResidualModel.sha256`), '' while there is none. ``why``
    says why it may not stand in for a label, '' where it may.
    """

    wafer_id: str
    regime: str
    ratio: float
    low_ratio: float
    high_ratio: float
    foreseen_ratio: float
    sigma_ratio: float
    explained_fraction: float
    reliance_index: float
    similarity_index: float
    labels_count: int
    model: str
    why: str


@dataclass(frozen=True, slots=True)
class Awaited:
    """A polished wafer whose label may come: features, and the estimate ± its interval."""

    regime: str
    head: str
    values: tuple[float, ...]
    ratio: float
    sigma_ratio: float
    half_ratio: float


@dataclass(frozen=True, slots=True)
class RegimeState:
    """What labels of a regime taught: its newest labelled wafers, all labels so far, and the model's skill.

    ``names`` are the features that the regime's first wafer had, ``sizes`` their values then; a wafer that lacks any of
    them is not modelled. ``before`` has the features of labelled wafers by head. Of ``intervals_count`` intervals whose
    label came ``covered_count`` held it.
    """

    names: tuple[str, ...] = ()
    sizes: tuple[float, ...] = ()
    before: Mapping[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    wafers: tuple[LabelledWafer, ...] = ()
    labels_count: int = 0
    skill: Skill = field(default_factory=Skill)
    intervals_count: int = 0
    covered_count: int = 0

    @property
    def model(self) -> ResidualModel | None:
        """The model that the labelled wafers make; None while it warms up."""
        return fitted(self.names, self.sizes, self.wafers)

    def away(self, head: str, values: tuple[float, ...]) -> tuple[float, ...] | None:
        """Return how far features are from those of the labelled wafers before on a head; None before the first."""
        before = self.before.get(head)
        return None if before is None else tuple(v - b for v, b in zip(values, before, strict=True))


@dataclass(frozen=True, slots=True)
class VirtualRemovalState:
    """All that virtual metrology remembers: regimes by name, intervals, and wafers whose labels may come."""

    regimes: Mapping[str, RegimeState] = field(default_factory=dict[str, RegimeState])
    bands: Bands = field(default_factory=Bands)
    awaited: Mapping[str, Awaited] = field(default_factory=dict[str, Awaited])


@dataclass(frozen=True, slots=True)
class VirtualRemoval:
    """The method.

    An estimate stands in for a label from the reliance index ``reliance_limit_ratio`` on, and no further from what was
    expected than ``shift_limit_ratio``.
    """

    reliance_limit_ratio: float = RELIANCE_THRESHOLD
    shift_limit_ratio: float = 0.1
    intervals: Conformal = field(default_factory=Conformal)

    def step(
        self, state: VirtualRemovalState, seen: WaferPolished | WaferLabel
    ) -> tuple[VirtualRemovalState, RemovalEstimate | None]:
        """Answer a polished wafer with its estimate; take up a label, of which nothing is said."""
        if isinstance(seen, WaferLabel):
            return self._learned(state, seen), None
        return self._estimated(state, seen)

    def _estimated(
        self, state: VirtualRemovalState, seen: WaferPolished
    ) -> tuple[VirtualRemovalState, RemovalEstimate]:
        known = _regime_of(state, seen)
        lacks = tuple(name for name in known.names if name not in seen.values)
        away = None if lacks else known.away(seen.head, tuple(seen.values[name] for name in known.names))
        model = None if away is None else known.model
        foreseen = reliance = similarity = 0.0
        if model is not None and away is not None:
            foreseen, other, similarity = model.foreseen(away)
            reliance = reliance_index(foreseen, other, model.error_sigma_ratio)
            if similarity > SIMILARITY_THRESHOLD:  # nothing was learned of a wafer like this one
                foreseen = 0.0
        skill = known.skill
        ratio = seen.expected_ratio + (skill.share_fraction * foreseen if skill.is_proven else 0.0)
        explained = skill.explained_fraction if skill.is_proven else 0.0
        sigma = seen.sigma_ratio * math.sqrt(1.0 - explained)
        half = self.intervals.half_width(state.bands, seen.regime, ratio, sigma)
        said = RemovalEstimate(
            seen.wafer_id, seen.regime, ratio, ratio - half, ratio + half, foreseen, sigma, explained, reliance,
            similarity, known.labels_count, "" if model is None else model.sha256,
            self._why(known, model, lacks, reliance, similarity, ratio - seen.expected_ratio),
        )  # fmt: skip
        return self.awaiting(state, seen, said), said

    def awaiting(self, state: VirtualRemovalState, seen: WaferPolished, said: RemovalEstimate) -> VirtualRemovalState:
        """Return the state that waits for the label of a wafer of which an estimate was said; a replay has both."""
        known = _regime_of(state, seen)
        awaited = {name: wafer for name, wafer in state.awaited.items() if name != seen.wafer_id}
        if all(name in seen.values for name in known.names):
            while len(awaited) >= _AWAITED_COUNT:
                awaited.pop(next(iter(awaited)))
            values = tuple(seen.values[name] for name in known.names)
            half = said.high_ratio - said.ratio
            awaited[seen.wafer_id] = Awaited(seen.regime, seen.head, values, said.ratio, said.sigma_ratio, half)
        return replace(state, regimes={**state.regimes, seen.regime: known}, awaited=awaited)

    @staticmethod
    def forgot(state: VirtualRemovalState, wafer_id: str) -> VirtualRemovalState:
        """Return the state that waits no more for a wafer's label."""
        return replace(state, awaited={name: wafer for name, wafer in state.awaited.items() if name != wafer_id})

    def _why(
        self, known: RegimeState, model: ResidualModel | None, lacks: tuple[str, ...], reliance: float,
        similarity: float, shift: float,
    ) -> str:  # fmt: skip
        """Return why an estimate may not stand in for a label, '' where it may."""
        if lacks:
            return f"features are missing: {', '.join(lacks)}"
        if model is None:
            return f"warms up: {len(known.wafers)} of {WARM_UP_COUNT} labels"
        if not similarity <= SIMILARITY_THRESHOLD:
            return f"similarity index {similarity:.1f}, limit {SIMILARITY_THRESHOLD:g}"
        if not known.skill.is_proven:
            return "labels do not bear the features out"
        if not reliance >= self.reliance_limit_ratio:
            return f"reliance index {reliance:.2f}, limit {self.reliance_limit_ratio:g}"
        if abs(shift) > self.shift_limit_ratio:
            return f"{100.0 * shift:+.1f} % off what was expected, limit {100.0 * self.shift_limit_ratio:g} %"
        return ""

    def _learned(self, state: VirtualRemovalState, seen: WaferLabel) -> VirtualRemovalState:
        wafer = state.awaited.get(seen.wafer_id)
        if wafer is None:
            return state
        bands = self.intervals.learned(state.bands, wafer.regime, wafer.ratio, wafer.sigma_ratio, seen.log_ratio)
        known = state.regimes[wafer.regime]
        covered = abs(seen.log_ratio - wafer.ratio) <= wafer.half_ratio
        known = replace(
            known, intervals_count=known.intervals_count + 1, covered_count=known.covered_count + int(covered)
        )
        if not seen.outlier:
            known = _taught(known, wafer, seen)
        state = replace(state, regimes={**state.regimes, wafer.regime: known}, bands=bands)
        return self.forgot(state, seen.wafer_id)


def _regime_of(state: VirtualRemovalState, seen: WaferPolished) -> RegimeState:
    """Return what is known of a wafer's regime; its first wafer says which features there are."""
    return state.regimes.get(seen.regime) or RegimeState(tuple(seen.values), tuple(seen.values.values()))


def _taught(known: RegimeState, wafer: Awaited, seen: WaferLabel) -> RegimeState:
    """Return what is known with one more label: it judges the model first, then it is learned from."""
    away, before = known.away(wafer.head, wafer.values), wafer.values
    skill, wafers = known.skill, known.wafers
    if away is not None:
        model = known.model
        if model is not None:
            foreseen, _, similarity = model.foreseen(away)
            if similarity <= SIMILARITY_THRESHOLD:
                skill = skill.learned(foreseen / seen.sigma_ratio, seen.error_ratio / seen.sigma_ratio)
        wafers = (*wafers, LabelledWafer(away, seen.error_ratio, seen.sigma_ratio))[-WINDOW_COUNT:]
        before = tuple(v - (1.0 - _BEFORE_WEIGHT) * a for v, a in zip(wafer.values, away, strict=True))
    return replace(
        known, before={**known.before, wafer.head: before}, wafers=wafers, labels_count=known.labels_count + 1,
        skill=skill,
    )  # fmt: skip
