"""The `planaris` command. What a command needs is imported when it runs, so that starting is quick."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from planaris.cli import (
    calibrate,
    doctor,
    endpoint,
    factory,
    fill,
    host,
    metrology,
    planarity,
    recipe,
    run,
    schedule,
    serve,
    twin,
)

# New containers before the search for cycles begins [design].
_GC_THRESHOLD_COUNT = 50_000

app = typer.Typer(
    name="planaris",
    help="Run, control and understand a 200 mm CMP tool. Exit status: 0 done, 1 process failure, 2 wrong input.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run.command)
app.add_typer(recipe.app, name="recipe")
app.command("calibrate")(calibrate.calibrate)
app.command("predict")(calibrate.predict)
app.command("schedule")(schedule.command)
app.add_typer(endpoint.app, name="endpoint")
app.add_typer(metrology.app, name="metrology")
app.command("serve")(serve.command)
app.add_typer(serve.tool_app, name="tool")
app.command("twin")(twin.command)
app.command("host")(host.command)
app.add_typer(factory.app, name="factory")
app.command("planarity")(planarity.command)
app.command("fill")(fill.command)
app.command("doctor")(doctor.command)


def _version(wanted: bool) -> None:
    if wanted:
        from planaris import __version__

        typer.echo(f"planaris {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    del version  # its callback has answered


def main() -> None:
    """Run the command line; ends the process with 0, 1 (process failure) or 2 (wrong input)."""
    collect_seldom()
    app()


def collect_seldom() -> None:
    """Search for cycles seldom: start-up makes many objects that stay, and a run few cycles.

    The stock threshold of 700 searches them in vain.
    """
    gc.set_threshold(_GC_THRESHOLD_COUNT)
