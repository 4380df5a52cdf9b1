"""Fault detection on the twin and its charts by themselves: faults found and named, false alarms, run lengths.

Goals: each fault of 1.5 times its warning band found within 3 wafers in 95 % of 200 seeds and rightly named; run
lengths within 10 % of design. Wafers go through the tool's own platen module and port; cassette, robots and cleaner are
left out. Sensors are sampled at 10 Hz, as the campaign profile has it; part ``full`` repeats the first seeds at 100 Hz.
All of it takes a quarter of an hour of one core, so that it runs only when it is named, whole or in parts (``fdc faults
control``); what was worked out is kept under ``build/bench``, and a run that was cut off goes on.
BENCH_PROCESSES says how many processes, else all cores. The tests run the first seeds.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmark_result import Better, Result
from fdc_arl import (
    FALSE_ALARM,
    ChartCase,
    family_alarms,
    marginal_t2,
    run_lengths,
    scalar_cases,
    standard_error,
    together_alarms,
    vector_cases,
)
from fdc_rows import NAMES, STRANGERS, control_wafers, fault_trials
from planaris.model import ProcessFault

NAME = "fdc"
LONG = True
SEEDS, FULL_SEEDS, SEVERITY = 200, 40, 1.5
# Smaller faults, and how many seeds each: what is found of them is told, not promised.
SMALLER, SMALLER_SEEDS = (0.25, 0.5, 1.0), 40
CONTROL_SEEDS, CONTROL_WAFERS = 40, 50
AGEING_SEEDS, AGEING_WAFERS = 2, 1000
RUNS, MARGINAL_SETS = 4000, 40_000
_ROOT = Path(__file__).parents[1]
_SOURCES = (
    "src/planaris/control",
    "src/planaris/twin",
    "src/planaris/modules",
    "src/planaris/physics",
    "src/planaris/model",
)

Row = Callable[[int], Any]


def rows(name: str, row: Row, seeds: Iterable[int]) -> list[Any]:
    """Return JSON rows of seeds, those that are on disk from there; the others are worked out on all cores."""
    folder = _ROOT / "build" / "bench" / "fdc" / _digest()
    folder.mkdir(parents=True, exist_ok=True)
    file, wanted = folder / f"{name}.jsonl", list(seeds)
    known: dict[int, Any] = {}
    if file.exists():
        known = {int(r["seed"]): r["row"] for r in map(json.loads, file.read_text(encoding="utf-8").splitlines())}
    missing = [seed for seed in wanted if seed not in known]
    if missing:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        with ProcessPoolExecutor(_processes(), get_context("spawn")) as pool, file.open("a", encoding="utf-8") as out:
            for count, (seed, found) in enumerate(zip(missing, pool.map(row, missing), strict=True), start=1):
                known[seed] = json.loads(json.dumps(found))
                out.write(json.dumps({"seed": seed, "row": found}) + "\n")
                out.flush()
                if count % 20 == 0:
                    print(f"  {name}: {count} of {len(missing)} seeds", file=sys.stderr, flush=True)
    return [known[seed] for seed in wanted]


def _processes() -> int:
    return int(os.environ.get("BENCH_PROCESSES", os.cpu_count() or 1))


def _digest() -> str:
    """Return a digest of the sources that rows depend on."""
    files = [f for folder in _SOURCES for f in sorted((_ROOT / folder).rglob("*")) if f.suffix in {".py", ".toml"}]
    files += [_ROOT / "benchmarks" / f"fdc_{name}.py" for name in ("plant", "rows")]
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:12]


def _fault_row(seed: int, severity: float, *, campaign: bool = True) -> list[dict[str, Any]]:
    return [{**asdict(t), "is_right": t.is_right} for t in fault_trials(seed, severity, campaign=campaign)]


def _control_row(seed: int, wafers: int) -> dict[str, Any]:
    return asdict(control_wafers(seed, wafers))


def _least(label: str, value: float, unit: str, bound: float, against: str) -> Result:
    return Result(label, value, unit, bound, Better.MORE, against)


def _most(label: str, value: float, unit: str, bound: float, against: str) -> Result:
    return Result(label, value, unit, bound, Better.LESS, against)


def fault_results(seeds: int = SEEDS, smaller_seeds: int = SMALLER_SEEDS) -> list[Result]:
    """Return the share of faults found in time and of those rightly named; print the confusion table."""
    results = _found("faults", partial(_fault_row, severity=SEVERITY), seeds, "")
    for severity in SMALLER if smaller_seeds else ():
        small = rows(f"faults-{severity:g}", partial(_fault_row, severity=severity), range(1, smaller_seeds + 1))
        for name in (f.value for f in ProcessFault):
            trials = [t for row in small for t in row if t["fault"] == name]
            in_time, _ = (100.0 * sum(ok) / len(trials) for ok in _in_time_and_right(trials))
            what = f"{name} of {severity:g} bands, {len(trials)} seeds: found"
            results.append(_least(what, in_time, "%", 0.0, "told, not promised"))
    return results


def full_results(seeds: int = FULL_SEEDS) -> list[Result]:
    """Return the same of the first seeds on the full profile, at 100 Hz."""
    return _found("faults-full", partial(_fault_row, severity=SEVERITY, campaign=False), seeds, " at 100 Hz")


def _found(table: str, row: Row, seeds: int, at: str) -> list[Result]:
    found = [trial for trials in rows(table, row, range(1, seeds + 1)) for trial in trials]
    print(_confusion(found), file=sys.stderr)
    results: list[Result] = []
    for name in NAMES:
        trials = [t for t in found if t["fault"] == name]
        in_time, right = (100.0 * sum(ok) / len(trials) for ok in _in_time_and_right(trials))
        if name in STRANGERS:
            what = f"{name}{at}: called unknown, {len(trials)} seeds"
            results.append(_least(what, right, "%", 95.0, "the named ones' goal"))
            continue
        what = f"{name} of {SEVERITY:g} bands{at}, {len(trials)} seeds"
        results.append(_least(f"{what}: found within 3 wafers", in_time, "%", 95.0, "goal"))
        results.append(_least(f"{what}: named rightly and alone", right, "%", 95.0, "goal"))
    return results


def _in_time_and_right(trials: Sequence[dict[str, Any]]) -> tuple[list[bool], list[bool]]:
    return [t["found_on"] > 0 for t in trials], [t["is_right"] for t in trials]


def _confusion(trials: Sequence[dict[str, Any]]) -> str:
    """Return a table of what was there against what was named first, seeds as numbers."""
    told = Counter((t["fault"], " + ".join(n.partition("@")[0] for n in t["named"]) or "nothing") for t in trials)
    columns = sorted({column for _, column in told}, key=lambda c: (c == "nothing", c))
    lines = ["| there | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * len(columns)]
    lines += [f"| {name} | " + " | ".join(str(told.get((name, c), 0)) for c in columns) + " |" for name in NAMES]
    return "\n".join(lines)


def control_results(seeds: int = CONTROL_SEEDS, wafers: int = CONTROL_WAFERS) -> list[Result]:
    """Return false alarms on wafers in control, by exact binomial bounds."""
    found = rows(f"control-{wafers}", partial(_control_row, wafers=wafers), range(1001, 1001 + seeds))
    return _false_alarms(f"{seeds} tools of {wafers} wafers", found)


def ageing_results(seeds: int = AGEING_SEEDS, wafers: int = AGEING_WAFERS) -> list[Result]:
    """Return false alarms over a thousand wafers of one tool whose parts age and are not changed."""
    found = rows(f"ageing-{wafers}", partial(_control_row, wafers=wafers), range(2001, 2001 + seeds))
    return _false_alarms(f"ageing, {seeds} tools of {wafers} wafers", found)


def _false_alarms(what: str, found: Sequence[dict[str, Any]]) -> list[Result]:
    wafers = sum(row["wafers"] for row in found)
    results: list[Result] = []
    for label, key in (("with a chart violated", "violated"), ("with a fault found", "found")):
        count = sum(row[key] for row in found)
        low, high = binomial_interval(count, wafers)
        interval = f"95 %: {100 * low:.2f} to {100 * high:.2f} %"
        results.append(
            _most(f"{what}: {count} of {wafers} {label}; {interval}", 100 * count / wafers, "%", 0.5, "wanted")
        )
    which = sorted({name for row in found for name in row["which"]})
    print(f"  {what}: violated: {', '.join(which) or 'nothing'}", file=sys.stderr)
    return results


def binomial_interval(count: int, of: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934)."""
    from scipy.special import betaincinv

    tail = 0.5 * (1.0 - confidence)
    low = float(betaincinv(count, of - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, of - count, 1.0 - tail)) if count < of else 1.0
    return low, high


def arl_results(runs: int = RUNS, sets: int = MARGINAL_SETS) -> list[Result]:
    """Return mean run lengths over design, and false alarms where limits are learned from few wafers."""
    results = [_length(case, runs) for case in (*scalar_cases(), *vector_cases())]
    alarms = marginal_t2(sets, 15, 1)
    what = f"T² learned from 15 wafers, {sets} times: false alarms over design"
    results.append(_most(what, _off(alarms / FALSE_ALARM), "", 1.10, "10 %"))
    family = family_alarms(sets // 4, 12, 1)
    what = f"any feature's learned limit, {sets // 4} wafers: false alarms"
    results.append(_most(what, 100 * family, "%", 0.2, "design"))
    for learned in (12, 60):
        together = together_alarms(sets // 20, learned, 1)
        what = f"T² or SPE learned from {learned} wafers, {sets // 20} wafers: false alarms"
        results.append(_most(what, 100 * together, "%", 0.2, "design"))
    return results


def _length(case: ChartCase, runs: int) -> Result:
    lengths = run_lengths(case, runs, 1)
    mean, error = float(lengths.mean()), standard_error(lengths)
    at = f"{case.shift_sigma:g} sigma" if case.shift_sigma else "in control"
    label = f"{case.name}, {at}, {runs} runs: {mean:.4g} ± {error:.2g} over {case.exact:g}"
    return _most(label, _off(mean / case.exact), "", 1.10, f"10 %; {case.source}")


def _off(ratio: float) -> float:
    """Return a ratio as how many times it is off, whichever way."""
    return max(ratio, 1.0 / ratio) if ratio > 0.0 else float("inf")


PARTS = {
    "faults": fault_results,
    "full": full_results,
    "control": control_results,
    "ageing": ageing_results,
    "arl": arl_results,
}


def run(parts: Sequence[str] = tuple(PARTS)) -> list[Result]:
    """Run the named parts, or all."""
    return [result for part in parts for result in PARTS[part]()]
