"""The pinned public names: read them from the package, write them to exports.txt.

``make exports`` runs this file after a wanted change; the diff of exports.txt then shows what changed for others.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from gate_sources import PACKAGE

PINNED = Path(__file__).with_name("exports.txt")


def packages() -> list[str]:
    """Return the dotted names of all packages below planaris."""
    folders = (file.parent for file in PACKAGE.rglob("__init__.py"))
    return sorted(".".join(("planaris", *folder.relative_to(PACKAGE).parts)) for folder in folders if folder != PACKAGE)


def public_names(package: str) -> list[str]:
    """Return what a package says it exports; it must say so."""
    names: list[str] = importlib.import_module(package).__all__
    return sorted(names)


def listing() -> str:
    """Return the text of exports.txt as the package stands now: one ``package: name`` a line."""
    lines = [f"{package}: {name}" for package in packages() for name in public_names(package)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PINNED.write_text(listing(), encoding="utf-8")
    print(f"{PINNED}: {len(PINNED.read_text(encoding='utf-8').splitlines())} names")
