"""What the tool remembers of each wafer of a lot while it is on its way."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from planaris.model import Recipe, Wafer


@dataclass(slots=True)
class WaferProgress:
    """One wafer's way through the tool; times are tool time, NaN until they come.

    ``adjusted`` is its recipe once run-to-run control has decided on it; platens and limits are the recipe's. Of one
    whose polish was ``interrupted`` nobody knows how long it was truly polished.
    """

    wafer: Wafer
    home: str
    recipe: Recipe
    aligned: bool = False
    visits_done: int = 0
    cut_short: bool = False
    head: int = 0
    left_carrier_s: float = math.nan
    chucked_s: float = math.nan
    polish_start_s: float = math.nan
    polish_end_s: float = math.nan
    clean_start_s: float = math.nan
    dried_s: float = math.nan
    polish_s: float = 0.0
    wait_s: float = 0.0
    slurry_ml: float = 0.0
    di_water_ml: float = 0.0
    finished: bool = False
    post_nm: tuple[float, ...] = ()
    plan: str = ""
    marks: list[str] = field(default_factory=list[str])
    adjusted: Recipe | None = None
    interrupted: bool = False
    platens: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.platens = self.recipe.platens

    @property
    def polish_recipe(self) -> Recipe:
        """The recipe with what run-to-run control made of its released parameters for this wafer."""
        return self.adjusted or self.recipe

    @property
    def next_platen(self) -> int | None:
        """Platen of the next visit, None when the wafer is through or must go no further."""
        platens = self.platens
        return platens[self.visits_done] if self.visits_done < len(platens) and not self.cut_short else None

    @property
    def route(self) -> tuple[int, ...]:
        """Platens that are still to come."""
        return () if self.cut_short else self.platens[self.visits_done :]

    @property
    def left_carrier(self) -> bool:
        """Whether the wafer has been away from its slot."""
        return not math.isnan(self.left_carrier_s)

    @property
    def dry(self) -> bool:
        """Whether the wafer was never wetted in the tool."""
        return math.isnan(self.chucked_s)

    @property
    def dried(self) -> bool:
        """Whether the wafer has been through the dryer."""
        return not math.isnan(self.dried_s)

    @property
    def wet(self) -> bool:
        """Whether the wafer was wetted and not dried yet."""
        return not math.isnan(self.chucked_s) and math.isnan(self.dried_s)

    @property
    def polished(self) -> bool:
        """Whether no visit is to come."""
        return self.next_platen is None

    @property
    def wet_s(self) -> float:
        """Seconds from the first wetting in the load cup until dry."""
        return self.dried_s - self.chucked_s

    @property
    def polish_to_clean_s(self) -> float:
        """Seconds from the end of the last polish to the start of cleaning."""
        return self.clean_start_s - self.polish_end_s
