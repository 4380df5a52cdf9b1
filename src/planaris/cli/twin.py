"""`planaris twin`: the twin as its own process, behind the wire that a real PLC has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from planaris.cli.output import (
    DEFAULT_HOME,
    DONE,
    WRONG_INPUT,
    HomeOption,
    JsonOption,
    ToolOption,
    emit_json,
    end_with,
    log,
    refuse_input,
)

if TYPE_CHECKING:
    from planaris.app import TwinReady

TWIN_SCHEMA = "planaris/twin-ready/1"


def command(
    *,
    opcua: Annotated[str, typer.Option(help="Where the PLC answers.", metavar="HOST:PORT")] = "127.0.0.1:4840",
    tool: ToolOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the twin; equal seeds give equal machines.", min=0)] = 1,
    speed: Annotated[float, typer.Option(help="Tool seconds per second.")] = 1.0,
    package: Annotated[str, typer.Option(help="Process package of its films, pads and slurries.")] = "oxide_ild",
    film: Annotated[str, typer.Option(help="Film of its wafers.")] = "TEOS",
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Run the twin as its own process until SIGTERM or Ctrl-C; its PLC speaks OPC UA."""
    from planaris.app import TwinRequest, run_twin
    from planaris.model import InputError

    def ready(found: TwinReady) -> None:
        log(f"TWIN of {found.tool} at opcua://{found.opcua}, {found.speed:g} times real time")
        log(f"its world answers at {found.world}, on this machine only")
        if as_json:
            emit_json({"schema": TWIN_SCHEMA, "ok": True, "opcua": found.opcua, "world": found.world,
                       "tool": found.tool, "speed": found.speed})  # fmt: skip

    try:
        run_twin(TwinRequest(opcua, tool, seed, speed, home, package, film), ready)
    except InputError as error:
        refuse_input(error, as_json)
    except ModuleNotFoundError as error:
        if error.name != "asyncua":
            raise
        end_with("extra", "asyncua", "OPC UA needs the extra: pip install 'planaris[opcua]'", as_json, WRONG_INPUT)
    except OSError as error:
        end_with("endpoint", opcua, f"cannot listen at {opcua}: {error.strerror or error}", as_json, WRONG_INPUT)
    raise typer.Exit(DONE)
