"""Where the project's own files are, for the gates."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "src" / "planaris"

# Folders whose files people write by hand.
HAND_WRITTEN = ("src", "tests", "benchmarks", "examples", "scripts", "docs", "validation")


def rooms() -> list[str]:
    """Return the names of the sub-packages that exist, in alphabetical order."""
    return sorted(folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").is_file())


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield every module of the package as (path below src/planaris, syntax tree)."""
    for file in sorted(PACKAGE.rglob("*.py")):
        yield file.relative_to(PACKAGE).as_posix(), ast.parse(file.read_text(encoding="utf-8"), str(file))


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` of a name or attribute chain, '' of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""
