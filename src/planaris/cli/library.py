"""`planaris recipe list|save|approve|release|obsolete`: the recipe library of a home, through the one door."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from planaris.cli.output import (
    DEFAULT_HOME,
    PROCESS_FAILURE,
    WRONG_INPUT,
    HomeOption,
    JsonOption,
    ToolOption,
    emit_json,
    end_with,
    refuse_input,
)

_By = Annotated[str, typer.Option("--by", help="Who gives the command.", metavar="NAME")]
_Role = Annotated[str, typer.Option("--role", help="In which role: process or administrator.")]
_Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the version and in the journal.")]
_Version = Annotated[str, typer.Argument(help="Recipe and content hash, or its first digits.", metavar="NAME@HASH")]


def _give(
    verb: str,
    arguments: dict[str, str],
    by: str,
    role: str,
    reason: str,
    tool: str | None,
    home: Path,
    as_json: bool,
) -> None:
    from planaris.app import give
    from planaris.formats import load_tool
    from planaris.historian import RecordError
    from planaris.model import InputError
    from planaris.tool import AnswerStatus

    try:
        answer = give(home, load_tool(tool), verb, arguments, principal=by, role=role, reason=reason)
    except InputError as error:
        refuse_input(error, as_json)
    except RecordError as error:
        end_with("home", str(home), str(error), as_json, PROCESS_FAILURE)
    done = answer.status is AnswerStatus.DONE
    if as_json:
        document = {"schema": "planaris/command-answer/1", "ok": done, "verb": verb, "status": answer.status.value}
        emit_json({**document, "why": answer.why, "command_id": answer.command_id})
    typer.echo(f"planaris: {verb} {answer.status.value}: {answer.why}", err=as_json or not done)
    if not done:
        raise typer.Exit(WRONG_INPUT)


def save(
    file: Annotated[Path, typer.Argument(help="Recipe file.", metavar="FILE")],
    by: _By,
    role: _Role = "process",
    reason: _Reason = "",
    tool: ToolOption = None,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Save a recipe file as a draft; the same content again is the same version."""
    from planaris.formats import load_any_recipe
    from planaris.model import InputError

    try:
        load_any_recipe(file, None)
    except InputError as error:
        refuse_input(error, as_json)
    text = file.read_text(encoding="utf-8-sig")
    _give("recipe.save", {"text": text, "source": str(file)}, by, role, reason, tool, home, as_json)


def _moving(verb: str, text: str) -> Any:
    def command(
        version: _Version,
        by: _By,
        role: _Role = "administrator" if verb == "release" else "process",
        reason: _Reason = "",
        tool: ToolOption = None,
        as_json: JsonOption = False,
        home: HomeOption = DEFAULT_HOME,
    ) -> None:
        name, _, digits = version.partition("@")
        _give(f"recipe.{verb}", {"recipe": name, "content_hash": digits}, by, role, reason, tool, home, as_json)

    command.__doc__ = text
    return command


approve = _moving("approve", "Approve a draft; not by its author.")
release = _moving("release", "Release an approved version for production, if it is in the tool's range.")
obsolete = _moving("obsolete", "Make a version obsolete; not while a job uses it.")


def listed(
    name: Annotated[str | None, typer.Argument(help="Only versions of this recipe.", metavar="NAME")] = None,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List the versions that a home keeps, oldest first."""
    from planaris.app import recipe_versions
    from planaris.formats import SHORT_HASH_LENGTH
    from planaris.historian import RecordError

    if not (home / "tool.db").exists():
        end_with("home", str(home), f"{home} holds no tool.db; save a recipe first", as_json, WRONG_INPUT)
    try:
        versions = recipe_versions(home, name)
    except RecordError as error:
        end_with("home", str(home), str(error), as_json, PROCESS_FAILURE)
    if as_json:
        keys = ("name", "content_hash", "label", "author", "approved_by", "released_by", "reason")
        rows = [{"kind": v.kind.value, "state": v.state.value} | {k: getattr(v, k) for k in keys} for v in versions]
        emit_json({"schema": "planaris/recipe-list/1", "ok": True, "versions": rows})
        return
    for v in versions:
        signed = ", ".join(
            f"{word} {who}"
            for word, who in (("by", v.author), ("approved by", v.approved_by), ("released by", v.released_by))
            if who
        )
        version = f"{v.name}@{v.content_hash[:SHORT_HASH_LENGTH]}"
        typer.echo(f"{version:<36} {v.state.value:<9} {v.kind.value:<8} label {v.label}, {signed}")
