"""What a caller asks of a run and what it gets back. The command line and the runner share these."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class RunProfile(StrEnum):
    """How much a run computes and records.

    ``FULL``: every sensor at 100 Hz, all traces, a fine wafer map. ``CAMPAIGN``: the same controller, handshakes and
    journal, for many lots: no traces and no report, a coarse wafer map, sensors at 10 Hz in blocks of 5 s.
    """

    FULL = "full"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Ask for one lot.

    ``tool`` is a bundled name, a path or None for reference tool A; ``out`` is the run folder, None for one inside
    ``home``; ``speed`` is tool seconds per wall second, infinite for as fast as it computes; ``patience_s`` is how
    long a tool where nothing moves any more, but a job is not over, is waited for: somebody may act on its alarms;
    ``profile`` says how much is computed and recorded; ``record`` keeps all that goes through the port, so that the
    run can be replayed; ``recipe`` and ``cleaner_recipe`` stand in for the lot's own entries where they are given, as a
    file beside the lot or as ``NAME`` or ``NAME@HASH`` of the home's recipe library. ``port`` is '' for a twin in this
    process, ``opcua://HOST:PORT`` for a PLC or a twin in its own (which says at what speed it runs), or
    ``replay:RUN_FOLDER`` for the record of a run; ``clear`` has what the twin still holds taken out first.

    With ``resume`` the home's last run goes on; ``lot_path``, ``tool``, ``seed`` and ``out`` are its own. ``answers``
    says of wafers where a person (``principal``, for a ``reason``) found them; the controller was away for ``away_s``.
    """

    lot_path: Path
    tool: str | Path | None
    seed: int
    out: Path | None
    home: Path
    speed: float = math.inf
    report: bool = True
    patience_s: float = 0.0
    profile: RunProfile = RunProfile.FULL
    record: bool = False
    port: str = ""
    clear: bool = False
    recipe: str = ""
    cleaner_recipe: str = ""
    resume: bool = False
    answers: Mapping[str, str] = field(default_factory=dict[str, str])
    principal: str = "operator"
    reason: str = ""
    away_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is: tool time and wall time since its start, and the wafer and module that last changed."""

    time_s: float
    wall_s: float
    wafer_id: str
    module: str
    text: str
    finished_count: int
    wafers_count: int


@dataclass(frozen=True, slots=True)
class EstimateSummary:
    """A wafer's removal as virtual metrology had it, with the ends of its 90 % interval.

    ``stands_in`` says that run-to-run control took it for a label until that came; else ``why`` says why not.
    """

    removal_nm: float
    low_nm: float
    high_nm: float
    reliance_ratio: float
    labels_count: int
    model: str
    stands_in: bool
    why: str


@dataclass(frozen=True, slots=True)
class WaferSummary:
    """One wafer of a finished run. ``removal_nm`` and ``wiwnu_pct`` are measured; NaN where nothing was measured.

    ``estimate`` is None where virtual metrology says nothing.
    """

    slot: int
    wafer_id: str
    head: int | None
    kind: str
    removal_nm: float
    wiwnu_pct: float
    polish_s: float
    wait_s: float
    wet_s: float
    alarms: tuple[str, ...]
    estimate: EstimateSummary | None = None


@dataclass(frozen=True, slots=True)
class QuestionSummary:
    """What a person must look at after a death: ``wafer_id`` '' for a wafer that nobody knows of."""

    wafer_id: str
    candidates: tuple[str, ...]
    why: str
    look_at: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """How a run ended. ``outcome`` is "completed" or the name of what failed, ``detail`` why.

    ``alarms`` are those of the whole run;
    ``longest_pause_s`` is the longest time, peer time, that one turn of the control loop took.

    ``divergences`` are the writes of a replay that were not the recorded run's.
    """

    run_id: str
    outcome: str
    folder: Path
    report: Path | None
    tool_time_s: float
    wall_s: float
    wafers: tuple[WaferSummary, ...]
    alarms: tuple[str, ...]
    wafers_per_h: float
    bound_wafers_per_h: float
    stream_hash: str
    target_removal_nm: float
    port_kind: str
    divergences: tuple[str, ...] = ()
    longest_pause_s: float = 0.0
    questions: tuple[QuestionSummary, ...] = ()
    refused_answers: tuple[str, ...] = ()
    detail: str = ""

    @property
    def completed(self) -> bool:
        """Say whether the run did what was asked."""
        return self.outcome == "completed"
