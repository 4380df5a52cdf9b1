"""A lot that no file describes: what a host says of it, with the defaults of a lot file."""

from __future__ import annotations

import math
import re
from pathlib import Path

from planaris.formats.lot_edge import ID_PATTERN, slots_of
from planaris.formats.lot_file import LotFile
from planaris.formats.sheet import Sheet, figure
from planaris.model import (
    CARRIER_SLOTS,
    SITE_PLANS,
    Carrier,
    FilmStack,
    Layer,
    Lot,
    MapStage,
    Recipe,
    SamplingPlan,
    SlotState,
    ThicknessMap,
    Wafer,
    WaferKind,
)

# Sites at which a thickness that stands for the whole lot is written down, and who measured it.
_PLAN, _INSTRUMENT = "49", "host"


def describe_lot(
    lot_id: str, load_port: int, recipe: Recipe, slots: str, film_thickness_nm: float, carrier_id: str = ""
) -> LotFile:
    """Return a lot of product wafers in some slots, as a lot file with defaults would give it.

    Its wafers carry one film, the one that the recipe polishes, ``film_thickness_nm`` thick as measured upstream.
    Raises InputError with every fault.
    """
    path = Path(f"lot {lot_id}")
    sheet = Sheet(str(path))
    listed = slots_of(slots)
    if not re.fullmatch(ID_PATTERN, lot_id):
        limit = "1 to 32 letters, digits, _, . and -"
        sheet.fault("lot_id", f'"{lot_id}"', "is no id", limit=limit, remedy="begin with a letter or digit")
    if listed is None:
        sheet.fault("slots", f'"{slots}"', "is no list of slots", remedy='as in "1-25" or "1-5, 8"')
        listed = []
    for slot in sorted({s for s in listed if not 1 <= s <= CARRIER_SLOTS}):
        sheet.fault("slots", str(slot), "no such slot", limit=f"1-{CARRIER_SLOTS}")
    for slot in sorted({s for s in listed if listed.count(s) > 1}):
        sheet.fault("slots", str(slot), "is listed twice", remedy="one wafer for each slot")
    if not 0.0 < film_thickness_nm < 1e5:
        shown = figure(film_thickness_nm) if math.isfinite(film_thickness_nm) else str(film_thickness_nm)
        sheet.fault("film_thickness_nm", shown, "is no film", limit="0 to 100000", unit="nm")
    sheet.raise_if_faulty()
    occupied = sorted(listed)
    stack = FilmStack((Layer(recipe.film, film_thickness_nm),))
    wafers = tuple(Wafer(f"{lot_id}-{slot:02d}", lot_id, slot, WaferKind.PRODUCT, stack) for slot in occupied)
    plan = SITE_PLANS[_PLAN]
    thickness_nm = (film_thickness_nm,) * len(plan)
    lot = Lot(
        lot_id=lot_id,
        product="",
        carrier=Carrier(
            carrier_id or f"CAR-{lot_id}",
            tuple(SlotState.OCCUPIED if s in occupied else SlotState.EMPTY for s in range(1, CARRIER_SLOTS + 1)),
        ),
        load_port=load_port,
        recipe=recipe.name,
        cleaner_recipe=recipe.cleaner_recipe,
        wafers=wafers,
        sampling=SamplingPlan(),
        incoming=tuple(ThicknessMap(w.wafer_id, MapStage.INCOMING, plan, thickness_nm, _INSTRUMENT) for w in wafers),
    )
    return LotFile(lot, path, None, None, None)
