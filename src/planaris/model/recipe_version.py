"""A version of a recipe in the library."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RecipeKind(StrEnum):
    """What a stored recipe is for."""

    POLISH = "polish"
    CLEANER = "cleaner"


class RecipeState(StrEnum):
    """Life of a stored recipe version."""

    DRAFT = "draft"
    APPROVED = "approved"
    RELEASED = "released"
    OBSOLETE = "obsolete"


@dataclass(frozen=True, slots=True)
class RecipeVersion:
    """One version of a recipe as its author wrote it. ``content_hash`` is its identity, ``label`` the author's name for
    it, ``text`` the TOML; who approved and released it, and why its state last changed."""

    kind: RecipeKind
    name: str
    content_hash: str
    label: str
    text: str
    author: str
    state: RecipeState = RecipeState.DRAFT
    approved_by: str = ""
    released_by: str = ""
    reason: str = ""
