"""A small recording in the files of the PHM 2016 challenge, by seed: nothing of it is the challenge's own data.

Its truth: each regime has a level, the dresser's and the pad's wear lower the rate, a slow drift moves it, a longer
polish goes with a lower rate. Its faults are the challenge's: empty files, repeated rows, keys over several files, a
key without a chamber, absurd labels.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SHIPPED = {"train": "training", "test": "test", "validation": "validation"}
HEADER = (
    "MACHINE_ID",
    "MACHINE_DATA",
    "TIMESTAMP",
    "WAFER_ID",
    "STAGE",
    "CHAMBER",
    "USAGE_OF_BACKING_FILM",
    "USAGE_OF_DRESSER",
    "USAGE_OF_POLISHING_TABLE",
    "USAGE_OF_DRESSER_TABLE",
    "PRESSURIZED_CHAMBER_PRESSURE",
    "MAIN_OUTER_AIR_BAG_PRESSURE",
    "CENTER_AIR_BAG_PRESSURE",
    "RETAINER_RING_PRESSURE",
    "RIPPLE_AIR_BAG_PRESSURE",
    "USAGE_OF_MEMBRANE",
    "USAGE_OF_PRESSURIZED_SHEET",
    "SLURRY_FLOW_LINE_A",
    "SLURRY_FLOW_LINE_B",
    "SLURRY_FLOW_LINE_C",
    "WAFER_ROTATION",
    "STAGE_ROTATION",
    "HEAD_ROTATION",
    "DRESSING_WATER_STATUS",
    "EDGE_AIR_BAG_PRESSURE",
)
TIME, WAFER, STAGE, CHAMBER = 2, 3, 4, 5
LEVELS_NM_MIN = {("A", 0): 150.0, ("A", 3): 70.0, ("B", 3): 75.0}
ABSURD_LABELS_COUNT = 4
_START_S = 4.8e8
_DAY_S = 86400.0
_SAMPLE_S = 5.0

Row = list[float | int | str]


@dataclass
class PhmRecording:
    """Rows of every split in order of their file, labels by (wafer, stage), and what is odd about them."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {split: [] for split in SHIPPED})
    labels: dict[str, dict[tuple[int, str], float]] = field(default_factory=lambda: {split: {} for split in SHIPPED})
    repeated_count: int = 0

    def write(self, folder: Path, labelled: Iterable[str] = ("train", "test")) -> Path:
        """Write the files as the challenge shipped them: four trace files a split, the third empty."""
        folder.mkdir(parents=True, exist_ok=True)
        for split, shipped in SHIPPED.items():
            cut = len(self.rows[split]) // 3
            parts = (self.rows[split][:cut], self.rows[split][cut : 2 * cut], [], self.rows[split][2 * cut :])
            for number, part in enumerate(parts):
                _write(folder / f"CMP-{shipped}-{number:03d}.csv", HEADER, part)
        for split in labelled:
            rows = [[wafer, stage, rate] for (wafer, stage), rate in self.labels[split].items()]
            _write(folder / f"CMP-{SHIPPED[split]}-removalrate.csv", ("WAFER_ID", "STAGE", "AVG_REMOVAL_RATE"), rows)
        return folder


def phm_recording(seed: int = 1, wafers: int = 120, days: float = 20.0) -> PhmRecording:
    """Return a recording of some 1.6 x ``wafers`` keys."""
    rng = np.random.default_rng(seed)
    made = PhmRecording()
    starts_s = _START_S + np.sort(rng.uniform(0.0, days * _DAY_S, int(1.6 * wafers)))
    # One machine: a step begins after the one before has left its first station.
    starts_s = np.maximum.accumulate(starts_s - 130.0 * np.arange(len(starts_s))) + 130.0 * np.arange(len(starts_s))
    drift_nm_min, dresser, pad, membrane = 0.0, 40.0, 10.0, 5.0
    before_s = starts_s[0]
    keys: list[tuple[str, int, str]] = []
    for number, start_s in enumerate(starts_s):
        fade = float(np.exp(-(start_s - before_s) / (1.5 * _DAY_S)))
        drift_nm_min = fade * drift_nm_min + 4.0 * float(np.sqrt(1.0 - fade**2)) * float(rng.normal())
        before_s = start_s
        dresser, pad, membrane = dresser + 4.0, pad + 6.0, membrane + 0.8
        dresser, pad, membrane = (
            0.0 if value > most else value for value, most in ((dresser, 700.0), (pad, 350.0), (membrane, 120.0))
        )
        stage, line = (("A", 0), ("A", 3), ("B", 3))[int(rng.choice(3, p=(0.2, 0.4, 0.4)))]
        wafer = (-1) ** number * (100_000_000 + 4 * number)
        split = ("train", "test", "validation")[int(rng.choice(3, p=(0.7, 0.15, 0.15)))]
        wish_s = float(rng.normal(0.0, 4.0))
        rate = (
            LEVELS_NM_MIN[stage, line] - 0.01 * dresser - 0.01 * pad + drift_nm_min - 0.5 * wish_s + rng.normal(0, 1.5)
        )
        wear = (dresser, pad, membrane)
        made.rows[split] += _rows(rng, wafer, stage, line, float(start_s), 80.0 + wish_s, wear)
        made.labels[split][wafer, stage] = round(float(rate), 5)
        keys.append((split, wafer, stage))
    _make_odd(made, keys)
    return made


def _rows(
    rng: np.random.Generator,
    wafer: int,
    stage: str,
    line: int,
    start_s: float,
    polish_s: float,
    wear: tuple[float, float, float],
) -> list[Row]:
    rows: list[Row] = []
    for t_s in np.arange(0.0, 230.0, _SAMPLE_S):
        station = int(np.searchsorted((110.0, 170.0), t_s, side="right"))
        polish = station == 0 and 8.0 <= t_s < 8.0 + polish_s
        pressed = station == 0 and 8.0 <= t_s < 108.0
        dresser, pad, membrane = wear
        rows.append(
            [
                2,
                line + station + 1,
                round(start_s + float(t_s), 3),
                wafer,
                stage,
                line + station + 1,
                10.0 * membrane,
                dresser,
                round(pad + t_s / 100.0, 4),
                2000.0 + pad,
                78.0 * pressed,
                (268.8 if polish else 216.0) * pressed,
                (72.2 if polish else 55.6) * pressed,
                round(float(1450.0 + rng.normal(0, 8.0)), 3) * pressed,
                9.9 * pressed,
                membrane,
                3.0 * membrane,
                2.2 if polish or not pressed else 26.0,
                0.9,
                round(float(430.0 + rng.normal(0, 5.0)), 3) * polish,
                34.9 * (station == 1),
                round(float(150.0 + rng.normal(0, 3.0)), 3) * (station == 2),
                156.8,
                float(not pressed),
                48.8 * pressed,
            ]
        )
    return rows


def _make_odd(made: PhmRecording, keys: list[tuple[str, int, str]]) -> None:
    own = [(wafer, stage) for split, wafer, stage in keys if split == "train"]
    for wafer, stage in own[10 : 10 + ABSURD_LABELS_COUNT]:
        made.labels["train"][wafer, stage] += 4000.0
    rows = made.rows["train"]
    lacking = own[20]
    rows = [r for r in rows if (r[WAFER], r[STAGE]) != lacking or r[CHAMBER] not in (2, 5)]
    # A key's last samples stand at the end of the last file, and some rows twice.
    late = [r for r in rows if (r[WAFER], r[STAGE]) == own[30]][-10:]
    rows = [r for r in rows if not any(r is other for other in late)]
    again = rows[50:90]
    made.rows["train"] = rows + late + [list(r) for r in again]
    made.repeated_count = len(again)


def _write(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)
