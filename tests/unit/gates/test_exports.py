"""Public names are pinned: a name that others may rely on neither comes nor goes unnoticed."""

from __future__ import annotations

import importlib

import pytest
from gate_exports import PINNED, listing, packages, public_names


def test_public_names_are_the_pinned_ones() -> None:
    now, pinned = set(listing().splitlines()), set(PINNED.read_text(encoding="utf-8").splitlines())
    assert not now - pinned, "new public names: if wanted, run `make exports` and commit the change"
    assert not pinned - now, "public names are gone: if wanted, run `make exports` and say so in CHANGELOG.md"


@pytest.mark.parametrize("package", packages())
def test_every_exported_name_exists_once(package: str) -> None:
    names = public_names(package)
    assert len(names) == len(set(names))
    module = importlib.import_module(package)
    assert not [name for name in names if not hasattr(module, name)]
