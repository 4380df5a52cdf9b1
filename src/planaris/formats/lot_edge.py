"""What a lot file may say."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from planaris.formats.edge import Edge
from planaris.model import CARRIER_SLOTS, FilmStack, Layer, PatternArea, WaferKind

LOT_SCHEMA = "planaris/lot/1"

# Identifiers become file names and host strings.
ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$"

_Id = Annotated[str, Field(pattern=ID_PATTERN)]
_SLOT_RANGE = re.compile(r"^\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?$", re.ASCII)
_SLOTS_LIMIT_COUNT = 999


class LayerEdge(Edge):
    material: str
    thickness_nm: Annotated[float, Field(gt=0)]


class StackEdge(Edge):
    substrate: str = "Si"
    layers: list[LayerEdge] = Field(min_length=1)
    density: str | None = None

    def to_model(self, areas: tuple[PatternArea, ...] = ()) -> FilmStack:
        layers = tuple(Layer(layer.material, layer.thickness_nm) for layer in self.layers)
        return FilmStack(layers, self.substrate, areas)


class CarrierEdge(Edge):
    carrier_id: _Id
    load_port: Annotated[int, Field(ge=1)]
    double_slots: list[int] = Field(default_factory=list[int])
    crossed_slots: list[int] = Field(default_factory=list[int])


class SamplingEdge(Edge):
    default_plan: str = "9"
    dense_plan: str = "49"
    dense_slots: list[int] = Field(default_factory=lambda: [1, CARRIER_SLOTS])
    dense_kinds: list[Annotated[WaferKind, Field(strict=False)]] = Field(default_factory=list[WaferKind])


class IncomingEdge(Edge):
    file: str
    site_plan: str
    instrument: str


class WafersEdge(Edge):
    """One entry: a ``slot`` with its ``wafer_id``, or ``slots`` such as "1-25" whose ids are lot id and slot."""

    slot: int | None = None
    wafer_id: _Id | None = None
    slots: str | None = None
    kind: Annotated[WaferKind, Field(strict=False)] = WaferKind.PRODUCT
    stack: StackEdge | None = None
    notch_deg: float = 0.0


class LotEdge(Edge):
    lot_id: _Id
    product: str
    recipe: str
    cleaner_recipe: str
    carrier: CarrierEdge
    sampling: SamplingEdge = SamplingEdge()
    incoming: IncomingEdge | None = None
    stack: StackEdge
    wafers: list[WafersEdge] = Field(min_length=1)


def slots_of(text: str) -> list[int] | None:
    """Return the slots of "1-5, 8", None where the text is no such list."""
    slots: list[int] = []
    for part in text.split(","):
        match = _SLOT_RANGE.match(part)
        if match is None:
            return None
        first = int(match.group(1))
        last = int(match.group(2) or first)
        if last < first or len(slots) + last - first >= _SLOTS_LIMIT_COUNT:
            return None
        slots.extend(range(first, last + 1))
    return slots
