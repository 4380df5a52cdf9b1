"""`planaris run`: take a lot through the tool on its twin."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planaris.cli.output import (
    DEFAULT_HOME,
    DONE,
    PROCESS_FAILURE,
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
    from planaris.app.request import Progress, RunRequest, RunSummary

    Runner = Callable[[RunRequest, Callable[[Progress], None]], RunSummary]

_EXAMPLE = Path("examples/oxide_ild/lot.toml")


def _runner() -> Runner:
    from planaris.app import run_lot

    return run_lot


def command(
    *,
    lot: Annotated[Path, typer.Argument(help="Lot file.", metavar="LOT.toml")] = _EXAMPLE,
    recipe: Annotated[
        str,
        typer.Option(
            help="Recipe in place of the lot's: a released one of the home's library, or a file beside the lot.",
            metavar="NAME[@HASH]|FILE",
        ),
    ] = "",
    cleaner_recipe: Annotated[
        str, typer.Option("--cleaner-recipe", help="Cleaner recipe likewise.", metavar="NAME[@HASH]|FILE")
    ] = "",
    tool: ToolOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the twin; equal seeds give equal runs.", min=0)] = 1,
    out: Annotated[
        Path | None, typer.Option("--out", help="Run folder instead of one in the home.", metavar="DIR")
    ] = None,
    port: Annotated[
        str,
        typer.Option(
            help="opcua://HOST:PORT of a PLC or of a twin in its own process, or replay:RUN_FOLDER; "
            "a twin in this process if left out.",
            metavar="PORT",
        ),
    ] = "",
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
    record: Annotated[bool, typer.Option("--record", help="Keep what went through the port, for replay.")] = False,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html.")] = True,
    clear: Annotated[
        bool, typer.Option("--clear", help="Take what an earlier run left in the twin out by hand first.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the home's last run after the controller's death.")
    ] = False,
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", help="Where a wafer was found, for a question of --resume.", metavar="WAFER=PLACE"),
    ] = None,
    principal: Annotated[str, typer.Option(help="Who answers.")] = "operator",
    reason: Annotated[str, typer.Option(help="Why the answers are so: goes into the audit chain.")] = "",
    away_s: Annotated[
        float, typer.Option("--away-s", help="How long the controller was away, in tool time.", min=0.0)
    ] = 30.0,
) -> None:
    """Polish a lot, on the twin as fast as it computes unless a port is named; write report, records and traces."""
    from planaris.cli.progress import display_for
    from planaris.cli.run_result import result_document, show_result

    where = f"run of {home}'s last lot goes on" if resume else f"run of {lot}"
    log(f"{where} on {port}" if port else f"TWIN {where}")
    from planaris.app.request import RunRequest
    from planaris.hardware import PortError
    from planaris.historian import HomeError, RecordError, TraceWriteError
    from planaris.model import InputError

    request = RunRequest(lot, tool, seed, out, home, report=report, port=port, record=record, clear=clear)
    request = replace(request, recipe=recipe, cleaner_recipe=cleaner_recipe)
    if resume:
        answers = _answers(answer or [], as_json)
        request = replace(request, resume=True, answers=answers, principal=principal, reason=reason, away_s=away_s)
    run_lot = _runner()
    try:
        with display_for(terminal=sys.stderr.isatty()) as display:
            summary = run_lot(request, display.show)
    except InputError as error:
        refuse_input(error, as_json)
    except PortError as error:
        end_with("port", port, str(error), as_json, PROCESS_FAILURE)
    except HomeError as error:
        end_with("home", str(error.path), str(error), as_json, WRONG_INPUT)
    except RecordError as error:
        end_with("records", str(error.path), str(error), as_json, PROCESS_FAILURE)
    except TraceWriteError as error:
        end_with("records", str(out or home), str(error), as_json, PROCESS_FAILURE)
    except KeyboardInterrupt:
        message = f"interrupted; go on with `planaris run --resume --home {home}`"
        end_with("interrupted", str(lot), message, as_json, PROCESS_FAILURE)
    for divergence in summary.divergences:
        log(f"diverged: {divergence}")
    if as_json:
        emit_json(result_document(summary))
    else:
        show_result(summary)
    if not summary.completed:
        log(f"the run failed: {summary.outcome}{': ' if summary.detail else ''}{summary.detail}")
    raise typer.Exit(DONE if summary.completed else PROCESS_FAILURE)


def _answers(given: list[str], as_json: bool) -> dict[str, str]:
    """Read ``WAFER=PLACE`` texts; end with 2 where one is not like that."""
    answers: dict[str, str] = {}
    for text in given:
        wafer_id, sign, place = text.partition("=")
        if not (wafer_id and sign and place):
            end_with("answer", text, f"--answer {text}: WAFER=PLACE is expected", as_json, WRONG_INPUT)
        answers[wafer_id] = place
    return answers
