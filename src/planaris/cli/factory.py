"""`planaris factory manual|log`: what a host engineer reads of the factory interface."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planaris.cli.output import WRONG_INPUT, JsonOption, ToolOption, emit_json, end_with, refuse_input

MANUAL_SCHEMA = "planaris/factory-manual/1"

app = typer.Typer(help="The factory interface: its manual, and its message log.", no_args_is_help=True)


@app.command("manual")
def manual(
    *,
    tool: ToolOption = None,
    compliance: Annotated[bool, typer.Option("--compliance", help="The GEM compliance statement only.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write it to a file.", metavar="FILE.md")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the interface manual of a tool: states, messages, ids, events, alarms, commands, as Markdown."""
    from planaris.dictionary import build
    from planaris.factory import compliance_statement, interface_manual
    from planaris.formats import load_tool
    from planaris.model import InputError

    try:
        text = compliance_statement() if compliance else interface_manual(build(load_tool(tool)))
    except InputError as error:
        refuse_input(error, as_json)
    if out is not None:
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            end_with("out", str(out), f"{out} cannot be written: {error.strerror}", as_json, WRONG_INPUT)
    if as_json:
        emit_json({"schema": MANUAL_SCHEMA, "ok": True, "file": out, "text": None if out is not None else text})
    elif out is None:
        typer.echo(text, nl=False)
    else:
        typer.echo(f"planaris: manual written to {out}", err=True)


@app.command("log")
def log_command(
    file: Annotated[Path, typer.Argument(help="A message log of the factory interface.", metavar="FILE")],
    *,
    primaries: Annotated[
        bool, typer.Option("--host", help="Only what the host sent, as SML to be sent again.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check a message log and count what is in it, or print the host's primaries."""
    from planaris.factory import host_primaries, read_log, to_sml

    try:
        sml = [to_sml(message, one_line=True) for message in host_primaries(file)] if primaries else []
        lines = [] if primaries else list(read_log(file))
    except OSError as error:
        end_with("log", str(file), f"{file} cannot be read: {error.strerror}; check the path", as_json, WRONG_INPUT)
    except ValueError as error:
        end_with("log", str(file), str(error), as_json, WRONG_INPUT)
    if primaries:
        if as_json:
            emit_json({"schema": "planaris/host-primaries/1", "ok": True, "primaries": sml})
        else:
            typer.echo("\n".join(sml))
        return
    counts: dict[str, int] = {}
    for line in lines:
        title = line.message.title if line.message is not None else line.remark
        counts[title] = counts.get(title, 0) + 1
    connections = len({line.connection_number for line in lines})
    if as_json:
        emit_json({"schema": "planaris/message-log/1", "ok": True, "frames": len(lines), "connections": connections,
                   "messages": counts})  # fmt: skip
        return
    typer.echo(f"{len(lines)} frames on {connections} connections")
    for title, count in sorted(counts.items()):
        typer.echo(f"{count:8d}  {title}")
