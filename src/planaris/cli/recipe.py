"""`planaris recipe`: check, show and compare recipe files; the library's own commands stand in `library`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planaris.cli import library
from planaris.cli.output import (
    DEFAULT_HOME,
    PROCESS_FAILURE,
    WRONG_INPUT,
    HomeOption,
    JsonOption,
    ToolOption,
    emit_json,
    end_with,
    fault_lines,
    fault_rows,
    refuse_input,
)

if TYPE_CHECKING:
    from planaris.model import CleanerRecipe, InputError, Recipe

app = typer.Typer(help="Check, show, compare and keep polish and cleaner recipes.", no_args_is_help=True)
for _name, _command in {
    "list": library.listed,
    "save": library.save,
    "approve": library.approve,
    "release": library.release,
    "obsolete": library.obsolete,
}.items():
    app.command(_name)(_command)

_Files = Annotated[list[Path], typer.Argument(help="Recipe files.", metavar="FILE...")]
_Refs = Annotated[list[Path], typer.Argument(help="Recipe files, or NAME@HASH of the library.", metavar="FILE...")]


def _load(ref: Path, home: Path, as_json: bool) -> Recipe | CleanerRecipe:
    """Read a recipe from a file, or where there is none from the library as NAME@HASH. Raises `InputError`."""
    from planaris.formats import load_any_recipe, parse_recipe

    name, at, digits = str(ref).partition("@")
    if ref.exists() or not at:
        return load_any_recipe(ref, None)
    from planaris.app import recipe_versions
    from planaris.historian import RecordError

    try:
        versions = recipe_versions(home, name) if (home / "tool.db").exists() else []
    except RecordError as error:
        end_with("home", str(home), str(error), as_json, PROCESS_FAILURE)
    found = [v for v in versions if v.content_hash.startswith(digits)]
    if len(found) != 1:
        message = (
            f"{ref}: {len(found)} of {len(versions)} versions of {name} in {home} begin with {digits or 'nothing'}"
        )
        end_with("input", str(ref), message, as_json, WRONG_INPUT)
    return parse_recipe(found[0].text, str(ref), None)


@app.command("check")
def check(files: _Files, tool: ToolOption = None, as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Check recipes against a tool and tell every fault; status 2 if there is one."""
    del home  # every command takes it; a recipe file needs none
    from planaris.formats import load_any_recipe, load_tool
    from planaris.model import InputError

    try:
        description = load_tool(tool)
    except InputError as error:
        refuse_input(error, as_json)
    rows: list[dict[str, Any]] = []
    errors: list[InputError] = []
    for file in files:
        try:
            recipe = load_any_recipe(file, description)
        except InputError as error:
            errors.append(error)
            rows.append({"file": file, "ok": False, "name": None, "version": None, "faults": fault_rows(error.faults)})
            continue
        rows.append({"file": file, "ok": True, "name": recipe.name, "version": recipe.version, "faults": []})
        if not as_json:
            typer.echo(f"{file}: {recipe.name} version {recipe.version} fits tool {description.name}")
    if as_json:
        document = {"schema": "planaris/recipe-check/1", "ok": not errors, "tool": description.name, "files": rows}
        emit_json(document)
    for error in errors:
        typer.echo(fault_lines(error), err=True)
    raise typer.Exit(WRONG_INPUT if errors else 0)


@app.command("show")
def show(files: _Refs, as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Show every value of recipes, as typed and in the model's unit."""
    from planaris.model import InputError

    try:
        recipes = [_load(file, home, as_json) for file in files]
    except InputError as error:
        refuse_input(error, as_json)
    if as_json:
        listed = [_document(file, recipe) for file, recipe in zip(files, recipes, strict=True)]
        emit_json({"schema": "planaris/recipe-show/1", "ok": True, "recipes": listed})
        return
    for file, recipe in zip(files, recipes, strict=True):
        typer.echo(f"{file}")
        for line in _lines(recipe):
            typer.echo(f"  {line}".rstrip())


def _document(file: Path, recipe: Recipe | CleanerRecipe) -> dict[str, Any]:
    from planaris.formats import leaf_paths, show_quantity, value_at
    from planaris.model import symbol_of

    values = [
        {
            "path": path,
            "value": value_at(recipe, path),
            "unit": symbol_of(path),
            "shown": show_quantity(recipe, path),
        }
        for path in leaf_paths(recipe)
    ]
    kind = "polish" if hasattr(recipe, "steps") else "cleaner"
    return {"file": file, "kind": kind, "name": recipe.name, "version": recipe.version, "values": values}


def _lines(recipe: Recipe | CleanerRecipe) -> list[str]:
    """Return one line a value, steps and stations as headed groups; what is not set is left out."""
    from planaris.formats import leaf_paths, show_quantity, value_at

    lines: list[str] = []
    group = ""
    for path in leaf_paths(recipe):
        head, bracket, leaf = path.partition("].")
        if bracket and head != group:
            group = head
            lines += ["", f"{head}]"]
        shown = show_quantity(recipe, path)
        if value_at(recipe, path) not in (None, ()):
            lines.append(f"  {leaf:<30} {shown}" if bracket else f"{path:<32} {shown}")
    return lines


@app.command("diff")
def diff(
    before: Annotated[Path, typer.Argument(help="Recipe file, or NAME@HASH.", metavar="FILE")],
    after: Annotated[Path, typer.Argument(help="What to compare with.", metavar="FILE")],
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Tell what differs in meaning, value by value; the same value in another unit is no difference."""
    from planaris.formats import diff_recipes
    from planaris.model import InputError

    try:
        one, other = _load(before, home, as_json), _load(after, home, as_json)
        changes = diff_recipes(one, other)
    except InputError as error:
        refuse_input(error, as_json)
    except TypeError as error:
        end_with("input", f"{before}, {after}", str(error), as_json, WRONG_INPUT)
    if as_json:
        rows = [{"path": c.path, "kind": str(c.kind), "before": c.before, "after": c.after} for c in changes]
        document = {"schema": "planaris/recipe-diff/1", "ok": True, "before": before, "after": after}
        emit_json({**document, "same": not changes, "changes": rows})
        return
    if not changes:
        typer.echo(f"{before} and {after} mean the same")
    for change in changes:
        sides = f"{change.before or '(nothing)'} -> {change.after or '(nothing)'}"
        typer.echo(f"{change.path}: {sides}" if change.kind == "changed" else f"{change.path}: {change.kind}, {sides}")
