"""How the command line answers: results on stdout, log on stderr, faults in full."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from planaris.model import InputError, InputFault

DONE = 0
PROCESS_FAILURE = 1
WRONG_INPUT = 2

DEFAULT_HOME = Path("planaris-home")

HomeOption = Annotated[Path, typer.Option("--home", help="Folder of what outlives a run.", metavar="DIR")]
JsonOption = Annotated[bool, typer.Option("--json", help="Result as JSON on stdout (docs/json.md).")]
ToolOption = Annotated[
    str | None, typer.Option("--tool", help="Tool description: a bundled name or a TOML file.", metavar="T.toml")
]


def log(text: str) -> None:
    """Write a line for people to stderr."""
    typer.echo(f"planaris: {text}", err=True)


def plain(value: Any) -> Any:
    """Return a value as JSON has it: NaN and infinity become null, paths text, tuples lists."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def emit_json(document: Mapping[str, Any]) -> None:
    """Write a result document to stdout."""
    import json

    text = json.dumps(plain(document), indent=2, ensure_ascii=False, allow_nan=False)
    # A file name that is no UTF-8 comes as lone surrogates, which JSON can hold as escapes and UTF-8 cannot.
    typer.echo(text.encode("utf-8", "backslashreplace").decode())


def fault_rows(faults: tuple[InputFault, ...]) -> list[dict[str, str]]:
    """Return faults as JSON rows."""
    return [
        {"path": f.path, "value": f.value, "problem": f.problem, "limit": f.limit, "unit": f.unit, "remedy": f.remedy}
        for f in faults
    ]


def fault_lines(error: InputError) -> str:
    """Return every fault for people: path and value, then what is wrong, limit and remedy."""
    count = len(error.faults)
    lines = [f"{error.source}: {count} fault{'s' if count != 1 else ''}"]
    for number, fault in enumerate(error.faults, start=1):
        limit = f" (limit {fault.limit} {fault.unit}".rstrip() + ")" if fault.limit else ""
        unit = f" {fault.unit}" if fault.unit and fault.value[:1] not in ("(", '"', "[", "{") else ""
        lines.append(f"  {number}. {fault.path} = {fault.value}{unit}: {fault.problem}{limit}")
        if fault.remedy:
            lines.append(f"     -> {fault.remedy}")
    return "\n".join(lines)


def refuse_input(error: InputError, as_json: bool) -> NoReturn:
    """Tell all faults of an input and end with status 2."""
    if as_json:
        emit_json(
            {
                "schema": "planaris/error/1",
                "ok": False,
                "kind": "input",
                "source": error.source,
                "message": f"{len(error.faults)} faults" if len(error.faults) != 1 else "1 fault",
                "faults": fault_rows(error.faults),
            }
        )
    typer.echo(fault_lines(error), err=True)
    raise typer.Exit(WRONG_INPUT)


def end_with(kind: str, source: str, message: str, as_json: bool, status: int) -> NoReturn:
    """Tell one failure that is no fault of an input file and end with ``status``."""
    if as_json:
        document = {"schema": "planaris/error/1", "ok": False, "kind": kind, "source": source, "message": message}
        emit_json({**document, "faults": []})
    log(message)
    raise typer.Exit(status)
