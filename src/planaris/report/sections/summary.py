"""Head of the report: what was run, one verdict a manager can read, the numbers behind it."""

from __future__ import annotations

import json
import math
import statistics

from planaris.report.facts import Facts
from planaris.report.run_record import as_list, as_mapping, as_number
from planaris.report.targets import Judgement
from planaris.report.text import duration, esc, known, num, place_name, plural, with_unit
from planaris.report.wafers import WaferLine

# Share of the bound that the tool is designed to reach with a plain dispatch rule.
THROUGHPUT_GOAL_RATIO = 0.85


def header(facts: Facts) -> str:
    """Return the head of the page."""
    record = facts.record
    recipe = record.mapping("recipe")
    recipe_name = " ".join(str(part) for part in (recipe.get("name"), recipe.get("version")) if part)
    lot = record.text("lot_id") or "unknown lot"
    return (
        f"<h1>Planaris <small>lot {esc(lot)} · recipe {esc(recipe_name or 'not recorded')}</small></h1>"
        f'<p class="verdict">{verdict(facts)}</p>'
        f'<div class="tiles">{_tiles(facts)}</div>'
        f'<div class="card"><dl class="about">{_about(facts, recipe_name)}</dl></div>'
    )


def verdict(facts: Facts) -> str:
    """Say in one line how the lot stands against its targets."""
    measured = [w for w in facts.wafers if known(w.removal_nm)]
    total = len(facts.wafers)
    ending = "" if completed(facts) else f"The run ended {esc(facts.record.text('outcome') or 'without saying how')}."
    if not measured:
        return _line("bad", "✗", f"No wafer of {total} was measured: nothing can be said about targets. {ending}")
    judged = [facts.judge(w) for w in facts.wafers]
    if all(j is Judgement.UNKNOWN for pair in judged for j in pair):
        return _line("warn", "!", f"The record states no targets. {ending} {_speed_words(facts)}")
    in_both = len(in_target(facts))
    words = (
        f"{in_both} of {plural(total, 'wafer')} in target: removal within {_removal_target(facts)} on "
        f"{sum(removal is Judgement.IN for removal, _ in judged)}, WIWNU within "
        f"{with_unit(facts.targets.wiwnu_limit_pct, 1, '%')} on {sum(wiwnu is Judgement.IN for _, wiwnu in judged)}."
    )
    good = in_both == total and completed(facts)
    parts = [part for part in (words, ending, _speed_words(facts)) if part]
    return _line("good" if good else "bad", "✓" if good else "✗", " ".join(parts))


def completed(facts: Facts) -> bool:
    """Say whether the run ended as it should."""
    return facts.record.text("outcome") == "completed"


def in_target(facts: Facts) -> list[WaferLine]:
    """Return the wafers whose removal and non-uniformity are both measured and in target."""
    return [w for w in facts.wafers if all(judged is Judgement.IN for judged in facts.judge(w))]


def _line(style: str, sign: str, words: str) -> str:
    return f'<b class="{style}">{sign}</b> {words}'


def _removal_target(facts: Facts) -> str:
    low_nm, high_nm = facts.targets.removal_window_nm
    if not known(low_nm):
        return "an unknown target"
    return f"{num(facts.targets.removal_nm, 0)}\u00a0±\u00a0{num((high_nm - low_nm) / 2, 0)}\u00a0nm"


def _speed_words(facts: Facts) -> str:
    speed = facts.throughput
    if not known(speed.steady_wafers_per_h):
        return ""
    words = f"{num(speed.steady_wafers_per_h, 1)}\u00a0wafers/h"
    if known(speed.bound_wafers_per_h):
        words += f", {num(100 * speed.reached_ratio, 0)}\u00a0% of the bound of {num(speed.bound_wafers_per_h, 1)}"
        words += f" that the {esc(place_name(speed.bottleneck))} sets" if speed.bottleneck else ""
    return words + "."


def _tiles(facts: Facts) -> str:
    outcome = facts.record.text("outcome") or "not recorded"
    finished = sum(w.finished for w in facts.wafers)
    total = len(facts.wafers)
    in_both = len(in_target(facts))
    alarms = len(facts.record.alarms)
    ended = facts.record.happened("run_ended")
    detail = ended[-1].text("detail") if ended else "the record has no end"
    below = detail or f"{finished} of {plural(total, 'wafer')} finished"
    return "".join(
        (
            _tile("good" if completed(facts) else "bad", "Outcome", esc(outcome), esc(below)),
            _tile(
                "good" if in_both == total and total else "bad",
                "Wafers in target",
                f"{in_both} of {total}",
                f"{finished} finished",
            ),
            _removal_tile(facts),
            _wiwnu_tile(facts),
            _speed_tile(facts),
            _tile("warn" if alarms else "good", "Alarms", str(alarms), "see Alarms" if alarms else "none was set"),
        )
    )


def _tile(style: str, name: str, value: str, below: str) -> str:
    sign = {"good": "✓ ", "bad": "✗ ", "warn": "! "}.get(style, "")
    return f'<div class="tile {style}"><i>{name}</i><b class="{style}">{sign}{value}</b><i>{below}</i></div>'


def _removal_tile(facts: Facts) -> str:
    values = [w.removal_nm for w in facts.wafers if known(w.removal_nm)]
    if not values:
        return _tile("none", "Removal, measured", num(None), "no wafer measured")
    mean_nm = statistics.fmean(values)
    spread_pct = 100 * statistics.stdev(values) / mean_nm if len(values) > 1 and mean_nm else math.nan
    low_nm, high_nm = facts.targets.removal_window_nm
    style = "none" if not known(low_nm) else "good" if low_nm <= mean_nm <= high_nm else "bad"
    return _tile(
        style,
        "Removal, measured lot mean",
        with_unit(mean_nm, 1, "nm"),
        f"target {_removal_target(facts)}; wafer to wafer 1s {with_unit(spread_pct, 2, '%')}",
    )


def _wiwnu_tile(facts: Facts) -> str:
    values = [w.wiwnu_pct for w in facts.wafers if known(w.wiwnu_pct)]
    if not values:
        return _tile("none", "WIWNU, measured", num(None), "no wafer measured")
    worst_pct, limit_pct = max(values), facts.targets.wiwnu_limit_pct
    style = "none" if not known(limit_pct) else "good" if worst_pct <= limit_pct else "bad"
    return _tile(
        style,
        "WIWNU, measured, worst wafer",
        with_unit(worst_pct, 2, "%"),
        f"median {with_unit(statistics.median(values), 2, '%')}; limit {with_unit(limit_pct, 1, '%')}",
    )


def _speed_tile(facts: Facts) -> str:
    speed = facts.throughput
    ratio = speed.reached_ratio
    style = "none" if not known(ratio) else "good" if ratio >= THROUGHPUT_GOAL_RATIO else "warn"
    below = f"bound {num(speed.bound_wafers_per_h, 1)}" + (
        f" ({place_name(speed.bottleneck)})" if speed.bottleneck else ""
    )
    reached = f"; reached {num(100 * ratio, 0)} %, goal {num(100 * THROUGHPUT_GOAL_RATIO, 0)} %" if known(ratio) else ""
    if speed.finished_count < 2:
        reached = "; a rate needs two finished wafers"
    return _tile(style, "Throughput, wafers/h", num(speed.steady_wafers_per_h, 1), esc(below + reached))


def _use_words(shares: str) -> str:
    """Return the share of each state of SEMI E10 that the tool was in, the largest first; '' if not recorded."""
    try:
        found: object = json.loads(shares or "{}")
    except ValueError:
        return ""
    if not isinstance(found, dict):
        return ""
    known_pct = {str(k): float(v) for k, v in found.items() if isinstance(v, int | float) and v > 0}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return ", ".join(f"{k} {num(v, 1)} %" for k, v in sorted(known_pct.items(), key=lambda item: -item[1]))


def _interruptions(facts: Facts) -> str:
    """Say when the controller died and for how long it was away, '' if it never did."""
    told: list[str] = []
    for one in map(as_mapping, facts.record.rows("interruptions")):
        died_s, resumed_s = as_number(one.get("died_s")), as_number(one.get("resumed_s"))
        questions = as_list(one.get("questions"))
        asked = f", {plural(len(questions), 'question')}" if questions else ""
        told.append(f"at {duration(died_s)} for {duration(resumed_s - died_s)}{asked}")
    return f"{plural(len(told), 'time')}: the controller died {'; '.join(told)}" if told else ""


def _about(facts: Facts, recipe_name: str) -> str:
    record = facts.record
    speed = record.number("tool_time_s") / record.number("wall_s") if record.number("wall_s") > 0 else math.nan
    wall = duration(record.number("wall_s"))
    facts_shown = (
        ("Lot", record.text("lot_id")),
        ("Recipe", recipe_name),
        ("Tool", record.text("tool")),
        ("Made on", f"{record.text('port_kind') or 'unknown'} ({facts.marking.words})"),
        ("Seed", record.text("seed")),
        (
            "Software",
            f"Planaris {record.text('software')}" if record.text("software")[:1].isdigit() else record.text("software"),
        ),
        ("Created (UTC)", record.text("created_utc")),
        ("Run", record.text("run_id")),
        *((("Interrupted", text),) if (text := _interruptions(facts)) else ()),
        ("Tool time", duration(record.number("tool_time_s"))),
        ("Wall time", f"{wall} ({num(speed, 0)} times faster)" if known(speed) and speed > 1.5 else wall),
        ("Longest pause of control", with_unit(1000.0 * record.number("longest_pause_s"), 0, "ms")),
        ("Use of the tool (E10)", _use_words(record.text("e10_shares_pct"))),
        ("Event stream hash", record.text("stream_hash")[:16]),
    )
    return "".join(f"<div><dt>{esc(name)}</dt><dd>{esc(value or num(None))}</dd></div>" for name, value in facts_shown)
