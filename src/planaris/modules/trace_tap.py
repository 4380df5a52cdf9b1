"""Collects the trace of one visit to a platen: platen and head blocks, watched and recorded as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from planaris.hardware import Port, Subscription
from planaris.model import Block
from planaris.modules.context import TraceRecording

# Samples whose mean is the flow last seen: a quarter of a second at 100 Hz, above the noise of one sample.
_LAST_SAMPLES = 25

OnBlock = Callable[[Block], None]


def columns_of(port: Port, platen: int, head: int) -> tuple[str, ...]:
    """Return the trace's columns: the two rate classes' tags with the instance numbers left out."""
    tags = (*port.tags.of_class(f"platen{platen}.fast"), *port.tags.of_class(f"head{head}.fast"))
    return tuple(f"{tag.partition('.')[0].rstrip('0123456789')}.{tag.partition('.')[2]}" for tag in tags)


class TraceTap:
    """Two sampled subscriptions, read until closed; rows are recorded when both have them."""

    def __init__(
        self, port: Port, platen: int, head: int, block_s: float, on_block: OnBlock, recording: TraceRecording
    ) -> None:
        self._on_block, self._recording = on_block, recording
        self._volumes_ml: dict[str, float] = {}
        self._flows: tuple[list[str], NDArray[np.intp]] | None = None
        self._counted: Block | None = None
        self._waiting: tuple[list[Block], list[Block]] = ([], [])
        self._subscriptions = (
            port.subscribe(f"platen{platen}.fast", block_s),
            port.subscribe(f"head{head}.fast", block_s),
        )

    async def run(self) -> None:
        """Read both subscriptions until they end."""
        async with asyncio.TaskGroup() as tasks:
            for side, subscription in enumerate(self._subscriptions):
                tasks.create_task(self._read(subscription, side))

    async def _read(self, subscription: Subscription, side: int) -> None:
        async for block in subscription:
            self._waiting[side].append(block)
            if side == 0:
                self._count_flows(block)
            self._on_block(block)
            while self._waiting[0] and self._waiting[1]:
                self._join(self._waiting[0].pop(0), self._waiting[1].pop(0))

    def _join(self, platen: Block, head: Block) -> None:
        """Record a pair of blocks on the platen's times; another clock on the head's side is interpolated."""
        values = head.values
        if not np.array_equal(platen.time_s, head.time_s):
            columns: list[NDArray[np.float64]] = [np.interp(platen.time_s, head.time_s, c) for c in values.T]
            values = np.stack(columns, axis=1).astype(np.float32)
        self._recording.append(platen.time_s, np.concatenate([platen.values, values], axis=1))

    def _count_flows(self, block: Block) -> None:
        if len(block.time_s) < 2:
            return
        step_min = float(block.time_s[1] - block.time_s[0]) / 60.0
        if self._flows is None:
            columns = [column for column, tag in enumerate(block.tags) if tag.endswith("_flow_ml_min")]
            self._flows = [block.tags[column] for column in columns], np.array(columns, dtype=np.intp)
        tags, columns = self._flows
        sums = block.values.T.take(columns, axis=0).sum(axis=1, dtype=np.float64).tolist()
        for tag, total in zip(tags, sums, strict=True):
            self._volumes_ml[tag] = self._volumes_ml.get(tag, 0.0) + total * step_min
        self._counted = block

    def close(self) -> None:
        """Take no more samples; `run` ends after what was sampled."""
        for subscription in self._subscriptions:
            subscription.close()

    def volume_ml(self, tag: str, now_s: float | None = None) -> float:
        """Return the volume in ml that a platen flow tag in ml/min has shown so far.

        With ``now_s`` the samples that have not come in yet count with the last flow seen: what a totaliser shows.
        """
        total_ml = self._volumes_ml.get(tag, 0.0)
        counted = self._counted
        if now_s is not None and counted is not None and tag in self._volumes_ml:
            last_seen = counted.values[-_LAST_SAMPLES:, counted.tags.index(tag)]
            last_flow_ml_min = float(last_seen.mean(dtype=np.float64))
            total_ml += last_flow_ml_min * max(0.0, now_s - float(counted.time_s[-1])) / 60.0
        return round(max(0.0, total_ml), 3)
