"""A small plant of one recipe for tests of run-to-run control: three platens of 40 s, four heads, nominal 600 nm."""

from __future__ import annotations

import math

from planaris.control import (
    Actuator,
    Actuators,
    Context,
    Due,
    Estimator,
    Label,
    Learned,
    Order,
    RemovalModel,
    RunToRun,
    RunToRunState,
    Safety,
    StateSpace,
    StepRate,
    Taken,
)

STEPS = (0, 2, 4)
SAFETY = Safety(
    min_labels_count=3,
    stale_count=60,
    residual_limit_ratio=0.1,
    outliers_count=3,
    estimate_limit_ratio=0.3,
    miss_limit_ratio=0.03,
)
SHARES = (1 / 3, 1 / 3, 1 / 3)


def actuators(*, zone: bool = False, max_step_s: float = 3.0, dead_band_s: float = 0.05) -> Actuators:
    """Return three released times, and where asked the outer zone's pressure on the first platen."""
    steps = tuple(
        StepRate(n, i, 40.0, 0.0, (28.0, 28.0, 31.0), (300.0, 300.0, 300.0), (10.0, 10.0, 10.0))
        for i, n in enumerate(STEPS)
    )
    model = RemovalModel(steps, (5 / 9, 0.0, 4 / 9))
    times = tuple(Actuator(n, None, 40.0, 32.0, 50.0, max_step_s, dead_band_s, 0.01) for n in STEPS)
    pressure = (Actuator(0, 2, 31.0, 25.0, 37.0, 2.0, 0.05, 0.01),) if zone else ()
    return Actuators(model, (*times, *pressure))


def context(head: int = 1, pads: tuple[str, ...] = ("A", "A", "A"), age_h: float = -1.0) -> Context:
    """Return a wafer's threads."""
    names = tuple(f"platen{n}/{pad}" for n, pad in enumerate(pads, start=1))
    return Context("ild", f"head{head}", names, (age_h,) * 3, SHARES)


class Tool:
    """Polishes wafers under a control, truth by truth: ``ratio`` of the nominal removal."""

    def __init__(
        self, estimator: Estimator | None = None, parts: Actuators | None = None, safety: Safety = SAFETY,
        every: int = 1, delay: int = 0,
    ) -> None:  # fmt: skip
        self.control = RunToRun(estimator or StateSpace(), parts or actuators(), safety, every, delay)
        self.state: RunToRunState = self.control.start()
        self.count = 0
        self.learned: list[Learned] = []

    def order(self, target_nm: float = 600.0, where: Context | None = None) -> Order:
        """Return what control would have a wafer polished with."""
        target = (target_nm,) * (1 + len(self.control.actuators.zones))
        _, order = self.control.step(self.state, Due("next", where or context(), target))
        assert isinstance(order, Order)
        return order

    def polish(
        self, ratio: float, target_nm: float = 600.0, where: Context | None = None, *, label: bool = True,
        zone_ratio: float = 1.0,
    ) -> float:  # fmt: skip
        """Polish a wafer as ordered and label it; return its removal."""
        order = self.order(target_nm, where)
        self.count += 1
        name = f"W{self.count}"
        self._take(Taken(name, where or context(), order.values))
        removed = ratio * self.control.actuators.outputs_nm(order.values)
        removed[1:] *= zone_ratio
        if label:
            self._take(Label(name, tuple(removed.tolist())))
        return float(removed[0])

    def _take(self, observation: Taken | Label) -> None:
        self.state, said = self.control.step(self.state, observation)
        assert isinstance(said, tuple)
        self.learned += said


def log_of(percent: float) -> float:
    """Return the logarithm of a ratio given in percent off 1."""
    return math.log1p(0.01 * percent)
