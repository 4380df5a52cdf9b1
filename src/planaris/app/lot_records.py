"""A live tool's records by lot: what a run of that lot alone would leave, in a folder beside the session's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from planaris.app.run_facts import LotClock, bound_facts, description_facts
from planaris.formats import JobFiles, LotFile
from planaris.historian import RunDatabase
from planaris.model import ToolDescription
from planaris.processes import ProcessPackage
from planaris.scheduling import throughput_bound, throughput_bound_units
from planaris.stream import Committed, JobStateChanged
from planaris.tool import JobOrder

_OVER = frozenset({"completed", "stopped", "aborted", "failed"})
_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(slots=True)
class _Open:
    order: JobOrder
    folder: Path
    records: RunDatabase
    clock: LotClock
    wafers: frozenset[str]

    def told(self, batch: Sequence[Committed]) -> list[Committed]:
        """Return what a batch tells of this lot or of no lot at all."""
        return [
            item
            for item in batch
            if getattr(item.event, "wafer_id", "") in ("", *self.wafers)
            and getattr(item.event, "lot_id", "") in ("", self.order.lot.lot_id)
        ]


class LotRecords:
    """Listener that keeps a run.db for each lot from its job's start to its end: what is told of it and of the tool.

    The traces are the session's own, found by the same names. ``done`` gets a lot's folder when it is complete.
    """

    def __init__(
        self,
        session: Path,
        metas: Mapping[str, str],
        tool: ToolDescription,
        package: ProcessPackage,
        order_of: Callable[[str], JobOrder | None],
        done: Callable[[Path], None],
    ) -> None:
        self._session, self._metas, self._tool, self._package = session, metas, tool, package
        self._order_of, self._done = order_of, done
        self._open: dict[str, _Open] = {}

    def __call__(self, batch: Sequence[Committed]) -> None:
        for item in batch:
            if isinstance(item.event, JobStateChanged) and item.event.state == "running":
                self._begin(item.event.lot_id)
        for lot in self._open.values():
            told = lot.told(batch)
            lot.records(told)
            lot.clock(told)
        for item in batch:
            if isinstance(item.event, JobStateChanged) and item.event.state in _OVER:
                self._end(item)

    def close(self) -> None:
        """Leave the records of lots that are not over as they are."""
        for lot in self._open.values():
            lot.records.close()
        self._open.clear()

    def _begin(self, lot_id: str) -> None:
        order = self._order_of(lot_id)
        if lot_id in self._open or order is None:
            return
        folder = self._free_folder(lot_id)
        (folder / "traces").symlink_to(Path("..") / "traces", target_is_directory=True)
        records = RunDatabase(folder / "run.db")
        files = JobFiles(
            order.lot, order.recipe, order.cleaner, self._tool, LotFile(order.lot, folder, None, None, None)
        )
        records.set_metas({**self._metas, **description_facts(files, self._package)})
        wafers = frozenset(w.wafer_id for w in order.lot.wafers)
        self._open[lot_id] = _Open(order, folder, records, LotClock(), wafers)

    def _free_folder(self, lot_id: str) -> Path:
        name = _NOT_IN_FILE_NAMES.sub("_", lot_id)
        for number in range(1, 1_000_000):
            folder = self._session / (f"lot-{name}" if number == 1 else f"lot-{name}-{number}")
            if not folder.exists():
                folder.mkdir()
                return folder
        raise AssertionError("a lot has not come a million times")

    def _end(self, item: Committed) -> None:
        event = item.event
        assert isinstance(event, JobStateChanged)
        lot = self._open.pop(event.lot_id, None)
        if lot is None:
            return
        order = lot.order
        bound_of = throughput_bound if self._tool.units is None else throughput_bound_units
        slots = tuple(sorted(w.slot for w in order.lot.wafers))
        bound = bound_of(self._tool, order.recipe, order.cleaner, order.lot.sampling, slots)
        lot.records.set_metas(
            {
                "outcome": event.state,
                "tool_time_s": repr(item.time_s),
                "bound": json.dumps(bound_facts(bound, lot.clock, self._tool.carrier_map_s)),
            }
        )
        lot.records.close()
        self._done(lot.folder)
