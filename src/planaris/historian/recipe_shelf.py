"""Recipe versions in tool.db: what the recipe library keeps. Its rules stand in `tool.recipe_library`."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from planaris.historian.errors import HomeError
from planaris.model import RecipeKind, RecipeState, RecipeVersion

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class RecipeShelf:
    """Stored versions, oldest first. A version's text never changes; only its state and sign-offs do."""

    def __init__(self, connection: sqlite3.Connection, transaction: Transaction, path: Path) -> None:
        self._connection, self._transaction, self._path = connection, transaction, path

    def put(self, record: RecipeVersion) -> None:
        """Keep a new version, or the new state and sign-offs of one that is there.

        Raises HomeUnwritableError if it cannot be written.
        """
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO recipe_versions(kind, name, content_hash, label, text, text_hash, author, state,"
                " approved_by, released_by, reason) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT(kind, name, content_hash) DO UPDATE SET state = excluded.state,"
                " approved_by = excluded.approved_by, released_by = excluded.released_by, reason = excluded.reason",
                (
                    record.kind.value,
                    record.name,
                    record.content_hash,
                    record.label,
                    record.text,
                    _digest(record.text),
                    record.author,
                    record.state.value,
                    record.approved_by,
                    record.released_by,
                    record.reason,
                ),
            )

    def versions(self, name: str | None = None) -> list[RecipeVersion]:
        """Return all versions, or those of one name. Raises HomeError if a text no longer matches its hash."""
        rows = self._connection.execute(
            "SELECT kind, name, content_hash, label, text, author, state, approved_by, released_by, reason, text_hash"
            " FROM recipe_versions WHERE ? IS NULL OR name = ? ORDER BY number",
            (name, name),
        ).fetchall()
        records: list[RecipeVersion] = []
        for kind, found, content, label, text, author, state, *signed, text_hash in rows:
            if _digest(text) != text_hash:
                raise HomeError(self._path, f"recipe {found} {content[:12]} was altered", "restore a backup")
            records.append(
                RecipeVersion(RecipeKind(kind), found, content, label, text, author, RecipeState(state), *signed)
            )
        return records
