"""What a home keeps between runs: consumables, recipes, the list of runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ConsumableRecord:
    """A consumable in use: where (``platen1``, ``head3``), which part (pad, disk, ring, membrane, filter, brush)."""

    location: str
    part: str
    serial: str
    wafers_count: int
    use_h: float
    installed: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run the home knows of."""

    number: int
    run_id: str
    lot_id: str
    folder: Path
    created_utc: str


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where one run's files go."""

    run_id: str
    path: Path

    @property
    def traces(self) -> Path:
        """Folder of the Parquet files."""
        return self.path / "traces"

    @property
    def database(self) -> Path:
        """The run's events and metadata."""
        return self.path / "run.db"

    @property
    def report(self) -> Path:
        """The report for people."""
        return self.path / "report.html"

    @property
    def twin_truth(self) -> Path:
        """What only a twin can know; a real tool never has this file."""
        return self.path / "twin_truth.npz"
