"""Run-to-run control on the whole tool with its mismatched twin: 500 wafers, three new pads, few and late labels."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmark_result import Better, Result
from planaris.app.run_to_run import control_of_recipe
from planaris.control import Ewma, StateSpace, Threads
from planaris.control.virtual_removal import WARM_UP_COUNT
from planaris.formats import load_job
from planaris.model import Recipe, RunToRunMode, VirtualLabels
from planaris.processes import load_package
from planaris.stream import RemovalEstimated, RemovalLabelled
from planaris.tool import RecipeControl
from r2r_plant import EXAMPLE, WAFERS_PER_LOT, Story, run_campaign
from r2r_surrogate import (
    START_LOTS,
    Array,
    Recorded,
    Sampling,
    cpk,
    head_nm,
    lowest_autocorrelation,
    recorded,
    replayed,
    strongest_line,
)

NAME = "run_to_run"
LONG = True
PARTS = ("seed1", "seed2", "seed3", "virtual1", "virtual2", "virtual3")
SAMPLING = Sampling(every_count=5, delay_count=2 * WAFERS_PER_LOT)
START = START_LOTS * WAFERS_PER_LOT
WEIGHTS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.33, 0.5)
HEAD_WEIGHTS = (0.0, 0.05, 0.1, 0.2)
# 20 lots of white noise have an autocorrelation of 0 ± 0.22, and their lowest of eight is rarely below this.
OSCILLATES = -0.6
# Of white noise one period in the 8 to look at rarely holds more.
ONE_LINE = 0.6
PUBLISHED = "published fab, by head compensation: 1.32 to 2.11 (Yi, Sang, Zhao 2005)"


def _recipe(mode: RunToRunMode, use: VirtualLabels = VirtualLabels.OFF) -> Recipe:
    recipe = load_job(EXAMPLE.with_name("lot_run_to_run.toml"), None).recipe
    assert recipe.run_to_run is not None
    setting = replace(
        recipe.run_to_run,
        mode=mode,
        virtual_metrology=use,
        label_every_count=SAMPLING.every_count,
        label_delay_count=SAMPLING.delay_count,
    )
    return replace(recipe, run_to_run=setting)


def study_control() -> RecipeControl:
    """Return the control of the study's recipe."""
    job = load_job(EXAMPLE, None)
    control = control_of_recipe(_recipe(RunToRunMode.CONTROL), load_package("oxide_ild"), job.tool)
    assert control is not None
    return control


def campaign(seed: int, mode: RunToRunMode, control: RecipeControl) -> Recorded:
    """Run one campaign on the whole tool; return its wafers."""
    print(f"  seed {seed}: 500 wafers, {mode.value}", file=sys.stderr, flush=True)
    return recorded(run_campaign(Story(seed), _recipe(mode)).events, control)


def _searched(alone: Recorded, control: RecipeControl) -> tuple[Array, float, float]:
    """Return the errors of the constant-gain moving average that does best on these very wafers, and its weights."""
    found = [
        (replayed(alone, control, Threads(Ewma(w), h, restarts, pad_restarts=False), SAMPLING), w, h)
        for w in WEIGHTS
        for h in HEAD_WEIGHTS
        for restarts in (False, True)
    ]
    return min(found, key=lambda one: float(one[0][START:].std()))


def _less(label: str, value: float, unit: str, bound: float, against: str) -> Result:
    return Result(label, value, unit, bound, Better.LESS, against)


def results_of(seed: int) -> list[Result]:
    """Return what control does on one truth."""
    control = study_control()
    alone = campaign(seed, RunToRunMode.ADVISE, control)
    under = campaign(seed, RunToRunMode.CONTROL, control)
    again = replayed(alone, control, StateSpace(), SAMPLING)
    searched, weight, head_weight = _searched(alone, control)
    before, after, best = alone.error_nm[START:], under.error_nm[START:], searched[START:]
    heads, tolerance_nm = alone.heads[START:], 30.0
    s, named = f"seed {seed}", f"EWMA λ {weight:g}, heads {head_weight:g}"
    no_heads = replayed(alone, control, StateSpace(head_ratio=1e-6), SAMPLING)[START:]
    rms = [float(np.sqrt((e**2).mean())) for e in (alone.error_nm, under.error_nm)]
    results = [
        _less(f"{s}: thickness 1 sigma, lots 5-20: {before.std():.2f} to {after.std():.2f} nm",
              float(after.std() / before.std()), "x", 0.5, "goal"),
        _less(f"{s}: the same over all wafers, blind start included",
              float(under.error_nm.std() / alone.error_nm.std()), "x", 0.5, "without control"),
        _less(f"{s}: root mean square off target, all wafers: {rms[0]:.2f} to {rms[1]:.2f} nm", rms[1] / rms[0], "x",
              0.5, "without control"),
        _less(f"{s}: 1 sigma over the best constant-gain EWMA's {best.std():.2f} nm", float(after.std() / best.std()),
              "x", 1.15, f"goal; {named}"),
        _less(f"{s}: head to head {head_nm(before, heads):.2f} to {head_nm(after, under.heads[START:]):.2f} nm",
              head_nm(after, under.heads[START:]) / head_nm(before, heads), "x", 0.5, "goal"),
        Result(f"{s}: Cpk at ±{tolerance_nm:g} nm, without {cpk(before, tolerance_nm):.2f}",
               cpk(after, tolerance_nm), "", cpk(before, tolerance_nm), Better.MORE, "without control"),
        Result(f"{s}: of that by the heads' own times, else {cpk(no_heads, tolerance_nm):.2f}",
               cpk(again[START:], tolerance_nm), "", cpk(no_heads, tolerance_nm), Better.MORE, PUBLISHED),
        _less(f"{s}: recorded wafers against the whole tool, wafer by wafer",
              float((again - under.error_nm).std()), "nm", 1.0, "1 sigma; a label scatters by 4 nm"),
    ]  # fmt: skip
    return results + _delays(seed, alone, control)


def _delays(seed: int, alone: Recorded, control: RecipeControl) -> list[Result]:
    results: list[Result] = []
    for lots in range(5):
        errors = replayed(alone, control, StateSpace(), Sampling(5, lots * WAFERS_PER_LOT))
        calm = errors[2 * START if lots == 4 else START :]
        calm = calm[: len(calm) // WAFERS_PER_LOT * WAFERS_PER_LOT]
        ratio = float(calm.std() / alone.error_nm[-len(calm) :].std())
        lowest, line = lowest_autocorrelation(calm, WAFERS_PER_LOT), strongest_line(calm, WAFERS_PER_LOT)
        at = f"seed {seed}, {lots} lots late"
        results += [
            _less(f"{at}: 1 sigma over that without control", ratio, "x", 1.0, "no worse than none"),
            _less(f"{at}: lowest autocorrelation of lot means {lowest:+.2f}, negated", max(-lowest, 1e-3), "",
                  -OSCILLATES, "no oscillation"),
            _less(f"{at}: share of one period of 2 to 8 lots", line, "", ONE_LINE, "no oscillation"),
        ]  # fmt: skip
    return results


def virtual_results_of(seed: int) -> list[Result]:
    """Return what virtual metrology adds to control on one truth, with slurry that is held and slurry that wanders."""
    return [result for wandering in (False, True) for result in _virtual(seed, wandering=wandering)]


def _virtual(seed: int, *, wandering: bool) -> list[Result]:
    control, story = study_control(), Story(seed, wandering)
    spread: dict[VirtualLabels, float] = {}
    for use in (VirtualLabels.OFF, VirtualLabels.LABELS):
        print(f"  seed {seed}, wandering {wandering}: 500 wafers, {use.value}", file=sys.stderr, flush=True)
        events = run_campaign(story, _recipe(RunToRunMode.CONTROL, use)).events
        spread[use] = float(recorded(events, control).error_nm[START:].std())
    off, labels = spread[VirtualLabels.OFF], spread[VirtualLabels.LABELS]
    said = [e.event for e in events if isinstance(e.event, RemovalEstimated)]
    measured = {e.event.wafer_id: e.event.label_nm[0] for e in events if isinstance(e.event, RemovalLabelled)}
    said = [e for e in said if e.wafer_id in measured and e.labels_count >= WARM_UP_COUNT]
    label = np.array([measured[e.wafer_id] for e in said])
    held = float(np.mean([e.low_nm <= y <= e.high_nm for e, y in zip(said, label, strict=True)]))
    errors = [float(np.std(label - [getattr(e, name) for e in said])) for name in ("expected_nm", "estimate_nm")]
    stood_in = sum(e.stand_in_sigma_pct > 0.0 for e in said) / len(said)
    s = f"seed {seed}, slurry {'wanders' if wandering else 'held'}"
    return [
        _less(f"{s}: thickness 1 sigma, lots 5-20, with virtual metrology: {off:.2f} to {labels:.2f} nm", labels / off,
              "x", 1.0, "without"),
        _less(f"{s}: estimate's error, 1 sigma: {errors[0]:.2f} to {errors[1]:.2f} nm", errors[1] / errors[0], "x", 1.0,
              "what labels alone let expect"),
        _less(f"{s}: coverage of 90 % intervals {100.0 * held:.1f} %, off by", 100.0 * abs(held - 0.9), "%", 2.0,
              f"goal 88 to 92; {len(said)} wafers, {100.0 * stood_in:.0f} % stood in"),
    ]  # fmt: skip


def run(parts: Sequence[str] = ()) -> list[Result]:
    """Run every part, or the named ones: some three minutes of processor time a ``seed``, six a ``virtual``."""
    results: list[Result] = []
    for part in parts or PARTS:
        results += results_of(int(part[-1])) if part.startswith("seed") else virtual_results_of(int(part[-1]))
    return results
