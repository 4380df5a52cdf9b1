"""Run the benchmarks and print what they found, with the facts of the machine.

    python benchmarks/run.py [NAME [PART ...] ...]

Every file ``bench_*.py`` here has a ``NAME`` and a ``run()`` that returns results; a new file is found by itself.
One with ``LONG = True`` runs only when it is named; one with ``PARTS`` runs those that are named after it. Bounds are
goals and not tests: the exit status is 0 whatever the ratios are.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import cast

from rich.console import Console
from rich.table import Table

from benchmark_result import NotRunError, Result
from machine import facts

Benchmark = Callable[..., list[Result]]


def benchmarks() -> dict[str, Benchmark]:
    """Return all benchmarks by name."""
    return {cast(str, module.NAME): cast(Benchmark, module.run) for module in _modules()}


def parts_of() -> dict[str, set[str]]:
    """Return the parts that benchmarks have, by the benchmark's name."""
    return {cast(str, module.NAME): set(getattr(module, "PARTS", ())) for module in _modules()}


def chosen(names: list[str], parts: dict[str, set[str]]) -> tuple[dict[str, list[str]], list[str]]:
    """Return the named benchmarks with the parts named after each, and the names that are neither."""
    wanted: dict[str, list[str]] = {}
    unknown: list[str] = []
    last = ""
    for name in names:
        if name in parts:
            last = name
            wanted.setdefault(name, [])
        elif last and name in parts[last]:
            wanted[last].append(name)
        else:
            unknown.append(name)
    return wanted, unknown


def _modules() -> list[ModuleType]:
    return [importlib.import_module(file.stem) for file in sorted(Path(__file__).parent.glob("bench_*.py"))]


def long_ones() -> set[str]:
    """Return the benchmarks that take so long that they run only when they are named."""
    return {module.NAME for module in _modules() if getattr(module, "LONG", False)}


def figure(value: float) -> str:
    """Return a number with about three digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all."""
    known = benchmarks()
    wanted, unknown = chosen(names, parts_of())
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    console = Console(width=None if sys.stdout.isatty() else 140)
    for name, value in facts().items():
        console.print(f"{name:>9}  {value}", highlight=False)
    table = Table("benchmark", "what", "value", "unit", "bound", "ratio", "against")
    for column in (2, 4, 5):
        table.columns[column].justify = "right"
    missing: list[str] = []
    for name, parts in (wanted or {name: list[str]() for name in known if name not in long_ones()}).items():
        print(f"running {name} ...", file=sys.stderr, flush=True)
        try:
            results = known[name](parts) if parts else known[name]()
        except NotRunError as why:
            missing.append(f"{name}: not run: {why}")
            continue
        for r in results:
            ratio = f"[{'green' if r.ok else 'red'}]{r.ratio:.2f}{'' if r.ok else ' short'}[/]"
            table.add_row(
                name, r.label, figure(r.value), r.unit, f"{r.better.value} {figure(r.bound)}", ratio, r.against
            )
    console.print(table)
    for line in missing:
        console.print(line, highlight=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
