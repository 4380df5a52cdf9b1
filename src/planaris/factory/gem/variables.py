"""Status variables, equipment constants and their names: S1F3, 11, 21, 23, S2F13, 15, 29."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from planaris.dictionary import Constant, Variable
from planaris.factory.face import Value
from planaris.factory.gem import shape
from planaris.factory.gem.core import Core, Table, refused, served
from planaris.factory.gem.declared import ascii_text, nearest, nearest_name
from planaris.factory.secs2 import Format, Item
from planaris.factory.secs2.items import A, B, L

# EAC. 4 is the equipment's own: the constant is the tool's and its host may not change it.
DONE, UNKNOWN, OUT_OF_RANGE, READ_ONLY = 0, 1, 3, 4


class Variables:
    """Namelists and values, generated from the dictionary."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def table(self) -> Table:
        """Return the primaries that are served here."""
        return {
            (1, 3): served(shape.ids, self._values_of),
            (1, 11): served(shape.ids, lambda ids: self._names(ids, self._core.declared.status)),
            (1, 21): served(shape.ids, lambda ids: self._names(ids, self._core.declared.data)),
            (1, 23): served(shape.ids, self._events),
            (2, 13): served(shape.ids, self._constants_of),
            (2, 15): served(_changes, self._change),
            (2, 29): served(shape.ids, self._constant_names),
        }

    def _values_of(self, ids: tuple[int, ...]) -> Item:
        known = self._core.declared.status
        self._tell_unknown("S1F3", "SVID", ids, known)
        return L(*(self._core.item(n) if n in known else L() for n in ids or known))

    def _names(self, ids: tuple[int, ...], known: Mapping[int, Variable]) -> Item:
        return L(*(self._name(n, known.get(n)) for n in ids or known))

    def _name(self, number: int, variable: Variable | None) -> Item:
        name, unit = (variable.name, variable.unit) if variable is not None else ("", "")
        return L(self._core.declared.id_item(number), A(name), A(unit_text(unit)))

    def _events(self, ids: tuple[int, ...]) -> Item:
        declared = self._core.declared
        listed: list[Item] = []
        for number in ids or declared.events:
            event = declared.events.get(number)
            name, carried = (event.name, event.variables) if event is not None else ("", ())
            listed.append(L(declared.id_item(number), A(name), L(*map(declared.id_item, carried))))
        return L(*listed)

    def _constants_of(self, ids: tuple[int, ...]) -> Item:
        known = self._core.declared.constants
        self._tell_unknown("S2F13", "ECID", ids, known)
        return L(*(self._core.item(n) if n in known else L() for n in ids or known))

    def _constant_names(self, ids: tuple[int, ...]) -> Item:
        declared = self._core.declared
        return L(*(self._constant_name(n, declared.constants.get(n)) for n in ids or declared.constants))

    def _constant_name(self, number: int, constant: Constant | None) -> Item:
        declared = self._core.declared
        if constant is None:
            return L(declared.id_item(number), A(""), A(""), A(""), A(""), A(""))
        low, high, default = (
            declared.item(constant, v) for v in (constant.minimum, constant.maximum, constant.default)
        )
        return L(declared.id_item(number), A(constant.name), low, high, default, A(unit_text(constant.unit)))

    def _change(self, changes: tuple[tuple[int, Item], ...]) -> Item:
        wanted: dict[str, Value] = {}
        faults: list[tuple[int, str]] = []
        for number, item in changes:
            constant = self._core.declared.constants.get(number)
            if constant is None:
                why = f"ECID {number} unknown, {nearest(number, self._core.declared.constants)}"
                faults.append((UNKNOWN, why))
                continue
            value = _value(constant, item)
            shown = f"{constant.name} ({number})"
            if value is None or not constant.minimum <= value <= constant.maximum:
                limits = f"{constant.minimum} to {constant.maximum} as {constant.secs_format}"
                faults.append((OUT_OF_RANGE, f"{shown} takes {limits}, not {item!r}"))
            elif constant.owner != "factory":
                faults.append((READ_ONLY, f"{shown} belongs to the tool; people of the tool change it"))
            else:
                wanted[constant.name] = value
        if faults:  # all or nothing
            refused("S2F15", "; ".join(why for _, why in faults))
            return B(min(code for code, _ in faults))
        self._core.constants.change(wanted)
        return B(DONE)

    def change_by_operator(self, name: str, entered: str) -> str:
        """Change a constant of the face as an operator typed it; '' or why not. The host hears of it by an event."""
        own = {c.name: c for c in self._core.declared.constants.values() if c.owner == "factory"}
        constant = own.get(name)
        if constant is None:
            return f"no constant {name} of the factory interface; {nearest_name(name, own)}"
        value = _entered(constant, entered)
        if value is None or not constant.minimum <= value <= constant.maximum:
            return f"{name} takes {constant.minimum} to {constant.maximum}, not {entered}"
        self._core.constants.change({name: value})
        self._core.happen("constant_changed", {"constant_id": constant.constant_id})
        return ""

    def _tell_unknown(self, message: str, kind: str, ids: Iterable[int], known: Mapping[int, object]) -> None:
        unknown = [n for n in ids if n not in known]
        if unknown:
            refused(f"{message} in part", "; ".join(f"{kind} {n} unknown, {nearest(n, known)}" for n in unknown))


# Letters of units that are no ASCII.
_LETTERS = str.maketrans({"°": "deg", "µ": "u", "μ": "u", "·": ".", "²": "2", "³": "3"})


def unit_text(symbol: str) -> str:
    """Return a unit's symbol in ASCII."""
    return ascii_text(symbol.translate(_LETTERS))


def _value(constant: Constant, item: Item) -> float | int | bool | None:
    """Return what an item says of a constant, None where its type does not fit."""
    try:
        if constant.dtype == "bool":
            return shape.flag(item, constant.name)
        if constant.dtype == "float":
            return shape.real(item, constant.name)
        number = shape.real(item, constant.name)
    except shape.ShapeError:
        return None
    return int(number) if item.format is not Format.BOOLEAN and number.is_integer() else None


def _entered(constant: Constant, entered: str) -> float | int | bool | None:
    if constant.dtype == "bool":
        return {"true": True, "1": True, "false": False, "0": False}.get(entered.strip().lower())
    try:
        number = float(entered)
    except ValueError:
        return None
    if constant.dtype == "float":
        return number
    return int(number) if number.is_integer() else None


def _changes(body: Item | None) -> tuple[tuple[int, Item], ...]:
    pairs = [shape.listed(pair, f"pair {n + 1}", counts=(2,)) for n, pair in enumerate(shape.listed(body))]
    return tuple((shape.number_id(number, "ECID"), value) for number, value in pairs)
