"""The import contracts name what exists: a new room or port cannot slip past them."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from gate_sources import PACKAGE, ROOT, rooms

PURE_ROOMS = {"planarity", "calibration", "scheduling", "control", "physics"}
IMPURE = {"asyncio", "logging", "sqlite3", "socket", "time", "datetime", "random"}
# What stands behind the port; only app may know.
BEHIND_THE_PORT = {"planaris.twin", "planaris.hardware.opcua", "planaris.hardware.replay", "planaris.hardware.mock"}


def contract(name: str) -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return next(c for c in project["tool"]["importlinter"]["contracts"] if c["id"] == name)


def exists(module: str) -> bool:
    path = PACKAGE.joinpath(*module.split(".")[1:])
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def test_pure_rooms_that_exist_are_held_pure() -> None:
    pure = contract("pure-rooms")
    assert {f"planaris.{room}" for room in PURE_ROOMS & set(rooms())} == set(pure["source_modules"])
    assert set(pure["forbidden_modules"]) >= IMPURE


def test_what_stands_behind_the_port_is_protected() -> None:
    seam = contract("one-seam")
    assert {module for module in BEHIND_THE_PORT if exists(module)} == set(seam["protected_modules"])
    assert seam["allowed_importers"] == ["planaris.app"]


def test_layers_are_exhaustive_and_rooms_that_exist_are_required() -> None:
    layers = contract("layers")
    assert layers["exhaustive"]
    named = [name.strip() for layer in layers["layers"] for name in layer.split("|")]
    optional = {name.strip("()") for name in named if name.startswith("(")}
    assert not optional & set(rooms()), "these rooms exist now: take them out of the parentheses"


@pytest.mark.parametrize("folder", sorted(path.name for path in PACKAGE.iterdir() if path.is_dir()))
def test_every_folder_of_the_package_is_a_room(folder: str) -> None:
    if folder != "__pycache__":
        assert (PACKAGE / folder / "__init__.py").is_file(), "a room without __init__.py escapes the contracts"
