"""Read lot files: wafers, carrier, sampling, incoming maps, and which recipes to use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from planaris.formats.density_file import load_density
from planaris.formats.document import Tree, read_document, table, tables, whole_numbers
from planaris.formats.edge import check_schema, to_model_units, validate
from planaris.formats.incoming_file import load_incoming
from planaris.formats.lot_edge import LOT_SCHEMA, LotEdge, slots_of
from planaris.formats.sheet import Sheet
from planaris.model import (
    CARRIER_SLOTS,
    SITE_PLANS,
    Carrier,
    InputError,
    InputFault,
    Lot,
    PatternArea,
    SamplingPlan,
    SlotState,
    ThicknessMap,
    Wafer,
    WaferKind,
)


@dataclass(frozen=True, slots=True)
class LotFile:
    """A lot and the files it names, resolved against the lot file's folder.

    ``lot.recipe`` and ``lot.cleaner_recipe`` are the entries as typed; `load_job` puts the recipes' names there.
    """

    lot: Lot
    path: Path
    recipe_path: Path
    cleaner_path: Path
    incoming_path: Path | None


@dataclass(frozen=True, slots=True)
class _Place:
    """One wafer as the file lists it: which entry, slot and id."""

    entry: int
    path: str
    slot: int
    wafer_id: str
    kind: object


def load_lot(path: Path) -> LotFile:
    """Read a lot and its incoming maps; `InputError` with every fault of both files."""
    sheet = Sheet(str(path))
    tree = to_model_units(check_schema(read_document(path), LOT_SCHEMA, sheet), LotEdge, sheet)
    edge = validate(tree, LotEdge, sheet)
    places = _places(tree, sheet)
    _check_carrier(tree, places, sheet)
    _check_sampling(tree, sheet)
    for key in ("recipe", "cleaner_recipe"):
        _file(tree.get(key), key, path, sheet)
    incoming_path = _file(table(tree, "incoming").get("file"), "incoming.file", path, sheet)
    incoming = _incoming(tree, places, incoming_path, sheet)
    areas = _areas(tree, path, sheet)
    sheet.raise_if_faulty()
    assert edge is not None  # no fault means pydantic had none
    wafers = tuple(
        Wafer(
            wafer_id=place.wafer_id,
            lot_id=edge.lot_id,
            slot=place.slot,
            kind=edge.wafers[place.entry].kind,
            stack=(stack := edge.wafers[place.entry].stack or edge.stack).to_model(areas.get(stack.density or "", ())),
            notch_deg=edge.wafers[place.entry].notch_deg,
        )
        for place in sorted(places, key=lambda p: p.slot)
    )
    occupied = {wafer.slot for wafer in wafers}
    slots = tuple(SlotState.OCCUPIED if s in occupied else SlotState.EMPTY for s in range(1, CARRIER_SLOTS + 1))
    sampling = edge.sampling
    lot = Lot(
        lot_id=edge.lot_id,
        product=edge.product,
        carrier=Carrier(edge.carrier.carrier_id, slots),
        load_port=edge.carrier.load_port,
        recipe=edge.recipe,
        cleaner_recipe=edge.cleaner_recipe,
        wafers=wafers,
        sampling=SamplingPlan(sampling.default_plan, sampling.dense_plan, tuple(sampling.dense_slots)),
        incoming=incoming,
    )
    return LotFile(lot, path, path.parent / edge.recipe, path.parent / edge.cleaner_recipe, incoming_path)


def _places(tree: Tree, sheet: Sheet) -> list[_Place]:
    """List the wafers; slots and ids that are wrong or double become faults."""
    places: list[_Place] = []
    for index, entry in tables(tree, "wafers"):
        at = f"wafers[{index}]."
        slot, text, wafer_id = entry.get("slot"), entry.get("slots"), entry.get("wafer_id")
        if (slot is None) == (text is None):
            sheet.fault(f"wafers[{index}]", "{...}", "needs either slot or slots", remedy='slot = 1 or slots = "1-25"')
        elif isinstance(text, str):
            listed = slots_of(text)
            if listed is None:
                sheet.fault(at + "slots", None, "is no list of slots", remedy='as in "1-25" or "1-5, 8"')
            if wafer_id is not None:
                sheet.fault(at + "wafer_id", None, "one id for several slots", remedy="leave it out; ids follow slots")
            places += [
                _Place(index, at + "slots", s, f"{tree.get('lot_id')}-{s:02d}", entry.get("kind")) for s in listed or ()
            ]
        elif isinstance(slot, int):
            name = wafer_id if isinstance(wafer_id, str) else f"{tree.get('lot_id')}-{slot:02d}"
            places.append(_Place(index, at + "slot", slot, name, entry.get("kind")))
    _check_places(places, sheet)
    return places


def _check_places(places: list[_Place], sheet: Sheet) -> None:
    slots: dict[int, _Place] = {}
    ids: dict[str, _Place] = {}
    for place in places:
        if not 1 <= place.slot <= CARRIER_SLOTS:
            sheet.fault(place.path, str(place.slot), "no such slot", limit=f"1-{CARRIER_SLOTS}")
        elif slots.setdefault(place.slot, place) is not place:
            problem = f"the slot holds wafer {slots[place.slot].wafer_id} already"
            sheet.fault(place.path, str(place.slot), problem, remedy="one wafer for each slot")
        if ids.setdefault(place.wafer_id, place) is not place:
            problem = f"is also the wafer of slot {ids[place.wafer_id].slot}"
            sheet.fault(
                f"wafers[{place.entry}].wafer_id", f'"{place.wafer_id}"', problem, remedy="one id for each wafer"
            )


def _check_carrier(tree: Tree, places: list[_Place], sheet: Sheet) -> None:
    """Refuse double and crossed slots: a robot would break wafers there."""
    reasons = {
        "double_slots": ("two wafers lie in one slot, the robot would take both", "part them by hand"),
        "crossed_slots": ("a wafer lies across two slots, the robot would strike it", "straighten it by hand"),
    }
    for key, (reason, remedy) in reasons.items():
        for index, slot in enumerate(whole_numbers(table(tree, "carrier").get(key))):
            path = f"carrier.{key}[{index}]"
            if not 1 <= slot <= CARRIER_SLOTS:
                sheet.fault(path, str(slot), "no such slot", limit=f"1-{CARRIER_SLOTS}")
                continue
            wafer = next((f" (wafer {p.wafer_id})" for p in places if p.slot == slot), "")
            remedy_text = f"{remedy}, map the carrier again"
            sheet.fault(path, str(slot), f"slot {slot}{wafer}: {reason}", limit="empty or occupied", remedy=remedy_text)


def _check_sampling(tree: Tree, sheet: Sheet) -> None:
    sampling = table(tree, "sampling")
    plans = [(f"sampling.{key}", sampling.get(key)) for key in ("default_plan", "dense_plan")]
    for path, name in (*plans, ("incoming.site_plan", table(tree, "incoming").get("site_plan"))):
        if isinstance(name, str) and name not in SITE_PLANS:
            sheet.unknown_name(path, name, "site plan", list(SITE_PLANS))
    for index, slot in enumerate(whole_numbers(sampling.get("dense_slots"))):
        if not 1 <= slot <= CARRIER_SLOTS:
            sheet.fault(f"sampling.dense_slots[{index}]", None, "no such slot", limit=f"1-{CARRIER_SLOTS}")


def named_recipes(path: Path) -> tuple[Path | None, Path | None]:
    """Return the recipe and cleaner recipe that a lot file names and that are there, whatever else is wrong with it."""
    try:
        tree, sheet = read_document(path), Sheet(str(path))
    except InputError:
        return None, None
    return _file(tree.get("recipe"), "", path, sheet), _file(tree.get("cleaner_recipe"), "", path, sheet)


def _file(name: object, key: str, lot_path: Path, sheet: Sheet) -> Path | None:
    if not isinstance(name, str):
        return None
    path = lot_path.parent / name
    if not path.is_file():
        sheet.fault(key, f'"{name}"', "there is no such file", remedy=f"looked for {path}")
        return None
    return path


def _areas(tree: Tree, lot_path: Path, sheet: Sheet) -> dict[str, tuple[PatternArea, ...]]:
    """Read the density files that stacks name, by the name as typed."""
    stacks = [("stack", table(tree, "stack"))]
    stacks += [(f"wafers[{index}].stack", table(entry, "stack")) for index, entry in tables(tree, "wafers")]
    found: dict[str, tuple[PatternArea, ...]] = {}
    for at, stack in stacks:
        name = stack.get("density")
        path = _file(name, f"{at}.density", lot_path, sheet)
        if path is None or not isinstance(name, str) or name in found:
            continue
        try:
            found[name] = load_density(path).areas
        except InputError as error:
            for f in error.faults:
                sheet.faults.append(InputFault(f"{path.name}: {f.path}", f.value, f.problem, f.limit, f.unit, f.remedy))
    return found


def _incoming(tree: Tree, places: list[_Place], path: Path | None, sheet: Sheet) -> tuple[ThicknessMap, ...]:
    """Read the incoming maps and refuse product wafers without one."""
    product = [place.wafer_id for place in places if place.kind in (None, WaferKind.PRODUCT)]
    if "incoming" not in tree:
        if product:
            sheet.fault(
                "incoming", "(missing)", f"{len(product)} product wafers need incoming maps", remedy="give them"
            )
        return ()
    incoming = table(tree, "incoming")
    plan = SITE_PLANS.get(str(incoming.get("site_plan")))
    illegible = any(p == "lot_id" or p.endswith(".slots") for p in sheet.faulted)
    if path is None or plan is None or illegible:
        return ()  # where the ids cannot be told, every row of the maps would seem wrong
    ids = tuple(place.wafer_id for place in sorted(places, key=lambda p: p.slot))
    try:
        maps = load_incoming(path, plan, str(incoming.get("instrument")), ids)
    except InputError as error:
        for f in error.faults:
            sheet.faults.append(InputFault(f"{path.name}: {f.path}", f.value, f.problem, f.limit, f.unit, f.remedy))
        return ()
    mapped = {found.wafer_id for found in maps}
    for wafer_id in product:
        if wafer_id not in mapped:
            problem = "product wafer without an incoming map"
            sheet.fault(f"{path.name}: {wafer_id}", "(missing)", problem, remedy=f"add its {len(plan)} sites")
    return maps
