"""What a chip's polish needs to know of its process: films over up and down places, rates by film, pad and recess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from planaris.model import Layer
from planaris.physics import ContactConstants


@dataclass(frozen=True, slots=True)
class RecessConstants:
    """Largest recess d_max = B·(w/(1 + w/w_s))^α·s^β of a fast film between slow ones, and rounding of the slow ones.

    w, s: widths in µm of down and up places. B, α, β after Tugbawa 2002; ``saturation_um`` w_s bends the power law and
    ``space_cap_um`` bounds s, both of which the isolated lines of the same work ask for (0: neither). A slow film's
    rate beside a lower, faster one is raised by 1 + C·e^{−s/s_c}.
    """

    scale_nm: float
    width_exponent_ratio: float
    space_exponent_ratio: float
    saturation_um: float = 0.0
    space_cap_um: float = 0.0
    rounding_ratio: float = 0.0
    rounding_um: float = 22.5


@dataclass(frozen=True, slots=True)
class PatternStack:
    """Films from the top over up and over down places, how far the tops of the down ones lie lower, and who stands up.

    ``up_drawn``: the drawn shapes stand up (metal under oxide, active silicon); else they are trenches (damascene,
    plugs). Deposition fills down places about as wide as ``fill_um`` half: the step is h·w²/(w² + fill²) (A). The last
    film of each column ends the removal.
    """

    up: tuple[Layer, ...]
    down: tuple[Layer, ...]
    step_nm: float
    up_drawn: bool
    fill_um: float = 0.0

    @property
    def up_height_nm(self) -> float:
        """Height of the up places before polish, over the bottom of their last film."""
        return sum(layer.thickness_nm for layer in self.up)


@dataclass(frozen=True, slots=True)
class PatternConstants:
    """Constants of a process on patterns: pad kernel, two-level contact, recess, what deposition adds to each edge.

    ``recess`` is None where up and down places always show one film. ``edge_shift_um``: how much wider than drawn the
    up places are on each side (negative: narrower). ``thresholds``: by material, the relative pressure from which on
    a film is removed; 0 where none is named.
    """

    planarization_length_mm: float
    contact: ContactConstants
    recess: RecessConstants | None = None
    cut_ratio: float = 2.0
    edge_shift_um: float = 0.0
    thresholds: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class ClearEndpoint:
    """End when the films over the stop film are gone on a share of the up area, and over-polish after it.

    ``film``: the stop film, by its material; None: the second film of the up column. ``overpolish_s`` and
    ``overpolish_pct`` of the time to clearing add up. ``latest_s`` ends a stage that never clears.
    """

    cleared_fraction: float = 0.99
    overpolish_s: float = 0.0
    overpolish_pct: float = 0.0
    film: str | None = None
    latest_s: float = 1200.0


@dataclass(frozen=True, slots=True)
class PolishStage:
    """One stage: blanket rates by material in nm/min under its slurry, pressure and speed, and when it ends."""

    rates_nm_min: Mapping[str, float]
    ends: float | ClearEndpoint


@dataclass(frozen=True, slots=True)
class PatternProcess:
    """A process as the chip-scale model takes it."""

    name: str
    stack: PatternStack
    constants: PatternConstants
    stages: tuple[PolishStage, ...]
    notes: tuple[str, ...] = field(default=())
