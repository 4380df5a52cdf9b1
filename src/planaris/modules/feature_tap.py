"""Keeps a visit's samples beside their recording and works the features of its steps out when it ends."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from planaris.control import END_S, LEAST_S, HeadGeometry, StepFeatures, StepTrace, settled_rows, step_features
from planaris.formats import content_name
from planaris.model import StepKind, ToolDescription
from planaris.modules.context import StepSpan, TraceFile, TraceRecording
from planaris.modules.visit import Visit

# A head above this carries its wafer [design].
_UP_MM = 30.0


class FeatureTap:
    """A recording that also knows what it records: the features of the visit's polish steps, after `finish`."""

    def __init__(
        self, inner: TraceRecording, columns: tuple[str, ...], visit: Visit, platen: int, tool: ToolDescription,
        settle_s: float,
    ) -> None:  # fmt: skip
        self._inner, self._columns, self._visit, self._platen = inner, columns, visit, platen
        self._geometry, self._settle_s = HeadGeometry.of(tool), settle_s
        self._times_s: list[NDArray[np.float64]] = []
        self._values: list[NDArray[np.float32]] = []
        self.features: tuple[StepFeatures, ...] = ()

    def append(self, time_s: NDArray[np.float64], values: NDArray[np.float32]) -> None:
        """Record samples and keep them."""
        self._inner.append(time_s, values)
        self._times_s.append(time_s)
        self._values.append(values)

    def finish(self, spans: Sequence[StepSpan]) -> TraceFile:
        """Hand the trace over; the features of steps that were run from their start are there from now on."""
        if self._times_s:
            self.features = tuple(self._of_steps(spans))
        self._times_s, self._values = [], []
        return self._inner.finish(spans)

    def _of_steps(self, spans: Sequence[StepSpan]) -> list[StepFeatures]:
        time_s, values = np.concatenate(self._times_s), np.concatenate(self._values)
        visit, vacuum_kPa = self._visit, self._chuck_vacuum_kPa(time_s, values, spans[0])
        found: list[StepFeatures] = []
        whole = visit.recipe.steps_on(visit.steps[0].platen) if visit.steps else ()
        begun = len(whole) - len(visit.steps)
        ran = iter(spans[1:])  # in the steps' order; a wafer that is turned away skips some
        span = next(ran, None)
        for offset, step in enumerate(visit.steps):
            if span is None or span.name != step.name:
                continue
            of_step, span = span, next(ran, None)
            if step.kind is not StepKind.POLISH or step != whole[begun + offset]:
                continue  # a rinse says little of the process, and the rest of a cut-off step has another length
            rows = settled_rows(time_s, of_step.start_s, of_step.end_s, step.ramp_s + self._settle_s)
            if rows.stop - rows.start < 2 or time_s[rows.stop - 1] - time_s[rows.start] < LEAST_S:
                continue
            trace = StepTrace(self._columns, values, rows)
            last_rows = int(rows.stop - np.searchsorted(time_s, time_s[rows.stop - 1] - END_S))
            if of_step.end_s - of_step.start_s < step.end.min_s:
                last_rows = 0  # cut off: what is told by the end of a step would be another step's
            told = step_features(step, self._geometry, trace, last_rows, vacuum_kPa)
            number = visit.first_step + offset
            recipe, wafer_id = content_name(visit.recipe), visit.wafer_id
            found.append(StepFeatures(wafer_id, recipe, self._platen, visit.head, number, step.name, told))
        return found

    def _chuck_vacuum_kPa(self, time_s: NDArray[np.float64], values: NDArray[np.float32], pre_flow: StepSpan) -> float:
        """Return the vacuum that held the wafer while its head was up: the median before touch-down."""
        if not {"head.vacuum_kPa", "head.height_mm"} <= set(self._columns):
            return math.nan
        before = values[: int(np.searchsorted(time_s, pre_flow.end_s))]
        up = before[:, self._columns.index("head.height_mm")] > _UP_MM
        held = before[up, self._columns.index("head.vacuum_kPa")]
        return float(np.median(held)) if len(held) else math.nan
