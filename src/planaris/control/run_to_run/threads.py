"""Moving averages by thread: one level for what all wafers of a product share, and an offset for each head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from planaris.control.run_to_run.context import Context, Estimate, Residual, changed
from planaris.control.run_to_run.double_ewma import DoubleEwma, DoubleState
from planaris.control.run_to_run.ewma import Ewma

# What one label says of a wafer whose noise nobody has measured yet [design].
_NOISE_RATIO = 0.01


@dataclass(frozen=True, slots=True)
class ThreadState:
    """One product's thread: level and trend, labels in all and since its last restart, the pads they came from."""

    level: float
    trend: float = 0.0
    labels_count: int = 0
    fresh_count: int = 0
    variance_ratio: float = _NOISE_RATIO**2
    pads: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class ThreadsState:
    """All threads: by product, and offsets of heads, which products share."""

    products: Mapping[str, ThreadState]
    heads: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Threads:
    """Common level by a moving average, head offsets by another of ``head_weight_fraction``.

    With ``restarts`` the first labels of a thread count 1, 1/2, 1/3 … until that is less than the weight, with
    ``pad_restarts`` those after a pad was changed too: good where labels come soon, bad where they come so late that
    the pad is broken in meanwhile. Without both every label counts alike (a constant gain). A product that is new
    begins at the mean of the others' levels.
    """

    method: Ewma | DoubleEwma
    head_weight_fraction: float = 0.0
    restarts: bool = True
    pad_restarts: bool = True

    @property
    def noise_ratio(self) -> float:
        """A thread's variance is that of its labels: noise is in it."""
        return 0.0

    def start(self) -> ThreadsState:
        """Return the state that knows nothing yet."""
        return ThreadsState({}, {})

    def expect(self, state: ThreadsState, context: Context, number: int) -> Estimate:
        """Return level, trend and the head's offset together."""
        del number
        thread = self._thread(state, context)
        offset = state.heads.get(context.head, 0.0)
        return Estimate(thread.level + thread.trend + offset, thread.variance_ratio**0.5, thread.labels_count)

    def step(self, state: ThreadsState, seen: Residual) -> tuple[ThreadsState, Estimate]:
        """Take a label into its product's level and its head's offset."""
        context = seen.context
        expected = self.expect(state, context, seen.number)
        thread, offset = self._thread(state, context), state.heads.get(context.head, 0.0)
        new_pad = bool(changed(thread.pads, context.pads))
        fresh = 0 if new_pad and self.pad_restarts else thread.fresh_count
        first = 1.0 / (fresh + 1.0) if self.restarts or (self.pad_restarts and thread.labels_count) else 0.0
        level, trend = self._moved(thread, seen.log_ratio - offset, first)
        error = seen.log_ratio - expected.log_ratio
        variance = thread.variance_ratio
        if not new_pad and thread.labels_count:
            variance += 0.1 * (error**2 - variance)
        heads = {
            **state.heads,
            context.head: offset + self.head_weight_fraction * (error if thread.labels_count else 0),
        }
        pads = {**thread.pads, **dict(pad.split("/", 1) for pad in context.pads)}
        moved = ThreadState(level, trend, thread.labels_count + 1, fresh + 1, variance, pads)
        return ThreadsState({**state.products, context.product: moved}, heads), expected

    def _thread(self, state: ThreadsState, context: Context) -> ThreadState:
        known = state.products.get(context.product)
        if known is not None:
            return known
        levels = [thread.level for thread in state.products.values()]
        return ThreadState(sum(levels) / len(levels) if levels else 0.0)

    def _moved(self, thread: ThreadState, disturbance: float, first: float) -> tuple[float, float]:
        method = self.method
        weight = max(first, float(method.weight_fraction))
        if isinstance(method, Ewma):
            level, _ = replace(method, weight_fraction=weight).step(thread.level, disturbance)
            return float(level), 0.0
        if first > float(method.weight_fraction):  # a trend needs a level first
            return thread.level + weight * (disturbance - thread.level), 0.0
        moved, _ = method.step(DoubleState(thread.level, thread.trend), disturbance)
        return float(moved.level), float(moved.trend)
