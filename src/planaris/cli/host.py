"""`planaris host H:P ACTION ...`: a small SECS/GEM host."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planaris.cli.output import PROCESS_FAILURE, WRONG_INPUT, JsonOption, emit_json, end_with, fault_lines, log

if TYPE_CHECKING:
    from planaris.factory import Host, Told

# Events that `lot` and `follow` ask for where nothing else is named, with what they carry.
FOLLOWED: dict[str, tuple[str, ...]] = {
    "lot_started": ("lot_id", "recipe", "wafers_count"),
    "step_started": ("wafer_id", "platen", "head", "step_name"),
    "step_ended": ("wafer_id", "platen", "step_name", "duration_s", "reason"),
    "wafer_finished": ("wafer_id", "removal_nm", "wiwnu_pct"),
    "wafer_moved": ("wafer_id", "source", "destination"),
    "job_state_changed": ("lot_id", "state", "why"),
    "command_answered": ("verb", "status", "why"),
    "lot_ended": ("lot_id", "outcome", "processed_count"),
}


@dataclass(frozen=True, slots=True)
class _Asked:
    words: Sequence[str]
    until: str
    limit_s: float
    tell: Callable[[Any], None]


Act = Callable[["Host", _Asked], Awaitable[Any]]


class _WordsError(Exception):
    """The words of an action are not what it takes."""


def command(
    address: Annotated[str, typer.Argument(help="Where the equipment listens.", metavar="HOST:PORT")],
    action: Annotated[str, typer.Argument(help="One of: " + "who, values, names, events, recipes, send, fetch, "
                                          "delete, command, lot, follow, spool, replay.", metavar="ACTION")],
    words: Annotated[list[str] | None, typer.Argument(help="What the action takes.", metavar="WORDS")] = None,
    *,
    until: Annotated[str, typer.Option(help="Event at which following ends.")] = "lot_ended",
    limit_s: Annotated[float, typer.Option("--limit", help="Longest time in seconds.", min=1.0)] = 3600.0,
    device: Annotated[int, typer.Option(help="Device id.", min=0, max=32767)] = 0,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Talk to an equipment as its host.

    who; values NAME...; names; events; recipes; send FILE...; fetch PPID; delete PPID...; command NAME KEY=VALUE...;
    lot LOT_ID [KEY=VALUE...] creates, starts and follows a job; follow [EVENT[=VARIABLE,...]...]; spool fetches what
    was kept; replay LOG sends a log's host primaries again.
    """
    import asyncio

    from planaris.factory import HostError, TransactionError

    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        end_with("address", address, f"{address} is no HOST:PORT", as_json, WRONG_INPUT)
    act = ACTIONS.get(action)
    if act is None:
        end_with("action", action, f"{action}: actions are {', '.join(ACTIONS)}", as_json, WRONG_INPUT)
    lines: list[Any] = []
    asked = _Asked(words or [], until, limit_s, lines.append if as_json else lambda told: typer.echo(_shown(told)))
    try:
        result = asyncio.run(_run(host, int(port), device, act, asked))
    except _WordsError as error:
        end_with("words", action, str(error), as_json, WRONG_INPUT)
    except (HostError, KeyError) as error:
        end_with("refused", action, str(error).strip("'\""), as_json, PROCESS_FAILURE)
    except (TransactionError, OSError) as error:
        what = str(error) or f"no answer from {address} within {limit_s:g} s"
        end_with("link", address, what, as_json, PROCESS_FAILURE)
    if as_json:
        emit_json({"schema": "planaris/host/1", "ok": True, "action": action, "result": result, "told": lines})
    elif result is not None:
        typer.echo(_shown(result))


async def _run(host: str, port: int, device: int, act: Act, asked: _Asked) -> Any:
    import asyncio

    from planaris.factory import Host, HsmsSettings

    async with asyncio.timeout(asked.limit_s), Host(host, port, HsmsSettings(device_id=device)) as peer:
        await peer.establish(min(30.0, asked.limit_s))
        log(f"{peer.model} {peer.software} at {host}:{port}")
        return await act(peer, asked)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}  {item}" for key, item in value.items())  # pyright: ignore[reportUnknownVariableType]
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType]


def _pairs(words: Sequence[str]) -> dict[str, str | float]:
    found: dict[str, str | float] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            raise _WordsError(f"{word}: a parameter is KEY=VALUE")
        found[key] = int(text) if text.lstrip("-").isdecimal() and key not in _TEXTS else text
    return found


# Parameters that are names, also where they look like numbers.
_TEXTS = frozenset({"lot_id", "recipe", "cleaner_recipe", "wafer_id"})


def _some(asked: _Asked, what: str) -> Sequence[str]:
    if not asked.words:
        raise _WordsError(f"name {what}")
    return asked.words


async def _who(host: Host, asked: _Asked) -> dict[str, Any]:
    del asked
    await host.learn()
    shown = await host.values("tool.tool_name", "tool.port_kind", "tool.control_state", "tool.state")
    return {"model": host.model, "software": host.software, "clock": await host.clock(), **shown}


async def _values(host: Host, asked: _Asked) -> dict[str, Any]:
    await host.learn()
    return await host.values(*_some(asked, "at least one variable"))


async def _names(host: Host, asked: _Asked) -> list[str]:
    del asked
    await host.learn()
    return host.names


async def _event_names(host: Host, asked: _Asked) -> list[str]:
    del asked
    await host.learn()
    return host.event_names


async def _recipes(host: Host, asked: _Asked) -> list[str]:
    del asked
    return await host.recipes()


async def _send(host: Host, asked: _Asked) -> dict[str, str]:
    sent: dict[str, str] = {}
    for name, text in map(_recipe_file, _some(asked, "recipe files")):
        await host.send_recipe(name, text)
        sent[name] = "sent"
    return sent


def _recipe_file(word: str) -> tuple[str, str]:
    """Return name and text of a recipe file."""
    from planaris.formats import load_any_recipe
    from planaris.model import InputError

    file = Path(word)
    try:
        return load_any_recipe(file, None).name, file.read_text(encoding="utf-8")
    except InputError as error:
        raise _WordsError(fault_lines(error)) from error


async def _fetch(host: Host, asked: _Asked) -> str:
    ppid = _some(asked, "a recipe")[0]
    text = await host.fetch_recipe(ppid)
    if text is None:
        raise KeyError(f"the equipment has no recipe {ppid}")
    return text


async def _delete(host: Host, asked: _Asked) -> dict[str, str]:
    names = _some(asked, "recipes")
    await host.delete_recipe(*names)
    return dict.fromkeys(names, "deleted")


async def _command(host: Host, asked: _Asked) -> str:
    name, *rest = _some(asked, "a command")
    return "done" if await host.command(name, **_pairs(rest)) == 0 else "accepted, an event follows"


async def _lot(host: Host, asked: _Asked) -> str:
    lot, *rest = _some(asked, "a lot")
    await _subscribe(host, FOLLOWED)
    parameters = _pairs(rest)
    if parameters:
        await host.command("job.create", lot_id=lot, **parameters)
    await host.command("job.start", lot_id=lot)
    return await _followed(host, asked)


async def _follow(host: Host, asked: _Asked) -> str:
    named = {event: tuple(filter(None, variables.split(","))) for event, _, variables in
             (word.partition("=") for word in asked.words)}  # fmt: skip
    await _subscribe(host, named or FOLLOWED)
    return await _followed(host, asked)


async def _subscribe(host: Host, events: dict[str, tuple[str, ...]]) -> None:
    await host.learn()
    await host.clear_reports()
    for event, variables in events.items():
        await host.subscribe(event, *variables)
    await host.enable_alarms()


async def _followed(host: Host, asked: _Asked) -> str:
    last = ""
    async for told in host.follow((asked.until,)):
        asked.tell(_line(told))
        last = told.name
    return f"ended with {last}"


def _line(told: Told) -> str:
    values = " ".join(f"{key}={value}" for key, value in told.values.items())
    return f"{told.kind} {told.name} {values}".rstrip()


async def _spool(host: Host, asked: _Asked) -> str:
    del asked
    await host.learn()
    code = await host.fetch_spool()
    return {0: "it comes", 1: "it comes already", 2: "nothing was kept"}.get(code, f"RSDA {code}")


async def _replay(host: Host, asked: _Asked) -> str:
    from planaris.factory import host_primaries

    try:
        primaries = list(host_primaries(Path(_some(asked, "a message log")[0])))
    except ValueError as error:
        raise _WordsError(str(error)) from error
    for message in primaries:
        body = await host.request(message.stream, message.function, message.body) if message.wait else None
        asked.tell(f"{message.title} -> {body!r}"[:200])
    return f"{len(primaries)} messages sent"


ACTIONS: dict[str, Act] = {
    "who": _who,
    "values": _values,
    "names": _names,
    "events": _event_names,
    "recipes": _recipes,
    "send": _send,
    "fetch": _fetch,
    "delete": _delete,
    "command": _command,
    "lot": _lot,
    "follow": _follow,
    "spool": _spool,
    "replay": _replay,
}
