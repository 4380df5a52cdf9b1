"""What happens to virtual metrology: a step ends and wants a value; a label comes, later, maybe never."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from planaris.control.virtual_metrology.step_trace import PolishStep


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step has ended: estimate its value from what is known now."""

    step: PolishStep


@dataclass(frozen=True, slots=True)
class LabelCame:
    """The measured value of a step is known at ``time_s``, in the label's unit."""

    step: PolishStep
    value: float
    time_s: float


Observation: TypeAlias = StepEnded | LabelCame


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its standard deviation, in the label's unit; both NaN where a method knows nothing yet."""

    value: float
    sigma: float
