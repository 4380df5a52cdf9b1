"""Change sequences of consumables, declared as data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from planaris.dictionary.source import read_data


@dataclass(frozen=True, slots=True)
class MaintenanceStep:
    """One step. ``kind`` is confirm, change, measure or wafers; 0 and '' where a field is not the kind's.

    ``wait_s`` is the shortest time it takes, ``limit_kPa`` the limit of a loss of pressure, ``count`` the
    number of wafers of kind ``wafer``, ``rate_pct`` how far their removal may be off the recipe's target.
    """

    name: str
    kind: str
    roles: tuple[str, ...]
    text_en: str
    text_zh: str
    wait_s: float = 0.0
    limit_kPa: float = 0.0
    wafer: str = ""
    count: int = 0
    rate_pct: float = 0.0


@dataclass(frozen=True, slots=True)
class ChangeSequence:
    """How one kind of part is changed: its place, modules to be worked by hand, platens it closes, steps."""

    part: str
    place: str
    by_hand: tuple[str, ...]
    closes: str
    counter: bool
    steps: tuple[MaintenanceStep, ...]
    text_en: str
    text_zh: str


@cache
def change_sequences() -> tuple[ChangeSequence, ...]:
    """Return the change sequences of all parts."""
    return tuple(
        ChangeSequence(
            part=part,
            place=entry["place"],
            by_hand=tuple(entry["by_hand"]),
            closes=entry["closes"],
            counter=entry["counter"],
            steps=tuple(
                MaintenanceStep(
                    text_en=one["en"],
                    text_zh=one["zh"],
                    roles=tuple(one["roles"]),
                    **{k: v for k, v in one.items() if k not in {"en", "zh", "roles"}},
                )
                for one in entry["steps"]
            ),
            text_en=entry["en"],
            text_zh=entry["zh"],
        )
        for part, entry in read_data("maintenance.toml").items()
    )
