"""What the tool asks of a journal. The historian keeps one; tests may keep a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from planaris.stream import Committed


class Journal(Protocol):
    """Takes batches of events in order; raises if it cannot keep them."""

    def append(self, batch: Sequence[Committed], durable: bool) -> None:
        """Keep a batch; with ``durable`` it survives a power cut once this returns."""
        ...
