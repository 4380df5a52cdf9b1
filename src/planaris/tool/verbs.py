"""Verbs of the engine behind the one door: jobs, wafers, failed work, the whole tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from planaris.model import CleanerRecipe, Lot, Recipe
from planaris.tool.commands import CommandRequest, Handler, RefusedError
from planaris.tool.engine import Engine
from planaris.tool.interlocks import JOB_START, InterlockError
from planaris.tool.jobs import Job, JobStateError
from planaris.tool.material import MaterialError
from planaris.tool.orders import Orders
from planaris.tool.quarantine import QuarantineError
from planaris.tool.work import WorkRefusedError


@dataclass(frozen=True, slots=True)
class JobOrder:
    """What a job is made of."""

    lot: Lot
    recipe: Recipe
    cleaner: CleanerRecipe


# Returns what is known of the lot that a job.create names, None for nothing; it may raise RefusedError with why.
FindOrder = Callable[[CommandRequest], JobOrder | None]
_REFUSALS = (InterlockError, JobStateError, WorkRefusedError, MaterialError, QuarantineError, ValueError)


def known_orders(orders: Mapping[str, JobOrder]) -> FindOrder:
    """Return what finds the orders of lots that are known beforehand."""
    return lambda request: orders.get(str(request.arguments["lot_id"]))


class Verbs:
    """Gives the engine's verbs to the door.

    ``find`` returns what a lot's job is made of; ``keep`` gets it once the job is possible, before the job is there.
    """

    def __init__(self, engine: Engine, find: FindOrder, keep: Callable[[JobOrder], None] = lambda _order: None) -> None:
        self._engine, self._find, self._keep = engine, find, keep
        orders = Orders(engine)
        handlers: dict[str, Callable[[CommandRequest], str]] = {
            "job.create": self._create,
            "job.start": self._start,
            "job.pause": lambda r: orders.pause(self._job(r), r.reason),
            "job.resume": lambda r: orders.resume(self._job(r), r.reason),
            "job.stop": lambda r: orders.stop(self._job(r), r.reason),
            "job.abort": lambda r: orders.abort(self._job(r), r.reason),
            "tool.halt": lambda r: orders.halt(f"halted by {r.principal}: {r.reason}"),
            "tool.resume": lambda _r: orders.go_on(),
            "wafer.abort": lambda r: orders.abort_wafer(_text(r, "wafer_id"), r.reason),
            "wafer.scrap": lambda r: orders.scrap(
                _text(r, "wafer_id"), r.reason, broken=bool(r.arguments.get("broken", False))
            ),
            "quarantine.inspect": lambda r: orders.inspect(_text(r, "module"), r.principal, _text(r, "finding")),
            "quarantine.release": lambda r: orders.release(_text(r, "module"), r.principal, r.reason),
            "alarm.acknowledge": lambda r: orders.acknowledge(_text(r, "alarm"), _text(r, "source"), r.principal),
            "alarm.clear": lambda r: orders.clear_alarm(_text(r, "alarm"), _text(r, "source"), r.principal, r.reason),
            "wafer.confirm_place": lambda r: orders.confirm_place(
                _text(r, "wafer_id"), _text(r, "location"), r.principal
            ),
            "work.retry": lambda r: orders.retry(_text(r, "module")),
            "work.skip": lambda r: orders.skip(_text(r, "module")),
            "work.abort": lambda r: orders.abort_work(_text(r, "module")),
            "module.clear": lambda r: orders.clear(_text(r, "module")),
        }
        for verb, handle in handlers.items():
            engine.tool.commands.register(verb, _handler(engine, handle))

    def _create(self, request: CommandRequest) -> str:
        lot_id = _text(request, "lot_id")
        order = self._find(request)
        if order is None:
            raise RefusedError(f"no lot {lot_id} is known", ("lot_id",))
        _match("load_port", request.arguments["load_port"], order.lot.load_port)
        _match("recipe", _name(request, "recipe"), order.recipe.name)
        if "cleaner_recipe" in request.arguments:
            _match("cleaner_recipe", _name(request, "cleaner_recipe"), order.cleaner.name)
        priority = int(request.arguments.get("priority", 0))
        job = self._engine.jobs.make(order.lot, order.recipe, order.cleaner, priority)
        self._keep(order)
        self._engine.jobs.adopt(job)
        return f"{len(job.lot.wafers)} wafers, priority {priority}"

    def _start(self, request: CommandRequest) -> str:
        job = self._job(request)
        self._engine.tool.interlocks.permit(JOB_START, job.lot_id)
        port = f"loadport{job.lot.load_port}"
        if port in self._engine.shop.manual:
            raise RefusedError(f"{port} is worked by hand")
        other = self._engine.jobs.on_port(job.lot.load_port)
        if other is not None and other is not job:
            raise RefusedError(f"loadport{job.lot.load_port} works for {other.lot_id}, which is {other.state.value}")
        self._engine.start_job(job)
        return f"{job.state.value}; the carrier is scanned first"

    def _job(self, request: CommandRequest) -> Job:
        job = self._engine.jobs.get(_text(request, "lot_id"))
        if job is None:
            raise RefusedError(f"no job for lot {request.arguments['lot_id']}", ("lot_id",))
        return job


def _handler(engine: Engine, handle: Callable[[CommandRequest], str]) -> Handler:
    async def handler(request: CommandRequest) -> str:
        try:
            answer = handle(request)
        except _REFUSALS as error:
            raise RefusedError(str(error)) from error
        engine.look_again()
        return answer

    return handler


def _text(request: CommandRequest, name: str) -> str:
    return str(request.arguments[name])


def _name(request: CommandRequest, argument: str) -> str:
    """Return a recipe's name; a version of the library is NAME@HASH."""
    return _text(request, argument).partition("@")[0]


def _match(name: str, asked: object, known: object) -> None:
    if asked != known:
        raise RefusedError(f"{name} {asked} was asked, the lot says {known}", (name,))
