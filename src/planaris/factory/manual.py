"""The interface manual for host engineers, generated from what the equipment runs on: nothing in it is kept by hand."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from planaris.dictionary import Command, Constant, Dictionary, Parameter, Variable
from planaris.factory.gem import COMMUNICATION, CONTROL, SPOOL, Declared, GemSettings, Step
from planaris.factory.gem.remote import ALIASES, PARAMETER_ALIASES
from planaris.factory.gem.spooling import SPOOLABLE
from planaris.factory.hsms import HsmsSettings

_DATA = Path(__file__).parent / "data"
_GRADES = {"checked": "", "unverified": "unverified"}
_HCACK = (
    (0, "done"),
    (1, "no such command"),
    (2, "cannot be done now (LOCAL, an interlock, the state of the job)"),
    (3, "a parameter is wrong; the list names each with CPACK 1 no such name or missing, 2 value, 3 format"),
    (4, "accepted; event command_answered tells the outcome"),
    (5, "already so"),
    (6, "no such object"),
)


@cache
def message_table() -> Mapping[str, Mapping[str, str]]:
    """Return what is declared of each message, by its name (``S1F3``)."""
    return tomllib.loads((_DATA / "messages.toml").read_text(encoding="utf-8"))


@cache
def compliance_table() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Return the compliance statement: requirements, capabilities and what is unverified."""
    return tomllib.loads((_DATA / "compliance.toml").read_text(encoding="utf-8"))


def interface_manual(dictionary: Dictionary, settings: GemSettings | None = None) -> str:
    """Return the manual of a tool's factory interface as Markdown."""
    declared = Declared(dictionary, (settings or GemSettings()).id_format)
    parts = (
        _head(dictionary),
        _connection(),
        compliance_statement().splitlines(),
        _states(),
        _messages(),
        _events(declared),
        _variables(declared),
        _constants(declared),
        _alarms(declared),
        _commands(declared),
        _recipes(),
        _time_and_spool(),
    )
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def _head(dictionary: Dictionary) -> Iterator[str]:
    yield f"# Factory interface of {dictionary.tool_name}"
    yield ""
    yield (
        "SECS-II over HSMS-SS, GEM. This manual is generated from the dictionary and tables that the equipment runs "
        "on. Ids are U4 unless set otherwise and never change; the equipment reads ids of any integer format. What "
        "stands on memory of a standard alone is marked *unverified*, and listed at the end of the compliance "
        "statement."
    )
    yield ""
    yield (
        "Status variable `tool.port_kind` says what the controller works on: `twin` is a simulation, and nothing it "
        "reports was measured on a machine."
    )
    yield ""


def _connection() -> Iterator[str]:
    yield from ("## Connection", "")
    yield "The equipment is the passive side. A second host is refused with Select status 3 while one is selected."
    yield ""
    default = HsmsSettings()
    rows = ((f"`{f.name}`", getattr(default, f.name)) for f in fields(default) if f.name != "unlimited_timers")
    yield from _table(("setting", "default"), ((n, v if v != () else "everybody") for n, v in rows))


def compliance_statement() -> str:
    """Return the GEM compliance statement as Markdown."""
    found = compliance_table()
    lines = ["## GEM compliance statement", ""]
    for title, key in (("Fundamental requirement", "requirement"), ("Additional capability", "capability")):
        lines += _table((title, "implemented", "messages", "remark"), (
            (e["name"], e["implemented"], " ".join(e["messages"]), e["text"]) for e in found[key]
        ))  # fmt: skip
    lines += ["### Unverified", "", "From memory of the standards, without a source at hand:", ""]
    lines += [f"- {entry['text']}" for entry in found["unverified"]]
    named = " ".join(n for n, m in message_table().items() if m["grade"] == "unverified")
    lines += [f"- The structure of {named}.", "- The list of requirements and capabilities above.", ""]
    return "\n".join(lines)


def _states() -> Iterator[str]:
    yield from ("## States", "")
    tables: tuple[tuple[str, Mapping[tuple[str, str], Step]], ...] = (
        ("Communication", COMMUNICATION),
        ("Control", CONTROL),
        ("Spooling", SPOOL),
    )
    for title, table in tables:
        yield from (f"### {title}", "")
        yield from _table(("no.", "from", "to", "when"), (
            (step.number or "-", state, step.target, step.meaning) for (state, _), step in table.items()
        ))  # fmt: skip
        yield from ("```text", *_diagram(table), "```", "")


def _diagram(table: Mapping[tuple[str, str], Step]) -> Iterator[str]:
    """Return a state diagram as text: each state with what leaves it."""
    states = dict.fromkeys(state for state, _ in table)
    for state in states:
        yield state
        for (source, _), step in table.items():
            if source == state:
                yield f"  --[{step.number or '-'}]--> {step.target}"


def _messages() -> Iterator[str]:
    yield from ("## Messages", "")
    yield (
        "What is wrong is told at once: S9F1, S9F3, S9F5 and S9F7 with the header of the message, SxF0 where the state "
        "does not allow it or the equipment failed inside. Nothing is left unanswered that asked for a reply."
    )
    yield ""
    yield from _table(("message", "from", "name", "body", "reply", ""), (
        (name, m["way"], m["name"], m["body"], m["reply"], _GRADES[m["grade"]]) for name, m in message_table().items()
    ))  # fmt: skip


def _events(declared: Declared) -> Iterator[str]:
    yield from ("## Collection events", "")
    yield "Nothing is enabled and no report defined before the host does so. Each alarm has two events more, see there."
    yield ""
    names = {vid: v.name for vid, v in declared.data.items()}
    own = [declared.event(entry.name) for entry in declared.dictionary.events]
    yield from _table(("CEID", "name", "meaning", "data variables"), (
        (e.event_id, f"`{e.name}`", e.text, " ".join(f"`{names[v]}`" for v in e.variables)) for e in own
    ))  # fmt: skip


def _variables(declared: Declared) -> Iterator[str]:
    for title, found in (("Status variables", declared.status), ("Data variables", declared.data)):
        yield from (f"## {title}", "")
        yield from _table(("VID", "name", "unit", "type", "range", "meaning"), (
            (vid, f"`{v.name}`", v.unit, _type(v), _range(v.template.minimum, v.template.maximum), v.text_en)
            for vid, v in found.items()
        ))  # fmt: skip


def _type(variable: Variable) -> str:
    return variable.secs_format + "".join(f"[{n if n > 0 else 'n'}]" for n in variable.shape)


def _constants(declared: Declared) -> Iterator[str]:
    yield from ("## Equipment constants", "")
    yield "The host may change those of the factory interface; those of the tool are changed at the tool."
    yield ""
    yield from _table(("ECID", "name", "unit", "type", "default", "range", "of", "meaning"), (
        (ecid, f"`{c.name}`", c.unit, c.secs_format, c.default, _constant_range(c), c.owner, c.text_en)
        for ecid, c in declared.constants.items()
    ))  # fmt: skip


def _constant_range(constant: Constant) -> str:
    return f"{constant.minimum} … {constant.maximum}"


def _alarms(declared: Declared) -> Iterator[str]:
    yield from ("## Alarms", "")
    yield "ALCD is the category, with bit 8 while the alarm is set. All are enabled until the host turns them off."
    yield ""
    yield from _table(("ALID", "name", "ALCD", "ALTX", "event set", "event cleared"), (
        (n, f"`{a.name}`", a.template.category, a.text_en, a.set_event_id, a.cleared_event_id)
        for n, a in declared.alarms.items()
    ))  # fmt: skip


def _commands(declared: Declared) -> Iterator[str]:
    yield from ("## Remote commands", "")
    aliases = ", ".join(f"{alias} for `{name}`" for alias, name in ALIASES.items())
    parameters = ", ".join(f"{alias} for `{name}`" for alias, name in PARAMETER_ALIASES.items())
    yield f"Names are taken in any case. Also taken: {aliases}; as CPNAME {parameters}."
    yield ""
    yield from _table(("RCMD", "meaning", "CPNAME"), (
        (f"`{c.name}`", c.text_en, _parameters(c)) for c in declared.commands.values()
    ))  # fmt: skip
    yield from _table(("HCACK", "means"), _HCACK)


def _parameters(command: Command) -> str:
    return ", ".join(_parameter(p) for p in command.parameters)


def _parameter(parameter: Parameter) -> str:
    return f"`{parameter.name}`{'' if parameter.required else '?'} {parameter.dtype}: {parameter.text_en}"


def _recipes() -> Iterator[str]:
    yield from ("## Recipes", "")
    yield (
        "PPID is the recipe's name, which means the version released last, or `NAME@HASH` for exactly one version. The "
        "body is the recipe's TOML text. A recipe that the host sends is a draft that people of the tool approve and "
        "release; where the fab's recipe management is the authority, the equipment can be set to take it as "
        "released. A recipe in use is neither replaced nor deleted. Every change of the library is event "
        "`recipe_changed`."
    )
    yield ""
    yield (
        "Formatted (S7F23, S7F26): one process command for each table of the text. CCODE is the table's path, `recipe` "
        "for the top, `steps[2].end` below; PPARMs are, in turn, a name (A) and its value: A, I8, F8 or BOOLEAN, an "
        "array as several elements of one item, texts of an array in a list. Units stay as typed."
    )
    yield ""


def _time_and_spool() -> Iterator[str]:
    yield from ("## Time", "")
    yield from _table(("time_format", "form"), (
        (0, "A[12] YYMMDDhhmmss"), (1, "A[16] YYYYMMDDhhmmsscc"), (2, "ISO 8601, UTC")
    ))  # fmt: skip
    yield from ("## Spool", "")
    chosen = ", ".join(f"S{s}F{f}" for s, f in sorted(SPOOLABLE))
    yield (
        f"The host chooses with S2F43 from {chosen}. What a lost link leaves unanswered is kept before what comes "
        "after; the host may then get it twice, with the same DATAID. No DATAID is used for two events, so one that is "
        "known already is a repetition."
    )
    yield ""


def _range(minimum: float | None, maximum: float | None) -> str:
    if maximum is None:
        return "" if minimum is None else f"≥ {minimum:g}"
    return f"≤ {maximum:g}" if minimum is None else f"{minimum:g} … {maximum:g}"


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    listed = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in listed] + [""]
