"""A tree of plain values that notes what changes in it, so that pages are told differences and not the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

Branch = dict[str, Any]


class Tree:
    """Values below keys of text. A value that is set to what it is already is no change."""

    def __init__(self, root: Branch) -> None:
        self.root = root
        self._set: dict[tuple[str, ...], Any] = {}
        self._gone: dict[tuple[str, ...], None] = {}

    def get(self, *path: str) -> Any:
        """Return what stands at a path, None where nothing does."""
        at: Any = self.root
        for key in path:
            if not isinstance(at, dict) or key not in at:
                return None
            at = cast(Branch, at)[key]
        return at

    def put(self, value: Any, *path: str) -> None:
        """Set a value; branches that are missing are made."""
        at = self.root
        for depth, key in enumerate(path[:-1], start=1):
            if key not in at:
                at[key] = {}
                self._note(path[:depth])
                self._set[path[:depth]] = at[key]
            at = at[key]
        if path[-1] in at and at[path[-1]] == value and type(at[path[-1]]) is type(value):
            return
        at[path[-1]] = value
        self._note(path)
        self._set[path] = value

    def update(self, values: Mapping[str, Any], *path: str) -> None:
        """Set several values of one branch."""
        for key, value in values.items():
            self.put(value, *path, key)

    def replace(self, values: Mapping[str, Any], *path: str) -> None:
        """Make a branch hold these values and no others."""
        for key in [key for key in self.get(*path) or () if key not in values]:
            self.drop(*path, key)
        self.update(values, *path)

    def drop(self, *path: str) -> None:
        """Take away what stands at a path; nothing if nothing does."""
        at = self.get(*path[:-1])
        if isinstance(at, dict) and path[-1] in at:
            del at[path[-1]]
            self._note(path)
            self._gone[path] = None

    def take(self) -> tuple[list[tuple[list[str], Any]], list[list[str]]]:
        """Return and forget what changed: values set, paths taken away. To be applied in the order taken away, set."""
        changed = [(list(path), value) for path, value in self._set.items()]
        gone = [list(path) for path in self._gone]
        self._set.clear()
        self._gone.clear()
        return changed, gone

    @property
    def changed(self) -> bool:
        """Whether anything is noted."""
        return bool(self._set or self._gone)

    def _note(self, path: tuple[str, ...]) -> None:
        """Forget notes that this one covers: of the path itself and of all below it."""
        for notes in (self._set, self._gone):
            for old in [old for old in notes if old[: len(path)] == path]:
                del notes[old]
