"""What fault detection looks at: one settled step's features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepFeatures:
    """The features of one step of one wafer, by name; what could not be worked out is left out.

    ``platen`` is 0 for what was measured of the wafer after its last step.
    """

    wafer_id: str
    recipe: str
    platen: int
    head: int
    step: int
    step_name: str
    values: Mapping[str, float]

    @property
    def key(self) -> str:
        """What limits are learned for: recipe, step and platen; heads are taken together."""
        return f"{self.recipe}/{self.step}/{self.platen}"
