"""Fault campaign by seed: `make faults SEEDS=1-440`. One line a seed in a results file; seeds there are left out.

A failing seed replays exactly with its events: `make faults SEEDS=17 FAULT_RESULTS=/dev/null`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.progress import track

from planaris.app.faults import FaultKind, run_fault
from planaris.app.kills import with_slots
from planaris.formats import load_job

ROOT = Path(__file__).parent.parent
LOT = ROOT / "examples" / "oxide_ild" / "lot.toml"
SLOTS = tuple(range(1, 9))


def one(work: tuple[int, tuple[int, ...]]) -> dict[str, Any]:
    """Run one seed."""
    seed, slots = work
    start_s = time.process_time()
    row = asdict(run_fault(with_slots(load_job(LOT, None), slots), seed))
    return row | {"cpu_s": round(time.process_time() - start_s, 3)}


def seeds_of(text: str) -> range:
    """Read ``7`` or ``1-440``."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def summary(rows: list[dict[str, Any]]) -> list[str]:
    """Return what the seeds show: a line a kind, then the whole."""
    lines = [f"{'kind':<16} seeds effect broken collateral actions(median) wet unsafe s(max) outcomes"]
    for kind in FaultKind:
        mine = [r for r in rows if r["kind"] == kind.value]
        if not mine:
            continue
        outcomes = Counter(r["outcome"] for r in mine)
        lines.append(
            f"{kind.value:<16} {len(mine):5d} {sum(r['took_effect'] for r in mine):6d} "
            f"{sum(bool(r['broken']) for r in mine):6d} {sum(bool(r['collateral']) for r in mine):10d} "
            f"{statistics.median(r['actions_count'] for r in mine):15.0f} "
            f"{max(r['wet_unsafe_s'] for r in mine):18.1f} {dict(outcomes)}"
        )
    wafers, cpu_s = sum(r["wafers_count"] for r in rows), sum(r["cpu_s"] for r in rows)
    acted = [r["actions_count"] for r in rows if r["actions_count"]]
    clean = 100.0 * sum(not r["collateral"] for r in rows) / len(rows)
    lines += [
        "",
        f"{len(rows)} seeds, {wafers} wafers, {sum(bool(r['broken']) for r in rows)} seeds with a broken invariant",
        f"no collateral scrap in {clean:.1f} % of seeds; median operator actions "
        f"{statistics.median(acted) if acted else 0:g} where any were needed; "
        f"longest without water {max(r['wet_unsafe_s'] for r in rows):.1f} s",
        f"{wafers / cpu_s:.1f} wafers/s per core",
    ]
    return lines


def main() -> int:
    """Run what is asked for; status 1 if an invariant was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1-44", help="one seed, or first-last")
    parser.add_argument("--results", type=Path, default=ROOT / "faults.jsonl", help="one JSON line a seed")
    parser.add_argument("--wafers", type=int, default=len(SLOTS), help="wafers a lot")
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    chosen = parser.parse_args()
    wanted = seeds_of(chosen.seeds)
    rows: list[dict[str, Any]] = []
    if chosen.results.is_file():
        rows = [json.loads(line) for line in chosen.results.read_text(encoding="utf-8").splitlines()]
    rows = [r for r in rows if r["seed"] in wanted]
    done = {r["seed"] for r in rows}
    slots = tuple(range(1, chosen.wafers + 1))
    left = [(seed, slots) for seed in wanted if seed not in done]
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(chosen.cores, max(1, len(left)))) as pool, chosen.results.open("a", encoding="utf-8") as file:
        for row in track(pool.imap_unordered(one, left), "faults", len(left), disable=not sys.stderr.isatty()):
            rows.append(row)
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
    print("\n".join(summary(rows)))
    for row in sorted((r for r in rows if r["broken"]), key=lambda r: r["seed"]):
        print(f"seed {row['seed']} {row['kind']} {row['target']}: {'; '.join(row['broken'])}")
        if len(wanted) == 1:
            print("\n".join(row["tail"]))
    return int(any(row["broken"] for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
