"""The fault campaign by seed: `make faults SEEDS=1-440`. One line a seed in a results file; what is there is not
run again, so that a campaign that was cut off goes on.

One seed alone is played again and its events are printed: `make faults SEEDS=123`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from mutants import MUTANTS
from rich.console import Console
from rich.progress import track
from rich.table import Table

from planaris.app.faults import FaultKind, SeedResult, draw, play
from planaris.app.kills import with_slots
from planaris.cli.main import collect_seldom
from planaris.formats import JobFiles, load_job

ROOT = Path(__file__).parent.parent
LOT = ROOT / "examples" / "oxide_ild" / "lot.toml"
# More wafers than heads, so that every place of the tool is in use at once.
WAFERS = 8
# Seeds from here on have two or three faults.
MULTI_FROM = 1_000_000
TAIL_LINES = 80
OLD = {"lot": LOT.parent.name, "tool": ""}
# So many seeds of its faults a mutant is given.
MUTANT_SEEDS = 30
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """What a campaign runs: a lot's file, the tool if not the lot's own, and how many of its wafers."""

    lot: Path
    tool: str | None
    wafers: int

    @property
    def told(self) -> dict[str, str]:
        """What a row says of it."""
        return {"lot": self.lot.parent.name, "tool": self.tool or ""}


@cache
def job(lot: Path, tool: str | None) -> JobFiles:
    """Return a lot's files, read once a process."""
    return load_job(lot, tool)


def one(work: tuple[int, Setting]) -> Row:
    """Play one seed."""
    seed, setting = work
    return {**asdict(_play(seed, setting)), **setting.told}


def _play(seed: int, setting: Setting, tell: Callable[[str], None] | None = None) -> SeedResult:
    files = job(setting.lot, setting.tool)
    scenario = draw(seed, files.tool, setting.wafers, 1 if seed < MULTI_FROM else 2 + seed % 2)
    return play(with_slots(files, scenario.slots), scenario, tell)


def replay(seed: int, setting: Setting) -> int:
    """Play one seed and print the tail of its events and what came of it."""
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    result = _play(seed, setting, tail.append)
    print("\n".join(tail))
    print(json.dumps(asdict(result), indent=1, ensure_ascii=False))
    return int(bool(result.violations))


def caught(name: str, setting: Setting) -> tuple[int, Row]:
    """Return how many seeds of its faults a mutant of the controller survived, and the row that caught it, if any."""
    mutant, survived = MUTANTS[name], 0
    for seed in mutant.seeds(job(setting.lot, setting.tool).tool, setting.wafers, MUTANT_SEEDS):
        with mutant.applied():
            row = one((seed, setting))
        if row["violations"]:
            return survived, row
        survived += 1
    return survived, {}


def hunt(setting: Setting, names: Sequence[str]) -> int:
    """Play mutants until each is caught; status 1 if one gets away."""
    found = Table("taken out of the controller", "seeds survived", "caught by seed", "what it broke", title="Mutants")
    free = 0
    for name in track(names, "mutants", disable=not sys.stderr.isatty()):
        survived, row = caught(name, setting)
        free += not row
        found.add_row(name, str(survived), str(row.get("seed", "not caught")), (row.get("violations") or [""])[0][:90])
    Console(width=180).print(found)
    return int(free > 0)


def seeds_of(text: str) -> range:
    """Read ``7`` or ``1-120``."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def table(rows: list[Row]) -> Table:
    """Return what the seeds show, a line a kind of fault."""
    found = Table("fault", "seeds", "took effect", "outcomes", "collateral", "unsafe max s", "actions median",
                  "violations", title="Fault campaign")  # fmt: skip
    for kind in FaultKind:
        mine = [r for r in rows if any(f["kind"] == kind for f in r["faults"])]
        if not mine:
            continue
        worked = [r for r in mine if any(f["kind"] == kind and f["took_effect"] for f in r["faults"])]
        outcomes = sorted({r["outcome"] for r in worked})
        found.add_row(
            kind.value,
            str(len(mine)),
            str(len(worked)),
            ", ".join(f"{sum(r['outcome'] == o for r in worked)} {o}" for o in outcomes),
            str(sum(bool(r["collateral"]) for r in worked)),
            f"{max((r['unsafe_s'] for r in worked), default=0.0):.1f}",
            f"{np.median([r['actions_count'] for r in worked]) if worked else 0:g}",
            str(sum(bool(r["violations"]) for r in mine)),
        )
    return found


def summary(rows: list[Row]) -> str:
    """Return the campaign's figures in words."""
    single = [r for r in rows if len(r["faults"]) == 1 and r["faults"][0]["took_effect"]]
    answered = [r["actions_count"] for r in single if r["actions_count"]]
    unsafe_s = [r["unsafe_s"] for r in rows] or [0.0]
    clean = sum(not r["collateral"] for r in single)
    return (
        f"{len(rows)} seeds, {sum(r['wafers_count'] for r in rows)} wafers, "
        f"{sum(len(r['violations']) for r in rows)} violations in {sum(bool(r['violations']) for r in rows)} seeds; "
        f"single faults that took effect: {len(single)}, no collateral scrap in {clean} "
        f"({100 * clean / max(1, len(single)):.2f} %); wet-safe max {max(unsafe_s):.1f} s, "
        f"p99 {np.percentile(unsafe_s, 99):.1f} s; operator actions median "
        f"{np.median(answered) if answered else 0:g} where any was needed; "
        f"{sum(r['wafers_count'] for r in rows) / max(1e-9, sum(r['wall_s'] for r in rows)):.1f} wafers/s a core"
    )


def main() -> int:
    """Run what is asked for; status 1 if anything was violated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1-108", help="first-last, or one seed to replay")
    parser.add_argument("--wafers", type=int, default=WAFERS)
    parser.add_argument("--lot", type=Path, default=LOT)
    parser.add_argument("--tool", help="a tool instead of the lot's own: tool_a, tool_b or a file")
    parser.add_argument("--results", type=Path, default=ROOT / "faults.jsonl", help="one JSON line a seed")
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--mutants", action="store_true", help="hunt the controller's mutants instead")
    parser.add_argument("--mutant", action="append", choices=list(MUTANTS), help="hunt this one alone")
    chosen = parser.parse_args()
    setting = Setting(chosen.lot.resolve(), chosen.tool, chosen.wafers)
    if chosen.mutants or chosen.mutant:
        return hunt(setting, chosen.mutant or list(MUTANTS))
    seeds = seeds_of(chosen.seeds)
    if len(seeds) == 1:
        return replay(seeds[0], setting)
    rows: list[Row] = []
    if chosen.results.exists():
        rows = [json.loads(line) for line in chosen.results.read_text(encoding="utf-8").splitlines()]
    # Rows of an older file name neither lot nor tool: they were the example's on its own tool.
    told = setting.told
    rows = [r for r in rows if r["seed"] in seeds and told == {key: r.get(key, was) for key, was in OLD.items()}]
    done = {r["seed"] for r in rows}
    left = [(seed, setting) for seed in seeds if seed not in done]
    context = multiprocessing.get_context("spawn")
    with context.Pool(chosen.cores, collect_seldom) as pool, chosen.results.open("a", encoding="utf-8") as file:
        for row in track(pool.imap_unordered(one, left), "faults", len(left), disable=not sys.stderr.isatty()):
            rows.append(row)
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
    Console(width=160).print(table(rows))
    print(summary(rows))
    for row in sorted(rows, key=lambda r: r["seed"]):
        for violation in row["violations"][:3]:
            print(f"seed {row['seed']}: {violation}")
    return int(any(row["violations"] for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
