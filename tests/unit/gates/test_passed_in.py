"""Time, chance and environment are passed in: only named rooms may ask for them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

import pytest
from gate_sources import dotted, modules

CLOCKS = {
    f"time.{name}{suffix}"
    for name in ("time", "monotonic", "perf_counter", "process_time", "sleep", "localtime")
    for suffix in ("", "_ns")
}
DATES = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today")
ENVIRONMENT = ("os.environ", "os.environb", "os.getenv", "os.putenv")
# Generators without a seed; `random` as a module is shared state.
CHANCE = ("default_rng", "SeedSequence", "Random")


def asks_for_the_time(node: ast.AST) -> str:
    name = dotted(node) if isinstance(node, ast.Attribute) else ""
    if name in CLOCKS or name.endswith(DATES):
        return name
    if isinstance(node, ast.ImportFrom) and node.module == "time":
        return "from time import " + ", ".join(alias.name for alias in node.names)
    return ""


def reads_the_environment(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute) and dotted(node) in ENVIRONMENT:
        return dotted(node)
    if isinstance(node, ast.ImportFrom) and node.module == "os":
        return ", ".join(alias.name for alias in node.names if f"os.{alias.name}" in ENVIRONMENT)
    return ""


def takes_its_own_chance(node: ast.AST) -> str:
    if isinstance(node, ast.Import):
        return ", ".join(alias.name for alias in node.names if alias.name in {"random", "secrets"})
    if isinstance(node, ast.ImportFrom) and node.module in {"random", "secrets"}:
        return f"from {node.module} import"
    if isinstance(node, ast.Call) and not node.args and not node.keywords:
        name = dotted(node.func)
        return f"{name}() without a seed" if name.rpartition(".")[2] in CHANCE else ""
    return ""


def faults(rule: Callable[[ast.AST], str], allowed: tuple[str, ...]) -> Iterator[str]:
    for path, tree in modules():
        if not path.startswith(allowed):
            for node in ast.walk(tree):
                if found := rule(node):
                    yield f"{path}:{getattr(node, 'lineno', 0)}: {found}"


def test_only_the_clock_asks_for_the_time() -> None:
    assert not list(faults(asks_for_the_time, ("clock/",)))


def test_only_the_command_line_and_app_read_the_environment() -> None:
    assert not list(faults(reads_the_environment, ("cli/", "app/")))


def test_nobody_takes_chance_of_his_own() -> None:
    assert not list(faults(takes_its_own_chance, ("no room",)))


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (asks_for_the_time, "import time\nt = time.monotonic()"),
        (asks_for_the_time, "from time import perf_counter"),
        (asks_for_the_time, "import datetime\nd = datetime.datetime.now(datetime.UTC)"),
        (reads_the_environment, "import os\nx = os.environ['A']"),
        (reads_the_environment, "from os import getenv"),
        (takes_its_own_chance, "import numpy as np\ng = np.random.default_rng()"),
        (takes_its_own_chance, "import random"),
    ],
)
def test_the_rules_see_what_they_are_for(rule: Callable[[ast.AST], str], code: str) -> None:
    assert [found for node in ast.walk(ast.parse(code)) if (found := rule(node))]
