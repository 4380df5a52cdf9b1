"""Which wafer was in which module and when, and what bounds the lot's speed."""

from __future__ import annotations

from planaris.report.facts import Facts
from planaris.report.page import Column, Section, note, scroll, table
from planaris.report.plot import Frame, Plot
from planaris.report.text import clock, duration, esc, known, num, place_name, plural
from planaris.report.throughput import Stay, read_stays

_ROW_PX = 21
_COLOURS = 5
# Modules in the order a wafer meets them; others follow by name.
_ORDER = (
    "dry_robot", "dry_robot_b", "aligner", "stage", "wet_robot", "wet_robot_b", "stage_out", "loadcup", "exchange",
    "head", "platen", "megasonic", "brush", "srd", "metrology",
)  # fmt: skip


def gantt(facts: Facts) -> Section:
    """Return the section."""
    stays = read_stays(facts.record)
    body = _speed_words(facts)
    if stays:
        body += note(
            "Each bar is a wafer in a module, with its slot number where there is room; five colours take turns by "
            "slot. On platens and cleaner stations a full bar is work, a pale one mere presence. Hover a bar for wafer "
            "and times."
        )
        body += scroll(_chart(facts, stays), "Gantt chart of the modules", 1100)
    else:
        body += note("The record holds no move.")
    return Section("gantt", "Modules and throughput", body + _bound_table(facts))


def _module_key(module: str) -> tuple[int, str]:
    stem = module.rstrip("0123456789")
    return (_ORDER.index(stem) if stem in _ORDER else len(_ORDER), module)


def _chart(facts: Facts, stays: list[Stay]) -> str:
    modules = sorted({stay.module for stay in stays}, key=_module_key)
    working = {stay.module for stay in stays if stay.work}
    slots = {wafer.wafer_id: wafer.slot for wafer in facts.wafers}
    start_s = facts.throughput.start_s
    end_s = max(stay.end_s for stay in stays)
    frame = Frame(1180, _ROW_PX * len(modules) + 56, left=104, right=10, top=6, bottom=44)
    rows = len(modules)
    plot = Plot("gantt", frame, (0.0, max((end_s - start_s) / 60.0, 0.1)), (0.0, float(rows)))
    plot.axis_x("tool time since the start of the lot, min")
    plot.rows([place_name(module) for module in modules])
    for stay in sorted(stays, key=lambda stay: bool(stay.work)):
        base = rows - 1 - modules.index(stay.module)
        slot = slots.get(stay.wafer_id, 0)
        begin, length = (stay.start_s - start_s) / 60.0, (stay.end_s - stay.start_s) / 60.0
        present = stay.module in working and not stay.work
        plot.bar(
            (begin, base + 0.08),
            (length, 0.84),
            f"g{slot % _COLOURS}{' stay' if present else ''}",
            f"slot {slot}, {stay.wafer_id}: {place_name(stay.module)}"
            f"{', ' + stay.work if stay.work else ''}, {clock(stay.start_s - start_s)} to "
            f"{clock(stay.end_s - start_s)} ({duration(stay.end_s - stay.start_s)})",
        )
        if not present and plot.px(length) - plot.px(0.0) >= 15:
            plot.write(plot.px(begin + length / 2), plot.py(base + 0.5) + 4, str(slot), "slot")
    return plot.svg("Gantt chart: wafers in modules over tool time")


def _speed_words(facts: Facts) -> str:
    speed = facts.throughput
    words = [
        f"Lot time {duration(speed.end_s - speed.start_s)} for {plural(speed.finished_count, 'finished wafer')}"
        + (
            f": {num(speed.lot_wafers_per_h, 1)} wafers/h with filling and emptying the tool."
            if known(speed.lot_wafers_per_h)
            else "."
        )
    ]
    if known(speed.steady_wafers_per_h):
        words.append(f"First to last wafer back in the carrier: <b>{num(speed.steady_wafers_per_h, 1)} wafers/h</b>.")
    if known(speed.bound_wafers_per_h):
        metrology = {True: "metrology included", False: "metrology left out", None: "metrology not stated"}
        words.append(
            f"No schedule can exceed <b>{num(speed.bound_wafers_per_h, 1)} wafers/h</b> "
            f"({esc(place_name(speed.bottleneck))}; {metrology[speed.includes_metrology]})"
            + (f": reached {num(100 * speed.reached_ratio, 0)} %." if known(speed.reached_ratio) else ".")
        )
    else:
        words.append("The record states no bound.")
    if known(speed.bound_makespan_s):
        words.append(f"The whole lot cannot take less than {duration(speed.bound_makespan_s)}.")
    return f"<p>{' '.join(words)}</p>"


def _bound_table(facts: Facts) -> str:
    speed = facts.throughput
    if not speed.busy_s:
        return ""
    most = max((v for v in speed.busy_s.values() if known(v)), default=1.0) or 1.0
    rows = [
        [
            f"<b>{esc(place_name(name))}</b> ◀ bottleneck" if name == speed.bottleneck else esc(place_name(name)),
            num(busy_s, 1),
            num(3600.0 / busy_s if busy_s else None, 1),
            f'<span class="life" style="--w:{100 * busy_s / most:.0f}%"></span>' if known(busy_s) else "",
        ]
        for name, busy_s in sorted(speed.busy_s.items(), key=lambda item: -item[1])
    ]
    columns = (
        Column("Resource"),
        Column("Busy per wafer", "s, at best", numeric=True),
        Column("Bound", "wafers/h", numeric=True),
        Column("Share of the slowest"),
    )
    inner = table(columns, rows, "What each resource must spend on a wafer, whatever the schedule.", "tight")
    return f"<details><summary>Bound of each resource</summary>{inner}</details>"
