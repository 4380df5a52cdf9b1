"""Targets of a lot and how a wafer stands against them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from planaris.report.run_record import RunRecord, as_number


class Judgement(Enum):
    """How a measured value stands against its target; the sign goes with the word, colour only supports them."""

    IN = ("✓", "in target", "good")
    HIGH = ("▲", "high", "bad")
    LOW = ("▼", "low", "bad")
    OVER = ("✗", "over limit", "bad")
    UNKNOWN = ("·", "not measured", "none")

    @property
    def sign(self) -> str:
        """Sign that stands before the word."""
        return self.value[0]

    @property
    def word(self) -> str:
        """What it means."""
        return self.value[1]

    @property
    def style(self) -> str:
        """Name of its style class."""
        return self.value[2]

    @property
    def out(self) -> bool:
        """Whether the value is out of target."""
        return self in (Judgement.HIGH, Judgement.LOW, Judgement.OVER)


@dataclass(frozen=True, slots=True)
class Targets:
    """What the lot was meant to reach; NaN where nobody said."""

    removal_nm: float
    tolerance_pct: float
    wiwnu_limit_pct: float
    edge_exclusion_mm: float

    @property
    def removal_window_nm(self) -> tuple[float, float]:
        """Lowest and highest removal in target."""
        margin_nm = self.removal_nm * self.tolerance_pct / 100.0
        return self.removal_nm - margin_nm, self.removal_nm + margin_nm

    def judge_removal(self, removal_nm: float) -> Judgement:
        """Judge a measured mean removal."""
        low_nm, high_nm = self.removal_window_nm
        if math.isnan(removal_nm) or math.isnan(low_nm):
            return Judgement.UNKNOWN
        if removal_nm > high_nm:
            return Judgement.HIGH
        return Judgement.LOW if removal_nm < low_nm else Judgement.IN

    def judge_wiwnu(self, wiwnu_pct: float) -> Judgement:
        """Judge a measured within-wafer non-uniformity."""
        if math.isnan(wiwnu_pct) or math.isnan(self.wiwnu_limit_pct):
            return Judgement.UNKNOWN
        return Judgement.OVER if wiwnu_pct > self.wiwnu_limit_pct else Judgement.IN


def read_targets(record: RunRecord) -> Targets:
    """Take each target from the lot's start, else from the meta table's targets, else from its recipe."""
    lot = [item.fields for item in record.happened("lot_started")[:1]]
    sources = (*lot, record.mapping("targets"), record.mapping("recipe"))

    def stored(name: str) -> float:
        found = (as_number(source.get(name)) for source in sources)
        return next((value for value in found if not math.isnan(value)), math.nan)

    return Targets(
        stored("target_removal_nm"),
        stored("removal_tolerance_pct"),
        stored("wiwnu_limit_pct"),
        stored("edge_exclusion_mm"),
    )
