"""A file forced to the disk beside its writer: what was written is on the disk a moment later, and nobody waits."""

from __future__ import annotations

import os
import threading
from pathlib import Path

# How long what was written waits for its sync at most. Waking the thread for each batch cost its writer more, two
# threads handing the interpreter to each other, than the disk does [design].
PERIOD_S = 0.05
# Longest wait for the disk at the end.
CLOSE_LIMIT_S = 30.0


class DiskFollower:
    """One thread that forces a file to the disk soon after `ask`, once for any number of calls.

    What was written before a call is on the disk after `PERIOD_S` and two syncs at most: the one under way and the
    next. ``failure`` says why a sync failed, '' if none did.
    """

    def __init__(self, path: Path) -> None:
        """Follow a file that need not be there before the first `ask`; it is opened once and must not be replaced."""
        self._path = path
        self._descriptor: int | None = None
        self._asked = False
        self._ended = threading.Event()
        self.failure = ""
        self.syncs_count = 0
        self._thread = threading.Thread(target=self._work, name=f"follow-{path.name}", daemon=True)
        self._thread.start()

    def ask(self) -> None:
        """Have everything written so far on the disk soon."""
        self._asked = True

    def close(self) -> None:
        """Force the file to the disk a last time and end the thread; a second time does nothing."""
        self._ended.set()
        self._thread.join(CLOSE_LIMIT_S)
        if self._thread.is_alive():
            self.failure = f"the disk has not answered for {CLOSE_LIMIT_S:g} s"

    def _work(self) -> None:
        ended = False
        while not ended:
            ended = self._ended.wait(PERIOD_S)
            if not (self._asked or ended):
                continue
            self._asked = False  # before the sync: what is asked for while it runs needs another
            try:
                if self._descriptor is None:
                    self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
                os.fsync(self._descriptor)
                self.syncs_count += 1
            except FileNotFoundError:  # nothing was written yet
                continue
            except OSError as error:
                self.failure = str(error)
        if self._descriptor is not None:
            os.close(self._descriptor)
