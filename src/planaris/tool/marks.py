"""Marks that go with a wafer: what became of it that a person or a later step must know."""

from __future__ import annotations

from planaris.stream import EventStream, WaferMarked
from planaris.tool.jobs import JobBook

MARKS = ("suspect", "hold", "rework", "scrap")


class Marks:
    """Puts marks on wafers, each once."""

    def __init__(self, stream: EventStream, jobs: JobBook) -> None:
        self._stream, self._jobs = stream, jobs

    def mark(self, wafer_id: str, mark: str, why: str) -> None:
        """Mark a wafer; saying it again says nothing new."""
        if mark not in MARKS:
            raise ValueError(f"no mark {mark}; there are {', '.join(MARKS)}")
        progress = self._jobs.progress_of(wafer_id)
        if mark not in progress.marks:
            progress.marks.append(mark)
            self._stream.publish(WaferMarked(wafer_id, mark, why))
