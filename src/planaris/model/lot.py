"""Lots and carriers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from planaris.model.measurement import ThicknessMap
from planaris.model.wafer import Wafer, WaferKind

CARRIER_SLOTS = 25


class SlotState(StrEnum):
    """What a map scan sees in a slot."""

    EMPTY = "empty"
    OCCUPIED = "occupied"
    DOUBLE = "double"
    CROSSED = "crossed"


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """Which sites are measured after polish: ``dense_plan`` on some slots and kinds, ``default_plan`` on the others."""

    default_plan: str = "9"
    dense_plan: str = "49"
    dense_slots: tuple[int, ...] = (1, 25)
    dense_kinds: tuple[WaferKind, ...] = ()

    def plan_for(self, slot: int, kind: WaferKind = WaferKind.PRODUCT) -> str:
        """Return the plan's name for a wafer of a kind in a slot."""
        return self.dense_plan if slot in self.dense_slots or kind in self.dense_kinds else self.default_plan


@dataclass(frozen=True, slots=True)
class Carrier:
    """A 25-slot cassette as it is put on a load port."""

    carrier_id: str
    slots: tuple[SlotState, ...]


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot: its wafers, recipes, carrier and what came with it."""

    lot_id: str
    product: str
    carrier: Carrier
    load_port: int
    recipe: str
    cleaner_recipe: str
    wafers: tuple[Wafer, ...]
    sampling: SamplingPlan
    incoming: tuple[ThicknessMap, ...]

    def wafer_in(self, slot: int) -> Wafer | None:
        """Return the wafer of a slot."""
        return next((w for w in self.wafers if w.slot == slot), None)
