"""Carriers that come and go: one lifted in good order takes its wafers out of the map, any other sets an alarm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from planaris.hardware import TagWatch
from planaris.tool.alarms import AlarmBook
from planaris.tool.jobs import Job
from planaris.tool.material import MaterialMap

ALARM = "carrier_removed"


class CarrierWatch:
    """Listens to the presence switches of load ports. ``jobs`` gives all jobs the tool knows.

    A carrier may be lifted when no job works for its port and none of its wafers is out in the tool.
    """

    def __init__(
        self, watch: TagWatch, alarms: AlarmBook, material: MaterialMap, jobs: Callable[[], Iterable[Job]]
    ) -> None:
        self._watch, self._alarms, self._material, self._jobs = watch, alarms, material, jobs

    def __call__(self, changed: Mapping[str, float]) -> None:
        """Look at a batch of changed tags."""
        for tag in changed:
            source, _, name = tag.partition(".")
            if name != "carrier_present" or not source.startswith("loadport"):
                continue
            if self._watch.is_on(tag):
                self._alarms.clear(ALARM, source, "a carrier stands there again")
                continue
            self._lifted(source)

    def _lifted(self, source: str) -> None:
        number = int(source.removeprefix("loadport"))
        mine = [job for job in self._jobs() if job.lot.load_port == number and job.begun]
        inside = [place for place in self._material.at if place.startswith(f"{source}.")]
        out = [
            i for job in mine for i in job.progress if self._material.find(i) is not None and not self._home(source, i)
        ]
        if out or any(job.active for job in mine):
            detail = f"{len(inside)} wafers were in it, {len(out)} are out in the tool"
            self._alarms.set(ALARM, source, self._alarms.severity_of(ALARM), detail)
        elif inside:
            self._material.carrier_gone(number)

    def _home(self, source: str, wafer_id: str) -> bool:
        place = self._material.where(wafer_id)
        return place.startswith((f"{source}.", "removed."))
