"""Run-to-run control of one recipe: labels in, released parameters out, held wherever that would not be safe."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from planaris.control.run_to_run.actuators import Actuators
from planaris.control.run_to_run.context import Context, Estimate, Estimator, Residual
from planaris.control.run_to_run.state_space import SpaceState
from planaris.control.run_to_run.threads import ThreadsState


class Kind(StrEnum):
    """What a decision is: other values, the last ones again (within the dead band), or held where it is not safe."""

    ADJUST = "adjust"
    KEEP = "keep"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Safety:
    """When control is held.

    Fewer labels of a product than ``min_labels_count``; the newest label more than ``stale_count`` wafers old;
    ``outliers_count`` labels running beyond ``residual_limit_ratio`` of what was expected (one alone is left out of the
    estimate); an estimate beyond ``estimate_limit_ratio`` of nominal; a target that the limits leave missed by more
    than ``miss_limit_ratio``.
    """

    min_labels_count: int
    stale_count: int
    residual_limit_ratio: float
    outliers_count: int
    estimate_limit_ratio: float
    miss_limit_ratio: float


@dataclass(frozen=True, slots=True)
class Due:
    """A wafer is about to be polished. ``target_nm``: what is to be removed, in the mean and in each moved zone."""

    wafer_id: str
    context: Context
    target_nm: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """A wafer is polished with ``values`` of the released parameters, ordered by control or not."""

    wafer_id: str
    context: Context
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """What was measured of a wafer's removal, in the mean of the sites and in each moved zone, nm."""

    wafer_id: str
    removal_nm: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Surrogate:
    """An estimate that stands in for a wafer's label until that comes, if it does.

    ``shift_ratio`` is what its removal is off what measured labels let expect (a logarithm), ``sigma_ratio`` how far a
    label is from the estimate, 1 sigma.
    """

    wafer_id: str
    shift_ratio: float
    sigma_ratio: float


Observation = Due | Taken | Label | Surrogate


@dataclass(frozen=True, slots=True)
class Order:
    """A decision on a wafer: values of the released parameters, those of the wafer before on its head, and why.

    ``expected_nm`` is the removal that the values let expect; ``at_limit`` counts the parameters that are at theirs.
    """

    kind: Kind
    why: str
    before: tuple[float, ...]
    values: tuple[float, ...]
    estimate: Estimate
    expected_nm: float
    at_limit: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Learned:
    """What became of a label: expected and measured, and whether it went into the estimate; why not, if not.

    ``log_ratio`` is the logarithm of measured over nominal removal, ``sigma_ratio`` how far it was expected to be off.
    """

    wafer_id: str
    context: Context
    expected_nm: float
    measured_nm: float
    residual_ratio: float
    taken: bool
    why: str
    estimate: Estimate
    log_ratio: float
    sigma_ratio: float


Decision = Order | tuple[Learned, ...]
Channel = SpaceState | ThreadsState


@dataclass(frozen=True, slots=True)
class Pending:
    """A polished wafer without a label: where it stands in the count, its threads and nominal removal."""

    number: int
    context: Context
    nominal_nm: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of a polished wafer's label: its threads, nominal removal, log ratio to that and 1 sigma."""

    context: Context
    nominal_nm: float
    log_ratio: float
    sigma_ratio: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """A label that is used once ``due_count`` wafers were polished, and the wafer that it is of."""

    due_count: int
    label: Label
    wafer: Pending


@dataclass(frozen=True, slots=True)
class StandIn:
    """An estimate that stands in for the label of the wafer ``number`` in the count."""

    said: Surrogate
    number: int


@dataclass(frozen=True, slots=True)
class RunToRunState:
    """All that control remembers. ``channels`` are the estimator's states: of the mean, and of each moved zone's shape.

    ``number`` counts polished wafers, ``newest`` those whose label is known. ``waiting`` are labels that are not late
    enough yet, ``last`` the values by product and head, ``outliers_count`` labels running that were beyond the limit.
    ``stand_ins`` are the estimates of wafers polished since the newest labelled one: what they say moves the next
    wafers and never the channels, which know measured labels alone.
    """

    channels: tuple[Channel, ...]
    number: int = 0
    newest: int = 0
    outliers_count: int = 0
    labels_seen: int = 0
    pending: Mapping[str, Pending] = field(default_factory=dict[str, Pending])
    waiting: tuple[Waiting, ...] = ()
    last: Mapping[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    stand_ins: tuple[StandIn, ...] = ()


# Wafers whose label never comes are forgotten when so many have been polished since [design].
_FORGET_COUNT = 1000
# What is expected of a wafer shifts by the mean of so many of the newest estimates: one of each head; older than this
# they say nothing of the process as it is [design].
_STAND_INS_COUNT, _STAND_IN_AGE_COUNT = 4, 12


@dataclass(frozen=True, slots=True)
class RunToRun:
    """Control of one recipe from wafer to wafer.

    ``every_count``: of the labels that come, each so-manieth is used; ``delay_count``: each is used only when so many
    more wafers were polished. Both rehearse a metrology that is not in line; 1 and 0 use what comes when it comes.
    """

    estimator: Estimator
    actuators: Actuators
    safety: Safety
    every_count: int = 1
    delay_count: int = 0

    def start(self) -> RunToRunState:
        """Return the state that knows nothing yet."""
        return RunToRunState(tuple(self.estimator.start() for _ in range(1 + len(self.actuators.zones))))

    def step(self, state: RunToRunState, observation: Observation) -> tuple[RunToRunState, Decision]:
        """Take what happened; a wafer that is due gets an order, labels say what was learned. Nothing else changes."""
        match observation:
            case Due():
                return state, self._order(state, observation)
            case Taken():
                return self._taken(state, observation)
            case Label():
                return self._labelled(state, observation)
            case Surrogate():
                return self._stood_in(state, observation), ()

    def expected(self, state: RunToRunState, wafer_id: str) -> Expected | None:
        """Return what measured labels let expect of a polished wafer; None for one not known, or whose label is."""
        wafer = state.pending.get(wafer_id)
        if wafer is None:
            return None
        now = self.estimator.expect(state.channels[0], wafer.context, wafer.number)
        sigma = math.hypot(now.sigma_ratio, self.estimator.noise_ratio)
        return Expected(wafer.context, wafer.nominal_nm[0], now.log_ratio, sigma)

    # -- a wafer that is due ----------------------------------------------------------------------------------
    def _order(self, state: RunToRunState, due: Due) -> Order:
        context, number = due.context, state.number + 1
        last = state.last.get(_thread(context), self.actuators.nominal)
        last = last if len(last) == len(self.actuators.parameters) else self.actuators.nominal
        seen = [self.estimator.expect(channel, context, number) for channel in state.channels]
        seen[0] = self._shifted(state, seen[0], number)
        ratio = np.exp([seen[0].log_ratio, *(seen[0].log_ratio + shape.log_ratio for shape in seen[1:])])

        def as_it_was(why: str) -> Order:
            expected = float(ratio[0] * self.actuators.outputs_nm(last)[0])
            return Order(Kind.HOLD, why, last, last, seen[0], expected)

        if why := self._unsafe(state, seen[0]):
            return as_it_was(why)
        target = np.array(due.target_nm)
        move = self.actuators.towards(target, ratio, last)
        miss = move.error_nm / target[0]
        # What a rate limit keeps back for now is made up on the next wafers.
        if move.at_limit and abs(miss) > self.safety.miss_limit_ratio:
            return as_it_was(f"limits: the target would be missed by {100.0 * miss:+.1f} %")
        kind = Kind.KEEP if move.kept else Kind.ADJUST
        return Order(kind, "", last, move.values, seen[0], float(target[0] + move.error_nm), move.at_limit)

    def _unsafe(self, state: RunToRunState, estimate: Estimate) -> str:
        """Return why no move is safe, '' where one is."""
        limits, old = self.safety, state.number - state.newest
        if estimate.labels_count < limits.min_labels_count:
            return f"too few labels: {estimate.labels_count} of {limits.min_labels_count}"
        if old > limits.stale_count:
            return f"stale labels: the newest is {old} wafers old, limit {limits.stale_count}"
        if state.outliers_count >= limits.outliers_count:
            return f"residuals: {state.outliers_count} labels running beyond {100 * limits.residual_limit_ratio:g} %"
        if abs(math.expm1(estimate.log_ratio)) > limits.estimate_limit_ratio:
            off, limit = 100.0 * math.expm1(estimate.log_ratio), 100.0 * limits.estimate_limit_ratio
            return f"estimate: {off:+.1f} % of nominal, limit {limit:g} %"
        return ""

    def _taken(self, state: RunToRunState, taken: Taken) -> tuple[RunToRunState, Decision]:
        number = state.number + 1
        nominal = tuple(self.actuators.outputs_nm(taken.values).tolist())
        pending = {i: p for i, p in state.pending.items() if number - p.number <= _FORGET_COUNT}
        pending[taken.wafer_id] = Pending(number, taken.context, nominal)
        last = {**state.last, _thread(taken.context): taken.values}
        return self._due_labels(replace(state, number=number, pending=pending, last=last))

    # -- estimates that stand in for labels ---------------------------------------------------------------------
    def _stood_in(self, state: RunToRunState, said: Surrogate) -> RunToRunState:
        """Take an estimate; of a wafer whose label is known, or which is older than one, it says nothing."""
        wafer = state.pending.get(said.wafer_id)
        if wafer is None or wafer.number <= state.newest:
            return state
        others = [one for one in state.stand_ins if one.said.wafer_id != said.wafer_id]
        stand_ins = sorted([*others, StandIn(said, wafer.number)], key=lambda one: one.number)
        return replace(state, stand_ins=tuple(stand_ins[-_STAND_INS_COUNT:]))

    def _shifted(self, state: RunToRunState, labels_say: Estimate, number: int) -> Estimate:
        """Return what is expected with the estimates that stand in for labels, weighed by their variance."""
        young = [one.said for one in state.stand_ins if number - one.number <= _STAND_IN_AGE_COUNT]
        if not young:
            return labels_say
        weights = [said.sigma_ratio**-2.0 for said in young]
        shift = math.fsum(w * said.shift_ratio for w, said in zip(weights, young, strict=True)) / math.fsum(weights)
        return replace(labels_say, log_ratio=labels_say.log_ratio + shift)

    # -- labels -----------------------------------------------------------------------------------------------
    def _labelled(self, state: RunToRunState, label: Label) -> tuple[RunToRunState, Decision]:
        if label.wafer_id not in state.pending:
            return state, ()
        seen, wafer = state.labels_seen, state.pending[label.wafer_id]
        pending = {i: p for i, p in state.pending.items() if i != label.wafer_id}
        state = replace(state, labels_seen=seen + 1, pending=pending)
        if seen % self.every_count:
            return state, ()
        waiting = Waiting(wafer.number + self.delay_count, label, wafer)
        return self._due_labels(replace(state, waiting=(*state.waiting, waiting)))

    def _due_labels(self, state: RunToRunState) -> tuple[RunToRunState, tuple[Learned, ...]]:
        """Learn from the labels that are late enough, in the order of their wafers."""
        ready = sorted((w for w in state.waiting if w.due_count <= state.number), key=lambda w: w.due_count)
        if not ready:
            return state, ()
        state = replace(state, waiting=tuple(w for w in state.waiting if w.due_count > state.number))
        learned: list[Learned] = []
        for item in ready:
            state, said = self._learn(state, item.label, item.wafer)
            learned.append(said)
        return state, tuple(learned)

    def _learn(self, state: RunToRunState, label: Label, wafer: Pending) -> tuple[RunToRunState, Learned]:
        nominal, measured = np.array(wafer.nominal_nm), np.array(label.removal_nm)
        logs = np.log(np.maximum(measured, 1e-3) / nominal)
        logs[1:] -= logs[0]
        expected = self.estimator.expect(state.channels[0], wafer.context, wafer.number)
        residual = float(logs[0] - expected.log_ratio)
        newest = max(state.newest, wafer.number)
        known = expected.labels_count >= self.safety.min_labels_count
        outliers = state.outliers_count + 1 if known and abs(residual) > self.safety.residual_limit_ratio else 0
        # A run of outliers is no outlier: the process has moved, and the estimate follows it while control is held.
        taken = outliers == 0 or outliers >= self.safety.outliers_count
        why = "" if taken else f"outlier: {100.0 * residual:+.1f} % off"
        state = replace(state, newest=newest, outliers_count=outliers)
        if taken:
            moved = [
                self.estimator.step(channel, Residual(wafer.context, wafer.number, float(value)))
                for channel, value in zip(state.channels, logs, strict=True)
            ]
            state = replace(state, channels=tuple(channel for channel, _ in moved))
        # What was estimated of it and of the wafers before it is measured now.
        state = replace(state, stand_ins=tuple(one for one in state.stand_ins if one.number > newest))
        now = self.estimator.expect(state.channels[0], wafer.context, wafer.number)
        told = float(nominal[0] * math.exp(expected.log_ratio))
        sigma = math.hypot(expected.sigma_ratio, self.estimator.noise_ratio)
        return state, Learned(
            label.wafer_id, wafer.context, told, float(measured[0]), residual, taken, why, now, float(logs[0]), sigma
        )


def _thread(context: Context) -> str:
    """Return what shares the last values: a product on a head."""
    return f"{context.product} on {context.head}"
