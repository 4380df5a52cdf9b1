"""Remote commands: S2F41 and S2F49 through the tool's one door, with the code that says what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from planaris.dictionary import Command, Parameter
from planaris.factory.face import Argument
from planaris.factory.gem import shape
from planaris.factory.gem.core import LOG, Core, Later, Table, refused, served
from planaris.factory.gem.declared import nearest_name
from planaris.factory.gem.tables import Control
from planaris.factory.secs2 import Item
from planaris.factory.secs2.items import A, B, L
from planaris.tool import Answer, AnswerStatus, CommandRequest

# HCACK (SEMI E5).
DONE, NO_COMMAND, CANNOT_NOW, BAD_PARAMETER, ACCEPTED, ALREADY, NO_OBJECT = range(7)
# CPACK (SEMI E5).
NO_NAME, BAD_VALUE, BAD_FORMAT = 1, 2, 3

# Names that hosts commonly use for commands and parameters -> ours. Ours are taken in any case, too.
ALIASES: Mapping[str, str] = {
    "START": "job.start",
    "STOP": "job.stop",
    "PAUSE": "job.pause",
    "RESUME": "job.resume",
    "ABORT": "job.abort",
}
PARAMETER_ALIASES: Mapping[str, str] = {
    "LOTID": "lot_id",
    "PPID": "recipe",
    "PORTID": "load_port",
    "PTN": "load_port",
    "WAFERID": "wafer_id",
}
# Where a command leads: a job that is there already needs none of it.
_LEADS_TO: Mapping[str, frozenset[str]] = {
    "job.start": frozenset({"running"}),
    "job.resume": frozenset({"running"}),
    "job.pause": frozenset({"paused"}),
    "job.stop": frozenset({"stopping"}),
    "job.abort": frozenset({"aborting"}),
}


@dataclass(frozen=True, slots=True)
class Order:
    """A command as the host wrote it; ``objspec`` is None in S2F41."""

    name: str
    parameters: tuple[tuple[Item, str, Item], ...]
    objspec: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is answered: HCACK, and (name as the host wrote it, CPACK) of each parameter at fault."""

    code: int
    faults: tuple[tuple[Item, int], ...] = ()
    why: str = ""


class RemoteCommands:
    """Checks a command against the dictionary, gives it through the door and tells the host what became of it."""

    def __init__(self, core: Core, control: Callable[[], Control]) -> None:
        self._core, self._control = core, control
        self._count = 0
        # Commands that were answered "an event follows" and still run.
        self._running: set[asyncio.Task[Answer]] = set()

    def table(self) -> Table:
        """Return the primaries that are served here."""
        return {
            (2, 41): served(_plain_order, lambda order: self._serve("S2F41", order)),
            (2, 49): served(_enhanced_order, lambda order: self._serve("S2F49", order)),
        }

    def close(self) -> None:
        """Wait no longer for commands that still run; the tool goes on with them."""
        for task in tuple(self._running):
            task.cancel()

    def _serve(self, message: str, order: Order) -> Item | Later:
        command, arguments, outcome = self._checked(order)
        if command is None or outcome is not None:
            assert outcome is not None
            return self._answered(message, order, outcome)

        async def work() -> Item:
            return self._answered(message, order, await self._give(command, arguments, order))

        return Later(work)

    def _answered(self, message: str, order: Order, outcome: Outcome) -> Item:
        if outcome.code not in {DONE, ACCEPTED}:
            refused(f"{message} {order.name}", outcome.why)
        return L(B(outcome.code), L(*(L(name, B(code)) for name, code in outcome.faults)))

    def _checked(self, order: Order) -> tuple[Command | None, dict[str, Argument], Outcome | None]:
        commands = self._core.declared.commands
        wanted = ALIASES.get(order.name.upper(), order.name.lower())
        command = commands.get(wanted)
        if command is None:
            return None, {}, Outcome(NO_COMMAND, why=f"no such command; {nearest_name(wanted, commands)}")
        tool = self._core.declared.dictionary.tool_name
        if order.objspec not in {None, "", tool, self._core.settings.model}:
            return None, {}, Outcome(NO_OBJECT, why=f'no object "{order.objspec}"; leave OBJSPEC empty or name {tool}')
        if self._control() is not Control.ONLINE_REMOTE:
            why = "control is LOCAL; the operator must switch to REMOTE"
            return None, {}, Outcome(CANNOT_NOW, why=why)
        arguments, faults, whys = _arguments(command, order)
        missing = [p.name for p in command.parameters if p.required and p.name not in arguments]
        named = {_parameter_name(name) for _, name, _ in order.parameters}
        whys += [f"{name} is missing" for name in missing if name not in named]
        faults += [(A(name), NO_NAME) for name in missing if name not in named]
        if faults:
            return command, arguments, Outcome(BAD_PARAMETER, tuple(faults), "; ".join(whys))
        return command, arguments, None

    async def _give(self, command: Command, arguments: dict[str, Argument], order: Order) -> Outcome:
        if command.name not in await self._core.ports.verbs():
            return Outcome(NO_COMMAND, why=f"{command.name} is declared, but not offered by this tool")
        self._count += 1
        key = f"{self._core.settings.host_name}-{self._core.utc_ns()}-{self._count}"
        who = self._core.settings.host_name
        request = CommandRequest(command.name, arguments, who, "host", "remote command", key)
        task = asyncio.ensure_future(self._core.ports.submit(request))
        self._running.add(task)
        task.add_done_callback(self._ended)
        done, _ = await asyncio.wait({task}, timeout=self._core.settings.reply_limit_s)
        if not done:
            LOG.info("%s goes on after %g s; event command_answered follows", command.name,
                     self._core.settings.reply_limit_s)  # fmt: skip
            return Outcome(ACCEPTED)
        return self._outcome(command, task.result(), order)

    def _ended(self, task: asyncio.Task[Answer]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            LOG.error("a command of the host failed", exc_info=task.exception())

    def _outcome(self, command: Command, answer: Answer, order: Order) -> Outcome:
        if answer.status is AnswerStatus.DONE:
            return Outcome(DONE)
        if answer.status is AnswerStatus.ACCEPTED:
            return Outcome(ACCEPTED)
        lot = next((str(item.value) for _, name, item in order.parameters if _parameter_name(name) == "lot_id"), "")
        if self._core.latest.jobs.get(lot) in _LEADS_TO.get(command.name, frozenset()):
            return Outcome(ALREADY, why=answer.why)
        at_fault = [(item, BAD_VALUE) for item, name, _ in order.parameters if _parameter_name(name) in answer.at_fault]
        return Outcome(BAD_PARAMETER if at_fault else CANNOT_NOW, tuple(at_fault), answer.why)


def _parameter_name(name: str) -> str:
    return PARAMETER_ALIASES.get(name.upper(), name.lower())


def _arguments(command: Command, order: Order) -> tuple[dict[str, Argument], list[tuple[Item, int]], list[str]]:
    """Return the arguments that fit, and (name, CPACK) and why of each that does not."""
    parameters = {p.name: p for p in command.parameters}
    arguments: dict[str, Argument] = {}
    faults: list[tuple[Item, int]] = []
    whys: list[str] = []
    for written, name, item in order.parameters:
        parameter = parameters.get(_parameter_name(name))
        if parameter is None:
            faults.append((written, NO_NAME))
            whys.append(f"{name} is no parameter; {nearest_name(_parameter_name(name), parameters)}")
            continue
        try:
            arguments[parameter.name] = _argument(parameter, item)
        except shape.ShapeError as error:
            faults.append((written, BAD_FORMAT))
            whys.append(str(error))
    return arguments, faults, whys


def _argument(parameter: Parameter, item: Item) -> Argument:
    if parameter.dtype == "str":
        return shape.text(item, parameter.name)
    if parameter.dtype == "bool":
        return shape.flag(item, parameter.name)
    if parameter.dtype == "float":
        return shape.real(item, parameter.name)
    return shape.whole(item, parameter.name)


def _named(item: Item, n: int) -> tuple[Item, str, Item]:
    name, value = shape.listed(item, f"parameter {n + 1}", counts=(2,))
    return name, shape.name(name, f"name of parameter {n + 1}"), value


def _plain_order(body: Item | None) -> Order:
    name, parameters = shape.listed(body, counts=(2,))
    listed = shape.listed(parameters, "parameters")
    return Order(shape.name(name, "RCMD"), tuple(_named(item, n) for n, item in enumerate(listed)))


def _enhanced_order(body: Item | None) -> Order:
    _, objspec, name, parameters = shape.listed(body, counts=(4,))
    listed = shape.listed(parameters, "parameters")
    named = tuple(_named(item, n) for n, item in enumerate(listed))
    return Order(shape.name(name, "RCMD"), named, shape.text(objspec, "OBJSPEC"))
