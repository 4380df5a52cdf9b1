"""Keep the id lock: check it against the declarations, add ids for new ones. Ids are never changed or reused."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from planaris.dictionary.ids import LOCK_FILE, RANGES, Entry, Locked, entries, parse_lock
from planaris.dictionary.source import declarations

_HEAD = """\
# Numeric ids of the dictionary. Lines are only ever added, by `python -m planaris.dictionary.lock --update`:
# first id, number of ids, SECS-II format, key. An instance has the first id plus its index. Keys that left the
# dictionary are listed as retired; their ids stay taken.
"""

Tables = Mapping[str, Mapping[str, Any]]


def check(tables: Tables, wanted: Iterable[Entry]) -> list[str]:
    """Return everything that is wrong with a lock, as sentences; empty if all is well."""
    faults: list[str] = []
    locked = parse_lock(tables)
    wanted = tuple(wanted)
    for entry in wanted:
        line = locked.get(entry.kind, {}).get(entry.key)
        if line is None:
            faults.append(f"{entry.kind} {entry.key} has no id")
            continue
        if line.room != entry.room:
            faults.append(f"{entry.kind} {entry.key} has {line.room} ids and needs {entry.room}")
        if line.secs_format != entry.secs_format:
            faults.append(f"{entry.kind} {entry.key} changed its format {line.secs_format} to {entry.secs_format}")
        if entry.key in tables[entry.kind]["retired"]:
            faults.append(f"{entry.kind} {entry.key} is retired: give the new declaration a new name")
    declared = {(entry.kind, entry.key) for entry in wanted}
    for kind, lines in locked.items():
        retired = set(tables[kind]["retired"])
        faults += [
            f"{kind} {key} left the dictionary" for key in lines if (kind, key) not in declared | _of(kind, retired)
        ]
        faults += _range_faults(kind, lines, tables[kind]["entries"])
    return faults


def _of(kind: str, keys: Iterable[str]) -> set[tuple[str, str]]:
    return {(kind, key) for key in keys}


def _range_faults(kind: str, lines: Mapping[str, Locked], text: str) -> list[str]:
    first, last = RANGES[kind]
    faults: list[str] = []
    if len(lines) != len(text.split()) // 4:
        faults.append(f"{kind}: a key stands twice in the lock")
    before, before_key = first, ""
    for key, line in sorted(lines.items(), key=lambda item: item[1].base):
        if line.base < before:
            faults.append(f"{kind} {key} shares id {line.base} with {before_key or 'another range'}")
        before, before_key = line.base + line.room, key
    if before - 1 > last:
        faults.append(f"{kind}: id {before - 1} is beyond {last}")
    return faults


def update(tables: Tables, wanted: Iterable[Entry]) -> dict[str, dict[str, Any]]:
    """Return the lock with ids for what has none and with keys retired that left the dictionary."""
    wanted = tuple(wanted)
    updated: dict[str, dict[str, Any]] = {}
    for kind, (first, _) in RANGES.items():
        table = tables.get(kind, {"entries": "", "retired": []})
        lines = parse_lock({kind: table})[kind]
        following = max((line.base + line.room for line in lines.values()), default=first)
        text = str(table["entries"])
        mine = [entry for entry in wanted if entry.kind == kind]
        for entry in mine:
            if entry.key not in lines:
                base = -(-following // entry.room) * entry.room  # a multiple of the room reads well
                text += f"{base} {entry.room} {entry.secs_format or '-'} {entry.key}\n"
                following = base + entry.room
        keys = {entry.key for entry in mine}
        retired = [*table["retired"], *(k for k in lines if k not in keys and k not in table["retired"])]
        updated[kind] = {"entries": text, "retired": retired}
    return updated


def render(tables: Tables) -> str:
    """Return a lock as the text of its file."""
    parts = [_HEAD]
    for kind, table in tables.items():
        retired = "".join(f'  "{key}",\n' for key in table["retired"])
        listed = f"[\n{retired}]" if retired else "[]"
        parts.append(f'[{kind}]\nretired = {listed}\nentries = """\n{table["entries"]}"""\n')
    return "\n".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Check the lock, or add what is missing with ``--update``; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m planaris.dictionary.lock", description=__doc__)
    parser.add_argument("--update", action="store_true", help="add ids for new declarations, retire removed ones")
    parser.add_argument("--file", type=Path, default=Path(__file__).parent / "data" / LOCK_FILE, help="the lock")
    chosen = parser.parse_args(arguments)
    path: Path = chosen.file
    tables = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    wanted = tuple(entries(declarations()))
    if chosen.update:
        tables = update(tables, wanted)
        path.write_text(render(tables), encoding="utf-8")
    faults = check(tables, wanted)
    print("\n".join(faults) or f"{len(wanted)} declarations, all locked")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
