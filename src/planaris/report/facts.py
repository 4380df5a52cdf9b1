"""Everything a section of the report may use, read once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from planaris.report.run_record import RunRecord, read_run
from planaris.report.targets import Judgement, Targets, read_targets
from planaris.report.throughput import Throughput, read_throughput
from planaris.report.truth import Truth, read_truth
from planaris.report.wafers import WaferLine, read_wafers


@dataclass(frozen=True, slots=True)
class Marking:
    """What kind of port the run was on, as a reader must never overlook it."""

    mark: str
    words: str


# A port kind that is not listed is a machine: it is named as it stands.
_MARKINGS = {
    "twin": Marking("TWIN", "rehearsal on the twin: not a certificate"),
    "replay": Marking("REPLAY", "a recorded run played back: not a certificate"),
    "mock": Marking("MOCK", "no machine and no physics behind it: not a certificate"),
    "": Marking("UNKNOWN SOURCE", "the record does not say what it was made on: not a certificate"),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """One run, read and worked out."""

    record: RunRecord
    marking: Marking
    targets: Targets
    wafers: list[WaferLine]
    throughput: Throughput
    truth: Truth | None

    @property
    def polished(self) -> list[WaferLine]:
        """Wafers that were polished, in the order of their first polish."""
        return sorted((w for w in self.wafers if w.order_count), key=lambda w: w.order_count)

    @property
    def heads(self) -> list[int]:
        """Heads that carried a wafer."""
        return sorted({w.head for w in self.wafers if w.head})

    def judge(self, wafer: WaferLine) -> tuple[Judgement, Judgement]:
        """Judge a wafer's removal and non-uniformity."""
        return self.targets.judge_removal(wafer.removal_nm), self.targets.judge_wiwnu(wafer.wiwnu_pct)


def read_facts(folder: Path) -> Facts:
    """Read a run folder."""
    record = read_run(folder)
    kind = record.text("port_kind")
    return Facts(
        record=record,
        marking=_MARKINGS.get(kind, Marking(kind.upper(), f"run on {record.text('tool') or 'the machine'}")),
        targets=read_targets(record),
        wafers=read_wafers(record),
        throughput=read_throughput(record),
        truth=read_truth(folder),
    )
