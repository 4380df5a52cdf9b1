"""Write the pages that follow from what the code declares, so that they cannot drift from it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from pathlib import Path

from planaris import modules, tool
from planaris.dictionary import MaintenanceStep, build, change_sequences, manual_verbs, markdown
from planaris.factory import hsms, interface_manual, secs2
from planaris.factory.hsms.settings import TIMERS
from planaris.factory.secs2.format import ELEMENT_BYTES, INTEGER_RANGES
from planaris.factory.secs2.text import C2_CODECS
from planaris.formats import load_tool
from planaris.model import ENTRY_UNITS, UNIT_SUFFIXES, symbol_of
from planaris.processes import GRADES, load_package, package_names
from planaris.twin.fail_states import Loss, fail_states


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a Markdown table."""
    return [_row(header), _row("---" for _ in header), *(_row(row) for row in rows), ""]


def units_page() -> str:
    """Return the table of legal suffixes and of the units people may type."""
    return "\n".join(
        [
            "# Table of units",
            "",
            "A number's unit is the ending of its name. These endings are legal:",
            "",
            *table(
                ("suffix", "shown as", "unit"), ((f"`{s}`", symbol_of(f"x{s}"), m) for s, m in UNIT_SUFFIXES.items())
            ),
            "These may be typed in files instead; they are kept as typed beside the converted value:",
            "",
            *table(
                ("typed", "shown as", "kept as", "factor"),
                ((f"`{u.entered_suffix}`", u.symbol, f"`{u.suffix}`", f"{u.factor:.15g}") for u in ENTRY_UNITS),
            ),
        ]
    )


def packages_page() -> str:
    """Return the numbers of every process package with source and grade."""
    lines = [
        "# Process packages",
        "",
        "A process package holds the films, slurry, pad and removal law of one process as cited data. Each number says "
        "where it comes from, how far to trust it and, where the package's own data cannot identify it, from where it "
        "was borrowed and which measurement would replace it.",
        "",
        *table(("grade", "means"), GRADES.items()),
    ]
    for name in package_names():
        package = load_package(name)
        lines += [
            f"## `{package.name}` {package.version}",
            "",
            f"{package.title}. Slurry: {package.slurry}. Pad: {package.pad}.",
            "",
        ]
        lines += [f"- {note}" for note in package.notes] + [""]
        rows = [
            (
                f"`{key}`" + (" **borrowed**" if n.borrowed else ""),
                f"{n.value:g} {n.unit}",
                f"{n.interval[0]:g} to {n.interval[1]:g}" if n.interval else "",
                n.grade,
                n.source,
                "; ".join(text for text in (n.note, f"would be fixed by {n.fixed_by}" if n.fixed_by else "") if text),
            )
            for key, n in package.numbers.items()
        ]
        lines += table(("number", "value", "interval", "grade", "source", "note"), rows)
    return "\n".join(lines)


def modules_page() -> str:
    """Return the state tables of the modules and the interlocks, as the code declares them."""
    lines = [
        "# Modules and interlocks",
        "",
        "One task owns each module's state and takes commands from a queue. In any state `fail` leads to `failed`, and "
        "`clear` leads from there to the first state. A trigger that the table does not have is refused.",
        "",
    ]
    for name in sorted(modules.__all__):
        kind = getattr(modules, name)
        if inspect.isclass(kind) and issubclass(kind, modules.Module) and kind.TABLE:
            lines += [f"## {name}", "", (inspect.getdoc(kind) or "").partition("\n")[0], ""]
            rows = ((f"`{state}`", trigger, f"`{after}`") for (state, trigger), after in kind.TABLE.items())
            lines += table(("state", "trigger", "next state"), rows)
    lines += [
        "## Interlocks",
        "",
        "An action starts only if no rule blocks it; a refusal is an event and names the rule.",
        "",
    ]
    rules = ((r.number, r.title, ", ".join(f"`{a}`" for a in r.actions)) for r in tool.RULES)
    lines += table(("number", "blocks when", "before"), rules)
    lines += [
        "## Watched limits",
        "",
        "Beside the bands of a recipe's steps these are held while the tool runs; an alarm is set when a value was "
        "outside for the time given and cleared when it is back inside.",
        "",
    ]
    watched = (
        (f"`{w.tag}`", w.text(), f"{w.persist_s:g} s", f"`{w.alarm}`", "aborts the step" if w.aborts else "")
        for w in tool.limits()
    )
    lines += table(("tag", "must be", "for at most", "alarm", ""), watched)
    return "\n".join(lines)


def fail_states_page() -> str:
    """Return the fail-state table of the twin's valves and drives."""
    rows = (
        (o.place, f"{o.kind_en} ({o.kind_zh})", *(o.on[loss].value for loss in Loss))
        for o in fail_states(zones_count=0)
    )
    return "\n".join(
        [
            "# Fail states",
            "",
            "What each valve and drive of the twin does by itself when something it lives on is lost; a machine's own "
            "table replaces it. `power` is motion power, which an EMO, an open door, over-temperature and "
            "over-pressure cut as well. `communication` is the process PLC or the controller's heartbeat. `chemicals` "
            "is the safety layer's order on a leak, a full drain or low exhaust. `holds`: kept by a spring, a brake or "
            "a check valve. After a loss nothing starts by itself. All are design values.",
            "",
            *table(("place", "output", *(loss.value for loss in Loss)), rows),
        ]
    )


def jobs_page() -> str:
    """Return the states of jobs and quarantines, and what answers to failed work do, as the code declares them."""
    jobs = ((f"`{s.value}`", trigger.value, f"`{after.value}`") for (s, trigger), after in tool.JOB_TABLE.items())
    closed = ((f"`{s.value}`", trigger, f"`{after.value}`") for (s, trigger), after in tool.QUARANTINE_TABLE.items())
    work = ((f"`{kind.value}`", m.retry, m.skip, m.abort, m.resume) for kind, m in tool.MEANINGS.items())
    return "\n".join(
        [
            "# Jobs, failed work and quarantine",
            "",
            "## States of a job",
            "",
            "`start`, `pause`, `resume`, `stop` and `abort` are commands of the door; `finished` (all are home), "
            "`out` (none of it is in the tool) and `fail` come from the engine.",
            "",
            *table(("state", "trigger", "next state"), jobs),
            "## Answers to failed work",
            "",
            "A piece of work that failed takes its module out and keeps what it holds; everything else goes on. A "
            "person answers with `work.retry`, `work.skip`, `work.abort` or `module.clear`.",
            "",
            *table(("work", "retry", "skip", "abort", "resume"), work),
            "## Quarantine of a platen",
            "",
            "Breakage or a slip closes platen and pad; wafers on other heads finish and are marked suspect. While a "
            "platen is `inspected` it takes qualification wafers only; who inspected does not sign off.",
            "",
            *table(("state", "trigger", "next state"), closed),
        ]
    )


def _manual_rows(roles: Sequence[str]) -> Iterable[Sequence[object]]:
    for v in manual_verbs():
        arguments = ", ".join(f"`{p.name}`" for p in v.parameters)
        action = v.action.replace("@module", v.kind).replace("@cup", "loadcup")
        asked = f"`{action}`" if action else "to safety" if v.to_safety else ""
        yield (v.kind, f"`{v.name}`", arguments, asked, *("x" if r in v.roles else "" for r in roles), v.text_en)


def roles_page() -> str:
    """Return who may give which command, as the dictionary declares it."""
    commands = build(load_tool()).commands
    roles = tuple(dict.fromkeys(role for command in commands for role in command.roles))
    rows = ((f"`{c.name}`", *("x" if role in c.roles else "" for role in roles), c.text_en) for c in commands)
    return "\n".join(
        [
            "# Roles",
            "",
            "Who may give which command. The door refuses everybody else and says who may; both are told in the "
            "journal and sealed in the audit chain. `world.*` exists on the twin alone.",
            "",
            *table(("command", *roles, "meaning"), rows),
            "## Manual mode",
            "",
            "`module.manual_on` takes a module out of the engine's hands, with a reason and only while it rests; then "
            "`module.manual` gives it one of these verbs. Each passes role, the module's state, the interlocks, the "
            "material map (intent, move, confirmation) and the device's handshake. While the tool is halted only verbs "
            "that lead to safety are taken. `module.manual_off` gives the module back, and the engine goes on with the "
            "wafers that were moved.",
            "",
            *table(("module", "verb", "arguments", "interlock action", *roles, "meaning"), _manual_rows(roles)),
        ]
    )


def maintenance_page() -> str:
    """Return the change sequences of consumables."""
    lines = [
        "# Change of consumables",
        "",
        "`maintenance.start` begins a sequence, `maintenance.confirm_step` confirms the step that is due, wafers count "
        "by themselves when they are back (`maintenance.enter_result` for those the tool did not measure), "
        "`maintenance.abort` gives up. Steps done by hand need the named modules in manual mode. What is closed takes "
        "no product from the start to the end; a wafer that fails begins the count again. A part with a life "
        "of its own gets its serial number and counts from nothing through `consumable.change`. An abort opens again "
        "only what was not changed yet. After a restart a change goes on at the step that was due; its waiting time "
        "begins anew.",
        "",
    ]
    names = {"@location": "its place", "@mover": "carousel, or the head's swing arm", "@platens": "all platens"}
    for s in change_sequences():
        rows = ((f"`{x.name}`", x.kind, x.text_en, _limit(x), ", ".join(x.roles) or "the tool") for x in s.steps)
        closed = "its platen" if s.closes == "own" else "all platens"
        lines += [f"## {s.text_en} ({s.text_zh})", ""]
        lines += [f"By hand: {', '.join(names[n] for n in s.by_hand)}. Closed: {closed}.", ""]
        lines += table(("step", "kind", "what", "limit", "roles"), rows)
    return "\n".join(lines)


def _limit(step: MaintenanceStep) -> str:
    found = [f"at least {step.wait_s:g} s"] if step.wait_s else []
    found += [f"at most {step.limit_kPa:g} kPa"] if step.limit_kPa else []
    found += [f"{step.count} {step.wafer}"] if step.count else []
    found += [f"within {step.rate_pct:g} %"] if step.rate_pct else []
    return "; ".join(found)


def links_page() -> str:
    """Return states, timers and numbers of HSMS links and the formats of items, as the code declares them."""
    settings = hsms.HsmsSettings()
    states = ((before, trigger, after) for (before, trigger), after in hsms.TRANSITIONS.items())
    timers = (
        (
            f"`{t.setting}`",
            f"{getattr(settings, t.setting):g} s",
            f"{t.lowest_s:g} to {t.highest_s:g} s",
            t.runs,
            t.on_expiry,
        )
        for t in TIMERS
    )
    numbers = (
        (title, int(number), number.name.lower().replace("_", " "))
        for title, numbers in (
            ("Select.rsp", hsms.SelectStatus),
            ("Deselect.rsp", hsms.DeselectStatus),
            ("Reject.req", hsms.RejectReason),
        )
        for number in numbers
    )
    formats = (
        (
            f"`{f.name}`",
            f"{f:02o}",
            f"0x{f << 2 | 1:02X}",
            ELEMENT_BYTES.get(f, ""),
            "{} to {}".format(*INTEGER_RANGES[f]) if f in INTEGER_RANGES else "",
        )
        for f in secs2.Format
    )
    return "\n".join(
        [
            "# Links and items",
            "",
            "What [the factory interface](../explanations/factory.md) goes by. Statuses and reasons, ranges of timers "
            "and encodings of `C2` are from memory of the standards and not verified against them.",
            "",
            "## States of a link",
            "",
            *table(("state", "trigger", "next state"), states),
            "## Timers",
            "",
            *table(("setting", "default", "range", "runs", "when it is over"), timers),
            f"After {settings.linktest_period_s:g} s of silence (`linktest_period_s`, 0 for never) a selected link is "
            "tested.",
            "",
            "## Numbers in answers",
            "",
            *table(("message", "number", "means"), numbers),
            "## Formats of items",
            "",
            *table(("SML", "octal code", "first byte", "bytes of an element", "range"), formats),
            "## Encodings of C2",
            "",
            *table(("header", "encoding"), C2_CODECS.items()),
        ]
    )


def write_pages(folder: Path) -> None:
    """Write all generated pages; a page that has not changed keeps its time."""
    folder.mkdir(exist_ok=True)
    dictionary = build(load_tool())
    pages = {
        "dictionary": markdown(dictionary),
        "dictionary_zh": markdown(dictionary, "zh"),
        "units": units_page(),
        "packages": packages_page(),
        "modules": modules_page(),
        "jobs": jobs_page(),
        "roles": roles_page(),
        "maintenance": maintenance_page(),
        "fail_states": fail_states_page(),
        "factory_manual": interface_manual(dictionary),
        "links": links_page(),
    }
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
