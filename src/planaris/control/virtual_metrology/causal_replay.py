"""Play a recording through a method in the order in which a fab would have seen it.

A label is known ``delay_s`` after the last sample of its step. A step is estimated from its own trace, from steps that
had ended when it began, and from labels known when it began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from planaris.control.virtual_metrology.line_history import LineHistory, history_features, with_finished
from planaris.control.virtual_metrology.observations import LabelCame, Observation, StepEnded
from planaris.control.virtual_metrology.step_trace import PolishStep

S = TypeVar("S")
D_co = TypeVar("D_co", covariant=True)


class Method(Protocol[S, D_co]):
    """Anything that answers steps and takes labels."""

    def start(self) -> S:
        """Return the state before any label."""
        ...

    def step(self, state: S, seen: Observation) -> tuple[S, D_co | None]:
        """Answer a step that has ended; take up a label."""
        ...


def with_history(steps: Iterable[PolishStep]) -> tuple[PolishStep, ...]:
    """Return the steps in order of their starts, with the features of their line's past added."""
    known = sorted(steps, key=lambda step: (step.start_s, step.name))
    # At one moment an end comes before a start.
    events = sorted(
        [(step.end_s, 0, i) for i, step in enumerate(known)] + [(step.start_s, 1, i) for i, step in enumerate(known)]
    )
    lines: dict[str, LineHistory] = {step.line: LineHistory() for step in known}
    features: list[Mapping[str, float]] = [{}] * len(known)
    for time_s, starts, i in events:
        step = known[i]
        if starts:
            features[i] = history_features(lines[step.line], time_s)
        else:
            lines[step.line] = with_finished(lines[step.line], step)
    return tuple(
        PolishStep(s.name, s.line, s.regime, s.start_s, s.end_s, {**s.features, **f})
        for s, f in zip(known, features, strict=True)
    )


def replay(
    method: Method[S, D_co],
    steps: Sequence[PolishStep],
    labels: Mapping[str, float],
    delay_s: float,
    tell: Callable[[int, int], None] | None = None,
) -> tuple[Mapping[str, D_co], S]:
    """Return a method's answer to every step by name, and its last state; ``labels`` by name may lack any.

    ``tell`` is called with how many observations are done, of how many.
    """
    observations: list[tuple[float, int, float, int]] = []
    for i, step in enumerate(steps):
        observations.append((step.start_s, 1, step.end_s, i))
        if step.name in labels:
            observations.append((step.end_s + delay_s, 0, step.end_s, i))
    observations.sort()
    state = method.start()
    answers: dict[str, D_co] = {}
    for done, (time_s, asks, _, i) in enumerate(observations):
        step = steps[i]
        if asks:
            state, answer = method.step(state, StepEnded(step))
            if answer is not None:
                answers[step.name] = answer
        else:
            state, _none = method.step(state, LabelCame(step, labels[step.name], time_s))
        if tell is not None:
            tell(done + 1, len(observations))
    return answers, state
