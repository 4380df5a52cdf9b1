"""Faults of an input file: each with where, what, limit and remedy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InputFault:
    """One thing wrong in an input, e.g. path ``steps[1].ring_pressure_kPa``, value ``92.0``, limit ``0-68.9``."""

    path: str
    value: str
    problem: str
    limit: str = ""
    unit: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        limit = f"; limit {self.limit} {self.unit}".rstrip() if self.limit else ""
        remedy = f" -> {self.remedy}" if self.remedy else ""
        return f"{self.path} = {self.value}: {self.problem}{limit}{remedy}"


class InputError(Exception):
    """An input file is wrong; ``faults`` lists everything found in it."""

    def __init__(self, source: str, faults: tuple[InputFault, ...]) -> None:
        self.source = source
        self.faults = faults
        listed = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(f"{source}: {len(faults)} fault{'s' if len(faults) != 1 else ''}\n{listed}")
