"""Kill campaigns by seed: `make kills SEEDS=1-120`. One line a run in a results file; runs that are there are left out.

A seed that fails replays exactly: `make kills SEEDS=17 CAMPAIGN=both RESULTS=/tmp/replay.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.progress import track

from planaris.app.kills import Campaign, run_kills, with_slots
from planaris.cli.main import collect_seldom
from planaris.formats import load_job

ROOT = Path(__file__).parent.parent
LOT = ROOT / "examples" / "oxide_ild" / "lot.toml"
# Wafers of a run: more than there are heads, so that every place of the tool is used at once.
SLOTS = (1, 2, 3, 4, 5, 6)
# The dead are never collected, so a process that has seen many grows; it is replaced after so many runs.
RUNS_PER_PROCESS = 8


def one(work: tuple[str, int, str | None]) -> dict[str, Any]:
    """Run one seed of one campaign, on a tool if not the lot's own."""
    campaign, seed, tool = work
    job = with_slots(load_job(LOT, tool), SLOTS)
    return {**asdict(run_kills(job, seed, Campaign(campaign))), "tool": tool or ""}


def seeds_of(text: str) -> range:
    """Read ``7`` or ``1-120``."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def summary(rows: list[dict[str, Any]]) -> str:
    """Return what the runs show, a line a campaign."""
    lines: list[str] = []
    for campaign in Campaign:
        runs = [r for r in rows if r["campaign"] == campaign]
        if not runs:
            continue
        deaths = [d for r in runs for d in r["deaths"]]
        kinds = Counter(d["kill"]["at"] for d in deaths)
        lines.append(
            f"{campaign:<10} {len(runs)} runs, {sum(r['wafers_count'] for r in runs)} wafers, {len(deaths)} kills "
            f"({', '.join(f'{n} {k}' for k, n in sorted(kinds.items()))}); "
            f"moves under way {sum(d['moves_count'] for d in deaths)}, "
            f"questions {sum(d['questions_count'] for d in deaths)}, "
            f"marked rework {sum(r['reworked_count'] for r in runs)}, "
            f"map unlike truth {sum(len(d['differences']) for d in deaths)}, "
            f"failed runs {sum(bool(r['failures']) for r in runs)}"
        )
    return "\n".join(lines)


def main() -> int:
    """Run what is asked for; status 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1-20", help="one seed, or first-last")
    parser.add_argument("--campaign", choices=[*Campaign, "all"], default="all")
    parser.add_argument("--tool", help="a tool instead of the lot's own: tool_a, tool_b or a file")
    parser.add_argument("--results", type=Path, default=ROOT / "kills.jsonl", help="one JSON line a run")
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    chosen = parser.parse_args()
    kinds = list(Campaign) if chosen.campaign == "all" else [Campaign(chosen.campaign)]
    wanted = [(kind.value, seed) for kind in kinds for seed in seeds_of(chosen.seeds)]
    rows: list[dict[str, Any]] = []
    if chosen.results.exists():
        rows = [json.loads(line) for line in chosen.results.read_text(encoding="utf-8").splitlines()]
    # Rows of an older file name no tool: they were the lot's own.
    told = chosen.tool or ""
    rows = [r for r in rows if (r["campaign"], r["seed"]) in wanted and r.get("tool", "") == told]
    done = {(r["campaign"], r["seed"]) for r in rows}
    left = [(*work, chosen.tool) for work in wanted if work not in done]
    context = multiprocessing.get_context("spawn")
    with (
        context.Pool(chosen.cores, collect_seldom, maxtasksperchild=RUNS_PER_PROCESS) as pool,
        chosen.results.open("a", encoding="utf-8") as file,
    ):
        for row in track(pool.imap_unordered(one, left), "kills", len(left), disable=not sys.stderr.isatty()):
            rows.append(row)
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
    print(summary(rows))
    for row in sorted(rows, key=lambda r: (r["campaign"], r["seed"])):
        for failure in row["failures"]:
            print(f"{row['campaign']} seed {row['seed']}: {failure}")
    return int(any(row["failures"] for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
