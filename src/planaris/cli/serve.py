"""`planaris serve`: the live tool. `planaris tool`: look at it and give it commands from this machine."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    from planaris.app import ServeReady

SERVE_SCHEMA = "planaris/serve-ready/1"
STATE_SCHEMA = "planaris/tool-state/1"
ANSWER_SCHEMA = "planaris/command-answer/1"

tool_app = typer.Typer(help="Look at a live tool and give it commands, from the machine it lives on.")


def command(
    *,
    lot: Annotated[
        list[Path] | None, typer.Option("--lot", help="Lot file the tool knows; may be repeated.", metavar="LOT.toml")
    ] = None,
    tool: ToolOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the twin.", min=0)] = 1,
    speed: Annotated[float, typer.Option(help="Tool seconds per second; 1 on a machine.")] = 1.0,
    port: Annotated[str, typer.Option(help="opcua://HOST:PORT; a twin in this process if left out.")] = "",
    package: Annotated[str, typer.Option(help="Process package of a twin's wafers; the first lot's if left out.")] = "",
    film: Annotated[str, typer.Option(help="Film of a twin's wafers; the first lot's if left out.")] = "",
    people: Annotated[
        bool, typer.Option("--people/--no-people", help="Have cassettes brought to a twin and taken away.")
    ] = True,
    hsms: Annotated[str, typer.Option(help="Where a factory host connects (SECS/GEM).", metavar="HOST:PORT")] = "",
    device: Annotated[int, typer.Option(help="Device id of the factory interface.", min=0, max=32767)] = 0,
    allow: Annotated[
        list[str] | None, typer.Option("--allow", help="Host that may connect, address or network; all if left out.")
    ] = None,
    host_may_release: Annotated[
        bool, typer.Option("--host-may-release", help="Recipes that the host sends are released on its authority.")
    ] = False,
    http: Annotated[
        str, typer.Option(help="Where the operator's page comes from; '' for none.", metavar="HOST:PORT")
    ] = "127.0.0.1:8080",
    http_name: Annotated[
        list[str] | None, typer.Option("--http-name", help="Host name by which people reach the page; may be repeated.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", help="Certificate (PEM): the page by https.")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="The certificate's key (PEM).")] = None,
    plain_http_to_the_network: Annotated[
        bool,
        typer.Option(
            "--plain-http-to-the-network", help="Let other machines have the page without TLS: passwords can be read."
        ),
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the home's last session.")] = False,
    clear: Annotated[
        bool, typer.Option("--clear", help="Take what an earlier run left in the twin out by hand first.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Have a live tool until SIGTERM or Ctrl-C. Lots come by `planaris tool do job.create`, or from a host."""
    from planaris.app import ListenError, ServeRequest, cause, serve
    from planaris.hardware import PortError
    from planaris.historian import HomeError, RecordError
    from planaris.model import InputError

    def ready(found: ServeReady) -> None:
        mark = "TWIN of " if found.port_kind == "twin" else ""
        log(f"{mark}{found.tool} lives at {found.speed:g} times real time, session {found.run_id}")
        log(f"lots it knows: {', '.join(found.lots) or 'none'}; records: {found.folder}")
        if found.hsms:
            log(f"a factory host may connect to {found.hsms}")
        if found.http:
            log(f"the operator's page: {found.http}")
        if found.first_password:
            log(f"sign in as administrator with the one-time password {found.first_password}")
        for question in found.questions:
            log(f"somebody must look: {question}")
        if as_json:
            emit_json({"schema": SERVE_SCHEMA, "ok": True, "run_id": found.run_id, "folder": found.folder,
                       "tool": found.tool, "port_kind": found.port_kind, "speed": found.speed,
                       "lots": found.lots, "hsms": found.hsms, "http": found.http,
                       "questions": found.questions})  # fmt: skip

    request = ServeRequest(
        home, tool, seed, speed, tuple(lot or ()), package, film, port, people, hsms, device, tuple(allow or ()),
        host_may_release, resume, clear, http, tls_cert, tls_key, plain_http_to_the_network, tuple(http_name or ()),
    )  # fmt: skip
    try:
        outcome = serve(request, ready, log)
    except InputError as error:
        refuse_input(error, as_json)
    except PortError as error:
        end_with("port", port, str(error), as_json, PROCESS_FAILURE)
    except HomeError as error:
        end_with("home", str(error.path), str(error), as_json, WRONG_INPUT)
    except RecordError as error:
        end_with("records", str(error.path), str(error), as_json, PROCESS_FAILURE)
    except ListenError as error:
        end_with(error.kind, error.place, str(error), as_json, WRONG_INPUT)
    except OSError as error:
        end_with("system", str(error.filename or home), cause(error), as_json, PROCESS_FAILURE)
    if outcome == "interrupted":
        log(f"jobs are left; go on with `planaris serve --resume --home {home}`")
    raise typer.Exit(DONE)


@tool_app.command("state")
def state(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Show what the live tool of a home does: jobs, wafers out, alarms, questions."""
    found = _ask(home, {"ask": "state"}, as_json)["state"]
    if as_json:
        emit_json({"schema": STATE_SCHEMA, "ok": True, **found})
    else:
        _show(found)


@tool_app.command("do")
def do(
    *,
    verb: Annotated[str, typer.Argument(help="Verb of the door, as job.create.", metavar="VERB")],
    arguments: Annotated[list[str] | None, typer.Argument(help="Its arguments.", metavar="NAME=VALUE")] = None,
    principal: Annotated[str, typer.Option(help="Who gives it.")] = "operator",
    role: Annotated[str, typer.Option(help="operator, process, maintenance or administrator.")] = "operator",
    reason: Annotated[str, typer.Option(help="Why: goes into the audit chain.")] = "",
    key: Annotated[str, typer.Option(help="The same key again gives the same answer.")] = "",
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Give the live tool of a home one command through its one door."""
    from planaris.clock import utc_now

    given: dict[str, Any] = {}
    for text in arguments or ():
        name, sign, value = text.partition("=")
        if not (name and sign):
            end_with("argument", text, f"{text}: NAME=VALUE is expected", as_json, WRONG_INPUT)
        given[name] = value
    question = {
        "verb": verb,
        "arguments": given,
        "principal": principal,
        "role": role,
        "reason": reason,
        "key": key or f"cli-{utc_now():%Y%m%dT%H%M%S%f}",
    }
    answer = _ask(home, question, as_json)
    if as_json:
        emit_json({"schema": ANSWER_SCHEMA, "ok": answer["status"] == "done", **answer})
    else:
        typer.echo(f"{verb} {answer['status']}{': ' if answer['why'] else ''}{answer['why']}")
    raise typer.Exit(DONE if answer["status"] == "done" else PROCESS_FAILURE)


def _ask(home: Path, question: dict[str, Any], as_json: bool) -> dict[str, Any]:
    import asyncio

    from planaris.app import ask_door

    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        answer = asyncio.run(ask_door(home, question))
    except (OSError, TimeoutError, ValueError) as error:
        told = f"no live tool answers in {home} ({type(error).__name__}); start one with `planaris serve --home {home}`"
        end_with("home", str(home), told, as_json, WRONG_INPUT)
    if not answer["ok"]:
        end_with("command", str(question.get("verb", "")), answer["error"], as_json, WRONG_INPUT)
    return answer


def _show(found: dict[str, Any]) -> None:
    mark = "TWIN of " if found["port_kind"] == "twin" else ""
    halted = f", HALTED: {found['halted']}" if found["halted"] else ""
    typer.echo(f"{mark}{found['tool']}, tool time {found['time_s']:.1f} s, link {found['link']}{halted}")
    for job in found["jobs"]:
        failures = f": {'; '.join(job['failures'])}" if job["failures"] else ""
        done = f"{job['finished_count']}/{job['wafers_count']} wafers"
        typer.echo(f"  job {job['lot_id']} {job['state']}, {done}, load port {job['load_port']}{failures}")
    for wafer_id, place in found["wafers"].items():
        typer.echo(f"  wafer {wafer_id} in {place}")
    for alarm in found["alarms"]:
        typer.echo(f"  alarm {alarm['alarm']} ({alarm['source']}, {alarm['severity']}): {alarm['detail']}")
    for question in found["questions"]:
        typer.echo(f"  look: {question['wafer_id'] or 'a wafer'}: {question['why']}")
