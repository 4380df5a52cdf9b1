"""A chunk under way: its intervals are worked out in stretches, as far as they are asked for, each only once.

A later command leaves the intervals before it as they are, and where one stretch ends and the next begins changes no
bit. So what a chunk does depends on commands alone, whoever reads and however often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from planaris.physics import PlatenBlock, PlatenDrive, PlatenModel, PlatenState
from planaris.twin.chunks import ROUNDING_S, follow
from planaris.twin.film_march import FilmMarch

Array = NDArray[np.float64]
_Rows = TypeVar("_Rows", PlatenDrive, PlatenBlock)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Intervals that follow each other: the actuators at their middles and what physics made of them.

    ``starts_s``, ``middles_s`` (n,), ``dt_s`` (n, 1), actuators (n_actuators, n). What stands still has one row in
    ``drive`` and ``block``.
    """

    starts_s: Array
    middles_s: Array
    dt_s: Array
    out: Array
    pressing: Array
    drive: PlatenDrive
    model: PlatenModel
    block: PlatenBlock
    films: FilmMarch | None = None

    def __len__(self) -> int:
        return len(self.middles_s)

    def first(self, count: int) -> Stretch:
        """Return the first intervals alone."""
        block, last = self.block, count - 1
        at_end = PlatenState(block.temperature_C[last], block.populations[last], block.solids_ratio[last])
        block = _first(block, count, state=at_end)
        return Stretch(
            self.starts_s[:count],
            self.middles_s[:count],
            self.dt_s[:count],
            self.out[:, :count],
            self.pressing[:, :count],
            _first(self.drive, count),
            self.model,
            block,
        )


def joined(stretches: Sequence[Stretch]) -> Stretch:
    """Return stretches as one."""
    if len(stretches) == 1:
        return stretches[0]
    counts = [len(stretch) for stretch in stretches]
    return Stretch(
        np.concatenate([s.starts_s for s in stretches]),
        np.concatenate([s.middles_s for s in stretches]),
        np.concatenate([s.dt_s for s in stretches]),
        np.concatenate([s.out for s in stretches], axis=1),
        np.concatenate([s.pressing for s in stretches], axis=1),
        _joined([s.drive for s in stretches], counts),
        stretches[-1].model,
        _joined([s.block for s in stretches], counts),
    )


class Course:
    """What happens at a station until a time if no further command comes.

    ``knots_s`` has n+1 times. ``states`` (n+1, lags) and ``targets`` (n, lags) of the sensors hold for the ``done``
    intervals that are worked out. ``whole``: they can only be worked out all at once.
    """

    def __init__(self, knots_s: Array, middles_s: Array, model: PlatenModel, lags: Array, *, whole: bool) -> None:
        self.knots_s, self.middles_s, self.model, self.whole = knots_s, middles_s, model, whole
        self.dt_s: Array = (knots_s[1:] - knots_s[:-1])[:, None]
        # What a knot merged with a command a rounding later already knows of it.
        self.starts_s: Array = knots_s[:-1] + ROUNDING_S
        self.stretches: list[Stretch] = []
        self.done = 0
        self.states: Array = np.empty((len(knots_s), len(lags)))
        self.states[0] = lags
        self.targets: Array = np.empty((len(middles_s), len(lags)))

    def add(self, stretch: Stretch, targets: Array, rate_per_s: Array) -> None:
        """Add the next intervals with what the sensors' lags follow in them."""
        first, end = self.done, self.done + len(stretch)
        self.targets[first:end] = targets
        self.states[first : end + 1] = follow(self.states[first], targets, rate_per_s, stretch.dt_s)
        self.stretches.append(stretch)
        self.done = end

    def keep_before(self, time_s: float) -> None:
        """Forget what a command at a time changes: the intervals that end after it."""
        self._keep(int(self.knots_s.searchsorted(time_s + ROUNDING_S, side="right")) - 1)

    def rates_until(self, time_s: float) -> tuple[Array, tuple[Array, ...]] | None:
        """Return (lengths in s, rates by film in nm/min) of the intervals that are worked out and over at a time.

        Shapes (n,) and (n, n_r); None where there are none.
        """
        count = min(self.done, int(self.knots_s.searchsorted(time_s + ROUNDING_S, side="right")) - 1)
        if count <= 0:
            return None
        blocks = [s.block for s in self.stretches]
        films = zip(*((b.rate_nm_min, *b.under_rates_nm_min) for b in blocks), strict=True)
        rates = tuple((f[0] if len(f) == 1 else np.concatenate(f))[:count] for f in films)
        return self.dt_s[:count, 0], rates

    def take_over(self, past: Course) -> None:
        """Take over from an earlier course of the same station what has the same times and constants."""
        if self.whole or past.whole or not past.done or not _same(self.model, past.model):
            return
        count = min(past.done, len(self.middles_s))
        differ = (self.knots_s[: count + 1] != past.knots_s[: count + 1]).nonzero()[0]
        if len(differ):
            count = int(differ[0]) - 1
        if count <= 0:
            return
        self.stretches, self.done = [*past.stretches], past.done
        self._keep(count)
        self.states[: count + 1], self.targets[:count] = past.states[: count + 1], past.targets[:count]

    def _keep(self, count: int) -> None:
        while self.done > count:
            last = self.stretches.pop()
            self.done -= len(last)
            if self.done < count:
                self.stretches.append(last.first(count - self.done))
                self.done = count


def steady(rows: Array) -> bool:
    """Whether all rows along the first axis are the same."""
    return not np.count_nonzero(rows != rows[0])


def level(values: Array) -> bool:
    """Whether a drive has come to rest within 1 % over a chunk."""
    return abs(float(values[-1] - values[0])) <= 0.01 * float(values[0])


def _same(one: PlatenModel, other: PlatenModel) -> bool:
    """Whether two models have the same constants, by the arrays that are the same and the values that are equal."""
    return one is other or (
        one.pressure_matrix is other.pressure_matrix
        and (one.law, one.friction_coefficient, one.groove_volume_ml, one.slurry)
        == (other.law, other.friction_coefficient, other.groove_volume_ml, other.slurry)
    )


@cache
def _names(kind: type[PlatenDrive] | type[PlatenBlock]) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def _by_row(part: PlatenDrive | PlatenBlock) -> dict[str, Array]:
    """Return the arrays that have a row for each interval."""
    values = ((name, getattr(part, name)) for name in _names(type(part)))
    return {name: cast(Array, value) for name, value in values if isinstance(value, np.ndarray) and value.ndim}


def _first(part: _Rows, count: int, **others: object) -> _Rows:
    taken: dict[str, Any] = {name: array[:count] for name, array in _by_row(part).items()}
    return replace(part, **taken, **others)


def _joined(parts: Sequence[_Rows], counts: Sequence[int]) -> _Rows:
    columns = [_by_row(part) for part in parts]
    taken: dict[str, Any] = {
        name: np.concatenate([_spread(column[name], n) for column, n in zip(columns, counts, strict=True)])
        for name in columns[0]
    }
    return replace(parts[-1], **taken)


def _spread(rows: Array, count: int) -> Array:
    return rows if len(rows) == count else rows.repeat(count, axis=0)
