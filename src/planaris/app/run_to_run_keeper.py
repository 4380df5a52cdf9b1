"""Keeps in the home what run-to-run control and virtual metrology remember, and the models that they make of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from pydantic import TypeAdapter

from planaris.app.removal_estimates import fetch_learners, models_document
from planaris.control import RunToRunState
from planaris.control.virtual_removal import WARM_UP_COUNT, VirtualRemovalState
from planaris.historian import Home, write_whole
from planaris.model import RunToRunMode
from planaris.stream import Committed
from planaris.tool import Memory, RunToRunDesk

MODELS_FILE = "removal_models.json"
_STATE, _VIRTUAL = TypeAdapter(RunToRunState), TypeAdapter(VirtualRemovalState)
_FEATURES = TypeAdapter(dict[str, dict[int, dict[str, float]]])
_MODE_KEY, _FEATURES_KEY, _VIRTUAL_KEY = "mode", "features", "virtual "

Commit = Callable[[Sequence[Committed], bool], None]


class RunToRunKeeper:
    """Keeps in the home what control remembers, before the journal has the events that changed it.

    After a death the memory is thus at most ahead of the journal; taking up a wafer again changes it no further than
    polishing one more would.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._desk: RunToRunDesk | None = None
        self._written: dict[str, tuple[object, str]] = {}

    def load(self) -> Memory:
        """Return what the home remembers; what a later version cannot read any more is forgotten."""
        kept = self._home.load_run_to_run()
        memory = Memory(mode=RunToRunMode(kept.pop(_MODE_KEY, RunToRunMode.CONTROL.value)))
        with suppress(ValueError):
            memory.features = _FEATURES.validate_json(kept.pop(_FEATURES_KEY, "{}"))
        for name, text in kept.items():
            with suppress(ValueError):
                if name.startswith(_VIRTUAL_KEY):
                    memory.virtual[name.removeprefix(_VIRTUAL_KEY)] = _VIRTUAL.validate_json(text)
                else:
                    memory.states[name] = _STATE.validate_json(text)
        if any(r.labels_count >= WARM_UP_COUNT for s in memory.virtual.values() for r in s.regimes.values()):
            fetch_learners(wait=True)  # the first estimate may be due as soon as the tool is taken up again
        return memory

    def follow(self, desk: RunToRunDesk) -> None:
        """Keep a desk's memory from now on."""
        self._desk = desk

    def before(self, commit: Commit) -> Commit:
        """Return a commit that keeps the memory first."""

        def kept(batch: Sequence[Committed], durable: bool) -> None:
            if self._desk is not None and self._desk.is_dirty:
                self._keep(self._desk.memory)
                self._desk.clean()
            commit(batch, durable)

        return kept

    def _keep(self, memory: Memory) -> None:
        texts = {name: self._text(name, _STATE, state) for name, state in memory.states.items()}
        for name, state in memory.virtual.items():
            texts[_VIRTUAL_KEY + name] = self._text(_VIRTUAL_KEY + name, _VIRTUAL, state)
        texts[_FEATURES_KEY] = _FEATURES.dump_json(memory.features).decode()
        self._home.save_run_to_run({**texts, _MODE_KEY: memory.mode.value})

    def _text(self, name: str, adapter: TypeAdapter[Any], state: object) -> str:
        """Return a state as text, that of before while it is the same value."""
        known = self._written.get(name)
        if known is None or known[0] is not state:
            known = self._written[name] = state, adapter.dump_json(state).decode()
        return known[1]

    def close(self) -> None:
        """Write down the models as they stand, where there are any."""
        virtual: Mapping[str, VirtualRemovalState] = {} if self._desk is None else self._desk.memory.virtual
        document = models_document(virtual)
        if document["models"]:
            write_whole(self._home.path / MODELS_FILE, (json.dumps(document, indent=1) + "\n").encode())
