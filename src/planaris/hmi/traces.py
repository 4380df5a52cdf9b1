"""Live traces: blocks of many samples made into frames of what a picture at 20 Hz needs.

A frame's sample is the mean of the samples of its bin of tool time (speed over rate), NaN where none was good. Tags
that are sent when they change, or seldom, keep their last value until a new one comes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.dictionary import Dictionary
from planaris.hmi.protocol import TRACE_HEADER, TRACE_HZ_LIMIT, TRACE_KIND, TRACE_VERSION, TRACES_LIMIT
from planaris.model import Block, Quality

# A frame has at most this many samples; what is older is left out.
FRAME_SAMPLES = 200
_GOOD = int(Quality.UNCERTAIN)
_ROUNDING = 1e-6

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Traces of a page: tags in the order of the channels, and samples a second of peer time."""

    tags: tuple[str, ...]
    hz: float


@dataclass(frozen=True, slots=True)
class Choice:
    """What a page gets of what it asked for; ``refused`` says why not, tag by tag."""

    wanted: Wanted
    refused: Mapping[str, str]


class TraceCatalogue:
    """Which tags can be watched: scalar tags of the port that are sampled or told."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._class = {v.name: v.rate_class for v in dictionary.tags if v.rate_class and not v.shape}

    def choose(self, tags: Iterable[str], hz: float) -> Choice:
        """Check what a page asks for; twice the same tag is one channel."""
        chosen: list[str] = []
        refused: dict[str, str] = {}
        for tag in dict.fromkeys(tags):
            if tag not in self._class:
                refused[tag] = "no tag of this tool that can be watched"
            elif self._class[tag].endswith("optical"):
                refused[tag] = "window samples are not sent live; see the wafer's traces"
            elif len(chosen) >= TRACES_LIMIT:
                refused[tag] = f"a page watches {TRACES_LIMIT} traces at most"
            else:
                chosen.append(tag)
        rate = min(max(hz, 0.1), TRACE_HZ_LIMIT)
        return Choice(Wanted(tuple(chosen), rate), refused)

    def rate_classes(self, wanted: Iterable[Wanted]) -> frozenset[str]:
        """Return the rate classes that must be followed for pages."""
        return frozenset(self._class[tag] for group in wanted for tag in group.tags)

    def sampled(self, rate_class: str) -> bool:
        """Whether a class comes at a steady rate that is worth binning; the others keep their last value."""
        return rate_class.endswith("fast")

    def class_of(self, tag: str) -> str:
        """Return the rate class of a tag."""
        return self._class[tag]


class _Binned:
    """The columns of one sampled class that a group wants, as means of bins that are complete."""

    def __init__(self, tags: Sequence[str], channels: Sequence[int], dt_s: float) -> None:
        self._tags, self.channels, self._dt_s = tuple(tags), tuple(channels), dt_s
        self._columns: tuple[tuple[str, ...], Ints] = (), np.zeros(0, dtype=np.int64)
        self._left: tuple[Ints, Floats] = np.zeros(0, dtype=np.int64), np.zeros((0, len(self._tags)))
        self.bins: list[tuple[Ints, Floats]] = []
        self.through = -1

    def take(self, block: Block) -> None:
        if self._columns[0] != block.tags:
            self._columns = block.tags, np.array([block.tags.index(tag) for tag in self._tags], dtype=np.int64)
        values = block.values[:, self._columns[1]].astype(np.float64)
        values[block.quality < _GOOD] = np.nan
        numbers = np.floor(block.time_s / self._dt_s + _ROUNDING).astype(np.int64)
        numbers, values = np.concatenate([self._left[0], numbers]), np.concatenate([self._left[1], values])
        if not len(numbers):
            return
        last = numbers[-1]
        whole = int(np.searchsorted(numbers, last))
        self._left = numbers[whole:], values[whole:]
        if not whole:
            return
        numbers, values = numbers[:whole], values[:whole]
        first = np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 1))
        good = np.isfinite(values)
        counts = np.add.reduceat(good, first, axis=0, dtype=np.int64)
        sums = np.add.reduceat(np.where(good, values, 0.0), first, axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.where(counts > 0, sums / counts, np.nan)
        self.bins.append((numbers[first], means))
        self.through = int(last) - 1


class TraceGroup:
    """Frames for all pages that want the same."""

    def __init__(self, wanted: Wanted, catalogue: TraceCatalogue, speed: float) -> None:
        self.wanted = wanted
        self._dt_s = speed / wanted.hz
        self._catalogue = catalogue
        self._binned: dict[str, _Binned] = {}
        self._held: dict[str, dict[str, int]] = {}
        by_class: dict[str, list[int]] = {}
        for channel, tag in enumerate(wanted.tags):
            by_class.setdefault(catalogue.class_of(tag), []).append(channel)
        for rate_class, channels in by_class.items():
            tags = [wanted.tags[c] for c in channels]
            if catalogue.sampled(rate_class):
                self._binned[rate_class] = _Binned(tags, channels, self._dt_s)
            else:
                self._held[rate_class] = dict(zip(tags, channels, strict=True))
        self._last = np.full(len(wanted.tags), np.nan)
        self._sent = -1
        self._sequence = 0
        head = struct.pack(f"<{len(wanted.tags)}H", *range(len(wanted.tags)))
        self._channels = head + b"\0\0" * (len(wanted.tags) % 2)

    def take(self, block: Block) -> None:
        """Take a block of any class."""
        binned = self._binned.get(block.rate_class)
        if binned is not None:
            binned.take(block)
            return
        for tag, channel in self._held.get(block.rate_class, {}).items():
            if tag in block.tags and len(block.time_s):
                good = int(block.quality[-1]) >= _GOOD
                self._last[channel] = float(block.column(tag)[-1]) if good else np.nan

    def frame(self, now_s: float) -> bytes | None:
        """Return the next frame, None where no bin is complete that was not sent.

        A group of told tags alone goes by ``now_s``.
        """
        parts = tuple(self._binned.values())
        if parts:
            newest = max(part.through for part in parts)
            # A class that stays behind the others by more than a second of peer time is not waited for.
            patient = newest - max(1, round(self.wanted.hz))
            through = min((p.through for p in parts if p.through >= patient), default=newest)
        else:
            through = int(np.floor(now_s / self._dt_s + _ROUNDING)) - 1
        if through <= self._sent:
            return None
        starts = [int(numbers[0]) for part in parts for numbers, _ in part.bins if len(numbers)]
        begin = min(starts, default=through) if self._sent < 0 else self._sent + 1
        begin = max(begin, through - FRAME_SAMPLES + 1)
        count = through - begin + 1
        values = np.repeat(self._last[:, None], count, axis=1)
        for part in parts:
            rest: list[tuple[Ints, Floats]] = []
            values[list(part.channels)] = np.nan
            for numbers, means in part.bins:
                inside = (numbers >= begin) & (numbers <= through)
                rows = np.array(part.channels)[:, None]
                values[rows, numbers[inside] - begin] = means[inside].T
                later = numbers > through
                if later.any():
                    rest.append((numbers[later], means[later]))
            part.bins = rest
        self._sent = through
        self._sequence = (self._sequence + 1) % (1 << 32)
        head = struct.pack(
            TRACE_HEADER,
            TRACE_KIND,
            TRACE_VERSION,
            len(self.wanted.tags),
            self._sequence,
            begin * self._dt_s,
            self._dt_s,
            count,
            0,
        )
        return head + self._channels + values.astype("<f4").tobytes()
