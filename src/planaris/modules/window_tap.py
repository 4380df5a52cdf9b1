"""Collects what a platen's window sees of one wafer: recorded as it comes, and told to who decides on it."""

from __future__ import annotations

from planaris.hardware import OPTICAL, Port
from planaris.modules.context import TraceRecording
from planaris.modules.trace_tap import OnBlock

# A decision may be late by a block: samples come in pieces of this [design].
WINDOW_BLOCK_S = 0.1


def has_window(port: Port, platen: int) -> bool:
    """Say whether a platen looks at its wafer."""
    return f"platen{platen}.{OPTICAL}" in port.tags.rate_classes


def window_columns(port: Port, platen: int) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return (columns, widths) of a window's trace: its tags without the instance number."""
    rate_class = f"platen{platen}.{OPTICAL}"
    columns = tuple(f"platen.{tag.partition('.')[2]}" for tag in port.tags.of_class(rate_class))
    return columns, port.tags.widths_of(rate_class)


class WindowTap:
    """A subscription of a platen's window, read until closed. Nobody computes a spectrum before."""

    def __init__(self, port: Port, platen: int, recording: TraceRecording, on_block: OnBlock | None = None) -> None:
        self._recording, self._on_block = recording, on_block
        self._subscription = port.subscribe(f"platen{platen}.{OPTICAL}", WINDOW_BLOCK_S)

    async def run(self) -> None:
        """Read to the end."""
        async for block in self._subscription:
            self._recording.append(block.time_s, block.values)
            if self._on_block is not None:
                self._on_block(block)

    def close(self) -> None:
        """Take no more samples; `run` ends after what was sampled."""
        self._subscription.close()
